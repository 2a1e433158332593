"""What a sign is: a pure function from the REGISTERs of one terminal to the bytes that show a quirk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from conformance.criteria.model import Citation
from conformance.identification.terminals import Terminal
from conformance.trace.model import SipMessage
from conformance.trace.sip import Span
from conformance.trace.sip_values import AuthParam

Find = Callable[[Terminal], Iterable[Citation]]
"""Yields the bytes that show a quirk, in the order of the messages; nothing where the terminal does not show it."""
Occasion = Callable[[Terminal], bool]
"""Tells whether the terminal met what makes the quirk show: without it, that it is not seen says nothing."""


def always(terminal: Terminal) -> bool:
    """Every terminal that has the quirk shows it."""
    return True


def has_credentials(terminal: Terminal) -> bool:
    """It has sent digest credentials."""
    return bool(terminal.credentials)


def introduces(terminal: Terminal) -> bool:
    """It has sent digest credentials before it was challenged."""
    return bool(terminal.turns[0].credentials) and terminal.turns[0].challenge is None


def answers(terminal: Terminal) -> bool:
    """It has answered a challenge."""
    return any(turn.challenge is not None and turn.credentials for turn in terminal.turns)


@dataclass(frozen=True, slots=True)
class Sign:
    """How one quirk is seen."""

    quirk: str
    """Identifier of the quirk: `Q1`."""
    find: Find
    occasion: Occasion = always


class Signs:
    """The signs of one file; its `of` is the decorator of their functions."""

    def __init__(self) -> None:
        self._signs: list[Sign] = []

    def __iter__(self) -> Iterator[Sign]:
        return iter(self._signs)

    def of(self, *quirks: str, occasion: Occasion = always) -> Callable[[Find], Find]:
        """Return a decorator that makes a sign of a function.

        Args:
            quirks: Identifiers of the quirks that it shows; several where no message tells them apart.
            occasion: Whether a terminal met what makes it show.
        """

        def add(find: Find) -> Find:
            self._signs.extend(Sign(quirk, find, occasion) for quirk in quirks)
            return find

        return add


def cite(message: SipMessage, field: str, span: Span) -> Citation:
    """Cite bytes of a message.

    Args:
        message: The message.
        field: Header, parameter or part of the start line, in the standard's spelling.
        span: Where they stand in it.
    """
    return Citation(message, field, span.offset, span.length)


def cite_param(message: SipMessage, param: AuthParam) -> Citation:
    """Cite a parameter of Authorization."""
    return cite(message, f"Authorization: {param.name}", param.span)


def cite_absent(message: SipMessage, field: str) -> Citation:
    """Cite that a message lacks something."""
    return Citation(message, field)
