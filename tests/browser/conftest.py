"""Reports in headless Chromium: pages are opened from files, and nothing else may be asked for."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

from conformance.report.site import write_site
from conformance.vocabulary.results import CellResult, RunFooter, RunHeader

CHROMIUM = shutil.which("chromium")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Opened:
    """A page, and what went wrong in it."""

    page: Page
    wrong: list[str] = field(default_factory=list)

    def asked(self, request: Request) -> None:
        """A page asks for files and nothing else."""
        if not request.url.startswith(("file:", "data:")):
            self.wrong.append(f"asked for {request.url}")

    def check(self) -> None:
        """Nothing was complained of, and nothing but files was asked for."""
        assert self.wrong == []


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the tests of a file."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Opened]]:
    """Opens a file in a window of its own; the test ends with a look at what went wrong."""
    opened: list[Opened] = []

    def open_file(file: Path, fragment: str = "", **context: object) -> Opened:
        page = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **context}).new_page()  # type: ignore[arg-type]
        one = Opened(page)
        page.on("console", lambda message: one.wrong.append(message.text))
        page.on("pageerror", lambda error: one.wrong.append(str(error)))
        page.on("request", one.asked)
        page.on("dialog", lambda dialog: (one.wrong.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.goto(file.as_uri() + fragment)
        opened.append(one)
        return one

    yield open_file
    for one in opened:
        one.page.context.close()
        one.check()


@pytest.fixture
def report(tmp_path: Path, header: RunHeader) -> Callable[..., Path]:
    """Writes a report of some cells."""

    def write(*cells: CellResult) -> Path:
        for cell in cells:
            (tmp_path / cell.folder).mkdir(parents=True, exist_ok=True)
        footer = RunFooter(finished_ns=1, cells=len(cells), differing=[], exit_code=0)
        return write_site(tmp_path, header, cells, footer)

    return write
