"""Fragments of an IPv4 datagram (RFC 791 3.2) put together, and a datagram cut into fragments again.

A message that is longer than a packet, as an INVITE with a long Via list is, comes in fragments. What is changed in
all messages of a capture has to be changed in these, too.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from conformance.faults.frames import internet_checksum
from conformance.faults.pcapfile import Packet

_ETHERNET = 14
_IPV4 = b"\x08\x00"
_MORE = 0x2000
_OFFSET = 0x1FFF

_Key = tuple[str, bytes, bytes, int]
"""Point, addresses, identification and protocol (RFC 791 3.2)."""


@dataclass(frozen=True, slots=True)
class Datagram:
    """What one packet or the fragments of one datagram carry."""

    numbers: tuple[int, ...]
    """Places of its packets in the capture, in the order of their arrival."""
    data: bytes
    """Ethernet frame with the whole datagram; longer than any network lets through where it came in fragments."""
    size: int | None
    """Octets behind the IP header of its first fragment; None where it came in one packet."""


def datagrams(packets: Sequence[Packet]) -> list[Datagram]:
    """Return what packets carry, in the order of the first packet of each; fragments without the rest stay alone.

    Args:
        packets: of one capture, in its order.
    """
    found: list[Datagram] = []
    waiting: dict[_Key, list[int]] = {}
    for number, packet in enumerate(packets):
        key = _key(packet)
        if key is None:
            found.append(Datagram((number,), packet.data, None))
            continue
        numbers = waiting.setdefault(key, [])
        numbers.append(number)
        whole = _whole([packets[one].data for one in numbers])
        if whole is not None:
            found.append(Datagram(tuple(numbers), *whole))
            del waiting[key]
    found += [Datagram((one,), packets[one].data, None) for numbers in waiting.values() for one in numbers]
    return sorted(found, key=lambda one: one.numbers[0])


def cut(data: bytes, size: int) -> Iterator[bytes]:
    """Yield the fragments of a datagram, the datagram itself where it is short enough.

    Args:
        data: Ethernet frame with the datagram.
        size: octets behind the IP header that a fragment may have, a multiple of eight.
    """
    start = _ETHERNET + _header(data)
    if len(data) - start <= size:
        yield data
        return
    (flags,) = struct.unpack_from("!H", data, _ETHERNET + 6)
    for at in range(start, len(data), size):
        more = _MORE if at + size < len(data) else 0
        yield _packet(data[:start], flags & ~(_MORE | _OFFSET) | more | (at - start) // 8, data[at : at + size])


def _header(data: bytes) -> int:
    return (data[_ETHERNET] & 15) * 4


def _packet(head: bytes, flags: int, payload: bytes) -> bytes:
    changed = bytearray(head)
    struct.pack_into("!H", changed, _ETHERNET + 2, len(head) - _ETHERNET + len(payload))
    struct.pack_into("!H", changed, _ETHERNET + 6, flags)
    struct.pack_into("!H", changed, _ETHERNET + 10, 0)
    struct.pack_into("!H", changed, _ETHERNET + 10, internet_checksum(bytes(changed[_ETHERNET:])))
    return bytes(changed) + payload


def _key(packet: Packet) -> _Key | None:
    """Return what fragments of one datagram have in common; None for a packet that is no fragment."""
    data = packet.data
    if len(data) < _ETHERNET + 20 or data[12:_ETHERNET] != _IPV4 or data[_ETHERNET] >> 4 != 4:
        return None
    (flags,) = struct.unpack_from("!H", data, _ETHERNET + 6)
    if not flags & (_MORE | _OFFSET):
        return None
    ip = data[_ETHERNET:]
    return packet.point, ip[12:20], ip[4:6], ip[9]


def _whole(fragments: Sequence[bytes]) -> tuple[bytes, int] | None:
    """Return the datagram that fragments make, with the size of the first one; None where a part is missing."""
    parts = []
    for data in fragments:
        total, _, flags = struct.unpack_from("!HHH", data, _ETHERNET + 2)
        payload = data[_ETHERNET + _header(data) : _ETHERNET + total]
        parts.append(((flags & _OFFSET) * 8, bool(flags & _MORE), payload, data))
    parts.sort(key=lambda part: part[0])
    body = b""
    for offset, _, payload, _ in parts:
        if offset != len(body):
            return None
        body += payload
    _, more, _, _ = parts[-1]
    if more:
        return None
    _, _, first, data = parts[0]
    (flags,) = struct.unpack_from("!H", data, _ETHERNET + 6)
    return _packet(data[: _ETHERNET + _header(data)], flags & ~_MORE, body), len(first)
