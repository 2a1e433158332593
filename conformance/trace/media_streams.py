"""Counts RTP streams while a capture is gone through.

A large capture is mostly RTP, so that what is done for each packet decides how long a verdict takes. A packet in the
order of its stream costs one look at its headers in `StreamReader.notes`, which has all that it needs in local names;
everything else is told by `StreamCount.take`. The number of streams is bounded.
"""

from __future__ import annotations

import struct
from typing import Final

from conformance.pcapng.walk import Noted, WalkedInterface
from conformance.trace.links import ETHERNET, FINDERS, LINUX_COOKED, LINUX_COOKED_2, RAW
from conformance.trace.media_count import UDP_AND_RTP, Fields, Place, StreamCount
from conformance.trace.media_model import MediaSighting
from conformance.trace.media_reports import ReportReader

MOST_STREAMS: Final = 2_000
"""Streams of one file at one place each; a hostile capture could have any number."""
_HEAD: Final = struct.Struct("!B10x12sH3xBHII").unpack_from
"""From the second octet of an IPv4 header without options to the end of the RTP header."""
_RTP: Final = struct.Struct("!H3xBHII").unpack_from
"""From the length in the UDP header on."""
_PLAIN: Final = {ETHERNET: 54, LINUX_COOKED: 56, LINUX_COOKED_2: 60, **dict.fromkeys(RAW, 40)}
"""Octets up to the end of the RTP header over IPv4 without tags or tunnels, by link type."""


class StreamReader:
    """Counts the streams of one file.

    Args:
        capture: Index of the file in the trace.
        interfaces: Of the walk over the file; grows with it.
    """

    def __init__(self, capture: int, interfaces: list[WalkedInterface]) -> None:
        self.not_followed = 0
        """Packets of streams beyond the bound."""
        self.rtcp = ReportReader(capture)
        self._look_again = 0
        self._capture = capture
        self._interfaces = interfaces
        self._plain: dict[int, dict[bytes, StreamCount]] = {}
        """By interface and ends: streams in no tunnel, over IPv4, whose clock is known. Of several sources between the
        same ends the newest."""
        self._all: dict[tuple[object, ...], StreamCount] = {}

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
            # As `take` and `step` do, for a packet in order whose timestamp goes on by less than half of its circle.
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
            if inside + UDP_AND_RTP >= end:
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

    def sightings(self) -> list[tuple[Place, int | None, MediaSighting]]:
        """Return what was counted: ends and SSRC, clock in Hz, figures; in the order of first packets."""
        streams = [count for count in self._all.values() if count.is_stream]
        found = []
        for count in streams:
            count.learn()
            name = self._interfaces[count.place.interface].name
            found.append((count.place, count.clock_hz, count.sighting(self._capture, name)))
        return found
