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


def test_a_large_run_is_read_once_by_several_processes_and_each_cell_has_its_page(
    tmp_path: Path, header: RunHeader, make_cell: Callable[..., CellResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conformance.runs.publish.MANY", 5)
    monkeypatch.setattr("conformance.runs.publish.AT_ONCE", 2)
    run = RunFolder(tmp_path / "reports" / "20261122-120000-1")
    run.begin(header)
    names = [f"test_registration[{number}]" for number in range(5)]
    folders = [run.cell_folder(name) for name in names]
    for name, folder in zip(names, folders, strict=True):
        run.add(make_cell(cell=name, folder=str(folder.relative_to(run.path))))
    run.finish(0)

    index = publish(run.path).read_text(encoding="utf-8")

    for name, folder in zip(names, folders, strict=True):
        assert f">{name}</h1>" in (folder / "index.html").read_text()
        assert f'href="cells/{folder.name}/index.html' in index
    middle = (folders[2] / "index.html").read_text()
    assert f'rel="prev" href="../../cells/{folders[1].name}/index.html"' in middle
    assert f'rel="next" href="../../cells/{folders[3].name}/index.html"' in middle
    with (run.path / "cells.csv").open(newline="", encoding="utf-8") as file:
        assert [row["cell"] for row in csv.DictReader(file)] == names


def test_pages_of_an_earlier_form_do_not_stay(
    tmp_path: Path, header: RunHeader, make_cell: Callable[..., CellResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunFolder(tmp_path / "reports" / "20261122-120000-1")
    run.begin(header)
    folder = run.cell_folder("a")
    run.add(make_cell(folder=str(folder.relative_to(run.path))))
    with monkeypatch.context() as small:
        small.setattr("conformance.report.site.ONE_PAGE", 1)
        publish(run.path)
        publish(run.path)
    assert 'href="index.html"' not in (folder / "index.html").read_text()  # it is no evidence
    publish(run.path)
    assert not (folder / "index.html").exists()
