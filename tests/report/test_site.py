"""The page of a run: what is broken, whose it is, and the packet that proves it."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from conformance.report.html import render_run
from conformance.vocabulary.results import CellResult, CriterionResult, RunFooter, RunHeader
from conformance.vocabulary.verdicts import Verdict

FOOTER = RunFooter(finished_ns=1, cells=1, differing=[], exit_code=0)


class Page(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.tags: set[str] = set()
        self.open_cells: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        values = dict(attributes)
        if values.get("id"):
            self.ids.append(str(values["id"]))
            if tag == "details" and "open" in values:
                self.open_cells.append(str(values["id"]))
        if str(values.get("href", "")).startswith("#"):
            self.targets.append(str(values["href"])[1:])


def failing(make_cell: Callable[..., CellResult], criterion: CriterionResult, **changes: object) -> CellResult:
    return make_cell(
        criteria=[criterion],
        conformance=Verdict.FAIL,
        cell="test_registration[stuba@stuba]",
        folder="cells/test_registration.stuba@stuba",
        **changes,
    )


def test_a_good_run_says_so(header: RunHeader, make_cell: Callable[..., CellResult]) -> None:
    page = render_run(header, [make_cell()], FOOTER)
    assert "All 1 cells are as expected." in page


def test_a_deviation_is_named_with_node_clause_frame_and_bytes(
    header: RunHeader, make_cell: Callable[..., CellResult], make_criterion: Callable[..., CriterionResult]
) -> None:
    page = render_run(header, [make_cell(), failing(make_cell, make_criterion())], FOOTER)

    assert "1 of 2 cells differs" in page
    overview = page[: page.index("<h2>Cells</h2>")]
    for words in ("REG-38", "home-scscf", "no Service-Route", "frame 2", "RFC 3608 5"):
        assert words in overview
    assert "<mark>SIP/2.0</mark> 200 OK" in page


def test_differing_cells_come_first_and_open(
    header: RunHeader, make_cell: Callable[..., CellResult], make_criterion: Callable[..., CriterionResult]
) -> None:
    page = Page(render_run(header, [make_cell(), failing(make_cell, make_criterion())], FOOTER))
    assert page.open_cells == ["cells-test-registration-stuba-stuba"]


def test_every_link_inside_the_page_has_a_target(
    header: RunHeader, make_cell: Callable[..., CellResult], make_criterion: Callable[..., CriterionResult]
) -> None:
    page = Page(render_run(header, [make_cell(), failing(make_cell, make_criterion())], FOOTER))
    assert page.targets
    assert set(page.targets) <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def test_the_page_is_self_contained_and_has_no_script(header: RunHeader, make_cell: Callable[..., CellResult]) -> None:
    text = render_run(header, [make_cell()], FOOTER)
    assert not Page(text).tags & {"script", "link", "img", "iframe"}
    assert not re.search(r"(src|href)=\"https?:", text)


def test_what_comes_from_a_packet_is_escaped(header: RunHeader, make_cell: Callable[..., CellResult]) -> None:
    text = 'SIP/2.0 200 <script>alert("x")</script>\x1b[31m\u202e\r\n\r\n'
    page = render_run(header, [make_cell(text=text)], FOOTER)
    assert "script" not in Page(page).tags
    assert "&lt;script&gt;" in page
    assert "\\x1b[31m" in page
    assert "\u202e" not in page


def test_a_run_without_footer_is_shown_as_cut_short(header: RunHeader, make_cell: Callable[..., CellResult]) -> None:
    assert "This run was cut short." in render_run(header, [make_cell()], None)


def test_a_dead_node_shows_its_last_lines(header: RunHeader, make_cell: Callable[..., CellResult]) -> None:
    cell = make_cell(
        interoperability=Verdict.ERROR,
        conformance=Verdict.ERROR,
        reasons=["uc3m/hss went down during the cell"],
        node_logs={"uc3m/hss": ["opened database", "killed by signal 9"]},
    )
    page = render_run(header, [cell], FOOTER)
    assert "uc3m/hss went down during the cell" in page
    assert "killed by signal 9" in page


@pytest.mark.parametrize("count", [0])
def test_a_run_without_cells_says_so(header: RunHeader, count: int) -> None:
    assert "No cell was finished." in render_run(header, [], FOOTER)
