"""Reference captures, judged: alone as `netlab validate` does it, or many with few starts of tshark."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from conformance.detection.batch import read_again, read_captures
from conformance.faults.pcapfile import PacketFile
from conformance.faults.reference import CAPTURES, load_case
from conformance.federation.loader import load_federation
from conformance.judgement.confirmation import frames_of
from conformance.judgement.inspection import inspect
from conformance.judgement.judge import judge
from conformance.judgement.surroundings import Surroundings
from conformance.trace.confirm import FrameReading
from conformance.trace.model import Trace
from conformance.vocabulary.federation import Federation
from conformance.vocabulary.results import ProcedureResult

Procedures = tuple[ProcedureResult, ...]
Confirm = Callable[[Path, Iterable[int]], Mapping[int, FrameReading]]


def federation_of(name: str) -> Federation | None:
    """Return the federation that the case of a capture names."""
    federation = load_case(name).federation
    return None if federation is None else load_federation(CAPTURES / federation)


def judged(name: str, trace: Trace, confirm: Confirm) -> Procedures:
    """Judge the trace of a capture as its case says."""
    flow = load_case(name).flow
    return tuple(judge(trace, federation=federation_of(name), flow=flow, confirm=confirm).procedures)


def judged_together(
    captures: Sequence[tuple[str, PacketFile]], federations: Mapping[str, Federation | None]
) -> dict[str, Procedures]:
    """Judge captures, each frame that a FAIL cites read again by pyshark, with few starts of tshark for all of them.

    Args:
        captures: names of cases, each with what is judged as its case says.
        federations: what is known of the networks of each.
    """
    traces = read_captures(captures)
    cited: list[Iterable[int]] = []
    for (name, _), trace in zip(captures, traces, strict=True):
        seen = inspect(trace, Surroundings(trace), federations[name], load_case(name).flow)
        cited.append(frames_of(one.finding for criteria in seen.judged for one in criteria).get(0, ()))
    found = {}
    for (name, _), trace, readings in zip(captures, traces, read_again(captures, cited), strict=True):
        result = judge(
            trace,
            federation=federations[name],
            flow=load_case(name).flow,
            confirm=lambda file, _, known=readings: known,
        )
        found[name] = tuple(result.procedures)
    return found
