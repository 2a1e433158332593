"""Writes the report of a run from its results; the pages of a large run are made by several processes."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from conformance.judgement.workers import spread
from conformance.report.adapter_pairs import AdapterPairs, Drawn, drawn
from conformance.report.cell_summary import CellSummary
from conformance.report.cell_writers import Told, cell_writers, told
from conformance.report.site import INDEX, Neighbours, Pages, neighbours, write_cell_page, write_index
from conformance.runs.folder import OpenRun, open_run
from conformance.vocabulary.results import RunCell

REPORT_FILE = INDEX
MANY = 200
"""So many cells are never in one page, and are worth more than one process."""
AT_ONCE = 50
"""Cells that a process takes at a time; of all of them it keeps what is told, and nothing else."""
MOST_WORKERS = 4


class _Made(NamedTuple):
    """What is known of a cell when its page is written."""

    summary: CellSummary
    told: Told
    drawn: Drawn | None


def publish(folder: Path) -> Path:
    """Write the report of the run in `folder`, and `cells.csv`, and return the report's first page.

    Raises:
        BadInput: the folder holds no readable run.
    """
    run = open_run(folder)
    with cell_writers(folder) as write:
        if len(run.lines) < MANY:
            pages = Pages(folder, run.header, [line.folder for line in run.lines])
            for cell in run.cells():
                write(told(cell))
                pages.add(cell)
            return pages.finish(run.footer)
        summaries, pairs = [], AdapterPairs()
        for made in _made(run):
            write(made.told)
            summaries.append(made.summary)
            pairs.add(made.drawn)
        return write_index(folder, run.header, summaries, run.footer, None, pairs)


def _made(run: OpenRun) -> Iterator[_Made]:
    """Write the page of every cell; read each result once and forget it."""
    beside = neighbours([line.folder for line in run.lines])
    parts = [run.lines[start : start + AT_ONCE] for start in range(0, len(run.lines), AT_ONCE)]

    def work(number: int) -> list[_Made]:
        made = [_page(run, line, beside[line.folder]) for line in parts[number]]
        gc.collect()  # processes that only do this have no other occasion
        return made

    for part in spread(work, len(parts), min(os.cpu_count() or 1, MOST_WORKERS)):
        yield from part


def _page(run: OpenRun, line: RunCell, beside: Neighbours) -> _Made:
    cell = run.cell(line)
    summary = write_cell_page(run.path, run.header, cell, beside)
    return _Made(summary, told(cell), drawn(cell, summary.anchor))
