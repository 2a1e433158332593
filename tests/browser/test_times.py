"""How long users waited, as a partner sees it on the first page: numbers, drawings, folded where it is long."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from conformance.vocabulary.results import CellResult
from conformance.vocabulary.verdicts import Verdict


@pytest.fixture
def file(report: Callable[..., Path], make_cell: Callable[..., CellResult]) -> Path:
    """Forty cells of two networks; who visits stuba waits ten times as long, and for set-up there are few lines."""
    cells = []
    for number in range(40):
        visited, test = ("uc3m", "stuba")[number % 2], f"test_{number // 2:02d}"
        times = {"registration": (40.0 + number) * (10 if visited == "stuba" else 1)}
        if number < 4:
            times["set-up"] = 2000.0 + number
        cells.append(
            make_cell(
                cell=f"{test}[uc3m@{visited}]",
                folder=f"cells/{test}.uc3m@{visited}",
                visited=visited,
                access_point="none" if visited == "uc3m" else "visited",
                times=times,
            )
        )
    return report(*cells)


def test_the_numbers_of_the_whole_run_are_seen_without_opening_anything(
    open_page: Callable[..., Any], file: Path
) -> None:
    page = open_page(file).page
    long, short = page.locator("details.times").all()
    assert "Registration: median 244 ms, 95 % within 750 ms" in long.locator("summary").inner_text()
    assert not long.locator("table").is_visible()
    assert short.locator("table").is_visible()
    assert page.locator("#times").bounding_box()["y"] > page.locator(".matrix").bounding_box()["y"]


def test_what_is_wrong_comes_before_it(
    open_page: Callable[..., Any], report: Callable[..., Path], make_cell: Callable[..., CellResult]
) -> None:
    page = open_page(report(make_cell(times={"registration": 40.0}, conformance=Verdict.FAIL))).page
    assert not page.locator("details.times table").is_visible()


@pytest.mark.parametrize("script", [True, False])
def test_a_table_opens_and_has_a_drawing_beside_each_number(
    open_page: Callable[..., Any], file: Path, script: bool
) -> None:
    page = open_page(file, java_script_enabled=script).page
    table = page.locator("details.times").first
    table.locator("summary").click()
    rows = table.locator("tbody tr:not(.axis)")
    assert rows.count() == 1 + 2 + 2 + 20
    assert rows.locator("svg:visible").count() == rows.count()
    assert "by visited, the slowest first\nstuba" in table.locator("table").inner_text().replace("\t", "\n")
    assert table.locator("tr.axis:visible").count() == 3


def test_a_filter_leaves_the_tables_alone(open_page: Callable[..., Any], file: Path) -> None:
    page = open_page(file, "#?visited=stuba").page
    page.locator("details.times summary").first.click()
    assert page.locator("details.times").first.locator("tr.axis:visible").count() == 3


def test_the_list_of_cells_has_the_times_of_each(open_page: Callable[..., Any], file: Path) -> None:
    page = open_page(file).page
    head = page.locator(".cells:not(.findings) thead th").all_inner_texts()
    row = page.locator(".cells:not(.findings) tr.row", has_text="test_01[uc3m@stuba]").locator("th, td")
    shown = dict(zip(head, row.all_inner_texts(), strict=True))
    assert (shown["Registration, ms"], shown["Call set-up, ms"]) == ("430.0", "2003.0")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_drawing_stands_out_from_the_page(open_page: Callable[..., Any], file: Path, scheme: str) -> None:
    page = open_page(file, color_scheme=scheme).page
    style = "getComputedStyle(document.querySelector('.spread .median')).stroke"
    assert page.evaluate(style) == page.evaluate("getComputedStyle(document.body).color")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light")])
def test_axe_finds_nothing(open_page: Callable[..., Any], file: Path, width: int, scheme: str) -> None:
    opened = open_page(file, viewport={"width": width, "height": 844}, color_scheme=scheme, bypass_csp=True)
    for summary in opened.page.locator("details.times:not([open]) summary").all():
        summary.click()
    found = Axe().run(opened.page)
    assert found.violations_count == 0, found.generate_report()
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_paper_every_table_is_open(open_page: Callable[..., Any], file: Path) -> None:
    page = open_page(file).page
    page.emulate_media(media="print")
    assert page.locator("details.times table").first.is_visible()
