"""Preconditions of a session (RFC 3312)."""

from __future__ import annotations

from tests.criteria.call_lab import HOME_NETWORK, call, edit_body, failing, frames

IDS = ("CALL-24", "CALL-25", "CALL-26")
INVITES = "1 3 11 15 17 19"


def test_the_variant_with_preconditions_passes() -> None:
    assert {one.verdict for one in call(HOME_NETWORK).judge().criteria if one.id in IDS} == {"PASS"}


def test_without_preconditions_none_of_them_applies() -> None:
    assert {one.verdict for one in call().judge().criteria if one.id in IDS} == {"NOT_APPLICABLE"}


def test_an_invite_that_does_not_name_the_extension_fails() -> None:
    lab = call(HOME_NETWORK).edit(INVITES, "Supported: 100rel, precondition", "Supported: 100rel")
    assert failing(lab) == ["CALL-24"]


def test_resources_that_are_there_need_no_update() -> None:
    lab = edit_body(call(HOME_NETWORK), INVITES, "a=curr:qos local none", "a=curr:qos local sendrecv")
    lab.drop(frames(36, 45))
    assert not failing(lab, IDS)


def test_an_update_without_the_callees_state_fails() -> None:
    lab = call(HOME_NETWORK)
    for key in frames(41, 45).split():
        lab[key].sip = lab[key].sip.partition("\r\n\r\n")[0] + "\r\n\r\n"
    result = lab.result("CALL-25")
    assert (result.verdict, result.node) == ("FAIL", "callee")
