"""Faults of captures: reference cases and mutations, read together and judged one by one.

Every reference case that has a failing criterion is a fault; those without are benign changes. What a FAIL cites is
not read a second time here: `tests/captures` does that for every reference case.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conformance.detection.batch import read_captures
from conformance.detection.rows import BENIGN, Row, row
from conformance.faults.mutate import mutate
from conformance.faults.mutations import load_mutations
from conformance.faults.pcapfile import PacketFile
from conformance.faults.reference import CAPTURES, Case, build, cases, load_case
from conformance.federation.loader import load_federation
from conformance.judgement.judge import judge
from conformance.trace.model import Trace
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.federation import Federation
from conformance.vocabulary.results import ProcedureResult
from conformance.vocabulary.verdicts import Verdict

CAPTURE = "capture"
"""Kind of a row that stands for a changed capture."""


@dataclass(frozen=True)
class CaptureFault:
    """A capture that deviates, and what must fail in it."""

    name: str
    words: str
    case: Case
    """Says with which federation and flow it is judged."""
    capture: PacketFile
    expected: frozenset[str]
    blamed: str | None = None

    @property
    def kind(self) -> str:
        """`capture`, or `benign` where a change must break nothing."""
        return CAPTURE if self.expected else BENIGN


def require_checkout() -> None:
    """Raise BadInput where the reference captures are not there."""
    if not CAPTURES.is_dir():
        raise BadInput(f"{CAPTURES}: no such folder; the reference captures are in a checkout only: run it there")


def fails_in(case: Case) -> frozenset[str]:
    """Return the criteria that fail in a reference case."""
    return frozenset({one for one, verdict in case.expected.items() if verdict is Verdict.FAIL} | set(case.also))


def capture_faults() -> list[CaptureFault]:
    """Return the faults of captures and the benign changes among the reference cases, by name.

    Raises:
        BadInput: there are no reference captures here.
    """
    require_checkout()
    found = []
    for name in cases():
        case = load_case(name)
        if case.base is not None or fails_in(case):
            found.append(CaptureFault(name, case.title, case, build(name), fails_in(case)))
    for one in load_mutations():
        case = load_case(one.base)
        case = case.model_copy(update={"federation": one.federation or case.federation})
        expected = fails_in(case) | set(one.expected)
        blamed = None if fails_in(case) else one.blamed.value
        found.append(CaptureFault(one.name, one.words, case, mutate(build(one.base), one.edit), expected, blamed))
    return found


@cache
def _federation(file: Path) -> Federation:
    return load_federation(file)


def judged(trace: Trace, case: Case) -> tuple[ProcedureResult, ...]:
    """Judge a capture as its reference case is judged, without reading anything a second time."""
    federation = None if case.federation is None else _federation(CAPTURES / case.federation)
    return tuple(judge(trace, federation=federation, flow=case.flow, confirm=None).procedures)


def run_capture_faults(faults: Sequence[CaptureFault]) -> Iterator[Row]:
    """Yield a row a fault, in order.

    Raises:
        NotPermitted: tshark is missing.
    """
    traces = read_captures([(fault.name, fault.capture) for fault in faults])
    for fault, trace in zip(faults, traces, strict=True):
        yield row(fault.name, fault.kind, fault.expected, judged(trace, fault.case), blamed=fault.blamed)
