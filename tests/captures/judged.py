"""Reference captures, judged: alone as `netlab validate` does it, or many with few starts of tshark."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from conformance.detection.batch import read_again, read_captures
from conformance.faults.pcapfile import PacketFile, read_packets
from conformance.faults.reference import CAPTURE_NAME, CAPTURES, load_case
from conformance.federation.loader import load_federation
from conformance.judgement.judge import judge
from conformance.trace.confirm import FrameReading
from conformance.trace.model import Trace
from conformance.vocabulary.results import ProcedureResult

Procedures = tuple[ProcedureResult, ...]
Confirm = Callable[[Path, Iterable[int]], Mapping[int, FrameReading]]


def judged(name: str, trace: Trace, confirm: Confirm) -> Procedures:
    """Judge the trace of a capture as its case says."""
    case = load_case(name)
    federation = None if case.federation is None else load_federation(CAPTURES / case.federation)
    return tuple(judge(trace, federation=federation, flow=case.flow, confirm=confirm).procedures)


def judged_together(names: Sequence[str]) -> dict[str, Procedures]:
    """Judge captures, each frame that a FAIL cites read again by pyshark, with few starts of tshark for all of them."""
    captures: list[tuple[str, PacketFile]] = [(name, read_packets(CAPTURES / name / CAPTURE_NAME)) for name in names]
    traces = read_captures(captures)
    cited: dict[str, set[int]] = {name: set() for name in names}

    def note(file: Path, frames: Iterable[int]) -> Mapping[int, FrameReading]:
        cited[str(file)].update(frames)
        return {}

    for name, trace in zip(names, traces, strict=True):
        judged(name, trace, note)  # only to learn which frames a FAIL cites
    readings = dict(zip(names, read_again(captures, [cited[name] for name in names]), strict=True))
    return {
        name: judged(name, trace, lambda file, _: readings[str(file)])
        for name, trace in zip(names, traces, strict=True)
    }
