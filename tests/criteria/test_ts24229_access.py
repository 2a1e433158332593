"""A terminal that knows its access network names it in each request (3GPP TS 24.229)."""

from __future__ import annotations

from conformance.criteria.ts24229_access import NAME
from tests.criteria.call_lab import call, edit_header, failing

INVITE, PRACK, BYE, ACK = "1 3", "26 27", "47 48", "42"


def test_it_is_named_in_each_request_but_ack() -> None:
    lab = call()
    assert f"{NAME}:" not in lab[ACK].sip
    assert lab.result("CALL-06").found == "in 3 requests"


def test_a_request_without_it_fails_where_another_one_has_it() -> None:
    for keys in (INVITE, PRACK, BYE):
        lab = edit_header(call(), keys, NAME, None)
        assert failing(lab) == ["CALL-06"]
        assert lab.result("CALL-06").node == "caller"


def test_who_never_says_it_may_not_know_it() -> None:
    lab = edit_header(call(), " ".join((INVITE, PRACK, BYE)), NAME, None)
    assert lab.result("CALL-06").verdict == "NOT_APPLICABLE"
