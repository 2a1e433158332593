"""Compares two runs cell by cell: what fails newly, what was mended, what is not known any more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from conformance.history.timing import Slower, beyond_noise
from conformance.runs.folder import FinishedRun
from conformance.vocabulary.results import CellResult
from conformance.vocabulary.verdicts import Verdict

MOST_REASONS = 3
"""Reasons of one cell that a comparison repeats."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class Change(_Model):
    """One cell in both runs."""

    cell: str
    old: str
    """Pair of verdicts, `PASS/PASS`; empty where the cell was not run."""
    new: str
    expected: str
    """Pair that was expected in the later run in which the cell was run."""
    criteria: list[str]
    """SHALL criteria that fail in the new run and did not in the old one, with their node: `REG-38 home-scscf`."""
    reasons: list[str]
    """Why, from the run that shows the worse verdicts."""


class Comparison(_Model):
    """What `netlab compare --json` prints."""

    old: str
    """Name of the run."""
    new: str
    cut_short: list[str]
    """Runs without a footer: what they lack was not reached."""
    new_failures: list[Change]
    """As expected before, and not any more."""
    newly_inconclusive: list[Change]
    """Evidence that was there is missing now."""
    still_failing: list[Change]
    fixed: list[Change]
    """Not as expected before, and now as expected."""
    no_longer_run: list[Change]
    newly_run: list[Change]
    same: int
    """Cells that are as expected in both runs."""
    timing: list[Slower]
    """Cells whose duration changed more than that of the others."""
    pace: float
    """Median of new duration by old duration over all cells; 1.0 where no cell is in both runs."""

    @property
    def worse(self) -> bool:
        """True where a cell fails newly, or says less than before; what a run that was cut short lacks counts too."""
        cut = self.new in self.cut_short and bool(self.no_longer_run)
        return bool(self.new_failures or self.newly_inconclusive) or cut


def compare(old: FinishedRun, new: FinishedRun) -> Comparison:
    """Compare two runs.

    Args:
        old: the run that is compared with.
        new: the run that is asked about.

    Returns:
        Every cell of either run in exactly one of the lists, or counted as the same.
    """
    before, after = _by_name(old.cells), _by_name(new.cells)
    both = [(before[name], after[name]) for name in after if name in before]
    lists: dict[str, list[Change]] = {
        name: [] for name in ("new_failures", "newly_inconclusive", "still_failing", "fixed")
    }
    same = 0
    for earlier, later in both:
        where = _list_of(earlier, later)
        if where is None:
            same += 1
        else:
            lists[where].append(_change(earlier, later))
    # A cell that was never run before and fails is news that nobody may miss.
    fresh = [cell for name, cell in after.items() if name not in before]
    lists["new_failures"] += [_change(None, cell) for cell in fresh if not cell.as_expected]
    timing, pace = beyond_noise((a.cell, a.duration_ms, b.duration_ms) for a, b in both)
    return Comparison(
        old=old.path.resolve().name,
        new=new.path.resolve().name,
        cut_short=[run.path.resolve().name for run in (old, new) if run.footer is None],
        no_longer_run=[_change(cell, None) for name, cell in before.items() if name not in after],
        newly_run=[_change(None, cell) for cell in fresh if cell.as_expected],
        same=same,
        timing=timing,
        pace=pace,
        **lists,
    )


def _by_name(cells: Iterable[CellResult]) -> dict[str, CellResult]:
    """Return the last result of each cell: a cell that was run again counts as it ended."""
    return {cell.cell: cell for cell in cells}


def _list_of(old: CellResult, new: CellResult) -> str | None:
    if Verdict.INCONCLUSIVE in new.pair and Verdict.INCONCLUSIVE not in old.pair and not new.as_expected:
        return "newly_inconclusive"
    if new.as_expected:
        return None if old.as_expected else "fixed"
    if old.as_expected or (Verdict.INCONCLUSIVE in old.pair and Verdict.INCONCLUSIVE not in new.pair):
        return "new_failures"
    return "still_failing"


def _change(old: CellResult | None, new: CellResult | None) -> Change:
    shown = new if new is not None and not new.as_expected else old if old is not None else new
    assert shown is not None
    latest = new if new is not None else shown
    failing = _failing(new) if new is not None else {}
    known = _failing(old) if old is not None else {}
    return Change(
        cell=shown.cell,
        old="" if old is None else str(old.pair),
        new="" if new is None else str(new.pair),
        expected=str(latest.expected_pair),
        criteria=[f"{id} {node}" for id, node in failing.items() if id not in known],
        reasons=_reasons(shown),
    )


def _failing(cell: CellResult) -> dict[str, str]:
    return {one.id: one.node or "unknown node" for procedure in cell.procedures for one in procedure.failures}


def _reasons(cell: CellResult) -> list[str]:
    every: Sequence[str] = [*cell.reasons, *(reason for procedure in cell.procedures for reason in procedure.reasons)]
    return list(dict.fromkeys(every))[:MOST_REASONS]
