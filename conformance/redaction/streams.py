"""TCP segments put in order, their octets redacted as one, and each segment given its part back. RFC 9293.

A message may begin in one segment and end in another, and an AVP or a header be cut in two. Nothing changes its length,
so every octet goes back to where it came from; a retransmission gets the same octets as the first one.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Final

from conformance.redaction.packets import Datagram
from conformance.redaction.payloads import Redacted, Redactor

_SYN: Final = 0x02
_HALF: Final = 1 << 31


@dataclass
class _Run:
    """Octets of one direction without a gap."""

    begin: int
    data: bytearray = field(default_factory=bytearray)
    segments: list[tuple[int, Datagram]] = field(default_factory=list)
    """Place in the stream, segment."""

    @property
    def end(self) -> int:
        return self.begin + len(self.data)


@dataclass
class _Direction:
    """What one side of a connection sent."""

    first: int | None = None
    segments: list[tuple[int, Datagram]] = field(default_factory=list)

    def add(self, segment: Datagram) -> None:
        (sequence,) = struct.unpack_from("!I", segment.frame.transport, 4)
        if segment.frame.transport[13] & _SYN:
            sequence += 1
        if self.first is None:
            self.first = sequence
        place = (sequence - self.first + _HALF) % (1 << 32) - _HALF
        self.segments.append((place, segment))

    def runs(self) -> list[_Run]:
        found: list[_Run] = []
        for place, segment in sorted(self.segments, key=lambda one: (one[0], one[1].number)):
            if not segment.payload:
                continue
            if not found or place > found[-1].end:
                found.append(_Run(place))
            run = found[-1]
            run.data += segment.payload[max(0, run.end - place) :]
            run.segments.append((place, segment))
        return found


class Streams:
    """The TCP connections of one capture."""

    def __init__(self) -> None:
        self._directions: list[_Direction] = []
        self._open: dict[tuple[object, ...], _Direction] = {}

    def add(self, segment: Datagram) -> None:
        """Take the next segment, in the order of capture."""
        key = (segment.place, segment.frame.source, segment.frame.destination)
        begins = bool(segment.frame.transport[13] & _SYN) and not self._again(key, segment)
        if begins or key not in self._open:
            self._open[key] = _Direction()
            self._directions.append(self._open[key])
        self._open[key].add(segment)

    def _again(self, key: tuple[object, ...], segment: Datagram) -> bool:
        """Tell whether a SYN is a retransmission of the one that began the direction."""
        direction = self._open.get(key)
        (sequence,) = struct.unpack_from("!I", segment.frame.transport, 4)
        return direction is not None and direction.first == sequence + 1

    def redact(self, redactor: Redactor) -> list[Redacted]:
        """Redact all segments that were taken; return the messages in them."""
        found = []
        for direction in self._directions:
            for run in direction.runs():
                found += _redact(run, redactor)
        return found


def _redact(run: _Run, redactor: Redactor) -> list[Redacted]:
    first = run.segments[0][1].frame
    begins = sorted({place - run.begin for place, _ in run.segments})
    old = bytes(run.data)
    new, messages = redactor.stream(old, begins, (first.source[1], first.destination[1]))
    for place, segment in run.segments:
        at = place - run.begin
        size = len(segment.payload)
        # Octets that differ from those of the first sighting were not read: they do not pass.
        same = old[at : at + size] == segment.payload
        segment.payload = new[at : at + size] if same else bytes(size)
    ends = sorted((place - run.begin + len(segment.payload), segment.number) for place, segment in run.segments)
    places = [place for place, _ in ends]
    return [
        Redacted(ends[min(bisect_left(places, end), len(ends) - 1)][1], old[begin:end], new[begin:end])
        for begin, end in messages
    ]
