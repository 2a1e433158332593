"""The page of a comparison, in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.history.comparison import compare
from conformance.history.page import MOST_ROWS, render, write_page
from conformance.runs.brief import RunBrief, brief, read_brief
from conformance.runs.folder import RunFolder
from conformance.vocabulary.results import CellResult, CriterionResult, RunHeader
from conformance.vocabulary.verdicts import Verdict

CELL = "test_registration[uc3m@uc3m]"
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'


@pytest.fixture
def reports(
    tmp_path: Path,
    header: RunHeader,
    make_cell: Callable[..., CellResult],
    make_criterion: Callable[..., CriterionResult],
) -> Path:
    """Two runs: in the second a cell fails, and what was found is hostile."""
    for name, changes in (
        ("a", {}),
        ("b", {"conformance": Verdict.FAIL, "criteria": [make_criterion(id="REG-38", found=HOSTILE)]}),
    ):
        run = RunFolder(tmp_path / name)
        run.begin(header)
        folder = str(run.cell_folder(CELL).relative_to(run.path))
        run.add(make_cell(cell=CELL, folder=folder, **changes))
        run.finish(0)
        (run.path / "index.html").write_text("<p>the report</p>")
    return tmp_path


@pytest.fixture
def page(reports: Path) -> Path:
    old, new = read_brief(reports / "a"), read_brief(reports / "b")
    file = reports / "pages" / "page.html"
    write_page(compare(old, new), old, new, file)
    return file


def test_links_lead_to_the_cell_in_both_reports(page: Path) -> None:
    links = re.findall(r'href="(\.\.[^"#]*)(#[^"]*)?"', page.read_text())
    assert {name for name, _ in links} == {"../a/index.html", "../b/index.html"}
    assert all((page.parent / name).is_file() for name, _ in links)
    assert [anchor for _, anchor in links if anchor] == ["#cells-test-registration-uc3m-uc3m"] * 2


def test_a_report_that_is_a_folder_of_pages_is_linked_page_by_page(reports: Path) -> None:
    old, new = read_brief(reports / "a"), read_brief(reports / "b")
    folder = new.cells[0].folder
    (reports / "b" / folder / "index.html").write_text("<p>the cell</p>")
    assert f'href="b/{folder}/index.html"' in render(compare(old, new), old, new, reports)


def test_a_run_without_a_report_has_no_links(reports: Path) -> None:
    (reports / "a" / "index.html").unlink()
    old, new = read_brief(reports / "a"), read_brief(reports / "b")
    assert 'href="a/' not in render(compare(old, new), old, new, reports)


def test_long_lists_are_cut_and_say_so(header: RunHeader, make_cell: Callable[..., CellResult]) -> None:
    results = [make_cell(cell=f"test_a[{number}]", folder=f"cells/{number}") for number in range(2000)]
    cells = [brief(cell) for cell in results]
    old, new = RunBrief(Path("/a"), header, cells, None), RunBrief(Path("/b"), header, [], None)
    html = render(compare(old, new), old, new, Path("/"))
    assert html.count('<th scope="row">test_a') == MOST_ROWS
    assert f"{2000 - MOST_ROWS} more are not listed here" in html
    assert len(html) < 2_000_000
