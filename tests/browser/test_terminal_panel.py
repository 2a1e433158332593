"""The panel of a terminal's quirks in a browser: it is seen at once, leads to the bytes, and runs nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from conformance.report.site import write_cell_page
from conformance.vocabulary.results import CellResult, CriterionResult, RunHeader
from conformance.vocabulary.verdicts import Severity
from tests.report.test_terminal_view import HOSTILE, quirk, with_quirks


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("words", ["There is a port.", HOSTILE])
def test_the_panel(
    browser: Browser,
    make_cell: Callable[..., CellResult],
    make_criterion: Callable[..., CriterionResult],
    header: RunHeader,
    tmp_path: Path,
    scheme: str,
    words: str,
) -> None:
    cell = with_quirks(
        make_cell(criteria=[make_criterion()]),
        quirk(words=words, advice=words, title=words),
        quirk("Q6", severity=Severity.DEGRADED, title=words, blocks=[words]),
        quirk("Q9", severity=Severity.COSMETIC, blocks=[], breaks=[]),
        quirk("Q3", deviates=False, title=words),
    )
    (tmp_path / cell.folder).mkdir(parents=True)
    write_cell_page(tmp_path, header, cell)
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 900})  # type: ignore[arg-type]
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
    page.goto((tmp_path / cell.folder / "index.html").as_uri())
    heading = page.locator(".terminal > h2, .terminal > h3")
    box = heading.bounding_box()
    assert box is not None
    assert box["y"] < 400
    assert "deviates in 3 ways (Q1, Q6, Q9)" in heading.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    page.locator(".quirk .place a").first.click()
    assert page.locator(".decoded mark").first.is_visible()
    violations = Axe().run(page).response["violations"]
    assert [one["id"] for one in violations] == []
    assert wrong == []
    context.close()
