"""Two ladders side by side: the same terminal at the same core, without the adapter and with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from conformance.report.environment import environment
from conformance.report.ladder import NARROW, Ladder, draw
from conformance.report.text import short
from conformance.vocabulary.results import CellResult
from conformance.vocabulary.verdicts import Verdict

FOLDER = "adapter"
MOST = 100
"""Arrows of one side: a request that goes round until Max-Forwards is used up says no more after that."""
_CORES = {"lenient": "a lenient core", "strict": "a strict core", "openimscore": "a core like the Open IMS Core"}


class Key(NamedTuple):
    """What the two cells of a pair have in common."""

    test: str
    home: str
    visited: str
    access: str
    profile: str
    core: str

    @property
    def where(self) -> str:
        """The core in words: `a strict core`; a real one by its name."""
        return _CORES.get(self.core, self.core)

    @property
    def file(self) -> str:
        """Name of the page, quoted for a link."""
        name = "-".join((self.test, self.home, self.visited, self.access, self.profile, self.core))
        return quote("".join(c if c.isalnum() or c in "-_.+" else "." for c in name)[:180] + ".html")


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two cells, drawn."""

    cell: str
    page: str
    """Page of the cell as seen from the page of the pair; on a report of one page its anchor is behind it."""
    anchor: str
    interoperability: Verdict
    conformance: Verdict
    ladder: Ladder | None
    """None where nothing was judged."""


class Drawn(NamedTuple):
    """A side, and where it belongs."""

    key: Key
    adapted: bool
    side: Side


def drawn(cell: CellResult, anchor: str) -> Drawn | None:
    """Draw one cell; None where it is no cell of the matrix of quirks.

    Args:
        cell: Which cell.
        anchor: Its place on the page that shows it.
    """
    if not cell.profile:
        return None
    procedure = next((one for one in cell.procedures if one.ladder), None)
    side = Side(
        short(cell.cell, 300),
        quote(cell.folder, safe="/@"),
        anchor,
        cell.interoperability,
        cell.conformance,
        None if procedure is None else draw(procedure, lane_width=NARROW, most=MOST),
    )
    return Drawn(_key(cell), cell.adapted, side)


class AdapterPairs:
    """The pairs of a run while its cells come in; of each cell a drawing is kept."""

    def __init__(self) -> None:
        self._sides: dict[Key, dict[bool, Side]] = {}

    def add(self, drawn: Drawn | None) -> None:
        """Take one cell, as `drawn` gives it; None is no cell of the matrix of quirks."""
        if drawn is not None:
            self._sides.setdefault(drawn.key, {})[drawn.adapted] = drawn.side

    def pages(self) -> Iterator[tuple[Key, Side, Side]]:
        """Yield the pairs that are whole: what they have in common, without the adapter, with it."""
        for key, sides in self._sides.items():
            if len(sides) == 2 and any(side.ladder for side in sides.values()):
                # Both are shown as large as each other: the narrower one leaves room.
                width = max(side.ladder.width for side in sides.values() if side.ladder)
                yield key, _as_wide(sides[False], width), _as_wide(sides[True], width)

    def links(self) -> dict[str, str]:
        """Return for each cell of a pair the page of the pair, as seen from the folder of the run."""
        return {side.cell: f"{FOLDER}/{key.file}" for key, *sides in self.pages() for side in sides}

    def write(self, folder: Path, run: str, assets: object, *, paged: bool) -> None:
        """Write the pages of all pairs.

        Args:
            folder: Of the run.
            run: Its name.
            assets: Style and script of every page.
            paged: Whether each cell has a page of its own.
        """
        template = environment().get_template("adapter_pair.html.j2")
        for key, without, adapted in self.pages():
            (folder / FOLDER).mkdir(exist_ok=True)
            text = template.render(key=key, sides=(without, adapted), run=run, assets=assets, paged=paged)
            (folder / FOLDER / key.file).write_text(text, encoding="utf-8")


def _as_wide(side: Side, width: int) -> Side:
    return side if side.ladder is None else replace(side, ladder=replace(side.ladder, width=width))


def _key(cell: CellResult) -> Key:
    test = cell.cell.partition("[")[0]
    parts = (test, cell.home, cell.visited, cell.access_point, cell.profile, cell.core)
    return Key(*(short(part, 60) for part in parts))
