"""Judges a trace: every procedure in it, matched with its flow, criterion by criterion, with evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from conformance.criteria import all_criteria
from conformance.criteria.procedure import Procedure
from conformance.judgement import confirmation, registrations, subscriptions
from conformance.judgement.choice import Chosen, choose
from conformance.judgement.confirmation import Reading, frames_of, opinion
from conformance.judgement.difference import explain
from conformance.judgement.evidence import evidence
from conformance.judgement.found import Finder
from conformance.judgement.ladder import ladder
from conformance.judgement.masking import mask_text
from conformance.judgement.verdicts import Judged, actor, apply, conformance
from conformance.trace.confirm import second_reading
from conformance.trace.correlate import correlate
from conformance.trace.model import Trace
from conformance.vocabulary.events import TerminalEvent
from conformance.vocabulary.federation import Federation
from conformance.vocabulary.results import (
    CaptureInfo,
    CriterionResult,
    FrameRef,
    Judgement,
    ProcedureResult,
)
from conformance.vocabulary.verdicts import Verdict

FINDERS: tuple[Finder, ...] = (registrations.find, subscriptions.find)
"""Who finds procedures. Each finder knows kinds that no other one knows."""

SecondReading = Callable[[Path, Iterable[int]], Mapping[int, Reading]]
"""Reads frames of a capture once more: `conformance.trace.confirm.second_reading`."""


def judge(
    trace: Trace,
    *,
    federation: Federation | None = None,
    events: Sequence[TerminalEvent] = (),
    flow: str | None = None,
    cell: str | None = None,
    confirm: SecondReading | None = second_reading,
) -> Judgement:
    """Judge a trace.

    Args:
        trace: From `read_trace`.
        federation: What the partners agreed and declared; without it such criteria say less.
        events: What terminals observed; without them interoperability is as seen on the wire.
        flow: Identifier of the only flow to judge; None for every one that is found.
        cell: Identifier of the cell, repeated in the results.
        confirm: Reads every frame that a FAIL cites a second time; None leaves that out (a trace
            that was not read from files).

    Returns:
        All procedures in the order of their first messages.

    Raises:
        BadInput: `flow` is not known.
        NotPermitted: The second reading needs tshark, which is missing.
    """
    transactions = correlate(trace)
    every = [found for finder in FINDERS for found in finder(trace, transactions, federation)]
    every.sort(key=lambda found: min((m.time_ns, m.capture, m.frame) for m in found.procedure.messages))
    chosen = choose(every, flow)
    judged = [
        [
            Judged(criterion, apply(criterion, one.found.procedure))
            for criterion in all_criteria()
            if one.found.procedure.kind in criterion.kinds
        ]
        for one in chosen
    ]
    readings = _readings(trace, judged, confirm)
    procedures = [
        _procedure(trace, one, criteria, readings, events, cell) for one, criteria in zip(chosen, judged, strict=True)
    ]
    return Judgement(captures=_captures(trace), procedures=procedures)


def _readings(
    trace: Trace, judged: Iterable[Iterable[Judged]], confirm_with: SecondReading | None
) -> dict[tuple[int, int], Reading] | None:
    if confirm_with is None:
        return None
    wanted = frames_of(one.finding for criteria in judged for one in criteria)
    found: dict[tuple[int, int], Reading] = {}
    for capture in sorted(wanted):
        file = Path(trace.captures[capture].file)
        for frame, reading in confirm_with(file, sorted(wanted[capture])).items():
            found[capture, frame] = reading
    return found


def _procedure(
    trace: Trace,
    chosen: Chosen,
    criteria: Sequence[Judged],
    readings: Mapping[tuple[int, int], Reading] | None,
    events: Sequence[TerminalEvent],
    cell: str | None,
) -> ProcedureResult:
    flow, procedure = chosen.flow, chosen.found.procedure
    if readings is not None:
        criteria = [Judged(one.criterion, confirmation.confirm(one.finding, readings)) for one in criteria]
    verdict, reasons = conformance(criteria, trace.captures)
    service, why = chosen.found.service(chosen.expected, events, trace.captures)
    reasons = [*chosen.reasons, *([] if why is None else [why]), *reasons]
    frames = sorted({(m.capture, m.frame) for m in procedure.messages})
    roles = {role.value: [str(endpoint) for endpoint in endpoints] for role, endpoints in procedure.roles.items()}
    return ProcedureResult(
        flow=flow.id,
        subject=[procedure.subject],
        cell=cell,
        roles=roles,
        frames=[FrameRef(capture=capture, frame=frame) for capture, frame in frames],
        interoperability=service,
        conformance=verdict,
        criteria=[_criterion(one, procedure, readings) for one in criteria],
        reasons=list(dict.fromkeys(reasons)),
        departure=chosen.match.departure,
        ladder=ladder(procedure, chosen.match),
        difference=explain(trace, chosen, criteria, service),
    )


def _criterion(
    judged: Judged, procedure: Procedure, readings: Mapping[tuple[int, int], Reading] | None
) -> CriterionResult:
    criterion, finding = judged.criterion, judged.finding
    node = finding.node or actor(criterion, procedure)
    confirms = readings is not None and finding.verdict in (Verdict.FAIL, Verdict.ERROR)
    return CriterionResult(
        id=criterion.id,
        verdict=finding.verdict,
        level=criterion.level,
        severity=criterion.severity,
        clause=criterion.source,
        statement=criterion.statement,
        node=node.value,
        expected=mask_text(finding.expected) or criterion.statement,
        found=mask_text(finding.found),
        evidence=[
            evidence(citation, opinion(citation, readings).words if confirms and readings is not None else None)
            for citation in finding.citations
        ],
    )


def _captures(trace: Trace) -> list[CaptureInfo]:
    copies = [0] * len(trace.captures)
    for message in trace.messages:
        for sighting in message.sightings[1:]:
            copies[sighting.capture] += 1
    return [
        CaptureInfo(
            file=capture.file,
            frames=capture.frames,
            signalling=capture.signalling,
            copies=copies[index],
            drops=capture.drops,
            problems=list(capture.problems),
            points=list(capture.points),
        )
        for index, capture in enumerate(trace.captures)
    ]
