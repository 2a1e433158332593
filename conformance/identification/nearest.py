"""The profile that a terminal resembles most."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from conformance.identification.signs import TWINS
from conformance.quirks.catalogue import all_quirks
from conformance.quirks.profiles import STANDARD, Profile, profile_named, profile_names


@dataclass(frozen=True, slots=True)
class Nearest:
    """A profile and how a terminal differs from it."""

    profile: Profile
    more: tuple[str, ...]
    """Quirks of the terminal that the profile does not have, in the order of the catalogue."""
    less: tuple[str, ...]
    """Quirks of the profile that the terminal had the occasion to show, and did not."""


def nearest(shown: Collection[str], undecided: Collection[str]) -> Nearest:
    """Return the profile that shares the largest part of the quirks of both; the standard one where none shares any.

    Args:
        shown: Quirks that a terminal shows.
        undecided: Quirks that it had no occasion to show: they are held against no profile.
    """
    profiles = [profile for profile in map(profile_named, profile_names()) if not profile.impossible]
    ours = _told_apart(shown)

    def distance(profile: Profile) -> float:
        theirs = _told_apart(profile.ids - set(undecided))
        both = ours | theirs
        return len(ours ^ theirs) / len(both) if both else 0.0

    best = min(profiles, key=distance)
    if distance(best) == 1.0:
        best = profile_named(STANDARD)
    theirs = _told_apart(best.ids - set(undecided))
    order = list(all_quirks())
    more, less = sorted(ours - theirs, key=order.index), sorted(theirs - ours, key=order.index)
    return Nearest(best, tuple(more), tuple(less))


def _told_apart(ids: Collection[str]) -> set[str]:
    """Return the quirks that messages show, with those that none tells from another as that other one."""
    return {TWINS.get(id, id) for id in ids if all_quirks()[id].on_wire}
