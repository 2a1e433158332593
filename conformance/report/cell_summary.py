"""What the first page of a report says of a cell; of ten thousand cells nothing more is kept."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from urllib.parse import quote

from conformance.report.cell_times import Time, times_of
from conformance.report.cell_view import CellView
from conformance.report.finding_view import CriterionView
from conformance.report.text import short
from conformance.vocabulary.results import CriterionResult
from conformance.vocabulary.verdicts import Level, Severity, Verdict

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
    is_cause: bool = True
    """It counts for the verdict, and nobody expected it: a cell differs because of it."""
    note: str = ""
    """Why it is no cause: `SHOULD`, `expected`."""

    @property
    def function(self) -> str:
        """Who, without the role: the home-pcscf of stuba and the visited-pcscf of stuba are the P-CSCF of stuba."""
        role, of, testbed = self.who.partition(" of ")
        node = role.removeprefix("home-").removeprefix("visited-")
        return f"{_FUNCTIONS.get(node, node)}{of}{testbed}"


_FUNCTIONS = {
    "ue": "terminal",
    "dns": "DNS",
    "pcscf": "P-CSCF",
    "icscf": "I-CSCF",
    "scscf": "S-CSCF",
    "hss": "HSS",
    "ibcf": "IBCF",
    "adapter": "adapter",
    "as": "application server",
}


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
    not_run: bool = False
    """An earlier cell had found its testbed dead."""
    times: tuple[Time, ...] = ()
    """How long its user waited."""
    profile: str = ""
    """In the matrix of quirks: how the terminal deviates."""
    core: str = ""
    """In it: how strict the emulated core was, or which real one it was."""
    adapted: bool = False
    tolerated: Severity | None = None
    """What deviations cost elsewhere, where the user is served all the same."""

    @property
    def was_run(self) -> bool:
        """Whether anything was driven: it applies here, and its testbeds were alive."""
        return not self.not_run and self.verdicts != (Verdict.NOT_APPLICABLE, Verdict.NOT_APPLICABLE)

    @property
    def differs(self) -> bool:
        """Whether it was run and came out otherwise than expected."""
        return self.was_run and not self.as_expected

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
            "core": self.core or "as declared",
            "adapter": "yes" if self.adapted else "no",
        }

    @property
    def verdicts(self) -> tuple[Verdict, Verdict]:
        """Both verdicts, which are never merged."""
        return self.interoperability, self.conformance


def summary(view: CellView) -> CellSummary:
    """Return what the first page says of a cell."""
    result = view.result
    expected = set(result.expected_criteria)
    broken: dict[tuple[str, str], CriterionView] = {}
    for procedure in view.procedures:
        for one in procedure.criteria:
            if one.is_broken:
                broken.setdefault((one.result.id, one.who), one)
    # What nobody expected comes first; what counts for no verdict comes last.
    ranked = sorted(broken.values(), key=lambda one: len(_note(one.result, expected)))
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
        findings=tuple(_finding(one, _note(one.result, expected)) for one in ranked[:MOST_FINDINGS]),
        more=max(0, len(ranked) - MOST_FINDINGS),
        reason=short(view.first_reason, 300),
        duration_ms=result.duration_ms,
        not_run=bool(result.not_run),
        times=times_of(result),
        profile=short(result.profile, 80),
        core=short(result.core, 40),
        adapted=result.adapted,
        tolerated=result.tolerated,
    )


def _finding(one: CriterionView, note: str) -> Finding:
    return Finding(
        id=one.result.id,
        who=one.who,
        found=short(one.result.found, SHOWN),
        clause=short(one.result.clause, 80),
        link=next((frame.target for frame in one.frames if frame.target), ""),
        frame=one.result.evidence[0].frame if one.result.evidence else 0,
        is_cause=not note,
        note=note,
    )


def _note(criterion: CriterionResult, expected: Container[str]) -> str:
    if criterion.id in expected:
        return "expected"
    return "" if criterion.level is Level.SHALL else f"{criterion.level}, counts for no verdict"
