"""Writes the report of a run from its results."""

from __future__ import annotations

from pathlib import Path

from conformance.report.cell_writers import cell_writers
from conformance.report.html import render_run
from conformance.runs.folder import read_run

REPORT_FILE = "index.html"


def publish(folder: Path) -> Path:
    """Write `index.html` and `cells.csv` of the run in `folder` and return the path of the page.

    Raises:
        BadInput: the folder holds no readable run.
    """
    run = read_run(folder)
    with cell_writers(folder) as add:
        for cell in run.cells:
            add(cell)
    unfinished = folder / f".{REPORT_FILE}.part"
    unfinished.write_text(render_run(run.header, run.cells, run.footer), encoding="utf-8")
    return unfinished.replace(folder / REPORT_FILE)
