"""Where the IP packet of a frame begins, for the link layers that are read without tshark.

Link types are those of the pcap registry (draft-ietf-opsawg-pcaplinktype).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

ETHERNET: Final = 1
LINUX_COOKED: Final = 113
LINUX_COOKED_2: Final = 276
RAW: Final = (12, 14, 101, 228, 229)
"""IP without anything in front of it."""
NOT_KNOWN: Final = -1
"""Something else than IP, or nothing that is read here: tshark may know it."""
NO_IP: Final = -2
"""ARP (RFC 826), which carries nothing."""

Finder = Callable[[bytes, int, int], int]
"""Takes a buffer and the begin and end of a frame in it; returns where the IP packet begins, or one of the above."""

_IPV4: Final = b"\x08\x00"
_IPV6: Final = b"\x86\xdd"
_ARP: Final = b"\x08\x06"
_VLAN: Final = frozenset((b"\x81\x00", b"\x88\xa8", b"\x91\x00"))
"""IEEE 802.1Q, 802.1ad, and the number that was used for stacked tags before."""
_MOST_TAGS: Final = 4
_FAMILY_IPV4: Final = 2
_FAMILY_IPV6: Final = frozenset((10, 24, 28, 30))
"""AF_INET6 of Linux, NetBSD, FreeBSD and Darwin."""


def _behind(data: bytes, kind: bytes, start: int, end: int) -> int:
    """Return where the packet begins whose EtherType is given and whose header begins at `start`, VLAN tags skipped."""
    for _ in range(_MOST_TAGS):
        if kind not in _VLAN:
            break
        kind, start = data[start + 2 : start + 4], start + 4
    if kind == _ARP:
        return NO_IP
    if kind not in (_IPV4, _IPV6) or start >= end:
        return NOT_KNOWN
    return _raw(data, start, end) if data[start] >> 4 == (4 if kind == _IPV4 else 6) else NOT_KNOWN


def _ethernet(data: bytes, start: int, end: int) -> int:
    return _behind(data, data[start + 12 : start + 14], start + 14, end)


def _cooked(data: bytes, start: int, end: int) -> int:
    return _behind(data, data[start + 14 : start + 16], start + 16, end)


def _cooked_2(data: bytes, start: int, end: int) -> int:
    return _behind(data, data[start : start + 2], start + 20, end)


def _raw(data: bytes, start: int, end: int) -> int:
    return start if start < end and data[start] >> 4 in (4, 6) else NOT_KNOWN


def _loop(data: bytes, start: int, end: int) -> int:
    """BSD loopback: the address family in four octets, of the byte order of the machine that captured."""
    if start + 5 > end:
        return NOT_KNOWN
    family = data[start : start + 4]
    number = family[0] or family[3]
    if sum(family) != number:
        return NOT_KNOWN
    version = data[start + 4] >> 4
    known = (version == 4 and number == _FAMILY_IPV4) or (version == 6 and number in _FAMILY_IPV6)
    return start + 4 if known else NOT_KNOWN


FINDERS: Final[dict[int, Finder]] = {
    0: _loop,
    ETHERNET: _ethernet,
    108: _loop,
    LINUX_COOKED: _cooked,
    LINUX_COOKED_2: _cooked_2,
    **dict.fromkeys(RAW, _raw),
}
"""By link type."""


def find_nothing(_data: bytes, _start: int, _end: int) -> int:
    """Stand for a link type that is not read here."""
    return NOT_KNOWN
