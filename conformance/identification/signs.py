"""All signs, and what the REGISTERs of one terminal show."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import chain

from conformance.criteria.model import Citation
from conformance.identification import answers, credentials, fields, request_line, spelling
from conformance.identification.sign import Sign
from conformance.identification.terminals import Terminal
from conformance.quirks.catalogue import Quirk, all_quirks
from conformance.vocabulary.verdicts import Severity

LEGAL_BY_PASSWORD = frozenset({"Q5", "J6"})
"""Quirks that nothing forbids where the network authenticates with a password (3GPP TS 24.229 5.1.1.2.2 is of AKA)."""
TWINS = {"J6": "Q5"}
"""Quirks that no message tells from another: the first is said where the terminal shows one more of its kind."""
_OF_MIDLETS = frozenset({"J2", "J5"})


@dataclass(frozen=True, slots=True)
class Shown:
    """A quirk that a terminal shows."""

    quirk: Quirk
    citations: tuple[Citation, ...]
    """At least one, in the order of the messages."""
    deviates: bool
    """False: the standards allow it here; it tells terminals apart and costs nothing but with brittle software."""


@cache
def all_signs() -> tuple[Sign, ...]:
    """Return the signs in the order of the catalogue."""
    order = list(all_quirks())
    found = chain(request_line.SIGNS, credentials.SIGNS, spelling.SIGNS, answers.SIGNS, fields.SIGNS)
    return tuple(sorted(found, key=lambda one: order.index(one.quirk)))


def shown(terminal: Terminal) -> list[Shown]:
    """Return the quirks that a terminal shows, in the order of the catalogue."""
    found = {sign.quirk: tuple(sign.find(terminal)) for sign in all_signs()}
    seen = {id for id, citations in found.items() if citations}
    for twin, other in TWINS.items():
        if {twin, other} <= seen:
            seen.discard(other if seen & _OF_MIDLETS else twin)
    return [
        Shown(all_quirks()[id], citations, _deviates(all_quirks()[id], terminal))
        for id, citations in found.items()
        if id in seen
    ]


def undecided(terminal: Terminal) -> frozenset[str]:
    """Return the quirks that a terminal may have and had no occasion to show."""
    return frozenset(sign.quirk for sign in all_signs() if not sign.occasion(terminal))


def _deviates(quirk: Quirk, terminal: Terminal) -> bool:
    if terminal.by_password and quirk.id in LEGAL_BY_PASSWORD:
        return False
    return bool(quirk.breaks or quirk.blocks) or quirk.severity is not Severity.COSMETIC
