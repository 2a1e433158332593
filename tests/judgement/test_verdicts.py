"""The rules from findings to verdicts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conformance.criteria import all_criteria
from conformance.criteria.model import Finding
from conformance.criteria.procedure import Facts
from conformance.judgement import judge
from conformance.judgement.registrations import find_registrations
from conformance.judgement.verdicts import Judged, apply, conformance
from conformance.trace.correlate import correlate
from conformance.trace.model import CaptureFile
from conformance.vocabulary.events import EventKind, TerminalEvent
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Level, Verdict

WHOLE = (CaptureFile("whole.pcapng", 10, 10, 0, (), ()),)
SHALL = next(criterion for criterion in all_criteria() if criterion.level is Level.SHALL)
SHOULD = next(criterion for criterion in all_criteria() if criterion.level is Level.SHOULD)
INFORMATION = next(criterion for criterion in all_criteria() if criterion.level is Level.INFORMATION)
P, F, U, N, E = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE, Verdict.ERROR


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([(SHALL, P)], P),
        ([(SHALL, P), (SHALL, N)], P),
        ([(SHALL, P), (SHALL, F)], F),
        ([(SHALL, U), (SHALL, F)], F),
        ([(SHALL, P), (SHALL, U)], U),
        ([(SHALL, P), (SHALL, E)], E),
        ([(SHALL, P), (SHOULD, F)], P),
        ([(SHALL, P), (SHOULD, U)], P),
        ([(SHALL, P), (INFORMATION, F)], P),
        ([(SHALL, N), (SHOULD, P)], U),
        ([], U),
    ],
)
def test_conformance(found: Any, expected: Any) -> None:
    judged = [Judged(criterion, Finding(verdict, "", "because")) for criterion, verdict in found]
    assert conformance(judged, WHOLE)[0] is expected


@pytest.mark.parametrize("drops", [None, 1])
def test_a_capture_with_loss_is_never_pass(drops: Any) -> None:
    judged = [Judged(SHALL, Finding(P, "", ""))]
    verdict, reasons = conformance(judged, [CaptureFile("lossy.pcapng", 10, 10, drops, (), ())])
    assert verdict is U
    assert "lossy.pcapng" in reasons[0]


@pytest.mark.parametrize("drops", [None, 1])
def test_a_fault_that_is_there_is_a_fault_whatever_was_lost(lab: Any, drops: Any) -> None:
    lab.edit("g401", 'qop="auth"', 'qop="auth"' + lab.keys).drops = drops
    assert lab.failing() == ["REG-30"]
    assert (lab.judge().interoperability, lab.judge().conformance) == ("INCONCLUSIVE", "FAIL")


def registration(lab: Any) -> Any:
    trace = lab.trace()
    return find_registrations(trace, correlate(trace), None)[0]


def test_a_rule_of_another_release_does_not_apply(lab: Any) -> None:
    found = registration(lab.edit("gm1", "Supported: path\r\n", ""))
    criterion = next(c for c in all_criteria() if c.id == "REG-11")
    assert apply(criterion, found).verdict is F
    old = replace(found, facts=Facts(releases={Role.UE: 4}))
    assert apply(criterion, old).verdict is N
    assert "Rel-5" in apply(criterion, old).found
    assert apply(replace(criterion, since=None, until=3), old).verdict is N


def test_a_check_that_breaks_is_our_fault(lab: Any) -> None:
    def broken(_registration: Any) -> Any:
        raise ValueError("surprise")

    finding = apply(replace(SHALL, check=broken), registration(lab))
    assert finding.verdict is E
    assert "surprise" in finding.found


def test_a_message_that_was_cut_short_accuses_nobody(lab: Any) -> None:
    trace = lab.edit("gm1", "Supported: path\r\n", "").trace()
    cut = tuple(replace(message, truncated=message.frame == 1) for message in trace.messages)
    found = judge(replace(trace, messages=cut), confirm=None).procedures[0]
    verdict = next(c for c in found.criteria if c.id == "REG-11")
    assert verdict.verdict is U
    assert "cut" in verdict.found


def events(*kinds: Any, terminal: str = "sip:alice@uc3m.test") -> Any:
    return [TerminalEvent(time_ns=index, terminal=terminal, kind=kind) for index, kind in enumerate(kinds)]


GOOD = (EventKind.REGISTER_SENT, EventKind.CHALLENGED, EventKind.NETWORK_AUTHENTICATED, EventKind.REGISTERED)


def test_the_terminal_is_the_witness_and_the_trace_supports_it(lab: Any) -> None:
    assert judge(lab.trace(), events=events(*GOOD), confirm=None).procedures[0].interoperability is P


def test_the_terminal_alone_is_not_enough(lab: Any) -> None:
    lab.drop("g200")
    result = judge(lab.trace(), events=events(*GOOD), confirm=None).procedures[0]
    assert result.interoperability is U
    assert any("REGISTERED" in reason for reason in result.reasons)


@pytest.mark.parametrize("kind", [EventKind.REJECTED, EventKind.TIMED_OUT, EventKind.NETWORK_REFUSED])
def test_the_terminal_got_no_service(lab: Any, kind: Any) -> None:
    result = judge(lab.trace(), events=events(EventKind.REGISTER_SENT, kind), confirm=None).procedures[0]
    assert result.interoperability is F


def test_events_of_somebody_else_say_nothing(lab: Any) -> None:
    others = events(EventKind.REJECTED, terminal="sip:bob@uc3m.test")
    assert judge(lab.trace(), events=others, confirm=None).procedures[0].interoperability is P


def test_without_a_terminal_it_is_as_seen_on_the_wire(lab: Any) -> None:
    assert lab.judge().interoperability is P
    lab.edit("s200 i200 g200", "200 OK", "403 Forbidden")
    assert lab.judge().interoperability is F
    lab.drop("s200 i200 g200")
    assert lab.judge().interoperability is U
