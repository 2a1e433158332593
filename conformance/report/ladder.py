"""The ladder of a procedure: lanes are roles, arrows are messages, top to bottom in time.

Pure geometry; `templates/ladder.svg.j2` draws it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from conformance.report.sighting import Sighting
from conformance.report.text import short
from conformance.report.times import round_trips, since_first
from conformance.vocabulary.results import Arrow, ProcedureResult
from conformance.vocabulary.verdicts import Verdict

LANE_WIDTH = 205
NARROW = 86
"""Where two ladders stand side by side."""
ROW_HEIGHT = 34
HEAD = 46
MARGIN = 150
"""Left of the first lane, where frame and times stand, and right of the last."""
LETTER = 6.6
"""Width of a letter of a label, on average."""
MAX_ARROWS = 400
"""A ladder longer than this is cut; the message list below it is not."""

ROLE_ORDER = (
    "ue", "adapter", "visited-dns", "visited-pcscf", "home-pcscf", "home-dns", "home-icscf", "home-scscf", "home-hss",
    "home-as",
    "caller", "orig-pcscf", "orig-dns", "orig-scscf", "orig-as", "term-icscf", "term-dns", "term-hss", "term-scscf",
    "term-as", "term-pcscf", "callee", "other-pcscf", "other-callee", "ibcf",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lane:
    """One vertical line."""

    name: str
    addresses: str
    x: int


@dataclass(frozen=True, slots=True)
class Line:
    """One arrow."""

    arrow: Arrow
    x1: int
    x2: int
    y: int
    offset_ms: str
    """Time since the first message: `+12.3`."""
    trip_ms: str
    """Round trip, at the message that ends a transaction."""
    seen: Sighting | None
    """Where the page shows the message."""
    failed: tuple[str, ...]
    """Criteria that fail and cite this frame."""

    room: int
    """Letters of the summary that are drawn."""

    @property
    def label(self) -> str:
        """Above the arrow: what the message is, and what is wrong with it."""
        said = short(self.arrow.summary, self.room)
        if self.failed:
            return f"{said} ✗ {short(', '.join(self.failed), 60)}"
        return f"{said} ↻ sent again" if self.arrow.retransmission else said

    @property
    def label_x(self) -> int:
        """Where the label is centred: over its arrow, and not over the times."""
        return max((self.x1 + self.x2) // 2, MARGIN + int(len(self.label) * LETTER / 2))

    @property
    def path(self) -> str:
        """SVG path of the arrow and its head; what a node sends to itself goes round."""
        if self.x1 == self.x2:
            side = self.x1 + 22
            return f"M{self.x1} {self.y - 1}H{side}M{side} {self.y - 1}v7M{side} {self.y + 6}H{self.x2}l8-4v8z"
        back = 8 if self.x2 < self.x1 else -8
        return f"M{self.x1} {self.y}H{self.x2}M{self.x2} {self.y}l{back}-4v8z"


@dataclass(frozen=True, slots=True)
class Ladder:
    """A drawing."""

    lanes: Sequence[Lane]
    lines: Sequence[Line]
    width: int
    height: int
    cut: int
    """Messages that were left out of the drawing."""


def draw(
    procedure: ProcedureResult,
    sightings: Sequence[Sighting] = (),
    lane_width: int = LANE_WIDTH,
    most: int = MAX_ARROWS,
) -> Ladder:
    """Lay out the ladder of a procedure.

    Args:
        procedure: a judged procedure with its arrows in time order.
        sightings: where the page shows each of them, in the same order.
        lane_width: distance of two lanes, pixels.
        most: arrows that are drawn.

    Returns:
        Lanes and lines in pixels; failing criteria stand at the frames that they cite.
    """
    shown = procedure.ladder[:most]
    lanes = _lanes(procedure, shown, lane_width)
    position = {lane.name: lane.x for lane in lanes}
    failed = _failures(procedure)
    lines = [
        Line(
            arrow=arrow,
            x1=position[arrow.source],
            x2=position[arrow.destination],
            y=HEAD + 26 + row * ROW_HEIGHT,
            offset_ms=offset,
            trip_ms=trip,
            seen=sightings[row] if row < len(sightings) else None,
            failed=failed.get((arrow.capture, arrow.frame), ()),
            room=30 if lane_width >= LANE_WIDTH else 18,
        )
        for row, (arrow, offset, trip) in enumerate(zip(shown, since_first(shown), round_trips(shown), strict=True))
    ]
    return Ladder(
        lanes=lanes,
        lines=lines,
        width=MARGIN + (MARGIN if lane_width >= LANE_WIDTH else NARROW) + lane_width * max(len(lanes) - 1, 1),
        height=HEAD + 26 + ROW_HEIGHT * len(lines),
        cut=len(procedure.ladder) - len(shown),
    )


def _lanes(procedure: ProcedureResult, arrows: Sequence[Arrow], lane_width: int) -> list[Lane]:
    seen = dict.fromkeys(name for arrow in arrows for name in (arrow.source, arrow.destination))
    ranked = sorted(seen, key=lambda name: ROLE_ORDER.index(name) if name in ROLE_ORDER else len(ROLE_ORDER))
    return [
        Lane(
            name=name,
            addresses=", ".join(procedure.roles.get(name, [])[:1]) if lane_width >= LANE_WIDTH else "",
            x=MARGIN + index * lane_width,
        )
        for index, name in enumerate(ranked)
    ]


def _failures(procedure: ProcedureResult) -> dict[tuple[int, int], tuple[str, ...]]:
    found: dict[tuple[int, int], tuple[str, ...]] = {}
    for criterion in procedure.criteria:
        if criterion.verdict is Verdict.FAIL:
            for evidence in criterion.evidence:
                key = (evidence.capture, evidence.frame)
                found[key] = (*found.get(key, ()), criterion.id)
    return found
