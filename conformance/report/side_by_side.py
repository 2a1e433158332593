"""The expected ladder and the actual one, drawn side by side.

Pure geometry; `templates/difference.svg.j2` draws it. Both ladders have the same lanes, and what belongs together
stands in one row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from conformance.report.difference_text import failing_at
from conformance.report.ladder import ROLE_ORDER
from conformance.report.text import short
from conformance.vocabulary.difference import Difference, LadderRow, RowStatus

HEAD = 62
ROW_HEIGHT = 27
MIDDLE = 120
"""Width of the column between the ladders that says how a row's sides belong together."""
EDGE = 46
WIDTH = 1225
"""Width of the drawing where the lanes allow it."""
NARROWEST, WIDEST = 64, 150
"""Distance between two lanes."""
MAX_ROWS = 200
MAX_LANES = 8
OTHERS = "others"
"""Lane of all addresses beyond `MAX_LANES`."""

_NAMES = {
    "ue": "UE",
    "visited-dns": "DNS",
    "visited-pcscf": "P-CSCF",
    "home-pcscf": "P-CSCF",
    "home-dns": "DNS",
    "home-icscf": "I-CSCF",
    "home-scscf": "S-CSCF",
    "home-hss": "HSS",
    "home-as": "AS",
}
_WORDS = {
    RowStatus.MATCHED: "as expected",
    RowStatus.DIFFERENT: "other answer",
    RowStatus.MISSING: "missing",
    RowStatus.UNEXPECTED: "beyond the flow",
    RowStatus.REPEATED: "sent again",
    RowStatus.OUT_OF_ORDER: "too early",
    RowStatus.NOT_OBSERVABLE: "not observed",
}
_SIGNS = {
    RowStatus.MATCHED: "=",
    RowStatus.DIFFERENT: "≠",
    RowStatus.MISSING: "✗",
    RowStatus.UNEXPECTED: "+",
    RowStatus.REPEATED: "↻",
    RowStatus.OUT_OF_ORDER: "↑",
    RowStatus.NOT_OBSERVABLE: "?",
}


@dataclass(frozen=True, slots=True)
class Lane:
    """One vertical line, in both ladders."""

    name: str
    network: str
    """`home`, `visited` or nothing."""
    title: str
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Line:
    """One arrow."""

    kind: str
    """CSS class: the status of its row, or `wrong` where a criterion fails in it."""
    text: str
    title: str
    x1: float
    x2: float
    y: int
    anchor: str = ""
    """Where the message is shown: `m0-17`; empty for an expected one."""
    note: str = ""
    """Frame number, shown at the edge."""

    @property
    def label_x(self) -> float:
        """Where the label is centred."""
        return (self.x1 + self.x2) / 2

    @property
    def head(self) -> str:
        """SVG points of the arrow head."""
        back = 7 if self.x2 < self.x1 else -7
        return f"{self.x2},{self.y} {self.x2 + back},{self.y - 4} {self.x2 + back},{self.y + 4}"

    @property
    def label(self) -> str:
        """The text, as much of it as fits on the arrow; of a SIP status that does not fit the number."""
        room = max(6, int(abs(self.x2 - self.x1) / 6.2))
        if len(self.text) > room and self.text[:3].isdigit():
            return self.text[:3]
        return short(self.text, room)


@dataclass(frozen=True, slots=True)
class Band:
    """The words between the two arrows of a row."""

    kind: str
    sign: str
    words: str
    y: int
    is_first: bool
    """True where the ladders part first."""


@dataclass(frozen=True, slots=True)
class SideBySide:
    """A drawing."""

    lanes: Sequence[Lane]
    expected: Sequence[Line]
    came: Sequence[Line]
    bands: Sequence[Band]
    width: int
    height: int
    left_middle: float
    right_middle: float
    band_x: float
    cut: int
    """Rows that were left out of the drawing."""


