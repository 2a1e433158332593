"""What a plain SIP proxy asserts of its users: each fault fails its own criterion."""

from __future__ import annotations

import pytest

from tests.criteria.presence_lab import PresenceLab

PUBLISH, WATCH = "handbuilt-presence-publish-sip", "handbuilt-presence-watch-sip"
ALICE, BOSS = "P-Asserted-Identity: <sip:alice@ims-b.test>", "P-Asserted-Identity: <sip:boss@ims-b.test>"
PROOF = 'Proxy-Authorization: Digest username="'

FAILING = {
    "PRES-30 passed on beside the user's own": lambda: PresenceLab(PUBLISH).edit(
        "4", ALICE, f"{ALICE}, <sip:boss@ims-b.test>"
    ),
    "PRES-30 of a user whom the federation does not know": lambda: (
        PresenceLab(PUBLISH).edit("3", PROOF, f"{PROOF}x").edit("4", ALICE, f"{ALICE}, <sip:boss@ims-b.test>")
    ),
    "PRES-31 no credentials": lambda: PresenceLab(WATCH).edit("3", PROOF, f"X-{PROOF}"),
    "PRES-31 a wrong response": lambda: PresenceLab(WATCH).edit("3", "c0ffee", "coffee"),
    "PRES-31 an empty response": lambda: PresenceLab(WATCH).edit("3", 'response="', 'response="", was="'),
}


@pytest.mark.parametrize("case", FAILING)
def test_one_wrong_thing_fails_one_criterion(case: str) -> None:
    lab = FAILING[case]()
    assert lab.failing() == [case.partition(" ")[0]]
    assert lab.result(case.partition(" ")[0]).node == "sip-proxy"


CONFORMING = {
    "nothing": lambda: PresenceLab(PUBLISH),
    "another identity of the user": lambda: (
        PresenceLab(WATCH)
        .edit("3", "From: <sip:alice@ims-b.test>", "From: <sips:alice@ims-b.test>")
        .edit("4", "From: <sip:alice@ims-b.test>", "From: <sip:alice@ims-b.test:5060>")
    ),
    "a user whom the federation does not know": lambda: PresenceLab(PUBLISH).edit("3 7 11", PROOF, f"{PROOF}x"),
    "no challenge was captured": lambda: PresenceLab(PUBLISH).drop("1 2"),
    "asserts nobody": lambda: (
        PresenceLab(PUBLISH)
        .edit("4", f"{ALICE}\r\n", "")
        .edit("5 6", "200 OK", "403 Forbidden")
        .drop("7 8 9 10 11 12 13 14")
    ),
}


@pytest.mark.parametrize("case", CONFORMING)
def test_nobody_is_accused(case: str) -> None:
    assert CONFORMING[case]().failing() == []


def test_a_challenge_alone_shows_that_the_proxy_authenticates() -> None:
    lab = PresenceLab(PUBLISH).drop("3 4 5 6 7 8 9 10 11 12 13 14")
    assert (lab.result("PRES-31").verdict, lab.result("PRES-30").verdict) == ("PASS", "NOT_APPLICABLE")


def test_in_an_ims_nothing_is_said() -> None:
    lab = PresenceLab("handbuilt-presence-publish")
    assert {lab.result(one).verdict for one in ("PRES-30", "PRES-31")} == {"NOT_APPLICABLE"}


def test_credentials_that_nobody_can_verify_prove_nothing() -> None:
    lab = PresenceLab(PUBLISH).edit("3 7 11", PROOF, f"{PROOF}x")
    assert lab.result("PRES-31").verdict == "INCONCLUSIVE"


def test_an_identity_that_an_unknown_user_claims_may_be_his() -> None:
    lab = PresenceLab(PUBLISH).edit("3 7 11", PROOF, f"{PROOF}x").edit("4", ALICE, BOSS)
    lab.edit("3", "\r\nCall-ID", f"\r\n{BOSS}\r\nCall-ID")
    assert lab.result("PRES-30").verdict == "INCONCLUSIVE"
