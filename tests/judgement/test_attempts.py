"""Attempts: where a registration ends and the next procedure begins."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.judgement import judge


def later(lab: Any, number: Any, seconds: Any = 60, contact: Any = "") -> Any:
    """The same registration again, later: CSeq counted on, own branches."""
    for index, entry in enumerate(lab.entries, 1):
        for n in (1, 2):
            for part in ("ue", "p", "i"):
                entry.sip = entry.sip.replace(f"z9hG4bK{part}{n}\r", f"z9hG4bK{part}{n + number}\r")
                entry.sip = entry.sip.replace(f"z9hG4bK{part}{n};", f"z9hG4bK{part}{n + number};")
        entry.sip = entry.sip.replace("CSeq: 2 ", f"CSeq: {number + 2} ").replace("CSeq: 1 ", f"CSeq: {number + 1} ")
        entry.sip = entry.sip.replace(";expires=600000", contact or ";expires=600000")
        entry.time_ns = 1_700_000_000_000_000_000 + seconds * 1_000_000_000 + index * 1_000_000
        if entry.command:
            entry.key = entry.key + "5"
    return lab


@pytest.mark.parametrize("contact", ["", ";expires=0"])
def test_reregistration_and_deregistration_are_other_procedures(
    lab: Any, another_lab: Any, together: Any, contact: Any
) -> None:
    result = judge(together(lab, later(another_lab(), 2, contact=contact)), confirm=None).procedures
    assert len(result) == 1
    assert result[0].conformance == "PASS"
    assert max(frame.frame for frame in result[0].frames) == len(lab.entries)


def test_a_registration_behind_a_deregistration_is_initial_again(lab: Any, another_lab: Any, together: Any) -> None:
    gone = later(another_lab(), 2, contact=";expires=0")
    again = later(another_lab(), 4, seconds=120)
    assert len(judge(together(lab, gone, again), confirm=None).procedures) == 2


def test_a_third_party_register_is_no_terminals(lab: Any, another_lab: Any, together: Any) -> None:
    third = another_lab()
    third.entries = [third["gm1"]]
    third.edit("gm1", "From: <sip:alice@uc3m.test>", "From: <sip:scscf.uc3m.test>")
    third.edit("gm1", "REGISTER sip:uc3m.test", "REGISTER sip:as.uc3m.test").edit("gm1", "c1@ue", "c5@scscf")
    third["gm1"].source = lab["i1"].destination
    third["gm1"].time_ns = lab.trace().messages[-1].time_ns + 1
    assert len(judge(together(lab, third), confirm=None).procedures) == 1


def test_an_empty_trace_has_no_procedures(lab: Any) -> None:
    lab.entries = []
    assert judge(lab.trace(), confirm=None).procedures == []


def test_a_register_without_answer(lab: Any) -> None:
    lab.entries = lab.entries[:1]
    result = lab.judge()
    assert (result.interoperability, result.conformance) == ("INCONCLUSIVE", "INCONCLUSIVE")
    assert result.reasons[0].startswith("the flow was left at first-register")


def test_the_terminal_is_known_by_its_nonce_when_it_changes_the_call_id(lab: Any) -> None:
    lab.edit("gm2 p2 i2 s200 i200 g200", "Call-ID: c1@ue", "Call-ID: c2@ue")
    assert len(lab.judge().frames) == len(lab.entries)