def side_by_side(difference: Difference) -> SideBySide | None:
    """Lay out the two ladders of an explained procedure.

    Args:
        difference: Its rows, and where the ladders part.

    Returns:
        Lanes, arrows and the words between them, in pixels; None where there is no row.
    """
    shown = difference.rows[:MAX_ROWS]
    if not shown:
        return None
    lanes = _lanes(shown)
    places = {lane.name: lane for lane in lanes}
    expected, came, bands = [], [], []
    # What the flow does not speak of stands out only where the procedure left it; names are asked for everywhere.
    left = difference.row is not None and difference.rows[difference.row].status.parts
    for number, row in enumerate(shown):
        y = HEAD + 22 + number * ROW_HEIGHT
        failing = failing_at(difference, row)
        kind = "wrong" if failing else row.status.value
        if kind == "unexpected" and (not left or (row.seen is not None and row.seen.protocol == "DNS")):
            kind = "beside"
        if row.expected is not None:
            ends = [_lane(places, name).left for name in (row.expected.source, row.expected.destination)]
            left_kind = row.status.value if row.status is RowStatus.NOT_OBSERVABLE else "wanted"
            title = f"step {row.expected.step}"
            expected.append(Line(left_kind, row.expected.text, title, ends[0], _apart(ends), y))
        if row.seen is not None:
            seen = row.seen
            ends = [_lane(places, name).right for name in (seen.source, seen.destination)]
            title = f"frame {seen.frame}: {seen.summary}, {seen.source} to {seen.destination}"
            anchor = f"m{seen.capture}-{seen.frame}"
            came.append(Line(kind, seen.summary, title, ends[0], _apart(ends), y, anchor, str(seen.frame)))
        elif row.status is RowStatus.MISSING and row.expected is not None:
            # What is missing is drawn where it should have been: a gap alone is overlooked.
            ends = [_lane(places, name).right for name in (row.expected.source, row.expected.destination)]
            came.append(Line("missing", row.expected.text, "missing", ends[0], _apart(ends), y))
        words = f"{', '.join(failing)} fail{'' if len(failing) > 1 else 's'}" if failing else _WORDS[row.status]
        sign = "✗" if failing else _SIGNS[row.status]
        bands.append(Band(kind, sign, words, y, number == difference.row))
    one = lanes[-1].left - lanes[0].left
    width = round(4 * EDGE + 2 * one + MIDDLE)
    return SideBySide(
        lanes=lanes,
        expected=expected,
        came=came,
        bands=bands,
        width=width,
        height=HEAD + 22 + ROW_HEIGHT * len(shown),
        left_middle=lanes[0].left + one / 2,
        right_middle=lanes[0].right + one / 2,
        band_x=2 * EDGE + one + MIDDLE / 2,
        cut=len(difference.rows) - len(shown) + difference.rows_before + difference.rows_behind,
    )


def _lanes(rows: Sequence[LadderRow]) -> list[Lane]:
    seen = dict.fromkeys(
        name for row in rows for end in (row.expected, row.seen) if end for name in (end.source, end.destination)
    )
    ranked = sorted(seen, key=lambda name: ROLE_ORDER.index(name) if name in ROLE_ORDER else len(ROLE_ORDER))
    if len(ranked) > MAX_LANES:
        ranked = [*ranked[: MAX_LANES - 1], OTHERS]
    gaps = max(len(ranked) - 1, 1)
    step = min(max((WIDTH - MIDDLE - 4 * EDGE) / 2 / gaps, NARROWEST), WIDEST)
    right = 3 * EDGE + step * (len(ranked) - 1) + MIDDLE
    return [
        Lane(
            name=name,
            network=name.partition("-")[0] if name in _NAMES and "-" in name else "",
            title=_NAMES.get(name, name),
            left=EDGE + index * step,
            right=right + index * step,
        )
        for index, name in enumerate(ranked)
    ]


def _lane(places: dict[str, Lane], name: str) -> Lane:
    return places.get(name) or places[OTHERS]


def _apart(ends: Sequence[float]) -> float:
    """Return where an arrow ends; one within a lane gets a short one, so that it is seen."""
    return ends[1] if ends[0] != ends[1] else ends[1] + NARROWEST / 2
