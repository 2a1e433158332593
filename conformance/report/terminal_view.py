"""The terminals of a cell as the page shows them: each quirk with its bytes, its clause, its cost and its cure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from conformance.report.finding_view import CriterionView, FrameLink, Messages, Place, place_view
from conformance.report.text import short
from conformance.vocabulary.results import Evidence, ProcedureResult, QuirkResult

QUOTED = 1
"""Places of a quirk that the panel quotes, the line of the message alone; the rest it links to."""
CURES: Mapping[str, str] = {
    "none": "No adaptation is known.",
    "request-uri": "The adapter takes port and parameters out of the Request-URI.",
    "authorization": "The adapter writes Authorization anew, so that a core reads it.",
}
_NO_ID = re.compile(r"[^A-Za-z0-9-]+")


@dataclass(frozen=True, slots=True)
class QuirkView:
    """One quirk as the panel shows it."""

    result: QuirkResult
    name: str
    """Its id, fit to be shown."""
    anchor: str
    places: Sequence[Place]
    others: Sequence[FrameLink]
    """Further frames that show it."""
    more: int
    """Places that the result does not have."""
    criteria: Sequence[CriterionView]
    """What it breaks, as this cell judged it."""
    unjudged: Sequence[str]
    """Criteria that it breaks and that nobody applied here."""
    blocks: str
    cure: str


@dataclass(frozen=True, slots=True)
class TerminalView:
    """One terminal and its quirks."""

    subject: str
    quirks: Sequence[QuirkView]
    """Those that deviate."""
    legal: Sequence[QuirkView]
    """Those that the standards allow."""

    @property
    def blocking(self) -> Sequence[QuirkView]:
        """Those because of which a core refuses the registration."""
        return [one for one in self.quirks if one.result.blocks]


@dataclass(slots=True)
class _Seen:
    """What the procedures of one user say."""

    quirks: dict[str, QuirkResult] = field(default_factory=dict)
    criteria: dict[str, CriterionView] = field(default_factory=dict)


def terminal_views(
    procedures: Iterable[tuple[ProcedureResult, Sequence[CriterionView]]], anchor: str, messages: Messages
) -> list[TerminalView]:
    """Return the terminals that show quirks, user by user; a quirk of several procedures is told once.

    Args:
        procedures: Each with its criteria as the page shows them, failures first.
        anchor: What ids begin with.
        messages: Where the page shows messages.
    """
    users: dict[str, _Seen] = {}
    for result, criteria in procedures:
        seen = users.setdefault(result.subject[0] if result.subject else "", _Seen())
        for quirk in result.quirks:
            seen.quirks.setdefault(quirk.id, quirk)
        for criterion in criteria:
            known = seen.criteria.get(criterion.result.id)
            if known is None or (criterion.is_broken and not known.is_broken):
                seen.criteria[criterion.result.id] = criterion
    views = []
    for number, (subject, seen) in enumerate(users.items()):
        begin = f"{anchor}-t{number + 1}"
        quirks = [_quirk(one, begin, seen.criteria, messages) for one in seen.quirks.values()]
        if quirks:
            deviating = [one for one in quirks if one.result.deviates]
            legal = [one for one in quirks if not one.result.deviates]
            views.append(TerminalView(short(subject, 100), deviating, legal))
    return views


def _quirk(quirk: QuirkResult, begin: str, criteria: Mapping[str, CriterionView], messages: Messages) -> QuirkView:
    frames = [(item.capture, item.frame) for item in quirk.evidence]
    others = [place for place in dict.fromkeys(frames[QUOTED:]) if place not in frames[:QUOTED]]
    return QuirkView(
        result=quirk,
        name=short(quirk.id, 20),
        anchor=f"{begin}-{_NO_ID.sub('-', quirk.id[:20])}",
        places=[_place(quirk.id, item, messages) for item in quirk.evidence[:QUOTED]],
        others=[messages.link(*place) for place in others],
        more=max(0, quirk.places - len(quirk.evidence)),
        criteria=[criteria[id] for id in quirk.breaks if id in criteria],
        unjudged=[short(id, 20) for id in quirk.breaks if id not in criteria],
        blocks=short(", ".join(quirk.blocks), 200),
        cure=CURES.get(quirk.cure, short(quirk.cure, 100)),
    )


def _place(id: str, item: Evidence, messages: Messages) -> Place:
    """Return one place with no more of the message than the lines in which the cited bytes stand."""
    place = place_view(id, item, (), messages)
    quotes = [
        replace(quote, before=quote.before.rpartition("\n")[2], after=quote.after.partition("\n")[0])
        for quote in place.quotes
    ]
    return replace(place, quotes=quotes)
