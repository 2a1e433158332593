"""`netlab compare`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.cli import main
from conformance.runs.folder import RunFolder
from conformance.vocabulary.results import CellResult, RunHeader
from conformance.vocabulary.verdicts import Verdict

CELL = "test_registration[uc3m@uc3m]"


@pytest.fixture
def reports(tmp_path: Path, header: RunHeader, make_cell: Callable[..., CellResult]) -> Path:
    """Two runs: in the first all is well, in the second a cell fails."""
    reports = tmp_path / "reports"
    for name, conformance in (("20261121-120000-1", Verdict.PASS), ("20261122-120000-1", Verdict.FAIL)):
        run = RunFolder(reports / name)
        run.begin(header)
        folder = run.cell_folder(CELL)
        run.add(make_cell(cell=CELL, folder=str(folder.relative_to(run.path)), conformance=conformance))
        run.finish(0)
    return reports


def test_a_new_failure_is_told_and_makes_exit_code_1(reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "previous", "latest", "--reports", str(reports)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "20261121-120000-1 -> 20261122-120000-1"
    assert "new failures: 1" in lines
    assert f"  {CELL}: PASS/PASS -> PASS/FAIL, expected PASS/PASS" in lines
    assert lines[-1] == "something became worse"


def test_a_run_compared_with_itself_is_the_same(reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(reports / "20261121-120000-1"), "20261121-120000-1", "--reports", str(reports)]) == 0
    assert "nothing became worse" in capsys.readouterr().out


def test_json(reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "latest", "previous", "--json", "--reports", str(reports)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [change["cell"] for change in found["fixed"]] == [CELL]


@pytest.mark.parametrize(
    ("names", "words"), [(["nothing", "latest"], "nothing: no such run"), (["previous", "latest"], "found 0 runs")]
)
def test_a_run_that_is_not_there_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], names: list[str], words: str
) -> None:
    assert main(["compare", *names, "--reports", str(tmp_path)]) == 2
    assert words in capsys.readouterr().err


def test_two_runs_without_a_common_cell_are_no_comparison(
    reports: Path, header: RunHeader, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RunFolder(reports / "empty")
    run.begin(header)
    run.finish(0)
    assert main(["compare", "20261121-120000-1", "empty", "--reports", str(reports)]) == 5
    assert capsys.readouterr().out.endswith("no cell is in both runs: nothing can be compared\n")


def test_the_page_is_written_where_it_is_wanted(reports: Path, tmp_path: Path) -> None:
    page = tmp_path / "pages" / "compared.html"
    assert main(["compare", "previous", "latest", "--html", str(page), "--reports", str(reports)]) == 1
    assert "1 cell became worse" in page.read_text()


def test_a_page_that_cannot_be_written_is_one_line(reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["compare", "previous", "latest", "--reports", str(reports)]
    assert main([*names, "--html", str(reports / "latest" / "run.jsonl" / "page.html")]) == 4
    assert capsys.readouterr().err.count("\n") == 1
