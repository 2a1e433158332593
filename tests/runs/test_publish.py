"""What is written when a run has ended: the report and the table, of a run that was cut short too."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.runs.folder import RunFolder
from conformance.runs.publish import publish
from conformance.vocabulary.results import CellResult, RunHeader


@pytest.mark.parametrize("footer", [True, False], ids=["complete", "cut short"])
def test_page_and_table_have_every_finished_cell(
    tmp_path: Path, header: RunHeader, make_cell: Callable[..., CellResult], footer: bool
) -> None:
    run = RunFolder(tmp_path / "reports" / "20261122-120000-1")
    run.begin(header)
    names = [f"test_registration[{number}]" for number in range(3)]
    for name in names:
        run.add(make_cell(cell=name, folder=str(run.cell_folder(name).relative_to(run.path))))
    if footer:
        run.finish(0)

    page = publish(run.path).read_text(encoding="utf-8")

    with (run.path / "cells.csv").open(newline="", encoding="utf-8") as file:
        assert [row["cell"] for row in csv.DictReader(file)] == names
    assert all(name in page for name in names)
