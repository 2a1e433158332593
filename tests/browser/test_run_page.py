"""The first page as a partner uses it: matrix, filters, keys, light and dark, with script and without."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from conformance.vocabulary.results import CellResult
from conformance.vocabulary.verdicts import Verdict

HOSTILE = 'REGISTER sip:a SIP/2.0\r\nUser-Agent: <script>alert(1)</script>"><img src=x onerror=alert(2)>\r\n\r\n'


@pytest.fixture
def cells(make_cell: Callable[..., CellResult], make_criterion: Callable[..., Any]) -> list[CellResult]:
    """Four cells of two networks; what goes through the P-CSCF of stuba fails."""

    def one(home: str, visited: str, access: str, **words: Any) -> CellResult:
        name = f"test_registration[{home}@{visited}-{access}]"
        return make_cell(
            cell=name,
            folder=f"cells/{home}.{visited}.{access}",
            home=home,
            visited=visited,
            access_point=access,
            **words,
        )

    wrong = {"criteria": [make_criterion(found=HOSTILE)], "conformance": Verdict.FAIL, "text": HOSTILE}
    return [
        one("uc3m", "uc3m", "none"),
        one("uc3m", "stuba", "visited", **wrong),
        one("stuba", "stuba", "none", **wrong),
        one("stuba", "uc3m", "visited"),
    ]


@pytest.fixture
def file(report: Callable[..., Path], cells: list[CellResult]) -> Path:
    return report(*cells)


def shown(page: Any) -> list[str]:
    return [row.inner_text() for row in page.locator(".cells:not(.findings) tr.row:visible th a").all()]


def test_what_is_broken_is_said_first(open_page: Callable[..., Any], file: Path) -> None:
    page = open_page(file).page
    assert "2 of 4 cells differ" in page.locator(".lead").inner_text()
    assert "REG-38, S-CSCF of" in page.locator(".causes").inner_text().replace("\t", ", ")
    assert page.locator(".common").inner_text() == "Every cell with visited = stuba differs; no other cell does."
    assert page.locator(".sq.differs").count() == 2
    assert page.locator(".findings").bounding_box()["y"] < 1200


def test_a_square_leads_to_its_cells(open_page: Callable[..., Any], file: Path) -> None:
    page = open_page(file).page
    page.locator(".sq.differs").first.click()
    assert "uc3m in stuba" in page.locator("tbody:target .group").inner_text()


def test_from_a_failed_criterion_to_its_frame_and_back(open_page: Callable[..., Any], file: Path) -> None:
    page = open_page(file).page
    page.locator(".findings a", has_text="frame 2").first.click()
    message = page.locator(":target")
    assert "m0-2" in message.get_attribute("id")
    message.wait_for()
    message.locator("a", has_text="REG-38").first.click()
    assert "REG-38" in page.locator(":target").inner_text()


def test_filters_are_kept_in_the_address(open_page: Callable[..., Any], file: Path) -> None:
    page = open_page(file).page
    page.select_option("#filter-visited", "stuba")
    assert len(shown(page)) == 2
    page.fill("#filter-q", "uc3m@")
    assert shown(page) == ["test_registration[uc3m@stuba-visited]"]
    assert "visited=stuba" in page.url
    page.reload()
    assert shown(page) == ["test_registration[uc3m@stuba-visited]"]
    assert page.input_value("#filter-q") == "uc3m@"
    page.get_by_role("button", name="Clear").click()
    assert len(shown(page)) == 4


def test_only_what_differs(open_page: Callable[..., Any], file: Path) -> None:
    page = open_page(file, "#?verdict=differs").page
    assert len(shown(page)) == 2


def test_keys_go_from_cell_to_cell(open_page: Callable[..., Any], file: Path) -> None:
    page = open_page(file).page
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "filter-q"
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    first = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.textContent") != first
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.textContent") == first


@pytest.mark.parametrize(("scheme", "button"), [("light", "Dark"), ("dark", "Light")])
def test_light_and_dark(open_page: Callable[..., Any], file: Path, scheme: str, button: str) -> None:
    page = open_page(file, color_scheme=scheme).page
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name=button).click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before


def test_all_is_there_without_script(open_page: Callable[..., Any], file: Path) -> None:
    page = open_page(file, java_script_enabled=False).page
    text = page.locator("body").inner_text()
    for words in ("2 of 4 cells differ", "test_registration[stuba@uc3m-visited]", "home-scscf of stuba", "frame 2"):
        assert words in text
    page.locator("details.cell > summary").last.click()
    assert page.locator("details.cell").last.locator(".cell-body").is_visible()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light")])
def test_axe_finds_nothing(open_page: Callable[..., Any], file: Path, width: int, scheme: str) -> None:
    opened = open_page(
        file, viewport={"width": width, "height": 844}, color_scheme=scheme, bypass_csp=True
    )  # axe is put into the page
    found = Axe().run(opened.page)
    assert found.violations_count == 0, found.generate_report()


def test_a_phone_needs_no_sideways_scrolling_but_in_tables(open_page: Callable[..., Any], file: Path) -> None:
    page = open_page(file, viewport={"width": 390, "height": 844}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_link_to_what_a_filter_hides_takes_the_filter_away(open_page: Callable[..., Any], file: Path) -> None:
    page = open_page(file, "#?home=stuba").page
    assert len(shown(page)) == 2
    page.locator(".sq.differs").first.click()
    page.locator("tbody:target tr.row").first.wait_for()
    assert len(shown(page)) == 4


def test_keys_can_be_turned_off(open_page: Callable[..., Any], file: Path) -> None:
    page = open_page(file).page
    page.get_by_role("button", name="Keys on").click()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") != "filter-q"
    page.reload()
    assert page.get_by_role("button", name="Keys off").is_visible()


@pytest.fixture
def folder(report: Callable[..., Path], cells: list[CellResult], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same cells, each with a page of its own."""
    monkeypatch.setattr("conformance.report.site.ONE_PAGE", 1)
    return report(*cells)


def test_in_a_folder_of_pages_keys_go_from_cell_to_cell(open_page: Callable[..., Any], folder: Path) -> None:
    page = open_page(folder).page
    page.locator(".findings th a").first.click()
    assert page.locator("h1").inner_text() == "test_registration[uc3m@stuba-visited]"
    page.keyboard.press("j")
    page.wait_for_url("**/stuba.stuba.none/index.html")
    page.keyboard.press("k")
    page.wait_for_url("**/uc3m.stuba.visited/index.html")
    page.keyboard.press("t")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.keyboard.press("u")
    page.wait_for_url(folder.as_uri())
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_on_paper_it_is_light_and_has_no_buttons(open_page: Callable[..., Any], file: Path) -> None:
    page = open_page(file, color_scheme="dark").page
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.get_by_role("button", name="Light").is_visible()
    assert page.locator(".matrix").is_visible()
