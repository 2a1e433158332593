"""What is written of a finished run beside its pages: each writer is fed one cell at a time.

A new table or list of cells is one more writer here; who publishes a run does not change. What a writer needs of a cell
is taken from it in one place and written in another, which may be another process: a large run is read by several.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from conformance.report.cell_table import CELL_TABLE, CellTable, table_row
from conformance.vocabulary.results import CellResult


class Told(NamedTuple):
    """What the writers need of one cell."""

    row: list[str]
    """Its line of the table."""


def told(cell: CellResult) -> Told:
    """Take from a cell what the writers need."""
    return Told(table_row(cell))


@contextmanager
def cell_writers(folder: Path) -> Iterator[Callable[[Told], None]]:
    """Open the writers of a run; what is yielded takes what is told of each cell once, and keeps none of it.

    Args:
        folder: of the run.
    """
    with CellTable(folder / CELL_TABLE) as table:

        def write(one: Told) -> None:
            table.write(one.row)

        yield write
