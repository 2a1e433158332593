"""The page of a run: what is broken, whose it is, and the packet that proves it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from conformance.report import site
from conformance.vocabulary.results import CellResult, CriterionResult, Mishap, RunFooter, RunHeader
from conformance.vocabulary.verdicts import Verdict

FOOTER = RunFooter(finished_ns=1, cells=1, differing=[], exit_code=0)


class Page(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.hrefs: list[str] = []
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
        if values.get("href"):
            self.hrefs.append(unquote(str(values["href"])))
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


def test_a_good_run_says_so(
    render_run: Callable[..., str], header: RunHeader, make_cell: Callable[..., CellResult]
) -> None:
    page = render_run(header, [make_cell()], FOOTER)
    assert "All 1 cells are as expected." in page


def test_a_deviation_is_named_with_node_clause_frame_and_bytes(
    render_run: Callable[..., str],
    header: RunHeader,
    make_cell: Callable[..., CellResult],
    make_criterion: Callable[..., CriterionResult],
) -> None:
    page = render_run(header, [make_cell(), failing(make_cell, make_criterion())], FOOTER)

    assert "1 of 2 cells differs" in page
    overview = page[: page.index("<h2>Cell by cell</h2>")]
    for words in ("REG-38", "home-scscf", "no Service-Route", "frame 2", "RFC 3608 5"):
        assert words in overview
    assert re.search(r"<mark[^>]*>SIP/2.0</mark>", page)


def test_differing_cells_come_first_and_open(
    render_run: Callable[..., str],
    header: RunHeader,
    make_cell: Callable[..., CellResult],
    make_criterion: Callable[..., CriterionResult],
) -> None:
    page = Page(render_run(header, [make_cell(), failing(make_cell, make_criterion())], FOOTER))
    assert page.open_cells == ["cells-test-registration-stuba-stuba"]


def test_every_link_inside_the_page_has_a_target(
    render_run: Callable[..., str],
    header: RunHeader,
    make_cell: Callable[..., CellResult],
    make_criterion: Callable[..., CriterionResult],
) -> None:
    page = Page(render_run(header, [make_cell(), failing(make_cell, make_criterion())], FOOTER))
    assert page.targets
    assert set(page.targets) <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def test_the_page_is_self_contained_and_obeys_our_script_alone(
    render_run: Callable[..., str], header: RunHeader, make_cell: Callable[..., CellResult]
) -> None:
    text = render_run(header, [make_cell()], FOOTER)
    assert not Page(text).tags & {"link", "img", "iframe"}
    assert not re.search(r"(src|href)=\"https?:", text)
    assert not re.search(r"<[^>]+ (style|on[a-z]+)=", text)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None
    for kind, tag in (("style", "style"), ("script", "script")):
        (inline,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"{kind}-src &#39;sha256-{digest}&#39;" in policy[1] or f"{kind}-src 'sha256-{digest}'" in policy[1]


def test_what_comes_from_a_packet_is_escaped(
    render_run: Callable[..., str], header: RunHeader, make_cell: Callable[..., CellResult]
) -> None:
    text = 'SIP/2.0 200 <script>alert("x")</script>\x1b[31m\u202e\r\n\r\n'
    page = render_run(header, [make_cell(text=text)], FOOTER)
    assert page.count("<script>") == 1  # ours
    assert "&lt;script&gt;" in page
    assert "\\x1b[31m" in page
    assert "\u202e" not in page


def test_a_run_without_footer_is_shown_as_cut_short(
    render_run: Callable[..., str], header: RunHeader, make_cell: Callable[..., CellResult]
) -> None:
    assert "This run was cut short." in render_run(header, [make_cell()], None)


def test_a_dead_node_shows_its_last_lines(
    render_run: Callable[..., str], header: RunHeader, make_cell: Callable[..., CellResult]
) -> None:
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
def test_a_run_without_cells_says_so(render_run: Callable[..., str], header: RunHeader, count: int) -> None:
    assert "No cell was finished." in render_run(header, [], FOOTER)


def test_the_matrix_stands_before_the_cells(
    render_run: Callable[..., str],
    header: RunHeader,
    make_cell: Callable[..., CellResult],
    make_criterion: Callable[..., CriterionResult],
) -> None:
    page = render_run(
        header, [make_cell(), failing(make_cell, make_criterion(), home="stuba", visited="stuba")], FOOTER
    )
    assert page.index("<h2>Matrix</h2>") < page.index("<h2>Cells that differ</h2>") < page.index("<h2>All cells</h2>")
    assert "One cell alone differs." in page
    assert 'aria-label="stuba at home: interoperability PASS, conformance FAIL; 1 of 1 differ"' in page


def test_a_known_deviation_is_no_difference(
    render_run: Callable[..., str],
    header: RunHeader,
    make_cell: Callable[..., CellResult],
    make_criterion: Callable[..., CriterionResult],
) -> None:
    cell = failing(make_cell, make_criterion(), expected_conformance=Verdict.FAIL, expected_criteria=["REG-38"])
    page = render_run(header, [cell], FOOTER)
    assert "All 1 cells are as expected.</strong> 1 of them with a known deviation." in page
    assert 'class="sq deviates"' in page


def test_a_large_run_is_a_folder_of_pages(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    header: RunHeader,
    make_cell: Callable[..., CellResult],
    make_criterion: Callable[..., CriterionResult],
) -> None:
    monkeypatch.setattr(site, "ONE_PAGE", 20_000)
    monkeypatch.setattr(site, "SHORT_LIST", 5)
    cells = [make_cell(cell=f"test_registration[n{n}@uc3m]", home=f"n{n}", folder=f"cells/c{n}") for n in range(7)]
    cells.append(failing(make_cell, make_criterion()))
    for cell in cells:
        (tmp_path / cell.folder).mkdir(parents=True)
    site.write_site(tmp_path, header, iter(cells), FOOTER)

    pages = {file: Page(file.read_text(encoding="utf-8")) for file in tmp_path.rglob("*.html")}
    assert len(pages) == 1 + 8 + 8  # the first one, one a cell, one a home network
    assert not list(tmp_path.rglob("*.part"))
    for file, page in pages.items():
        for href in page.hrefs:
            path, _, fragment = href.partition("#")
            target = (file.parent / path).resolve() if path else file
            if target.suffix == ".html":
                assert target in pages, f"{file}: {href}"
                assert not fragment or fragment in pages[target].ids, f"{file}: {href}"


def test_what_was_not_run_does_not_differ_and_is_not_as_expected(
    render_run: Callable[..., str], header: RunHeader, make_cell: Callable[..., CellResult]
) -> None:
    idle = make_cell(
        cell="test_later[uc3m@uc3m]",
        folder="cells/test_later.uc3m@uc3m",
        interoperability=Verdict.INCONCLUSIVE,
        conformance=Verdict.INCONCLUSIVE,
        not_run="test_registration[uc3m@uc3m]",
        procedures=[],
    )
    elsewhere = make_cell(
        cell="test_vpn[uc3m@uc3m]",
        folder="cells/test_vpn.uc3m@uc3m",
        interoperability=Verdict.NOT_APPLICABLE,
        conformance=Verdict.NOT_APPLICABLE,
        procedures=[],
    )
    page = render_run(header, [make_cell(), idle, elsewhere], FOOTER)
    assert "All 1 cells that were run are as expected." in page
    assert "1 cell was not run, because an earlier cell had found a node dead." in page
    assert "1 cell was not run, because it does not apply here." in page
    assert "1 as expected, 2 not run" in page


def test_what_happened_to_the_testbeds_is_shown(
    render_run: Callable[..., str], header: RunHeader, make_cell: Callable[..., CellResult]
) -> None:
    mishaps = [Mishap(time_ns=1_700_000_000_000_500_000, what="the VPN client of <b>stuba</b> is killed")]
    page = render_run(header, [make_cell(mishaps=mishaps)], FOOTER)
    assert "What happened to the testbeds" in page
    assert "+0.5<td>the VPN client of &lt;b&gt;stuba&lt;/b&gt; is killed" in page
