"""An Ethernet frame taken apart into headers and payload, and put together with lengths and checksums right.

IPv4 with UDP or TCP, not fragmented: what the reference captures hold. Untouched frames are never rebuilt, so a
wrong checksum that was captured (checksum offloading) stays as it was captured.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

from conformance.vocabulary.errors import BadInput

_ETHERTYPE_IPV4 = b"\x08\x00"
_TCP = 6
_UDP = 17


@dataclass(frozen=True, slots=True)
class Frame:
    """The parts of one frame."""

    ethernet: bytes
    ip: bytes
    transport: bytes
    """UDP or TCP header with its options; SPI and sequence number of ESP."""
    payload: bytes

    @property
    def is_tcp(self) -> bool:
        """Tell TCP from UDP."""
        return self.ip[9] == _TCP

    @property
    def source(self) -> tuple[str, int]:
        """Address and port of the sender."""
        return str(IPv4Address(self.ip[12:16])), struct.unpack_from("!H", self.transport)[0]

    @property
    def destination(self) -> tuple[str, int]:
        """Address and port of the receiver."""
        return str(IPv4Address(self.ip[16:20])), struct.unpack_from("!H", self.transport, 2)[0]


def split_frame(data: bytes) -> Frame:
    """Take an Ethernet frame apart.

    Args:
        data: the frame from its destination address on, without frame check sequence.

    Returns:
        Headers and payload; Ethernet padding behind the IP packet is left out.

    Raises:
        BadInput: no IPv4 frame with UDP or TCP, or a fragment.
    """
    if len(data) < 42 or data[12:14] != _ETHERTYPE_IPV4 or data[14] >> 4 != 4:
        raise BadInput("a frame that is no IPv4 over Ethernet cannot be edited; choose another frame")
    header = (data[14] & 15) * 4
    (total,) = struct.unpack_from("!H", data, 16)
    (fragment,) = struct.unpack_from("!H", data, 20)
    ip, rest = data[14 : 14 + header], data[14 + header : 14 + total]
    if fragment & 0x3FFF:
        raise BadInput("a fragment cannot be edited; choose another frame")
    if ip[9] == _UDP:
        size = 8
    elif ip[9] == _TCP:
        size = (rest[12] >> 4) * 4
    else:
        raise BadInput(f"IP protocol {ip[9]} cannot be edited, expected UDP (17) or TCP (6)")
    return Frame(data[:14], ip, rest[:size], rest[size:])


def internet_checksum(data: bytes) -> int:
    """Return the ones' complement sum of RFC 1071 over the octets."""
    data += bytes(len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def join_frame(frame: Frame) -> bytes:
    """Put a frame together: IP total length, UDP length and all checksums are computed anew.

    Args:
        frame: its parts; length and checksum fields in the headers are ignored.

    Returns:
        The octets of the Ethernet frame.
    """
    size = len(frame.transport) + len(frame.payload)
    ip = bytearray(frame.ip)
    struct.pack_into("!H", ip, 2, len(ip) + size)
    struct.pack_into("!H", ip, 10, 0)
    struct.pack_into("!H", ip, 10, internet_checksum(bytes(ip)))
    if frame.ip[9] not in (_TCP, _UDP):
        return frame.ethernet + bytes(ip) + frame.transport + frame.payload
    transport = bytearray(frame.transport)
    at = 16 if frame.is_tcp else 6
    if not frame.is_tcp:
        struct.pack_into("!H", transport, 4, size)
    struct.pack_into("!H", transport, at, 0)
    pseudo = frame.ip[12:20] + struct.pack("!BBH", 0, frame.ip[9], size)
    checksum = internet_checksum(pseudo + bytes(transport) + frame.payload)
    if not frame.is_tcp and checksum == 0:
        checksum = 0xFFFF  # RFC 768: zero means that there is no checksum
    struct.pack_into("!H", transport, at, checksum)
    return frame.ethernet + bytes(ip) + bytes(transport) + frame.payload


def make_frame(
    transport: str,
    source: tuple[str, int],
    destination: tuple[str, int],
    payload: bytes,
    *,
    sequence: int = 0,
    acknowledge: int = 0,
    dscp: int = 0,
) -> bytes:
    """Build a frame around a payload.

    Args:
        transport: `udp` or `tcp`.
        source: IPv4 address and port of the sender.
        destination: IPv4 address and port of the receiver.
        payload: what the datagram or segment carries, octets.
        sequence: TCP sequence number of the first octet.
        acknowledge: TCP acknowledgement number.
        dscp: differentiated services codepoint of the IP header.

    Returns:
        The octets of the frame: locally administered Ethernet addresses made from the IPv4 addresses.
    """
    addresses = IPv4Address(source[0]).packed, IPv4Address(destination[0]).packed
    ethernet = b"\x02\x00" + addresses[1] + b"\x02\x00" + addresses[0] + _ETHERTYPE_IPV4
    ports = struct.pack("!HH", source[1], destination[1])
    if transport == "tcp":
        protocol = _TCP
        header = ports + struct.pack("!IIBBHHH", sequence, acknowledge, 5 << 4, 0x18, 64240, 0, 0)
    else:
        protocol = _UDP
        header = ports + bytes(4)
    ip = struct.pack("!BBHHHBBH", 0x45, dscp << 2, 0, 0, 0x4000, 64, protocol, 0) + b"".join(addresses)
    return join_frame(Frame(ethernet, ip, header, payload))


def renumber_tcp(before: list[Frame | None], after: list[Frame | None]) -> list[Frame | None]:
    """Repair TCP sequence and acknowledgement numbers after segments grew, shrank, vanished or appeared.

    Args:
        before: the segments as they were, in time order; None for a place where there was none.
        after: the same places as they are now; None for a segment that was taken out.

    Returns:
        `after` with each sequence number moved by what the segments before it in its direction gained or lost,
        and each acknowledgement number by what was gained or lost of the octets that it acknowledges.
    """
    gained: dict[tuple[tuple[str, int], tuple[str, int]], list[tuple[int, int]]] = {}

    def shift(direction: tuple[tuple[str, int], tuple[str, int]], number: int) -> int:
        moved = number + sum(size for start, size in gained.get(direction, []) if start < number)
        return moved & 0xFFFFFFFF

    out: list[Frame | None] = []
    for old, new in zip(before, after, strict=True):
        frame = new or old
        if frame is None or not frame.is_tcp:
            out.append(new)
            continue
        there, back = (frame.source, frame.destination), (frame.destination, frame.source)
        sequence, acknowledge = struct.unpack_from("!II", frame.transport, 4)
        if new is not None:
            transport = bytearray(new.transport)
            struct.pack_into("!II", transport, 4, shift(there, sequence), shift(back, acknowledge))
            out.append(Frame(new.ethernet, new.ip, bytes(transport), new.payload))
        else:
            out.append(None)
        change = len(new.payload if new else b"") - len(old.payload if old else b"")
        if change:
            # a new segment stands in front of the one that had its number
            gained.setdefault(there, []).append((sequence if old else sequence - 1, change))
    return out
