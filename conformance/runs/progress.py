"""How far a run is: counted from what becomes known of each cell, told in lines. No clock, no terminal, no pytest."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from conformance.report.text import short
from conformance.runs.brief import CellBrief
from conformance.vocabulary.verdicts import Verdict

NAME_LIMIT = 120
LINE_LIMIT = 300
MOST_FINDINGS = 3
"""Criteria that the line of one cell names; the others are counted."""
HEARTBEATS = 10
"""Lines over a whole run that say how far it is, where nothing can be drawn."""


@dataclass
class Progress:
    """Counts of a run that is under way. Times are seconds of any one clock."""

    started: float
    total: int = 0
    """Cells that will be run; 0 while they are being collected."""
    done: int = 0
    failing: int = 0
    skipped: int = 0
    under_way: dict[str, float] = field(default_factory=dict)
    """Cells that have begun, by name, and when; as many as there are workers."""
    pairs: Counter[str] = field(default_factory=Counter)
    """Finished cells by their pair of verdicts."""
    _told: int = 0
    """Heartbeats that were given."""

    @property
    def left(self) -> int:
        """Cells that are not finished."""
        return max(self.total - self.done, 0)

    def begin(self, cell: str, now: float) -> None:
        """Note that a cell has begun."""
        self.under_way[cell] = now

    def end(self, cell: str, *, failed: bool = False, skipped: bool = False) -> None:
        """Note that a cell has come to its end."""
        self.under_way.pop(cell, None)
        self.done += 1
        self.failing += failed
        self.skipped += skipped and not failed

    def remaining(self, now: float) -> float | None:
        """Return the estimated seconds to the end, None while nothing can be said.

        The cells are taken to need as long as those that are done did; the first one also paid for bringing up the
        testbeds, so nothing is said before a second one is done.
        """
        if self.done < 2 or not self.total:
            return None
        return (now - self.started) / self.done * self.left

    def heartbeat(self, now: float) -> str | None:
        """Return a line that says how far the run is, each time another tenth of the cells is done; else None."""
        reached = self.done * HEARTBEATS // self.total if self.total else 0
        if reached <= self._told:
            return None
        self._told = reached
        return self.sentence(now)

    def sentence(self, now: float) -> str:
        """Return `36 of 72 cells, 2 failing, 36 left, 0:12, about 0:12 to go`."""
        return f"{self.counts()}, {self.times(now)}"

    def counts(self) -> str:
        """Return `36 of 72 cells, 2 failing, 36 left`."""
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.done} of {self.total} cells, {self.failing} failing{skipped}, {self.left} left"

    def times(self, now: float) -> str:
        """Return `0:12, about 0:12 to go`: the time since the start, and the estimate where there is one."""
        remaining = self.remaining(now)
        estimate = f", about {clock(remaining)} to go" if remaining is not None and self.left else ""
        return f"{clock(now - self.started)}{estimate}"

    def cells_under_way(self) -> str:
        """Return the names of the cells that have begun, the longest first to begin."""
        return ", ".join(short(name, NAME_LIMIT) for name in self.under_way)


def clock(seconds: float) -> str:
    """Return a duration as `0:07`, `12:34` or `1:02:03`."""
    minutes, rest = divmod(max(int(seconds + 0.5), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def failing_line(cell: CellBrief) -> str:
    """Return the line of a cell that is not as expected: its name, pair, and which criterion fails at whose node."""
    line = f"{short(cell.cell, NAME_LIMIT)}: {cell.pair}"
    if cell.pair != cell.expected_pair:
        line += f", expected {cell.expected_pair}"
    unexpected = [finding for finding in cell.findings if finding.criterion not in cell.expected_criteria]
    shown = [str(finding) for finding in unexpected[:MOST_FINDINGS]]
    if len(unexpected) > MOST_FINDINGS:
        shown.append(f"{len(unexpected) - MOST_FINDINGS} more")
    why = "; ".join(shown) or _reason(cell)
    return short(f"{line}: {why}" if why else line, LINE_LIMIT)


def _reason(cell: CellBrief) -> str:
    gone = sorted(cell.expected_criteria - {finding.criterion for finding in cell.findings})
    if gone and Verdict.ERROR not in cell.pair:
        return f"{', '.join(gone)} should fail and does not: remove its entry from the known deviations"
    return cell.reasons[0] if cell.reasons else ""
