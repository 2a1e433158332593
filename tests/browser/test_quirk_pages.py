"""The matrix of quirks and the page of a pair as a partner opens them: readable, no wider than the window, stacked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from conformance.vocabulary.results import CellResult
from conformance.vocabulary.verdicts import Verdict

WINDOWS = [(1280, "light"), (1280, "dark"), (600, "light"), (600, "dark")]


@pytest.fixture
def first_page(report: Callable[..., Path], make_cell: Callable[..., CellResult]) -> Path:
    """Two profiles at two cores, without and with the adapter."""
    cells = []
    for profile in ("standard", "symbian-s60"):
        for core in ("strict", "openimscore"):
            for adapted in (False, True):
                name = f"{profile}-{core}{'-adapted' if adapted else ''}"
                bad = {"interoperability": Verdict.FAIL} if profile != "standard" and not adapted else {}
                words = {"profile": profile, "core": core, "adapted": adapted, "folder": f"cells/{name}"}
                cells.append(make_cell(cell=f"test_profile[uc3m@uc3m-{name}]", **words, **bad))
    return report(*cells)


@pytest.fixture
def pair_page(first_page: Path) -> Path:
    return next((first_page.parent / "adapter").glob("*symbian-s60-openimscore.html"))


@pytest.mark.parametrize("which", ["first_page", "pair_page"])
@pytest.mark.parametrize(("width", "scheme"), WINDOWS)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    open_page: Callable[..., Any], request: pytest.FixtureRequest, which: str, width: int, scheme: str
) -> None:
    file = request.getfixturevalue(which)
    page = open_page(file, viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_a_box_of_the_matrix_opens_its_pair_and_a_name_its_cell(
    open_page: Callable[..., Any], first_page: Path
) -> None:
    page = open_page(first_page).page
    page.locator(".quirks .sq[aria-label*='symbian-s60-openimscore-adapted']").click()
    assert page.locator("h1").inner_text().startswith("symbian-s60 at a core like the Open IMS Core")
    page.get_by_role("link", name="test_profile[uc3m@uc3m-symbian-s60-openimscore-adapted]").click()
    page.wait_for_url("**/index.html#*")
    assert "symbian-s60-openimscore-adapted" in page.locator(":target").inner_text()


@pytest.mark.parametrize(("width", "stacked"), [(1280, False), (600, True)])
def test_ladders_stand_side_by_side_where_there_is_room(
    open_page: Callable[..., Any], pair_page: Path, width: int, stacked: bool
) -> None:
    page = open_page(pair_page, viewport={"width": width, "height": 900}).page
    left, right = (one.bounding_box() for one in page.locator(".pair-of-ladders .ladder").all())
    assert (right["y"] > left["y"] + left["height"]) is stacked
    letters = page.locator(".pair-of-ladders .row text").first.bounding_box()
    assert letters["height"] >= 9, "readable without a magnifier"
