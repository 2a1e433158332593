"""What is written of a finished run beside its pages: each writer is fed one cell at a time.

A new table or list of cells is one more writer here; who publishes a run does not change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from conformance.report.cell_table import CELL_TABLE, CellTable
from conformance.vocabulary.results import CellResult


@contextmanager
def cell_writers(folder: Path) -> Iterator[Callable[[CellResult], None]]:
    """Open the writers of a run; what is yielded takes each of its cells once, and keeps none of them.

    Args:
        folder: of the run.
    """
    with CellTable(folder / CELL_TABLE) as table:
        yield table.add
