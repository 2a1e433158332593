"""What the user got: events of the terminal, supported by the trace, against what the flow promises."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.judgement import judge
from conformance.vocabulary.events import EventKind, TerminalEvent
from conformance.vocabulary.numbers import Avp

P, F, U = "PASS", "FAIL", "INCONCLUSIVE"
REFUSED = "registration-refused"
REGISTERED, REJECTED, TIMED_OUT = EventKind.REGISTERED, EventKind.REJECTED, EventKind.TIMED_OUT


def event(kind: Any, status: Any = None, time_ns: int = 1_700_000_000_020_000_000) -> Any:
    return TerminalEvent(time_ns=time_ns, terminal="sip:alice@uc3m.test", kind=kind, status=status)


def verdict(lab: Any, flow: Any, *events: Any) -> Any:
    (result,) = judge(lab.trace(), flow=flow, events=events, confirm=None).procedures
    return result.interoperability.value


def forbid(lab: Any) -> Any:
    return lab.drop("sar saa").edit("s200 i200 g200", "200 OK", "403 Forbidden")


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], P),
        ([event(REJECTED, 403)], P),
        ([event(EventKind.NETWORK_REFUSED), event(REJECTED, 403)], P),
        ([event(REJECTED, 404)], U),
        ([event(REGISTERED, 200)], F),
        ([event(TIMED_OUT)], F),
    ],
)
def test_a_refusal_that_is_expected(lab: Any, events: Any, expected: Any) -> None:
    assert verdict(forbid(lab), REFUSED, *events) == expected


@pytest.mark.parametrize("events", [[], [event(REGISTERED, 200)]])
def test_a_refusal_that_does_not_come(lab: Any, events: Any) -> None:
    assert verdict(lab, REFUSED, *events) == F


def test_no_answer_is_no_refusal(lab: Any) -> None:
    lab.drop("g200 s200 i200 sar saa")
    assert verdict(lab, REFUSED, event(TIMED_OUT)) == F
    assert verdict(lab, REFUSED) == U


def test_a_refusal_that_nobody_asked_for_is_none_that_was_wanted(lab: Any) -> None:
    assert verdict(forbid(lab), None) == F
    assert verdict(lab, None, event(REJECTED, 403)) == F
    (result,) = judge(lab.trace(), confirm=None).procedures
    assert result.flow == REFUSED


def test_the_words_name_the_event_and_the_trace(lab: Any) -> None:
    lab.drop("g200")
    (result,) = judge(lab.trace(), events=[event(REGISTERED)], confirm=None).procedures
    assert any("REGISTERED" in reason and "401" in reason for reason in result.reasons)


def test_who_begins_anew_while_the_network_still_knows_him_is_served(lab: Any, another_lab: Any, together: Any) -> None:
    again = another_lab().avp("sar", Avp.SERVER_ASSIGNMENT_TYPE, 2)
    for index, entry in enumerate(again.entries):
        entry.time_ns = 1_700_000_060_000_000_000 + index * 1_000_000
        entry.sip = entry.sip.replace("Call-ID: ", "Call-ID: anew-").replace("z9hG4bK", "z9hG4bKanew")
    told = [event(REGISTERED, 200), event(REGISTERED, 200, 1_700_000_060_100_000_000)]
    found = judge(together(lab, again), events=told, confirm=None).procedures
    assert [(one.flow, one.interoperability) for one in found] == [("registration-home", P), ("reregistration", P)]
