"""RTCP: sender and receiver reports, source descriptions and BYE, in compound packets (RFC 3550 6)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from conformance.protocols.rtp import VERSION, MalformedRtp

SENDER_REPORT, RECEIVER_REPORT, SOURCE_DESCRIPTION, BYE = 200, 201, 202, 203
_HEADER = struct.Struct("!BBH")
_SENDER = struct.Struct("!IQIII")
_BLOCK = struct.Struct("!IIIIII")
_CNAME = 1
_COUNT_AT_MOST = 31
_LOST_AT_MOST = 0x7FFFFF
_PADDING = 0x20
NTP_EPOCH_S = 2_208_988_800
"""Seconds from 1900, where NTP counts from, to 1970."""


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """What one receiver says of one source (6.4.1)."""

    ssrc: int
    fraction_lost: int
    """Of 256, since the report before."""
    lost: int
    """Cumulative; negative where duplicates came."""
    highest: int
    """Extended highest sequence number."""
    jitter: int
    """Units of the RTP timestamp."""
    last_report: int = 0
    """Middle 32 bits of the NTP time of the last sender report."""
    delay: int = 0
    """Since that report came, in 1/65536 s."""


@dataclass(frozen=True, slots=True)
class Report:
    """A receiver report; with `sent` a sender report."""

    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()
    sent: SenderInfo | None = None


@dataclass(frozen=True, slots=True)
class SenderInfo:
    """What a sender says of itself (6.4.1)."""

    ntp: int
    """NTP time, 32 bits of seconds and 32 of their fraction."""
    timestamp: int
    packets: int
    octets: int
    """Of payload."""


@dataclass(frozen=True, slots=True)
class SourceDescription:
    """Canonical names by SSRC (6.5.1); other items are passed over."""

    names: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bye:
    """Sources that leave (6.6)."""

    sources: tuple[int, ...]
    reason: str = ""


RtcpPacket = Report | SourceDescription | Bye


def encode(packets: Sequence[RtcpPacket]) -> bytes:
    """Return a compound packet.

    Raises:
        MalformedRtp: it does not begin with a report (6.1), or a field is out of its range.
    """
    if not packets or not isinstance(packets[0], Report):
        raise MalformedRtp("RTCP: expected a compound packet that begins with a report (RFC 3550 6.1)")
    return b"".join(_encode(packet) for packet in packets)


def decode(data: bytes) -> list[RtcpPacket]:
    """Read a compound packet; packets of other types are passed over.

    Raises:
        MalformedRtp: another version, or lengths that do not fit.
    """
    return list(_decode(data))


def ntp_time(time_ns: int) -> int:
    """Return NTP time of nanoseconds since 1970."""
    seconds, rest = divmod(time_ns, 1_000_000_000)
    return ((seconds + NTP_EPOCH_S) & 0xFFFFFFFF) << 32 | (rest << 32) // 1_000_000_000


def _encode(packet: RtcpPacket) -> bytes:
    if isinstance(packet, Report):
        body = struct.pack("!I", packet.ssrc)
        if packet.sent is not None:
            sent = packet.sent
            body = _SENDER.pack(packet.ssrc, sent.ntp, sent.timestamp & 0xFFFFFFFF, sent.packets, sent.octets)
        body += b"".join(map(_encode_block, packet.blocks))
        return _packet(RECEIVER_REPORT if packet.sent is None else SENDER_REPORT, len(packet.blocks), body)
    if isinstance(packet, SourceDescription):
        body = b""
        for ssrc, name in packet.names.items():
            text = name.encode()[:255]
            item = struct.pack("!IBB", ssrc, _CNAME, len(text)) + text + b"\0"
            body += item + bytes(-len(item) % 4)
        return _packet(SOURCE_DESCRIPTION, len(packet.names), body)
    body = struct.pack(f"!{len(packet.sources)}I", *packet.sources)
    if packet.reason:
        text = packet.reason.encode()[:255]
        body += bytes([len(text)]) + text
    return _packet(BYE, len(packet.sources), body + bytes(-len(body) % 4))


def _packet(kind: int, count: int, body: bytes) -> bytes:
    if count > _COUNT_AT_MOST:
        raise MalformedRtp(f"RTCP: {count} entries in one packet, expected at most {_COUNT_AT_MOST}")
    return _HEADER.pack(VERSION << 6 | count, kind, len(body) // 4) + body


def _encode_block(block: ReportBlock) -> bytes:
    lost = max(-_LOST_AT_MOST - 1, min(_LOST_AT_MOST, block.lost)) & 0xFFFFFF
    return _BLOCK.pack(
        block.ssrc,
        (block.fraction_lost & 0xFF) << 24 | lost,
        block.highest,
        block.jitter,
        block.last_report,
        block.delay,
    )


def _decode(data: bytes) -> Iterator[RtcpPacket]:
    position = 0
    while position < len(data):
        if len(data) - position < _HEADER.size:
            raise MalformedRtp(f"RTCP: {len(data) - position} octets left over")
        first, kind, words = _HEADER.unpack_from(data, position)
        end = position + 4 * (words + 1)
        if first >> 6 != VERSION or end > len(data):
            raise MalformedRtp(f"RTCP: version {first >> 6}, a packet of {4 * words + 4} octets in {len(data)}")
        body = data[position + 4 : end]
        if first & _PADDING and end == len(data) and body:
            body = body[: max(0, len(body) - body[-1])]
        try:
            if kind in (SENDER_REPORT, RECEIVER_REPORT):
                yield _decode_report(body, first & 0x1F, kind == SENDER_REPORT)
            elif kind == SOURCE_DESCRIPTION:
                yield SourceDescription(dict(_decode_names(body, first & 0x1F)))
            elif kind == BYE:
                count = first & 0x1F
                rest = body[4 * count :]
                reason = rest[1 : 1 + rest[0]].decode("utf-8", "replace") if rest else ""
                yield Bye(struct.unpack_from(f"!{count}I", body), reason)
        except struct.error:
            raise MalformedRtp(f"RTCP: a packet of type {kind} and {len(body)} octets is too short") from None
        position = end


def _decode_report(body: bytes, count: int, is_sender: bool) -> Report:
    (ssrc,) = struct.unpack_from("!I", body)
    sent, position = None, 4
    if is_sender:
        ssrc, *fields = _SENDER.unpack_from(body)
        sent, position = SenderInfo(*fields), _SENDER.size
    blocks = []
    for number in range(count):
        about, lost, highest, jitter, last, delay = _BLOCK.unpack_from(body, position + number * _BLOCK.size)
        cumulative = (lost & 0xFFFFFF) - ((lost & 0x800000) << 1)
        blocks.append(ReportBlock(about, lost >> 24, cumulative, highest, jitter, last, delay))
    return Report(ssrc, tuple(blocks), sent)


def _decode_names(body: bytes, count: int) -> Iterator[tuple[int, str]]:
    position = 0
    for _ in range(count):
        (ssrc,) = struct.unpack_from("!I", body, position)
        position += 4
        while position < len(body) and body[position]:
            kind, size = struct.unpack_from("!BB", body, position)
            text = body[position + 2 : position + 2 + size]
            if kind == _CNAME:
                yield ssrc, text.decode("utf-8", "replace")
            position += 2 + size
        position += 4 - position % 4  # the list ends with one zero octet at least, at a whole word
