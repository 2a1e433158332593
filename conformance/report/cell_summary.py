"""What the first page of a report says of a cell; of ten thousand cells nothing more is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from conformance.report.cell_view import CellView
from conformance.report.text import short
from conformance.vocabulary.verdicts import Verdict

MOST_FINDINGS = 4
SHOWN = 160


@dataclass(frozen=True, slots=True)
class Finding:
    """A criterion that fails or errs."""

    id: str
    who: str
    found: str
    clause: str
    link: str
    """Where its message is; empty where it cites none."""
    frame: int


@dataclass(frozen=True, slots=True)
class CellSummary:
    """One row of the list, one share of a square."""

    cell: str
    test: str
    """Name of the test case without its folder: `test_registration`."""
    title: str
    home: str
    visited: str
    access: str
    """`none`, `visited` or `home`."""
    terminal: str
    page: str
    """Path from the run's folder to the page that the cell has for itself."""
    anchor: str
    interoperability: Verdict
    conformance: Verdict
    expected: tuple[Verdict, Verdict]
    as_expected: bool
    deviates: bool
    """As expected, because a deviation is known."""
    findings: tuple[Finding, ...]
    more: int
    """Findings that are not listed."""
    reason: str
    duration_ms: float

    @property
    def axes(self) -> dict[str, str]:
        """Axis to value, as `common_axes` takes them."""
        return {
            "P-CSCF of": self.visited if self.access == "visited" else self.home,
            "visited": self.visited,
            "home": self.home,
            "access": self.access,
            "test case": self.test,
            "terminal": self.terminal,
        }

    @property
    def verdicts(self) -> tuple[Verdict, Verdict]:
        """Both verdicts, which are never merged."""
        return self.interoperability, self.conformance


def summary(view: CellView) -> CellSummary:
    """Return what the first page says of a cell."""
    result = view.result
    broken = [(procedure, one) for procedure in view.procedures for one in procedure.criteria if one.is_broken]
    return CellSummary(
        cell=short(result.cell, SHOWN),
        test=short(result.cell.partition("[")[0], 80),
        title=short(result.title, SHOWN),
        home=short(result.home, 60),
        visited=short(result.visited, 60),
        access=short(result.access_point, 20),
        terminal=short(result.terminal, 60),
        page=quote(result.folder, safe="/@") + "/index.html",
        anchor=view.anchor,
        interoperability=result.interoperability,
        conformance=result.conformance,
        expected=(result.expected_interoperability, result.expected_conformance),
        as_expected=result.as_expected,
        deviates=result.as_expected and result.pair != (Verdict.PASS, Verdict.PASS),
        findings=tuple(
            Finding(
                id=one.result.id,
                who=one.who,
                found=short(one.result.found, SHOWN),
                clause=short(one.result.clause, 80),
                link=next((frame.target for frame in one.frames if frame.target), ""),
                frame=one.result.evidence[0].frame if one.result.evidence else 0,
            )
            for _, one in broken[:MOST_FINDINGS]
        ),
        more=max(0, len(broken) - MOST_FINDINGS),
        reason=short(view.first_reason, 300),
        duration_ms=result.duration_ms,
    )


def failed_axes(cells: Sequence[CellSummary]) -> list[dict[str, str]]:
    """Return the axis values of all cells, those that are the same everywhere left out."""
    every = [cell.axes for cell in cells]
    varied = [axis for axis in every[0] if len({one[axis] for one in every}) > 1] if every else []
    return [{axis: one[axis] for axis in varied} for one in every]
