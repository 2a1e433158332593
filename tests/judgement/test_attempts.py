"""Attempts: where a registration ends and the next procedure begins."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.judgement import judge
from conformance.vocabulary.numbers import Avp


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


def refreshed(lab: Any) -> Any:
    """The same registration again as a re-registration."""
    return later(lab.avp("sar", Avp.SERVER_ASSIGNMENT_TYPE, 2), 2)


def gone(lab: Any) -> Any:
    """The same registration again as a deregistration."""
    later(lab.avp("sar", Avp.SERVER_ASSIGNMENT_TYPE, 5), 2, contact=";expires=0")
    return lab.edit("s200 i200 g200", "Contact: <sip:alice@127.40.1.100:5062>;expires=3600\r\n", "")


@pytest.mark.parametrize(("again", "flow"), [(refreshed, "reregistration"), (gone, "deregistration")])
def test_reregistration_and_deregistration_are_other_procedures(
    lab: Any, another_lab: Any, together: Any, again: Any, flow: Any
) -> None:
    result = judge(together(lab, again(another_lab())), confirm=None).procedures
    assert [(p.flow, p.interoperability, p.conformance) for p in result] == [
        ("registration-home", "PASS", "PASS"),
        (flow, "PASS", "PASS"),
    ]
    assert max(frame.frame for frame in result[0].frames) == len(lab.entries)
    assert not any("the flow was left" in reason for reason in result[1].reasons)


def test_a_flow_selects_the_procedures(lab: Any, another_lab: Any, together: Any) -> None:
    trace = together(lab, refreshed(another_lab()))
    for flow in ("registration-home", "reregistration"):
        assert [p.flow for p in judge(trace, flow=flow, confirm=None).procedures] == [flow]
    # What should have been of that flow and left it is reported, and not missed.
    (left,) = judge(trace, flow="registration-visited", confirm=None).procedures
    assert left.reasons[0].startswith("the flow was left at first-register")
    assert judge(trace, flow="deregistration", confirm=None).procedures == []


def test_a_registration_behind_a_deregistration_is_initial_again(lab: Any, another_lab: Any, together: Any) -> None:
    again = later(another_lab(), 4, seconds=120)
    found = judge(together(lab, gone(another_lab()), again), confirm=None).procedures
    assert [p.flow for p in found] == ["registration-home", "deregistration", "registration-home"]


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
