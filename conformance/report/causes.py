"""What is behind the cells that differ: the criteria that broke them, and what these cells have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from conformance.report.cell_summary import CellSummary, Finding
from conformance.report.common_axes import Clause, Explanation, Row, common_axes

PCSCF = "P-CSCF of"
AXES = ("visited", "access", "home", PCSCF, "core", "adapter", "terminal", "test case")
"""Of equally short statements the one with earlier axes is made."""
MOST_CAUSES = 12
NAMED = 6
"""Test cases that a sentence names."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A criterion and who is to blame, with one cell that shows it."""

    finding: Finding
    """As the first cell has it."""
    first: CellSummary
    cells: int


@dataclass(frozen=True, slots=True)
class Causes:
    """What the page says of all differing cells together."""

    differing: int
    causes: Sequence[Cause]
    """Those of most cells first."""
    more: int
    """Causes beyond those."""
    unexplained: int
    """Differing cells without a criterion that nobody expected to break."""
    sentence: str
    """What the differing cells have in common; empty where none differs."""

    @property
    def in_all(self) -> Cause | None:
        """The criterion and node that all differing cells have in common."""
        return next((one for one in self.causes if one.cells == self.differing), None)


def causes(cells: Sequence[CellSummary]) -> Causes:
    """Return what is behind the cells of a run that differ."""
    differing = [cell for cell in cells if cell.differs]
    count: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], tuple[Finding, CellSummary]] = {}
    unexplained = 0
    for cell in differing:
        found = {(one.id, one.function): one for one in cell.findings if one.is_cause}
        unexplained += not found
        for key, one in found.items():
            count[key] += 1
            first.setdefault(key, (one, cell))
    ranked = [Cause(*first[key], cells=number) for key, number in count.most_common()]
    return Causes(
        differing=len(differing),
        causes=ranked[:MOST_CAUSES],
        more=len(ranked[MOST_CAUSES:]),
        unexplained=unexplained,
        sentence=_sentence(cells, len(differing)),
    )


def _sentence(cells: Sequence[CellSummary], differing: int) -> str:
    cells = [cell for cell in cells if cell.was_run]
    if differing < 2:
        return "One cell alone differs." if differing else ""
    found = common_axes([Row(cell.axes, cell.differs) for cell in cells], AXES)
    if found is None:
        return f"The {differing} cells that differ have no value in common, and no few values explain them."
    if found.is_exact:
        if found.clauses == [()]:
            return "Every cell differs."
        several = ", and so does every cell with ".join(_words(clause) for clause in found.clauses)
        return f"Every cell with {several} differs; no other cell does."
    if found.unmatched:
        several = ", and so does every cell with ".join(_words(clause) for clause in found.clauses)
        rest = "The other one has" if found.unmatched == 1 else f"The other {found.unmatched} have"
        return f"Every cell with {several} differs: {found.matched} of the {differing}. {rest} no such cause."
    return f"All {differing} cells that differ have {_words(found.clauses[0])}, but {_beside(cells, found)}"


def _beside(cells: Sequence[CellSummary], found: Explanation) -> str:
    names = Counter(cells[number].test for number in found.beside)
    shown = ", ".join(f"{name} ({number} cells)" if number > 1 else name for name, number in names.most_common(NAMED))
    more = f" and {len(names) - NAMED} more test cases" if len(names) > NAMED else ""
    if len(found.beside) == 1:
        return f"one other cell with this is as expected: {shown}."
    return f"{len(found.beside)} other cells with this are as expected: {shown}{more}."


def _words(clause: Clause) -> str:
    return " and ".join(
        f"{axis} = {value}" if axis != "P-CSCF of" else f"the P-CSCF of {value}" for axis, value in clause
    )
