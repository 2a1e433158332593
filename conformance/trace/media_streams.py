"""Counts RTP streams while a capture is gone through.

A large capture is mostly RTP, so that what is done for each packet decides how long a verdict takes. A packet in the
order of its stream costs one look at its headers in `StreamReader.notes`, which has all that it needs in local names;
everything else is told by `StreamCount.take`. The number of streams is bounded.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

from conformance.pcapng.walk import Noted, WalkedInterface
from conformance.trace.links import ETHERNET, FINDERS, LINUX_COOKED, LINUX_COOKED_2, RAW
from conformance.trace.media_model import MediaSighting, RtcpReport
from conformance.trace.merge import SAME_PLACE_WINDOW_NS
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.points import POINTS

MOST_STREAMS: Final = 2_000
"""Streams of one file at one place each; a hostile capture could have any number."""
_MOST_REPORTS: Final = 2_000
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
_HEADER: Final = 12
_UDP_AND_RTP: Final = 20
_HEAD: Final = struct.Struct("!B10x12sH3xBHII").unpack_from
"""From the second octet of an IPv4 header without options to the end of the RTP header."""
_RTP: Final = struct.Struct("!H3xBHII").unpack_from
"""From the length in the UDP header on."""
_REPORT: Final = struct.Struct("!IIIIII").unpack_from
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

_PLAIN: Final = {ETHERNET: 54, LINUX_COOKED: 56, LINUX_COOKED_2: 60, **dict.fromkeys(RAW, 40)}
"""Octets up to the end of the RTP header over IPv4 without tags or tunnels, by link type."""

Fields = tuple[int, int, int, int, int]
"""Octets of the datagram, marker and payload type, sequence number, timestamp, SSRC."""


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


class StreamReader:
    """Counts the streams of one file.

    Args:
        capture: Index of the file in the trace.
        interfaces: Of the walk over the file; grows with it.
    """

    def __init__(self, capture: int, interfaces: list[WalkedInterface]) -> None:
        self.not_followed = 0
        """Packets of streams beyond the bound."""
        self._look_again = 0
        self._capture = capture
        self._interfaces = interfaces
        self._plain: dict[int, dict[bytes, StreamCount]] = {}
        """By interface and ends: streams in no tunnel, over IPv4, whose clock is known. Of several sources between the
        same ends the newest."""
        self._all: dict[tuple[object, ...], StreamCount] = {}
        self._reports: dict[tuple[int, int, Endpoint], RtcpReport] = {}

    def notes(self, interface: int) -> Noted:
        """Return what counts the packets of one interface that look like RTP."""
        find, other = self._plain.setdefault(interface, {}).get, self._other
        plain = _PLAIN.get(self._interfaces[interface].link_type, -1)

        def note(frame: int, time_ns: int, data: bytes, start: int, end: int) -> None:
            tos, ends, size, kind, sequence, timestamp, ssrc = _HEAD(data, end - 39)
            count = find(ends)
            if count is None or end - start != plain or ssrc != count.ssrc:
                other(frame, interface, time_ns, data, start, end)
                return
            following = count.next
            ticks = timestamp - count.timestamp
            if sequence != following & 0xFFFF or kind != count.kind or tos != count.tos or ticks >> 31:
                count.take((size, kind, sequence, timestamp, ssrc), frame, time_ns, tos)
                return
            # The same as `take` and `step` do, for a packet in order whose timestamp goes on by less than half a circle.
            count.next = following + 1
            gap = time_ns - count.at
            if gap > count.longest_ns:
                count.longest_ns, count.gap_frame = gap, frame
            change = gap - ticks * count.tick_ns
            jitter = count.jitter
            jitter += ((change if change >= 0 else -change) - jitter) * 0.0625
            count.jitter = jitter
            count.jitter_sum += jitter
            if jitter > count.jitter_max:
                count.jitter_max = jitter
            count.octets += size
            count.at = time_ns
            count.timestamp = timestamp
            count.frame = frame

        return note

    def _other(self, frame: int, interface: int, time_ns: int, data: bytes, start: int, end: int) -> None:
        """Count a packet of a stream that is new, in a tunnel, over IPv6, or whose clock is not known yet."""
        walked = self._interfaces[interface]
        offset = FINDERS[walked.link_type](data, start, end)
        chain: list[tuple[bytes, bytes]] = []
        outer_tos = tos = -1
        while True:
            if data[offset] >> 4 == 4:
                tos, inside = data[offset + 1], offset + 20
                chain.append((data[offset + 12 : offset + 16], data[offset + 16 : offset + 20]))
            else:
                tos, inside = (data[offset] << 4 | data[offset + 1] >> 4) & 0xFF, offset + 40
                chain.append((data[offset + 8 : offset + 24], data[offset + 24 : offset + 40]))
            outer_tos = tos if outer_tos < 0 else outer_tos
            if inside + _UDP_AND_RTP >= end:
                break
            offset = inside + 16  # UDP and GTP-U
        is_plain = end - start == _PLAIN.get(walked.link_type)
        self.take(data, end, interface, tuple(chain), (outer_tos, tos), frame, time_ns, is_plain)

    def take(
        self,
        data: bytes,
        end: int,
        interface: int,
        chain: tuple[tuple[bytes, bytes], ...],
        tos: tuple[int, int],
        frame: int,
        time_ns: int,
        is_plain: bool = False,
    ) -> None:
        """Count one packet whose addresses were read already.

        Args:
            data: A buffer.
            end: Where in it the fixed RTP header ends.
            interface: Of the file.
            chain: Addresses, outermost first.
            tos: Second octet of the outermost and of the innermost IP header.
            frame: Number in the file.
            time_ns: Nanoseconds since 1970.
            is_plain: It is of the form that `notes` reads by itself.
        """
        fields: Fields = _RTP(data, end - 16)
        ports, ssrc = data[end - 20 : end - 16], fields[4]
        key = (interface, chain, ports, ssrc)
        count = self._all.get(key)
        if count is None:
            if len(self._all) >= MOST_STREAMS and (self.not_followed < self._look_again or not self._forget()):
                self.not_followed += 1
                return
            walked = self._interfaces[interface]
            many = walked.link_type in (LINUX_COOKED, LINUX_COOKED_2) or walked.name == "any"
            place = Place(chain, ports, interface, ssrc, tos[0])
            count = self._all[key] = StreamCount(place, fields, frame, time_ns, tos[1], many)
        count.take(fields, frame, time_ns, tos[1])
        if is_plain and count.learning is None and count.clock_hz:
            self._plain[interface][data[end - 28 : end - 16]] = count

    def _forget(self) -> bool:
        """Make room: single packets are no streams. To look for them costs as much as to have them counted."""
        singles = [key for key, count in self._all.items() if not count.is_stream]
        for key in singles:
            count = self._all.pop(key)
            self.not_followed += count.packets
        if singles:
            for plain in self._plain.values():
                plain.clear()  # found again by their next packets
        self._look_again = self.not_followed + MOST_STREAMS - len(singles)
        return len(self._all) < MOST_STREAMS

    def report(self, payload: bytes, source: Endpoint, frame: int) -> None:
        """Read what an RTCP datagram says of streams; what does not fit is passed over (RFC 3550 6.4)."""
        position = 0
        while position + 8 <= len(payload):
            first, kind, words, reporter = struct.unpack_from("!BBHI", payload, position)
            end = position + 4 * words + 4
            if first >> 6 != 2 or end > len(payload):
                return
            if kind in (200, 201):
                block = position + (28 if kind == 200 else 8)
                for _ in range(first & 0x1F):
                    if block + 24 > end:
                        return
                    self._told(reporter, source, frame, *_REPORT(payload, block)[:4])
                    block += 24
            position = end

    def _told(
        self, reporter: int, source: Endpoint, frame: int, ssrc: int, lost: int, _highest: int, jitter: int
    ) -> None:
        before = self._reports.get((reporter, ssrc, source))
        if before is None and len(self._reports) >= _MOST_REPORTS:
            return
        cumulative = (lost & 0xFFFFFF) - ((lost & 0x800000) << 1)
        self._reports[reporter, ssrc, source] = RtcpReport(
            reporter,
            ssrc,
            source,
            self._capture,
            frame,
            (lost >> 24) / 256,
            cumulative,
            jitter,
            1 + (before.reports if before else 0),
        )

    @property
    def reports(self) -> tuple[RtcpReport, ...]:
        """What receivers told, the newest of each."""
        return tuple(self._reports.values())

    def sightings(self) -> list[tuple[Place, int | None, MediaSighting]]:
        """Return what was counted: ends and SSRC, clock in Hz, figures; in the order of first packets."""
        streams = [count for count in self._all.values() if count.is_stream]
        for count in streams:
            count.learn()
        return [(count.place, count.clock_hz, self._sighting(count)) for count in streams]

    def _sighting(self, count: StreamCount) -> MediaSighting:
        place, packets = count.place, count.packets
        name = self._interfaces[place.interface].name
        is_timed = count.clock_hz is not None
        dscp: dict[int, int] = {}
        for tos, number in count.counted(count.dscp, count.tos).items():
            dscp[tos >> 2] = dscp.get(tos >> 2, 0) + number
        return MediaSighting(
            capture=self._capture,
            interface=name,
            point=POINTS.get(name),
            encapsulation=place.encapsulation,
            outer=place.outer,
            first_frame=count.first_frame,
            last_frame=count.frame,
            first_ns=count.first_ns,
            last_ns=count.at,
            packets=packets,
            octets=count.octets - packets * _UDP_AND_RTP,
            lost=count.missing_total,
            duplicates=count.duplicates,
            reordered=count.reordered,
            restarts=count.restarts,
            jitter_ms=count.jitter_sum / 1e6 / max(packets - 1, 1) if is_timed else None,
            jitter_max_ms=count.jitter_max / 1e6 if is_timed else None,
            jitter_last_ms=count.jitter / 1e6 if is_timed else None,
            longest_gap_ms=count.longest_ns / 1e6,
            gap_frame=count.gap_frame,
            dscp=dscp,
            outer_dscp=None if place.outer_tos is None else place.outer_tos >> 2,
            payload_types=count.counted(count.types, count.kind),
        )
