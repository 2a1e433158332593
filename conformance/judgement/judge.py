"""Judges a trace: every procedure in it, matched with its flow, criterion by criterion, with evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from conformance.judgement.choice import AskedFlows
from conformance.judgement.confirmation import Reading, frames_of
from conformance.judgement.inspection import inspect
from conformance.judgement.large import LARGE, Inquiry
from conformance.judgement.media import media_results
from conformance.judgement.outcome import Asked, Readings, conclude
from conformance.judgement.surroundings import Surroundings
from conformance.trace.confirm import second_reading
from conformance.trace.model import Trace
from conformance.vocabulary.collector import without_collector
from conformance.vocabulary.events import TerminalEvent
from conformance.vocabulary.federation import Federation
from conformance.vocabulary.results import CaptureInfo, Judgement, ProcedureResult

SecondReading = Callable[[Path, Iterable[int]], Mapping[int, Reading]]
"""Reads frames of a capture once more: `conformance.trace.confirm.second_reading`."""


def judge(
    trace: Trace,
    *,
    federation: Federation | None = None,
    events: Sequence[TerminalEvent] = (),
    flow: AskedFlows = None,
    cell: str | None = None,
    confirm: SecondReading | None = second_reading,
    workers: int = 1,
) -> Judgement:
    """Judge a trace.

    Args:
        trace: From `read_trace`.
        federation: What the partners agreed and declared; without it such criteria say less.
        events: What terminals observed; without them interoperability is as seen on the wire.
        flow: Identifier of the only flow to judge; None for every one that is found. Several: what the procedures
            of the trace follow, one after the other; such a trace is judged as a whole, whatever its size.
        cell: Identifier of the cell, repeated in the results.
        confirm: Reads every frame that a FAIL cites a second time; None leaves that out (a trace
            that was not read from files).
        workers: How many processes judge a large trace; the results are the same ones. Processes are forked: with
            threads beside it this one does all.

    Returns:
        All procedures in the order of their first messages; those of a large trace user by user.

    Raises:
        BadInput: `flow` is not known.
        NotPermitted: The second reading needs tshark, which is missing.
    """
    around, asked = Surroundings(trace), Asked(trace, events, cell)
    with without_collector():  # it would go through all messages again and again, and finds no cycles here
        if len(trace.messages) > LARGE and (flow is None or isinstance(flow, str)):
            inquiry = Inquiry(
                around, asked, federation, flow, None if confirm is None else partial(_readings, trace, confirm)
            )
            procedures: Sequence[ProcedureResult]
            procedures, unjudged = inquiry.judge(workers)
        else:
            procedures, unjudged = _at_once(around, asked, federation, flow, confirm)
    media, left_out = media_results(trace)
    return Judgement.model_construct(
        captures=_captures(trace),
        procedures=procedures,
        unjudged=dict(unjudged.most_common()),
        media=media,
        media_left_out=left_out,
    )


def _at_once(
    around: Surroundings,
    asked: Asked,
    federation: Federation | None,
    flow: AskedFlows,
    confirm: SecondReading | None,
) -> tuple[list[ProcedureResult], Counter[str]]:
    seen = inspect(around.trace, around, federation, flow)
    readings = None
    if confirm is not None:
        wanted = frames_of(one.finding for judged in seen.judged for one in judged)
        readings = _readings(around.trace, confirm, wanted)
    outcomes = [conclude(*one, readings, asked) for one in zip(seen.chosen, seen.judged, strict=True)]
    return [one.result(asked) for one in outcomes], seen.unjudged


def _readings(trace: Trace, confirm: SecondReading, wanted: Mapping[int, Iterable[int]]) -> Readings:
    found: dict[tuple[int, int], Reading] = {}
    for capture in sorted(wanted):
        file = Path(trace.captures[capture].file)
        for frame, reading in confirm(file, sorted(wanted[capture])).items():
            found[capture, frame] = reading
    return found


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
            not_read=dict(capture.not_read),
            clock_offset_ns=capture.clock_offset_ns,
        )
        for index, capture in enumerate(trace.captures)
    ]
