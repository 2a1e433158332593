"""What a run says in brief: of each cell the verdicts and what fails, without ladders and messages.

A cell's result takes up to hundreds of kilobytes, and a large run has ten thousand of them. Who counts, compares or
ends a run needs little of each: the results are read one after the other, and only that little is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from conformance.report.text import short
from conformance.runs.folder import RESULT_FILE, RUN_FILE, is_cut_short, read_lines
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.results import CellResult, RunCell, RunFooter, RunHeader
from conformance.vocabulary.verdicts import Level, Verdict, VerdictPair

FOUND_LIMIT = 200
"""Characters that are kept of what a criterion found, and of a reason."""
MOST_REASONS = 3


class Finding(NamedTuple):
    """A SHALL criterion that fails in a cell: which, and whose it is."""

    criterion: str
    node: str
    """Role to blame, `unknown node` where nobody can be."""
    testbed: str
    """Who has that node; empty where the node is unknown."""

    def __str__(self) -> str:
        return f"{self.criterion} {self.whose}"

    @property
    def whose(self) -> str:
        """`home-scscf of stuba`."""
        return f"{self.node} of {self.testbed}" if self.testbed else self.node


@dataclass(frozen=True)
class CellBrief:
    """What counts of one cell."""

    cell: str
    title: str
    folder: str
    pair: VerdictPair
    expected_pair: VerdictPair
    expected_criteria: frozenset[str]
    duration_ms: float
    findings: dict[Finding, str] = field(default_factory=dict)
    """Each with what was found, in one line."""
    reasons: Sequence[str] = ()
    not_run: bool = False
    """An earlier cell had found its testbed dead."""
    known: str = ""
    """Reason and owner of the known deviation that speaks of this cell."""
    test_case: str = ""

    @property
    def as_expected(self) -> bool:
        """The pair is the expected one, and where a FAIL is expected, the expected criteria fail and no others."""
        if self.pair != self.expected_pair:
            return False
        failing = {finding.criterion for finding in self.findings}
        return self.pair.conformance is not Verdict.FAIL or failing == self.expected_criteria


@dataclass(frozen=True)
class RunBrief:
    """What counts of a run."""

    path: Path
    header: RunHeader
    cells: Sequence[CellBrief]
    footer: RunFooter | None

    @property
    def cut_short(self) -> bool:
        """Whether it was killed, or stopped by somebody, before all its cells were done."""
        return is_cut_short(self.footer)


class _Criterion(BaseModel):
    model_config = ConfigDict(extra="ignore")
    id: str
    verdict: Verdict
    level: Level
    node: str | None
    found: str


class _Procedure(BaseModel):
    model_config = ConfigDict(extra="ignore")
    criteria: list[_Criterion]
    reasons: list[str]


class _Known(BaseModel):
    model_config = ConfigDict(extra="ignore")
    reason: str
    who: str


class _Cell(BaseModel):
    """The fields of `result.json` that are looked at; the others are passed over unread."""

    model_config = ConfigDict(extra="ignore")
    cell: str
    test_case: str = ""
    title: str
    folder: str
    home: str
    visited: str
    interoperability: Verdict
    conformance: Verdict
    expected_interoperability: Verdict = Verdict.PASS
    expected_conformance: Verdict = Verdict.PASS
    expected_criteria: list[str] = Field(default_factory=list)
    duration_ms: float
    procedures: list[_Procedure]
    reasons: list[str]
    known: _Known | None = None
    not_run: str = ""


def read_brief(folder: Path) -> RunBrief:
    """Return the run in `folder`, cut short or complete, in brief.

    Raises:
        BadInput: the folder holds no readable run; one line says which file and why.
    """
    entries = read_lines(folder)
    header = next((entry for entry in entries if isinstance(entry, RunHeader)), None)
    if header is None:
        raise BadInput(f"{folder / RUN_FILE}: has no header line; expected a run that was begun by netlab or pytest")
    footer = next((entry for entry in reversed(entries) if isinstance(entry, RunFooter)), None)
    return RunBrief(folder, header, list(_cells(folder, entries)), footer)


def read_cell(file: Path) -> CellBrief:
    """Return the cell whose `result.json` is given, in brief.

    Raises:
        BadInput: it is no cell's result.
    """
    try:
        return _brief(_Cell.model_validate_json(file.read_bytes()))
    except (OSError, ValidationError):
        raise BadInput(f"{file}: cannot be read as a cell's result; was the run folder copied whole?") from None


def brief(result: CellResult) -> CellBrief:
    """Return what counts of a result that was read whole."""
    return _brief(_Cell.model_validate(result, from_attributes=True))


def _cells(folder: Path, entries: Sequence[RunHeader | RunCell | RunFooter]) -> Iterator[CellBrief]:
    for entry in entries:
        if isinstance(entry, RunCell):
            yield read_cell(folder / entry.folder / RESULT_FILE)


def _brief(cell: _Cell) -> CellBrief:
    failing = [
        one
        for procedure in cell.procedures
        for one in procedure.criteria
        if one.verdict is Verdict.FAIL and one.level is Level.SHALL
    ]
    reasons = [*cell.reasons, *(reason for procedure in cell.procedures for reason in procedure.reasons)]
    return CellBrief(
        cell=cell.cell,
        title=cell.title,
        folder=cell.folder,
        pair=VerdictPair(cell.interoperability, cell.conformance),
        expected_pair=VerdictPair(cell.expected_interoperability, cell.expected_conformance),
        expected_criteria=frozenset(cell.expected_criteria),
        duration_ms=cell.duration_ms,
        findings={_finding(one, cell): short(one.found, FOUND_LIMIT) for one in failing},
        reasons=[short(reason, FOUND_LIMIT) for reason in dict.fromkeys(reasons)][:MOST_REASONS],
        not_run=bool(cell.not_run),
        test_case=cell.test_case,
        known=f"{cell.known.reason} ({cell.known.who})" if cell.known else "",
    )


def _finding(criterion: _Criterion, cell: _Cell) -> Finding:
    if criterion.node is None:
        return Finding(criterion.id, "unknown node", "")
    return Finding(criterion.id, criterion.node, cell.visited if criterion.node.startswith("visited-") else cell.home)
