"""How long the user of a cell waited: the times of its procedures that are his, as tables and pages name them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from conformance.report.text import short
from conformance.vocabulary.results import CellResult
from conformance.vocabulary.times import TimeName

MOST = 12
"""Times of one name that are kept of a cell."""
_CALL = (TimeName.POST_DIAL_DELAY, TimeName.SET_UP, TimeName.FIRST_MEDIA)


class Time(NamedTuple):
    """One time of a cell."""

    name: str
    ms: float


@dataclass(frozen=True, slots=True)
class Named:
    """What readers are told of a kind of times."""

    name: str
    """As results have it."""
    title: str
    meaning: str


_NAMED = (
    Named(TimeName.REGISTRATION, "Registration", "first REGISTER to the 200 that accepts it"),
    Named(TimeName.POST_DIAL_DELAY, "Post-dial delay", "INVITE to the first 180 or 183"),
    Named(TimeName.SET_UP, "Call set-up", "INVITE to its 200"),
    Named(TimeName.FIRST_MEDIA, "First media", "the 200 to the first RTP packet for the caller"),
)
_BY_NAME = {one.name: one for one in _NAMED}


def named(name: str) -> Named:
    """Return how a kind of times is called; one that only newer results have is called as it is."""
    return _BY_NAME.get(name) or Named(name, short(name, 40), "")


def kinds(names: Iterable[str]) -> list[Named]:
    """Return the kinds that names speak of, each once, in the order in which they happen."""
    found = dict.fromkeys(names)
    return [one for one in _NAMED if one.name in found] + [named(name) for name in found if name not in _BY_NAME]


def times_of(cell: CellResult) -> tuple[Time, ...]:
    """Return the times of a cell: in a call those of the caller, whose networks the cell is named after."""
    caller = next(
        (p.subject[0] for p in cell.procedures if p.subject and any(one.name in _CALL for one in p.times)), None
    )
    count: dict[str, int] = {}
    found = []
    for procedure in cell.procedures:
        if caller is not None and procedure.subject[:1] != [caller]:
            continue
        for one in procedure.times:
            count[one.name] = count.get(one.name, 0) + 1
            if count[one.name] <= MOST:
                found.append(Time(one.name, one.ms))
    return tuple(found)


def written(times: Iterable[Time], name: str, between: str) -> str:
    """Return the times of one kind in milliseconds: `41.3`, of several `41.3 | 39.8`; empty where there is none."""
    return between.join(f"{one.ms:.1f}" for one in times if one.name == name)
