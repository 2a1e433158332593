"""All signs, and what the REGISTERs of one terminal show."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import chain

from conformance.criteria.model import Citation
from conformance.identification import answers, credentials, fields, request_line
from conformance.identification.sign import Sign
from conformance.identification.terminals import Terminal
from conformance.quirks.catalogue import Quirk, all_quirks

LEGAL_BY_PASSWORD = frozenset({"Q5"})
"""Quirks that nothing forbids where the network authenticates with a password (3GPP TS 24.229 5.1.1.2.2 is of AKA)."""


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
    """Return the signs in the order of the catalogue; a sign of a quirk that is not in it is left out."""
    order = list(all_quirks())
    found = chain(request_line.SIGNS, credentials.SIGNS, answers.SIGNS, fields.SIGNS)
    return tuple(sorted((one for one in found if one.quirk in order), key=lambda one: order.index(one.quirk)))


def shown(terminal: Terminal) -> list[Shown]:
    """Return the quirks that a terminal shows, in the order of the catalogue."""
    found = []
    for sign in all_signs():
        citations = tuple(sign.find(terminal))
        if citations:
            quirk = all_quirks()[sign.quirk]
            legal = terminal.by_password and quirk.id in LEGAL_BY_PASSWORD
            found.append(Shown(quirk, citations, bool(quirk.breaks) and not legal))
    return found
