"""What all procedures of a trace are seen against: who speaks Cx, which points were captured, when it ended.

A large trace is judged in parts, one after the other or in several processes. What the whole shows holds in each part.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, TypeVar

from conformance.judgement.hops import is_whole
from conformance.judgement.roles import CX_COMMANDS, CxSpeakers, cx_speakers
from conformance.trace.correlate import Transaction, correlate
from conformance.trace.model import DiameterMessage, DnsMessage, SipMessage, Trace
from conformance.vocabulary.points import Point

_T = TypeVar("_T")

_ANSWERS_REGISTER = re.compile(rb"\r?\nCSeq[ \t]*:[ \t]*[0-9]+[ \t]+REGISTER", re.IGNORECASE)


class Surroundings:
    """What is known of a whole trace.

    Args:
        trace: The whole trace.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self._known: dict[object, Any] = {}

    def once(self, find: Callable[[Surroundings], _T]) -> _T:
        """Return what a function finds in the whole trace; it is asked once.

        Args:
            find: Pure.
        """
        if find not in self._known:
            self._known[find] = find(self)
        found: _T = self._known[find]
        return found

    @cached_property
    def lossless(self) -> bool:
        """False where something may have been there that was not captured."""
        return is_whole(self.trace)

    @cached_property
    def diameter(self) -> Sequence[Transaction]:
        """All Diameter transactions."""
        messages = tuple(message for message in self.trace.messages if isinstance(message, DiameterMessage))
        return correlate(Trace(self.trace.captures, messages))

    @cached_property
    def speakers(self) -> CxSpeakers:
        """Who speaks Cx."""
        return cx_speakers(self.diameter)

    @cached_property
    def relays(self) -> frozenset[str]:
        """Addresses that REGISTERs are sent to."""
        return frozenset(_relays(message for message in self.trace.messages if isinstance(message, SipMessage)))

    @cached_property
    def points(self) -> frozenset[Point]:
        """The points that were captured: those that a capture declares, and those that show messages.

        A file without names of points (plain pcap) still shows where it was taken by what is in it.
        """
        points = {point for capture in self.trace.captures for point in capture.points}
        if any(isinstance(message, DnsMessage) for message in self.trace.messages):
            points.add(Point.DNS)
        if any(transaction.method in CX_COMMANDS for transaction in self.diameter):
            points.add(Point.CX)
        return frozenset(points)

    @cached_property
    def end_ns(self) -> int:
        """Time of the last message, nanoseconds since 1970."""
        return max((message.time_ns for message in self.trace.messages), default=0)


def _relays(messages: Iterable[SipMessage]) -> Iterable[str]:
    for message in messages:
        if message.raw.startswith(b"REGISTER"):
            yield message.destination.address
        elif _ANSWERS_REGISTER.search(message.raw):
            yield message.source.address if message.raw.startswith(b"SIP/") else message.destination.address
