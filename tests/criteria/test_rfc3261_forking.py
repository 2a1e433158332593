"""What a proxy that forks does with its branches (RFC 3261 16.7), and that forked calls are accused of nothing else."""

from __future__ import annotations

import pytest

from tests.criteria.call_lab import AT_HOME, call, failing, found, frames

FORKED, REFUSED = "handbuilt-call-forked", "handbuilt-call-forked-refused"
NEW = ("CALL-50", "CALL-51", "CALL-52", "CALL-53")
LOST = "58 60 61 63 65 67 68 70"
"""CANCEL, 487 and ACK of the branch that lost."""


@pytest.mark.parametrize("name", [FORKED, REFUSED])
def test_a_forked_call_is_accused_of_nothing(name: str) -> None:
    assert not failing(call(name))


def test_a_call_to_one_device_is_no_fork() -> None:
    lab = call(AT_HOME)
    assert {lab.result(id).verdict for id in NEW} == {"NOT_APPLICABLE"}


def test_a_branch_that_rings_on_fails() -> None:
    lab = call(FORKED).drop(LOST)
    result = lab.result("CALL-50")
    assert (result.verdict, result.node) == ("FAIL", "term-scscf")
    assert failing(lab) == ["CALL-50"]


def test_a_branch_that_answered_at_the_same_time_needs_no_cancel() -> None:
    lab = call(FORKED).drop("58 60 61 63")
    assert lab.result("CALL-50").verdict == "NOT_APPLICABLE"


def test_a_branch_that_has_said_nothing_gets_no_cancel() -> None:
    lab = call(FORKED).drop(f"{LOST} 20 {frames(39, 54)}")
    assert lab.result("CALL-50").verdict == "NOT_APPLICABLE"


def test_at_the_end_of_the_capture_a_cancel_may_still_come() -> None:
    lab = call(FORKED).drop(f"{LOST} {frames(66, 83)}")
    assert lab.result("CALL-50").verdict == "INCONCLUSIVE"


def test_an_answer_that_is_not_the_best_one_fails() -> None:
    lab = call(REFUSED).edit("31 33 35 37", "603 Decline", "486 Busy Here")
    result = lab.result("CALL-51")
    assert (result.verdict, result.node, result.expected) == ("FAIL", "term-scscf", "603")


def test_an_answer_that_no_branch_gave_fails() -> None:
    lab = call(REFUSED).edit("27 29", "603 Decline", "480 Temporarily Unavailable")
    lab.edit("31 33 35 37", "603 Decline", "404 Not Found")
    assert failing(lab, NEW) == ["CALL-51"]


def test_a_refusal_before_the_other_branch_has_ended_fails() -> None:
    lab = call(REFUSED).edit("31 33 35 37", "603 Decline", "486 Busy Here")
    for key in frames(31, 38).split():
        lab[key].time_ns -= 75_000_000
    lab.entries.sort(key=lambda entry: entry.time_ns)
    result = lab.result("CALL-51")
    assert (result.verdict, result.found) == ("FAIL", "486 before a branch answered 603")


def test_another_route_of_the_second_device_is_not_judged_without_its_register() -> None:
    lab = call(FORKED).edit("18", "Route: <sip:term@pcscf.ims-b.test;lr>\r\n", "Route: <sip:pcscf.ims-b.test;lr>\r\n")
    assert lab.result("CALL-52").verdict == "PASS"


def test_another_called_party_at_the_second_device_fails() -> None:
    lab = call(FORKED).edit("18 22", "Party-ID: <sip:dave@ims-b.test>", "Party-ID: <sip:dora@ims-b.test>")
    assert failing(lab) == ["CALL-52"]


def test_a_device_whose_ringing_is_kept_back_fails() -> None:
    assert failing(call(FORKED).drop(frames(41, 54))) == ["CALL-53"]


def test_a_prack_of_one_dialog_acknowledges_nothing_in_the_other() -> None:
    lab = call(FORKED).drop(frames(45, 54))
    result = lab.result("CALL-21")
    assert (result.verdict, result.node) == ("FAIL", "caller")


def test_each_dialog_of_a_fork_counts_for_itself() -> None:
    lab = call(FORKED)
    numbers = [one.request.sip.cseq_number for one in found(lab).all("PRACK") if one.request is not None]
    assert numbers == [2, 2]
    assert lab.result("CALL-30").verdict == "PASS"


def test_a_cancel_of_a_branch_that_differs_from_its_invite_fails() -> None:
    lab = call(FORKED).edit("61", "CSeq: 1 CANCEL", "CSeq: 4 CANCEL")
    assert "CALL-33" in failing(lab)


def test_a_refusal_other_than_487_behind_the_cancel_fails() -> None:
    lab = call(FORKED).edit("65 68", "487 Request Terminated", "486 Busy Here")
    result = lab.result("CALL-33")
    assert (result.verdict, result.node) == ("FAIL", "other-callee")


def test_a_late_first_answer_of_the_second_device_fails() -> None:
    lab = call(FORKED)
    for key in frames(39, 44).split():
        lab[key].time_ns += 200_000_000
    lab.entries.sort(key=lambda entry: entry.time_ns)
    result = lab.result("CALL-19")
    assert (result.verdict, result.node) == ("FAIL", "other-callee")
