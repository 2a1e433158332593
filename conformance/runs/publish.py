"""Writes the report of a run from its results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from conformance.report.cell_writers import cell_writers
from conformance.report.site import INDEX, write_site
from conformance.runs.folder import open_run
from conformance.vocabulary.results import CellResult

REPORT_FILE = INDEX


def publish(folder: Path) -> Path:
    """Write the report of the run in `folder`, and `cells.csv`, and return the report's first page.

    Raises:
        BadInput: the folder holds no readable run.
    """
    run = open_run(folder)
    with cell_writers(folder) as add:
        return write_site(folder, run.header, _seen_by(add, run.cells()), run.footer)


def _seen_by(add: Callable[[CellResult], None], cells: Iterable[CellResult]) -> Iterator[CellResult]:
    """Hand each cell on while it goes by: a large run is read once, and never held as a whole."""
    for cell in cells:
        add(cell)
        yield cell
