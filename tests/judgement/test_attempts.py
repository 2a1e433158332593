"""Attempts: where a registration ends and the next procedure begins."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.judgement import judge
from conformance.judgement.registrations import find_registrations
from conformance.trace.correlate import correlate
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


def test_answers_whose_request_was_not_captured_are_one_attempt(lab: Any) -> None:
    lab.entries = lab.entries[lab.entries.index(lab["s401"]) :]
    assert [p.flow for p in judge(lab.trace(), confirm=None).procedures] == ["registration-home"]
    registration = find_registrations(lab.trace(), correlate(lab.trace()), None)[0]
    assert [attempt.status for attempt in registration.attempts] == [401, 200]


def test_a_deregistration_is_known_by_its_first_request_that_was_captured(lab: Any) -> None:
    gone(lab)
    lab.entries = lab.entries[lab.entries.index(lab["s401"]) :]
    assert [p.flow for p in judge(lab.trace(), confirm=None).procedures] == ["deregistration"]


def test_a_deregistration_does_not_go_on_with_a_registration_that_got_no_answer(
    lab: Any, another_lab: Any, together: Any
) -> None:
    first, last = lab.drop("s200 i200 g200"), gone(another_lab()).drop("gm1 p1 i1")
    assert [p.flow for p in judge(together(first, last), confirm=None).procedures] == [
        "registration-home",
        "deregistration",
    ]


def test_an_uar_belongs_to_the_register_that_leaves_the_icscf_behind_it(lab: Any) -> None:
    lab.drop("gm1 p1 i401 g401 gm2 p2 i200 g200")
    registration = find_registrations(lab.trace(), correlate(lab.trace()), None)[0]
    assert [[e.command for e in attempt.exchanges] for attempt in registration.attempts] == [
        ["UAR", "MAR"],
        ["UAR", "SAR"],
    ]
