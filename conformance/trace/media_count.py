"""Counts one RTP stream at one place: order, loss, jitter, gaps (RFC 3550 6.4.1 and A.1)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

from conformance.trace.media_model import MediaSighting
from conformance.trace.merge import SAME_PLACE_WINDOW_NS
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.points import POINTS

UDP_AND_RTP: Final = 20
"""Octets of their two fixed headers."""
_MOST_KINDS: Final = 16
"""Payload types and codepoints of one stream that are told apart."""
_MOST_MISSING: Final = 512
"""Sequence numbers of one stream that are waited for."""
_DROPOUT: Final = 3000
"""A jump ahead beyond which it is another beginning (RFC 3550 A.1, MAX_DROPOUT)."""
_MISORDER: Final = 100
"""How far behind a late packet may be (MAX_MISORDER), but for one that is still waited for."""
_LEARN_PACKETS: Final = 50
_LEARN_LEAST: Final = 10
STATIC_CLOCKS: Final = {
    **dict.fromkeys((0, 3, 4, 5, 7, 8, 9, 12, 13, 15, 18), 8000),
    **{6: 16000, 10: 44100, 11: 44100, 14: 90000, 16: 11025, 17: 22050},
    **dict.fromkeys((25, 26, 28, 31, 32, 33, 34), 90000),
}
"""RFC 3551 6, tables 4 and 5, by payload type."""
CLOCKS: Final = (8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000, 90000)
"""What dynamic payload types have."""
_LIKE: Final = 0.12
"""How far the clock of a dynamic payload type may seem to be from one of these."""


Fields = tuple[int, int, int, int, int]
"""Octets of the datagram, marker and payload type, sequence number, timestamp, SSRC."""


class Place:
    """Where a stream was seen, and between which ends."""

    __slots__ = ("destination", "encapsulation", "interface", "outer", "outer_tos", "source", "ssrc")

    def __init__(self, chain: Sequence[tuple[bytes, bytes]], ports: bytes, interface: int, ssrc: int, tos: int) -> None:
        texts = [tuple(str(ip_address(end)) for end in ends) for ends in chain]
        source_port, destination_port = struct.unpack("!HH", ports)
        self.source = Endpoint(texts[-1][0], source_port, "udp")
        self.destination = Endpoint(texts[-1][1], destination_port, "udp")
        self.encapsulation = ("gtp",) * (len(chain) - 1)
        self.outer = f"{','.join(ends[0] for ends in texts)}>{','.join(ends[1] for ends in texts)}"
        self.outer_tos = tos if len(chain) > 1 else None
        self.interface = interface
        self.ssrc = ssrc


class StreamCount:
    """Counts one stream at one place."""

    __slots__ = (
        "at", "base", "clock_hz", "copies", "dscp", "duplicates", "first_frame", "first_ns", "frame", "gap_frame",
        "jitter", "jitter_max", "jitter_sum", "kind", "learning", "longest_ns", "many", "missing", "missing_total",
        "next", "octets", "place", "reordered", "restarts", "ssrc", "tick_ns", "timestamp", "tos", "types",
    )  # fmt: skip

    def __init__(self, place: Place, fields: Fields, frame: int, time_ns: int, tos: int, many: bool) -> None:
        _, kind, sequence, timestamp, self.ssrc = fields
        self.place = place
        self.many = many
        self.first_frame = self.frame = frame
        self.first_ns = self.at = time_ns
        self.base = self.next = sequence
        """Extended by what wrapped around: `next - base` is what was sent since the beginning."""
        self.timestamp = timestamp
        self.missing: dict[int, None] = {}
        self.missing_total = self.duplicates = self.reordered = self.restarts = self.copies = 0
        self.octets = 0
        """Of UDP, headers included."""
        self.longest_ns = self.gap_frame = 0
        self.jitter = self.jitter_max = self.jitter_sum = 0.0
        """In nanoseconds."""
        self.kind = self.tos = -1
        self.types: dict[int, int] = {}
        """By payload type: how many packets came before its present run, negative; see `_mark`."""
        self.dscp: dict[int, int] = {}
        self.clock_hz = STATIC_CLOCKS.get(kind & 0x7F)
        self.tick_ns = 1e9 / self.clock_hz if self.clock_hz else 0.0
        self.learning: list[tuple[int, int]] | None = None if self.clock_hz else []

    @property
    def packets(self) -> int:
        """Those that came."""
        return self.next - self.base - self.missing_total + self.duplicates

    @property
    def is_stream(self) -> bool:
        """Two packets in order have come (RFC 3550 A.1): one alone may be anything."""
        return self.next - self.base - self.missing_total > 1

    def mark(self, kind: int, tos: int) -> None:
        """Note that payload type or codepoint change: packets are counted by what lies between two changes."""
        now = self.packets
        for counts, old, new in ((self.types, self.kind, kind & 0x7F), (self.dscp, self.tos, tos)):
            if old == new:
                continue
            if old in counts:
                counts[old] += now
            if new in counts or len(counts) < _MOST_KINDS:
                counts[new] = counts.get(new, 0) - now
        self.kind, self.tos = kind & 0x7F, tos

    def counted(self, counts: dict[int, int], present: int) -> dict[int, int]:
        """Return what `mark` counted, the present run included."""
        return {key: count + self.packets * (key == present) for key, count in counts.items()}

    def take(self, fields: Fields, frame: int, time_ns: int, tos: int) -> None:
        """Count a packet that may be anything: in order, late, again, behind a gap, of a new beginning."""
        size, kind, sequence, timestamp, _ = fields
        gap = time_ns - self.at
        ahead = (sequence - self.next) & 0xFFFF
        late = self.next - (0x10000 - ahead)
        is_again = ahead >= _DROPOUT and late not in self.missing
        if self.many and is_again and 0 <= gap <= SAME_PLACE_WINDOW_NS and ahead > 0xFFFF - _MISORDER:
            self.copies += 1  # the one packet, seen at another of the machine's interfaces
            return
        if kind & 0x7F != self.kind or tos != self.tos:
            self.mark(kind, tos)
        self.octets += size
        if ahead < _DROPOUT:
            for number in range(self.next, self.next + ahead):
                self.missing[number] = None
            self.missing_total += ahead
            self.next += ahead + 1
            while len(self.missing) > _MOST_MISSING:
                del self.missing[next(iter(self.missing))]
        elif not is_again:
            del self.missing[late]
            self.missing_total -= 1
            self.reordered += 1
        elif ahead > 0xFFFF - _MISORDER and late < self.base and not self.restarts:
            self.missing |= dict.fromkeys(range(late + 1, self.base))
            self.missing_total += self.base - late - 1
            self.base = late  # the stream began before its first packet came
            self.reordered += 1
        elif ahead > 0xFFFF - _MISORDER:
            self.duplicates += 1
        else:
            self.restarts += 1
            self.base -= self.next - sequence  # what was counted before goes on to count
            self.next = sequence + 1
            self.missing.clear()
            self.at, self.timestamp, self.frame = time_ns, timestamp, frame
            return
        if gap > self.longest_ns:
            self.longest_ns, self.gap_frame = gap, frame
        self.at, self.frame = time_ns, frame
        if self.learning is not None:
            self.learning.append((time_ns, timestamp))
            if len(self.learning) >= _LEARN_PACKETS:
                self.learn()
        elif self.packets > 1:
            self.step(gap, timestamp)
        self.timestamp = timestamp

    def step(self, gap_ns: int, timestamp: int) -> None:
        """Go on with the jitter (RFC 3550 6.4.1); timestamps wrap around."""
        ticks = (timestamp - self.timestamp + 0x80000000 & 0xFFFFFFFF) - 0x80000000
        self.jitter += (abs(gap_ns - ticks * self.tick_ns) - self.jitter) / 16
        self.jitter_sum += self.jitter
        self.jitter_max = max(self.jitter_max, self.jitter)

    def learn(self) -> None:
        """Estimate the clock from the first packets, and catch up with the jitter."""
        known, self.learning = self.learning or [], None  # a second call knows nothing and does nothing
        if len(known) < _LEARN_LEAST:
            return
        (begin_ns, begin), (end_ns, end) = known[0], known[-1]
        ticks = (end - begin + 0x80000000 & 0xFFFFFFFF) - 0x80000000
        seems = ticks * 1e9 / (end_ns - begin_ns) if end_ns > begin_ns else 0.0
        near = min(CLOCKS, key=lambda clock: abs(clock - seems))
        if abs(near - seems) > _LIKE * near:
            return
        self.clock_hz, self.tick_ns = near, 1e9 / near
        last_ns, self.timestamp = known[0]
        for time_ns, timestamp in known[1:]:
            self.step(time_ns - last_ns, timestamp)
            last_ns, self.timestamp = time_ns, timestamp

    def sighting(self, capture: int, name: str) -> MediaSighting:
        """Return the figures.

        Args:
            capture: Index of the file in the trace.
            name: Of the interface.
        """
        place, packets = self.place, self.packets
        is_timed = self.clock_hz is not None
        dscp: dict[int, int] = {}
        for tos, number in self.counted(self.dscp, self.tos).items():
            dscp[tos >> 2] = dscp.get(tos >> 2, 0) + number
        return MediaSighting(
            capture=capture,
            interface=name,
            point=POINTS.get(name),
            encapsulation=place.encapsulation,
            outer=place.outer,
            first_frame=self.first_frame,
            last_frame=self.frame,
            first_ns=self.first_ns,
            last_ns=self.at,
            packets=packets,
            octets=self.octets - packets * UDP_AND_RTP,
            lost=self.missing_total,
            duplicates=self.duplicates,
            reordered=self.reordered,
            restarts=self.restarts,
            jitter_ms=self.jitter_sum / 1e6 / max(packets - 1, 1) if is_timed else None,
            jitter_max_ms=self.jitter_max / 1e6 if is_timed else None,
            jitter_last_ms=self.jitter / 1e6 if is_timed else None,
            longest_gap_ms=self.longest_ns / 1e6,
            gap_frame=self.gap_frame,
            dscp=dscp,
            outer_dscp=None if place.outer_tos is None else place.outer_tos >> 2,
            payload_types=self.counted(self.types, self.kind),
        )
