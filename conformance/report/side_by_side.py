"""The expected ladder and the actual one, drawn side by side.

Pure geometry; `templates/side_by_side.svg.j2` draws it. Both ladders have the same lanes, and what belongs together
stands in one row, with its time and the round trip of its transaction at the side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from conformance.report.difference_text import failing_at, passed_on
from conformance.report.ladder import ROLE_ORDER
from conformance.report.sighting import Sighting
from conformance.report.text import short
from conformance.vocabulary.difference import Difference, LadderRow, RowStatus

HEAD = 80
ROW_HEIGHT = 27
MIDDLE = 122
"""Width of the column between the ladders that says how a row's sides belong together."""
EDGE = 36
TIMES = 104
"""Width of the columns at the side: time, round trip."""
WIDTH = 1190
"""Width of the drawing where the lanes allow it: within a cell on a page of 1280."""
NARROWEST, WIDEST = 58, 150
"""Distance between two lanes."""
MAX_ROWS = 200
MAX_LANES = 16
MAX_ADDRESSES = 2
"""More addresses of nobody known share one lane: they must not crowd out the nodes."""
OTHERS = "others"
"""Lane of all addresses beyond these."""

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
    "caller": "Caller",
    "orig-pcscf": "P-CSCF",
    "orig-dns": "DNS",
    "orig-scscf": "S-CSCF",
    "orig-as": "AS",
    "term-icscf": "I-CSCF",
    "term-dns": "DNS",
    "term-hss": "HSS",
    "term-scscf": "S-CSCF",
    "term-as": "AS",
    "term-pcscf": "P-CSCF",
    "callee": "Callee",
    "ibcf": "IBCF",
    "sip-proxy": "SIP proxy",
    "adapter": "Adapter",
    "other-pcscf": "P-CSCF",
    "other-callee": "Other device",
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
    left: int
    right: int
    owner: str = ""
    """Testbed whose node it is, where that is known."""


@dataclass(frozen=True, slots=True)
class Line:
    """One arrow."""

    kind: str
    """CSS class: the status of its row, or `wrong` where a criterion fails in it."""
    text: str
    title: str
    x1: int
    x2: int
    y: int
    note: str = ""
    """Frame number, shown at the edge; empty where nothing came."""
    seen: Sighting | None = None
    """None for an expected message, and for one that the ladder does not hold."""

    @property
    def label_x(self) -> int:
        """Where the label is centred."""
        return (self.x1 + self.x2) // 2

    @property
    def path(self) -> str:
        """SVG path of the arrow and its head, at height 0: the row is moved into its place as a whole."""
        back = 7 if self.x2 < self.x1 else -7
        return f"M{self.x1} 0H{self.x2}M{self.x2} 0l{back}-4v8z"

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
    left_middle: int
    right_middle: int
    band_x: int
    time_x: int
    trip_x: int
    """Right ends of the columns at the side."""
    cut: int
    """Rows that were left out of the drawing."""


