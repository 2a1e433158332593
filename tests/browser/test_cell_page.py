"""The body of a cell in a browser: from a failed criterion to its frame and back, with script and without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from conformance.report.site import write_cell_page
from conformance.vocabulary.results import CellResult, CriterionResult, RunHeader
from conformance.vocabulary.verdicts import Verdict
from tests.report.test_cell_view import ANCHOR, HOSTILE, explained

MESSAGE, CRITERION, FINDING = (f"#{ANCHOR}-{part}" for part in ("m0-2", "c-REG-38", "f-REG-38"))


@pytest.fixture
def cell(make_cell: Callable[..., CellResult], make_criterion: Callable[..., CriterionResult]) -> CellResult:
    """A cell that fails, and in which everything that came from a packet tries to run something."""
    made = make_cell(
        criteria=[make_criterion(), make_criterion(id="REG-15", verdict=Verdict.PASS, found=HOSTILE)],
        conformance=Verdict.FAIL,
        test_case="registration/home/test_registration",
        text=f"SIP/2.0 200 OK\r\nUser-Agent: {HOSTILE}\r\nServer: <script>window.ran = 1</script>\r\n\r\n",
    )
    return explained(made)


class Shown:
    """A page, and what it did that it should not."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", lambda dialog: self.errors.append(dialog.message))
        page.on("request", lambda request: self.requests.append(request.url))

    def is_seen(self, selector: str) -> bool:
        return bool(self.page.locator(selector).evaluate("one => one.checkVisibility()"))


@pytest.fixture
def show(browser: Browser, cell: CellResult, header: RunHeader, tmp_path: Path) -> Iterator[Callable[..., Shown]]:
    """Opens the cell in a page of its own; arguments are those of a browser context."""
    (tmp_path / cell.folder).mkdir(parents=True)
    write_cell_page(tmp_path, header, cell)
    file = tmp_path / cell.folder / "index.html"
    contexts = []

    def open_page(fragment: str = "", **options: object) -> Shown:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        contexts.append(context)
        shown = Shown(context.new_page())
        shown.page.goto(file.as_uri() + fragment)
        return shown

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("script", [True, False])
def test_from_a_failed_criterion_to_its_frame_and_back(show: Callable[..., Shown], script: bool) -> None:
    shown = show(java_script_enabled=script)
    page = shown.page
    page.locator(f"{FINDING} a", has_text="REG-38").first.click()
    assert shown.is_seen(CRITERION)
    page.locator(f"{CRITERION} a", has_text="2").last.click()
    assert shown.is_seen(MESSAGE)
    assert page.locator(f"{MESSAGE} mark").first.inner_text() == "SIP/2.0"
    page.locator(f"{MESSAGE} a.why").first.click()
    assert page.url.endswith(FINDING)
    page.locator(f"{FINDING} a", has_text="RFC 3608 5").click()
    assert shown.is_seen(f"#{ANCHOR}-clause-rfc-3608-5")
    assert shown.errors == []


@pytest.mark.parametrize("script", [True, False])
def test_an_arrow_opens_its_message_by_keyboard_and_the_message_leads_back(
    show: Callable[..., Shown], script: bool
) -> None:
    shown = show(java_script_enabled=script)
    page = shown.page
    assert not shown.is_seen(MESSAGE)
    page.locator(f"#{ANCHOR}-a0-2").focus()
    page.keyboard.press("Enter")
    assert shown.is_seen(MESSAGE)
    page.locator(f"{MESSAGE} a", has_text="Arrow in the ladder").click()
    assert page.url.endswith(f"#{ANCHOR}-a0-2")


def test_a_link_from_elsewhere_opens_what_it_leads_to(show: Callable[..., Shown]) -> None:
    assert show(MESSAGE).is_seen(MESSAGE)
    assert show(MESSAGE, java_script_enabled=False).is_seen(MESSAGE)


def test_the_same_link_opens_again_what_was_closed(show: Callable[..., Shown]) -> None:
    shown = show(MESSAGE)
    shown.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = false)")
    shown.page.locator(f"#{ANCHOR}-a0-2").click()
    assert shown.is_seen(MESSAGE)


def test_what_came_in_packets_runs_nothing_and_nothing_is_fetched(show: Callable[..., Shown]) -> None:
    shown = show()
    shown.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert shown.page.evaluate("window.ran") is None
    assert shown.errors == []
    assert [url for url in shown.requests if not url.startswith("file:")] == []
    assert len(shown.requests) == 1


def test_the_ladder_is_copied_as_text(show: Callable[..., Shown]) -> None:
    shown = show(permissions=["clipboard-read", "clipboard-write"])
    shown.page.get_by_role("button", name="Copy ladder as text").click()
    shown.page.get_by_text("copied").wait_for()
    text = shown.page.evaluate("navigator.clipboard.readText()")
    assert "SAR  home-scscf -> home-hss" in text
    assert show(java_script_enabled=False).page.locator("button").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_and_nothing_overflows(show: Callable[..., Shown], scheme: str, width: int) -> None:
    shown = show(color_scheme=scheme, viewport={"width": width, "height": 844})
    shown.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    found = Axe().run(shown.page)
    assert found.violations_count == 0, found.generate_report()
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= width


def test_what_matters_is_open_on_paper(show: Callable[..., Shown]) -> None:
    shown = show()
    assert not shown.is_seen(CRITERION)
    shown.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert shown.is_seen(CRITERION)
    shown.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert not shown.is_seen(CRITERION)
