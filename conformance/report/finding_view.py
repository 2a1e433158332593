"""A criterion as the page shows it: in the table, in the box of a finding, under its clause."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from conformance.report.text import short, visible
from conformance.vocabulary.difference import HeaderDifference, MarkedLine
from conformance.vocabulary.results import Arrow, CriterionResult, Evidence
from conformance.vocabulary.verdicts import Verdict

PLACES = 6
"""Frames that a finding shows; the table names all."""
SHOWN = 300
BROKEN = (Verdict.FAIL, Verdict.ERROR)
ORDER = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.PASS, Verdict.NOT_APPLICABLE)
"""In which order criteria are shown."""


@dataclass(frozen=True, slots=True)
class FrameLink:
    """A frame number that leads to its message."""

    text: str
    target: str
    """Id of the message; empty where the page does not show it."""


@dataclass(frozen=True, slots=True)
class CriterionView:
    """One row of the table."""

    result: CriterionResult
    name: str
    """Its id, fit to be shown."""
    anchor: str
    finding: str
    """Id of its box; empty where it is no finding."""
    clause: str
    """Id of its clause."""
    who: str
    expected: str
    found: str
    frames: Sequence[FrameLink]

    @property
    def is_broken(self) -> bool:
        """Whether it fails, or could not be judged by our fault."""
        return self.result.verdict in BROKEN


@dataclass(frozen=True, slots=True)
class Quoted:
    """Bytes of a message with the deciding ones apart."""

    frame: FrameLink | None
    """None: of the message that the place is about."""
    before: str
    marked: str
    after: str


@dataclass(frozen=True, slots=True)
class Place:
    """One frame that a finding cites."""

    frame: FrameLink
    message: str
    """`REGISTER sip:stuba.netlab.test from home-pcscf to home-icscf`."""
    field: str
    where: str
    """Bytes of the message, or `absent`."""
    quotes: Sequence[Quoted]
    confirmed: str
    """What Wireshark says of the frame."""


@dataclass(frozen=True, slots=True)
class FindingView:
    """The box of a criterion that fails or errs."""

    criterion: CriterionView
    places: Sequence[Place]
    more: int
    """Frames beyond those shown."""


@dataclass(frozen=True, slots=True)
class ClauseView:
    """One clause and the criteria that it has."""

    name: str
    anchor: str
    criteria: Sequence[CriterionView]


@dataclass(frozen=True, slots=True)
class Messages:
    """Where the page shows the messages of a cell, by capture and frame."""

    ids: Mapping[tuple[int, int], str]
    arrows: Mapping[tuple[int, int], Arrow]
    several: bool
    """Whether the cell has more than one capture."""

    def link(self, capture: int, frame: int) -> FrameLink:
        """Return the link to a frame; of several captures the number is said: `2:17`."""
        return FrameLink(f"{capture + 1}:{frame}" if self.several else str(frame), self.ids.get((capture, frame), ""))


def finding_view(criterion: CriterionView, headers: Sequence[HeaderDifference], messages: Messages) -> FindingView:
    """Return the box of a criterion.

    Args:
        criterion: as the table shows it.
        headers: the header lines at which its procedure left what was expected; those of this criterion are quoted.
        messages: where messages are shown.
    """
    evidence = criterion.result.evidence
    return FindingView(
        criterion=criterion,
        places=[place_view(criterion.result.id, item, headers, messages) for item in evidence[:PLACES]],
        more=max(0, len(evidence) - PLACES),
    )


def place_view(id: str, item: Evidence, headers: Sequence[HeaderDifference], messages: Messages) -> Place:
    """Return one cited frame.

    Args:
        id: of what cites it.
        item: the evidence.
        headers: header lines at which the procedure left what was expected; those that cite the same are quoted.
        messages: where messages are shown.
    """
    key = (item.capture, item.frame)
    arrow = messages.arrows.get(key)
    lines = [
        line
        for header in headers
        if header.criterion == id and (header.capture, header.frame) == key and _is_about(header, item)
        for line in (header.line, header.other)
        if line is not None
    ]
    if lines:
        quotes = [_quoted(line, item, messages) for line in lines]
    elif item.excerpt is not None:
        excerpt = item.excerpt
        # Octets of a message that is no text are in hexadecimal, and stand apart.
        gap = "" if arrow is None or arrow.protocol == "SIP" else " "
        before, after = visible(excerpt.before) + gap, gap + visible(excerpt.after)
        quotes = [Quoted(None, before, visible(excerpt.marked), after)]
    else:
        quotes = []
    return Place(
        frame=messages.link(*key),
        message="" if arrow is None else _sentence(arrow),
        field=short(item.field, SHOWN),
        where="absent"
        if item.offset is None
        else f"from byte {item.offset} of the message"
        if item.length is None
        else f"bytes {item.offset} to {item.offset + item.length} of the message",
        quotes=quotes,
        confirmed=visible(item.confirmed or "", SHOWN),
    )


def _is_about(header: HeaderDifference, item: Evidence) -> bool:
    """Tell whether a header-level difference speaks of this evidence and not of another in the same message."""
    return header.line is None or item.offset is None or header.line.offset == item.offset


def _quoted(line: MarkedLine, item: Evidence, messages: Messages) -> Quoted:
    is_here = (line.capture, line.frame) == (item.capture, item.frame)
    frame = None if is_here else messages.link(line.capture, line.frame)
    return Quoted(frame, visible(line.before, 600), visible(line.marked, 1200), visible(line.after, 600))


def _sentence(arrow: Arrow) -> str:
    return short(f"{arrow.summary} from {arrow.source} to {arrow.destination}", SHOWN)


def clause_slug(clause: str) -> str:
    """Return what the id of a clause ends with: `3gpp-ts-24-229-5-2-2-1`."""
    return re.sub(r"[^a-z0-9]+", "-", clause.lower()).strip("-")


def clause_views(criteria: Sequence[CriterionView]) -> list[ClauseView]:
    """Return the clauses of criteria; those of what comes first in the table come first."""
    grouped: dict[str, list[CriterionView]] = {}
    for criterion in criteria:
        grouped.setdefault(criterion.clause, []).append(criterion)
    return [ClauseView(short(found[0].result.clause, 200), anchor, found) for anchor, found in grouped.items()]
