"""Writes the report of a run: one self-contained page, or where that would be too large a folder of static pages.

Cells come one after the other and are forgotten when their page is made: of each a `CellSummary` is kept.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from markupsafe import Markup

from conformance.report.adapter_pairs import AdapterPairs, drawn
from conformance.report.causes import causes
from conformance.report.cell_summary import CellSummary, summary
from conformance.report.cell_times import Named
from conformance.report.cell_view import cell_view, files_of
from conformance.report.environment import asset, environment
from conformance.report.matrix import Square, matrix
from conformance.report.quirk_matrix import quirk_matrix, tolerated
from conformance.report.time_table import time_tables
from conformance.vocabulary.results import CellResult, RunFooter, RunHeader

INDEX = "index.html"
LISTS = "lists"
UP = "../../"
"""From the page of a cell to the folder of the run: `cells/NAME/index.html`."""
ONE_PAGE = 4_000_000
"""Octets of cells that still go into one page; more are pages of their own."""
SHORT_LIST = 1_000
"""So many cells are listed on the first page; more have a list for each home network."""
SHOWN = 300
"""Cells that differ, told on the first page."""


class Assets(NamedTuple):
    """Style and script of every page, and the hashes by which its policy allows them."""

    style: Markup
    script: Markup
    style_hash: str
    script_hash: str


class Neighbours(NamedTuple):
    """Where the pages of the cells before and behind one are, as seen from its own; empty where there is none."""

    before: str = ""
    behind: str = ""


ALONE = Neighbours()


class Rendered(NamedTuple):
    """A cell, ready to be put into a page."""

    summary: CellSummary
    body: str


@dataclass(frozen=True, slots=True)
class Site:
    """Where things are."""

    paged: bool
    """Whether each cell has a page of its own."""
    lists: bool
    """Whether each home network has a list of its own."""
    times: Sequence[Named] = ()
    """Kinds of times that stand in the lists of cells."""

    def link(self, cell: CellSummary, up: str) -> str:
        """Return the page of a cell as seen from another page; empty where it is the same one.

        Args:
            cell: Which cell.
            up: Path from that page to the run's folder.
        """
        return up + cell.page if self.paged else ""

    def list_of(self, home: str) -> str:
        """Return the list of a home network, as seen from the first page."""
        return f"{LISTS}/{_file_name(home)}"

    def square(self, square: Square) -> str:
        """Return where the cells of a square are listed, as seen from the first page."""
        return (self.list_of(square.home) if self.lists else "") + "#" + square.id


def write_site(
    folder: Path,
    header: RunHeader,
    cells: Iterable[CellResult],
    footer: RunFooter | None,
    order: Sequence[str] = (),
) -> Path:
    """Write the report into the folder of its run.

    Args:
        folder: Of the run.
        header: Of the run.
        cells: Finished cells in the order in which they ran; gone through once.
        footer: None where the run was cut short; the report then says so.
        order: Folders of all cells in that order, so that the page of each leads to its neighbours.

    Returns:
        The first page.
    """
    pages = Pages(folder, header, order)
    for cell in cells:
        pages.add(cell)
    return pages.finish(footer)


class Pages:
    """The pages of a run while its cells come in.

    Args:
        folder: Of the run.
        header: Of the run.
        order: Folders of all cells; empty where that is not known.
    """

    def __init__(self, folder: Path, header: RunHeader, order: Sequence[str] = ()) -> None:
        self._folder, self._header = folder, header
        self._beside = neighbours(order)
        self._waiting: list[tuple[CellResult, Rendered]] | None = []
        self._size = 0
        self._pairs = AdapterPairs()
        self.summaries: list[CellSummary] = []

    def add(self, cell: CellResult) -> None:
        """Take one cell; its page is written as soon as it is known that it has one."""
        if self._waiting is None:
            self.summaries.append(self._page(cell))
            self._pairs.add(drawn(cell, self.summaries[-1].anchor))
            return
        view = cell_view(cell, header=self._header, beside=files_of(self._folder / cell.folder))
        self._pairs.add(drawn(cell, view.anchor))
        body = str(_macro("cell.html.j2", "cell_body")(view, 4))
        self._waiting.append((cell, Rendered(summary(view), body)))
        self.summaries.append(self._waiting[-1][1].summary)
        self._size += len(body.encode())
        if self._size > ONE_PAGE:
            for waiting, _ in self._waiting:
                self._page(waiting)
            self._waiting = None

    def _page(self, cell: CellResult) -> CellSummary:
        return write_cell_page(self._folder, self._header, cell, self._beside.get(cell.folder, ALONE))

    def finish(self, footer: RunFooter | None) -> Path:
        """Write the first page and the lists; return the first page."""
        bodies = None if self._waiting is None else [one for _, one in self._waiting]
        return write_index(self._folder, self._header, self.summaries, footer, bodies, self._pairs)


def neighbours(order: Sequence[str]) -> dict[str, Neighbours]:
    """Return for the folder of each cell the pages before and behind its own."""
    pages = ["", *(f"{UP}{quote(folder, safe='/@')}/{INDEX}" for folder in order), ""]
    return {folder: Neighbours(pages[place], pages[place + 2]) for place, folder in enumerate(order)}


def write_cell_page(folder: Path, header: RunHeader, cell: CellResult, beside: Neighbours = ALONE) -> CellSummary:
    """Write the page of one cell beside its result; return what the first page says of it."""
    view = cell_view(cell, files="", header=header, beside=files_of(folder / cell.folder))
    text = (
        environment().get_template("cell_page.html.j2").render(cell=view, header=header, beside=beside, assets=assets())
    )
    page = folder / cell.folder / INDEX
    # Not written beside the old one and put in its place: of thousands of files that is what takes longest.
    page.unlink(missing_ok=True)
    page.write_text(text, encoding="utf-8")
    return summary(view)


def write_index(
    folder: Path,
    header: RunHeader,
    cells: Sequence[CellSummary],
    footer: RunFooter | None,
    bodies: Sequence[Rendered] | None,
    pairs: AdapterPairs | None = None,
) -> Path:
    """Write the first page, and for a large run a list of cells for each home network.

    Args:
        folder: Of the run.
        header: Of the run.
        cells: In the order in which they ran.
        footer: None where the run was cut short.
        bodies: The cells themselves, to stand in the page; None where each has a page of its own.
        pairs: Of the matrix of quirks: they become pages with both ladders, without and with the adapter.
    """
    pairs = pairs or AdapterPairs()
    pairs.write(folder, header.run, assets(), paged=bodies is None)
    tables = time_tables(cells, header)
    site = Site(paged=bodies is None, lists=len(cells) > SHORT_LIST, times=[table.named for table in tables])
    squares = matrix(cells)
    _tidy(folder, cells, site)
    if site.lists:
        (folder / LISTS).mkdir(exist_ok=True)
        page = environment().get_template("list.html.j2")
        for row in squares.rows:
            listed = [square for place in row.places for square in place]
            text = page.render(home=row.home, header=header, squares=listed, site=site, assets=assets())
            _write(folder / site.list_of(row.home), text)
    differing = [cell for cell in cells if cell.differs]
    wanted = differing or [cell for cell in cells if cell.deviates]
    text = (
        environment()
        .get_template("index.html.j2")
        .render(
            header=header,
            footer=footer,
            cells=cells,
            differing=differing,
            deviating=sum(cell.deviates for cell in cells),
            shown=wanted[:SHOWN],
            hidden=max(0, len(wanted) - SHOWN),
            causes=causes(cells),
            quirks=quirk_matrix(cells),
            pairs=pairs.links(),
            tolerated=tolerated(cells),
            matrix=squares,
            times=tables,
            site=site,
            bodies=[(one.summary, Markup(one.body)) for one in _differing_first(bodies)] if bodies else (),  # noqa: S704 - made by our templates
            assets=assets(),
        )
    )
    return _write(folder / INDEX, text)


def _tidy(folder: Path, cells: Iterable[CellSummary], site: Site) -> None:
    """Remove pages that an earlier report of this run had and this one has not."""
    if not site.paged:
        for cell in cells:
            (folder / unquote(cell.page)).unlink(missing_ok=True)
    if not site.lists:
        for page in (folder / LISTS).glob("*.html"):
            page.unlink()


def _differing_first(bodies: Sequence[Rendered]) -> Iterator[Rendered]:
    yield from (one for one in bodies if one.summary.differs)
    yield from (one for one in bodies if not one.summary.differs)


@cache
def assets() -> Assets:
    """Return style and script of every page."""
    style, script = asset("site.css") + asset("cell.css"), asset("site.js") + asset("cell.js")
    return Assets(style, script, _hash(style), _hash(script))


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _macro(template: str, name: str) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(environment().get_template(template).module, name)
    return found


def _file_name(home: str) -> str:
    safe = "".join(c if c.isalnum() or c in "-_" else "." for c in home)
    return f"{safe or 'home'}.html"


def _write(file: Path, text: str) -> Path:
    unfinished = file.with_name(f".{file.name}.part")
    unfinished.write_text(text, encoding="utf-8")
    return unfinished.replace(file)
