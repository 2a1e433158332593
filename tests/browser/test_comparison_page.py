"""The page of a comparison in a browser: it runs nothing, fetches nothing, and is accessible."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from conformance.history.comparison import compare
from conformance.history.page import write_page
from conformance.runs.brief import RunBrief, brief
from conformance.vocabulary.results import CellResult, CriterionResult, RunHeader
from conformance.vocabulary.verdicts import Verdict

HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'


@pytest.fixture
def page(
    tmp_path: Path,
    header: RunHeader,
    make_cell: Callable[..., CellResult],
    make_criterion: Callable[..., CriterionResult],
) -> Path:
    """One cell fails newly, and what was found in it is hostile; enough others were mended to be folded away."""
    broken = make_cell(conformance=Verdict.FAIL, criteria=[make_criterion(id="REG-38", found=HOSTILE)])
    mended = [f"test_mended[{number}]" for number in range(20)]
    runs = [
        RunBrief(tmp_path / name, header, [brief(cell) for cell in cells], None)
        for name, cells in (
            ("a", [make_cell(), *(make_cell(cell=name, conformance=Verdict.FAIL) for name in mended)]),
            ("b", [broken, *(make_cell(cell=name) for name in mended)]),
        )
    ]
    file = tmp_path / "page.html"
    write_page(compare(*runs), *runs, file)
    return file


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1240, 390])
def test_the_page_runs_nothing_fetches_nothing_and_is_accessible(
    browser: Browser, page: Path, scheme: Literal["light", "dark"], width: int
) -> None:
    # First as it is; then without its policy, which would refuse the script of the checker.
    with closing(browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})) as context:
        shown = context.new_page()
        told: list[str] = []
        shown.on("console", lambda message: told.append(message.text))
        shown.on("dialog", lambda dialog: told.append(dialog.message))
        requests: list[str] = []
        shown.on("request", lambda request: requests.append(request.url))
        shown.goto(page.as_uri())
        assert shown.locator(".lead").inner_text().strip().endswith("1 cell became worse, 20 fixed.")
        assert HOSTILE in shown.locator("table.changes").first.inner_text()
        assert shown.evaluate("getComputedStyle(document.querySelector('.lead')).borderLeftWidth") == "8px"
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        assert (told, requests) == ([], [page.as_uri()])
    with closing(
        browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True)
    ) as context:
        shown = context.new_page()
        shown.goto(page.as_uri())
        assert Axe().run(shown).response["violations"] == []