def side_by_side(
    difference: Difference,
    sightings: Mapping[tuple[int, int], Sequence[Sighting]] | None = None,
    owners: Mapping[str, str] | None = None,
) -> SideBySide | None:
    """Lay out the two ladders of an explained procedure.

    Args:
        difference: its rows, and where the ladders part.
        sightings: the messages of the procedure by capture and frame, those of one frame in the order of time.
        owners: testbed of each role whose node is known.

    Returns:
        Lanes, arrows and the words between them, in pixels; None where there is no row.
    """
    shown = difference.rows[:MAX_ROWS]
    if not shown:
        return None
    lanes = _lanes(shown, owners or {})
    places = {lane.name: lane for lane in lanes}
    expected, came, bands = [], [], []
    to_come = {place: iter(found) for place, found in (sightings or {}).items()}
    # What the flow does not speak of stands out only where the procedure left it; names are asked for everywhere.
    left = difference.row is not None and difference.rows[difference.row].status.parts
    for number, row in enumerate(shown):
        y = HEAD + 22 + number * ROW_HEIGHT
        failing = failing_at(difference, row)
        by_relay = passed_on(shown, number)
        kind = "wrong" if failing else "matched" if by_relay else row.status.value
        if kind == "unexpected" and (not left or (row.seen is not None and row.seen.protocol == "DNS")):
            kind = "beside"
        if row.expected is not None:
            ends = [_lane(places, name).left for name in (row.expected.source, row.expected.destination)]
            left_kind = row.status.value if row.status is RowStatus.NOT_OBSERVABLE else "wanted"
            title = f"step {row.expected.step}: {row.expected.text}"
            expected.append(Line(left_kind, row.expected.text, title, ends[0], _apart(ends), y))
        if row.seen is not None:
            seen = row.seen
            ends = [_lane(places, name).right for name in (seen.source, seen.destination)]
            title = f"frame {seen.frame}: {seen.summary}, {seen.source} to {seen.destination}"
            sighting = _next(to_come.get((seen.capture, seen.frame)))
            came.append(Line(kind, seen.summary, title, ends[0], _apart(ends), y, str(seen.frame), sighting))
        elif row.status is RowStatus.MISSING and row.expected is not None:
            # What is missing is drawn where it should have been: a gap alone is overlooked.
            ends = [_lane(places, name).right for name in (row.expected.source, row.expected.destination)]
            came.append(Line("missing", row.expected.text, "missing", ends[0], _apart(ends), y))
        if failing:
            words, sign = f"{', '.join(failing)} fail{'' if len(failing) > 1 else 's'}", "✗"
        elif by_relay:
            words, sign = "passed on", "→"
        else:
            words, sign = _WORDS[row.status], _SIGNS[row.status]
        bands.append(Band(kind, sign, words, y, number == difference.row))
    one = lanes[-1].left - lanes[0].left
    end = 4 * EDGE + 2 * one + MIDDLE
    return SideBySide(
        lanes=lanes,
        expected=expected,
        came=came,
        bands=bands,
        width=end + TIMES,
        height=HEAD + 22 + ROW_HEIGHT * len(shown),
        left_middle=lanes[0].left + one // 2,
        right_middle=lanes[0].right + one // 2,
        band_x=2 * EDGE + one + MIDDLE // 2,
        time_x=end + 34,
        trip_x=end + TIMES - 10,
        cut=len(difference.rows) - len(shown) + difference.rows_before + difference.rows_behind,
    )


def _next(sightings: Iterator[Sighting] | None) -> Sighting | None:
    return None if sightings is None else next(sightings, None)


def _lanes(rows: Sequence[LadderRow], owners: Mapping[str, str]) -> list[Lane]:
    seen = dict.fromkeys(
        name for row in rows for end in (row.expected, row.seen) if end for name in (end.source, end.destination)
    )
    ranked = sorted(seen, key=lambda name: ROLE_ORDER.index(name) if name in ROLE_ORDER else len(ROLE_ORDER))
    known = [name for name in ranked if name in ROLE_ORDER]
    if len(ranked) - len(known) > MAX_ADDRESSES:
        ranked = [*known, OTHERS]
    if len(ranked) > MAX_LANES:
        ranked = [*ranked[: MAX_LANES - 1], OTHERS]
    gaps = max(len(ranked) - 1, 1)
    step = min(max((WIDTH - MIDDLE - TIMES - 4 * EDGE) // 2 // gaps, NARROWEST), WIDEST)
    right = 3 * EDGE + step * (len(ranked) - 1) + MIDDLE
    return [
        Lane(
            name=name,
            network=name.partition("-")[0] if name in _NAMES and "-" in name else "",
            title=_NAMES.get(name, name),
            left=EDGE + index * step,
            right=right + index * step,
            owner=owners.get(name, ""),
        )
        for index, name in enumerate(ranked)
    ]


def _lane(places: dict[str, Lane], name: str) -> Lane:
    return places.get(name) or places[OTHERS]


def _apart(ends: Sequence[int]) -> int:
    """Return where an arrow ends; one within a lane gets a short one, so that it is seen."""
    return ends[1] if ends[0] != ends[1] else ends[1] + NARROWEST // 2
