"""How long users waited in a run: median and 95 % of each kind of times, for each value of each axis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conformance.report.cell_summary import CellSummary
from conformance.report.cell_times import Named, kinds
from conformance.report.distribution import Distribution, distribution
from conformance.report.matrix import WORDS
from conformance.report.time_chart import Scale, scale
from conformance.vocabulary.results import RunHeader

MOST_VALUES = 40
"""Values of an axis in a table; of more the slowest are told."""
SHORT = 14
"""Lines of a table that is not folded."""


@dataclass(frozen=True, slots=True)
class Line:
    """The times of the cells that have one value of an axis."""

    value: str
    times: Distribution


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of the matrix along which there are times."""

    name: str
    lines: Sequence[Line]
    """The slowest first."""
    more: int
    """Faster values that are not told."""


@dataclass(frozen=True, slots=True)
class TimeTable:
    """One kind of times in a run."""

    named: Named
    whole: Line
    axes: Sequence[Axis]
    """Those along which there is something to compare."""
    same: Sequence[tuple[str, str]]
    """Axes, and the one value that all the times have."""
    cells: int
    """Cells that have such a time."""
    scale: Scale

    @property
    def is_short(self) -> bool:
        """Whether it need not be folded."""
        return sum(len(axis.lines) for axis in self.axes) <= SHORT


def time_tables(cells: Iterable[CellSummary], header: RunHeader) -> list[TimeTable]:
    """Return a table for each kind of times that a run has; of cells without any there is none.

    Args:
        cells: of the run.
        header: of the run; says which core plays which testbed.
    """
    timed = [cell for cell in cells if cell.times]
    return [_table(kind, timed, header) for kind in kinds(one.name for cell in timed for one in cell.times)]


def _table(kind: Named, cells: Iterable[CellSummary], header: RunHeader) -> TimeTable:
    every: list[float] = []
    along: dict[str, dict[str, list[float]]] = {}
    having = 0
    for cell in cells:
        times = [one.ms for one in cell.times if one.name == kind.name]
        if times:
            having += 1
            every += times
            for axis, value in _axes(cell, header).items():
                along.setdefault(axis, {}).setdefault(value, []).extend(times)
    whole = Line("all", distribution(every))
    axes = [_axis(name, values) for name, values in along.items() if len(values) > 1]
    return TimeTable(
        named=kind,
        whole=whole,
        axes=axes,
        same=[(name, next(iter(values))) for name, values in along.items() if len(values) == 1],
        cells=having,
        scale=scale([whole.times, *(line.times for axis in axes for line in axis.lines)]),
    )


def _axis(name: str, values: dict[str, list[float]]) -> Axis:
    lines = [Line(value, distribution(times)) for value, times in values.items()]
    lines.sort(key=lambda line: -line.times.median)
    return Axis(name, lines[:MOST_VALUES], len(lines[MOST_VALUES:]))


def _axes(cell: CellSummary, header: RunHeader) -> dict[str, str]:
    return {
        "home": cell.home,
        "visited": cell.visited,
        "access point": WORDS.get(cell.access, cell.access),
        "test case": cell.test,
        "terminal": cell.terminal,
        "core": _core(cell, header),
    }


def _core(cell: CellSummary, header: RunHeader) -> str:
    """Return who plays the networks of a cell: `kamailio`, `kamailio, visiting emulated`."""
    home, visited = (header.cores.get(name, header.core) for name in (cell.home, cell.visited))
    return home if home == visited else f"{home}, visiting {visited}"
