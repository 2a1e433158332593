"""What a sign is: a pure function from the REGISTERs of one terminal to the bytes that show a quirk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from conformance.criteria.model import Citation
from conformance.identification.terminals import Terminal
from conformance.trace.model import SipMessage
from conformance.trace.sip import Span

Find = Callable[[Terminal], Iterable[Citation]]
"""Yields the bytes that show a quirk, in the order of the messages; nothing where the terminal does not show it."""


@dataclass(frozen=True, slots=True)
class Sign:
    """How one quirk is seen."""

    quirk: str
    """Identifier of the quirk: `Q1`."""
    find: Find


class Signs:
    """The signs of one file; its `of` is the decorator of their functions."""

    def __init__(self) -> None:
        self._signs: list[Sign] = []

    def __iter__(self) -> Iterator[Sign]:
        return iter(self._signs)

    def of(self, quirk: str) -> Callable[[Find], Find]:
        """Return a decorator that makes a sign of a function.

        Args:
            quirk: Identifier of the quirk that it shows.
        """

        def add(find: Find) -> Find:
            self._signs.append(Sign(quirk, find))
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


def cite_absent(message: SipMessage, field: str) -> Citation:
    """Cite that a message lacks something."""
    return Citation(message, field)
