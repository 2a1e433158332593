"""RTP packets (RFC 3550 5.1)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

VERSION = 2
_HEADER = struct.Struct("!BBHII")
_EXTENSION = struct.Struct("!HH")
_PADDING, _EXTENDED, _MARKER = 0x20, 0x10, 0x80
_SOURCES_AT_MOST = 15


class MalformedRtp(ValueError):
    """Octets that are no RTP or RTCP packet; the text is one bounded line."""


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """One packet; padding is taken off and none is sent."""

    payload_type: int
    """0 to 127."""
    sequence: int
    """Modulo 2^16."""
    timestamp: int
    """In units of the codec's clock, modulo 2^32."""
    ssrc: int
    payload: bytes = b""
    marker: bool = False
    """For audio: first packet after a silence (RFC 3551 4.1)."""
    contributing: tuple[int, ...] = ()
    extension: tuple[int, bytes] | None = None
    """What the profile defines, and whole words of four octets (5.3.1)."""

    def encode(self) -> bytes:
        """Return the octets.

        Raises:
            MalformedRtp: a field is out of its range.
        """
        if not 0 <= self.payload_type <= 127 or len(self.contributing) > _SOURCES_AT_MOST:
            raise MalformedRtp(f"RTP: payload type {self.payload_type}, {len(self.contributing)} sources: out of range")
        first = VERSION << 6 | (_EXTENDED if self.extension else 0) | len(self.contributing)
        second = self.payload_type | (_MARKER if self.marker else 0)
        head = _HEADER.pack(first, second, self.sequence & 0xFFFF, self.timestamp & 0xFFFFFFFF, self.ssrc)
        sources = struct.pack(f"!{len(self.contributing)}I", *self.contributing)
        extension = b""
        if self.extension:
            kind, words = self.extension
            if len(words) % 4:
                raise MalformedRtp(f"RTP: extension of {len(words)} octets, expected whole words of 4")
            extension = _EXTENSION.pack(kind, len(words) // 4) + words
        return head + sources + extension + self.payload

    @classmethod
    def decode(cls, data: bytes) -> RtpPacket:
        """Read one datagram.

        Raises:
            MalformedRtp: another version, or lengths that do not fit.
        """
        if len(data) < _HEADER.size:
            raise MalformedRtp(f"RTP: expected 12 octets or more, found {len(data)}")
        first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
        if first >> 6 != VERSION:
            raise MalformedRtp(f"RTP: expected version 2, found {first >> 6}")
        position, count, end = _HEADER.size, first & 0x0F, len(data)
        if first & _PADDING:
            end -= data[-1]
            if not data[-1]:
                raise MalformedRtp("RTP: padding of 0 octets, expected 1 or more (5.1)")
        extension = None
        sources = position + 4 * count
        if sources <= end and first & _EXTENDED:
            if sources + _EXTENSION.size > end:
                raise MalformedRtp(f"RTP: an extension is announced, found {end - sources} octets")
            kind, words = _EXTENSION.unpack_from(data, sources)
            position = sources + _EXTENSION.size + 4 * words
            extension = (kind, data[sources + _EXTENSION.size : position])
        else:
            position = sources
        if position > end:
            raise MalformedRtp(f"RTP: header of {position} octets, found {end} without padding")
        contributing = struct.unpack_from(f"!{count}I", data, _HEADER.size)
        kind_of_payload, is_marked = second & 0x7F, bool(second & _MARKER)
        return cls(kind_of_payload, sequence, timestamp, ssrc, data[position:end], is_marked, contributing, extension)
