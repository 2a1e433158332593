"""Calls without preconditions, and what users wait (D2.2 1.4.1)."""

from __future__ import annotations

from tests.criteria.call_lab import HOME_NETWORK, UNREGISTERED, call
from tests.criteria.media_lab import changed, media_call, result


def test_a_call_without_preconditions_passes_where_it_is_answered() -> None:
    assert call().result("CALL-27").verdict == "PASS"


def test_a_call_with_preconditions_and_one_refused_for_another_reason_are_not_judged() -> None:
    assert call(HOME_NETWORK).result("CALL-27").verdict == "NOT_APPLICABLE"
    assert call(UNREGISTERED).result("CALL-27").verdict == "NOT_APPLICABLE"


def test_who_demands_preconditions_is_named() -> None:
    lab = call(UNREGISTERED).edit("15 17 19", "480 Temporarily Unavailable", "421 Extension Required")
    assert lab.result("CALL-27").verdict == "NOT_APPLICABLE"  # of which extension is not said
    lab.edit("15 17 19", "Call-ID:", "Require: precondition\r\nCall-ID:")
    found = lab.result("CALL-27")
    assert (found.verdict, found.node) == ("FAIL", "term-icscf")


def test_580_fails_without_words() -> None:
    lab = call(UNREGISTERED).edit("15 17 19", "480 Temporarily Unavailable", "580 Precondition Failure")
    assert lab.result("CALL-27").verdict == "FAIL"


def test_waits_are_told() -> None:
    found = result("CALL-39")
    assert found.verdict == "PASS"
    assert found.found == "post-dial delay 0.167 s, set-up 2.683 s, first media behind the answer 0.005 s"
    assert "first media" not in result("CALL-39", []).found


def test_a_long_silence_behind_the_answer_fails_by_nobody() -> None:
    late = [
        changed(one, lambda seen: {"first_ns": seen.first_ns + 2 * 10**9, "last_ns": seen.last_ns + 2 * 10**9})
        for one in media_call().media
    ]
    found = result("CALL-39", late)
    assert (found.verdict, found.node) == ("FAIL", None)


def test_media_before_the_answer_take_no_time() -> None:
    early = [changed(one, lambda seen: {"first_ns": seen.first_ns - 10**9}) for one in media_call().media]
    assert "first media behind the answer 0.000 s" in result("CALL-39", early).found


def test_a_phone_that_does_not_ring_for_long_fails() -> None:
    lab = call()
    for key in range(20, 26):
        lab[str(key)].time_ns += 12 * 10**9
    assert lab.result("CALL-39").verdict == "FAIL"
