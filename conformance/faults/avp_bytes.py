"""Byte surgery on one Diameter message: an AVP is changed, removed or added, and every length around it repaired.

RFC 6733 section 3 (header) and 4 (AVP header, padding to four octets, groups). It knows no meaning of any AVP.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from conformance.vocabulary.errors import BadInput

_HEADER = 20
_VENDOR_BIT = 0x80
_SESSION_ID = 263


def _split(data: bytes) -> list[bytes]:
    """Cut a series of AVPs into single ones, each without its padding."""
    avps = []
    at = 0
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 5 : at + 8], "big")
        if length < 8 or at + length > len(data):
            raise BadInput(f"AVP at byte {at} says {length} bytes: it does not fit its message")
        avps.append(data[at : at + length])
        at += length + (-length % 4)
    return avps


def _code(avp: bytes) -> int:
    return int.from_bytes(avp[:4], "big")


def _header_size(avp: bytes) -> int:
    return 12 if avp[4] & _VENDOR_BIT else 8


def _with_data(avp: bytes, data: bytes) -> bytes:
    size = _header_size(avp)
    return avp[:5] + (size + len(data)).to_bytes(3, "big") + avp[8:size] + data


def _join(avps: Sequence[bytes]) -> bytes:
    return b"".join(avp + bytes(-len(avp) % 4) for avp in avps)


def _walk(data: bytes, path: Sequence[int], change: Callable[[bytes], list[bytes]]) -> bytes:
    avps = _split(data)
    places = [place for place, avp in enumerate(avps) if _code(avp) == path[0]]
    if len(places) != 1:
        raise BadInput(f"{len(places)} AVPs with code {path[0]} where the edit expects one; name another path")
    (place,) = places
    avp = avps[place]
    if len(path) > 1:
        avps[place] = _with_data(avp, _walk(avp[_header_size(avp) :], path[1:], change))
    else:
        avps[place : place + 1] = change(avp)
    return _join(avps)


def _message(header: bytes, avps: bytes) -> bytes:
    return header[:1] + (_HEADER + len(avps)).to_bytes(3, "big") + header[4:_HEADER] + avps


def set_avp(message: bytes, path: Sequence[int], data: bytes) -> bytes:
    """Give one AVP other data.

    Args:
        message: a whole Diameter message.
        path: AVP codes from the outermost group to the AVP; each must occur once in its group.
        data: the new data, without padding.

    Returns:
        The message with the AVP, the groups around it and the message length repaired.

    Raises:
        BadInput: the path leads nowhere, or to more than one AVP.
    """
    return _message(message, _walk(message[_HEADER:], path, lambda avp: [_with_data(avp, data)]))


def get_avp(message: bytes, path: Sequence[int]) -> bytes:
    """Return the data of one AVP; arguments and errors as in `set_avp`."""
    found: list[bytes] = []

    def keep(avp: bytes) -> list[bytes]:
        found.append(avp[_header_size(avp) :])
        return [avp]

    _walk(message[_HEADER:], path, keep)
    return found[0]


def remove_avp(message: bytes, path: Sequence[int]) -> bytes:
    """Take one AVP out; arguments and errors as in `set_avp`."""
    return _message(message, _walk(message[_HEADER:], path, lambda avp: []))


def add_avp(message: bytes, code: int, vendor: int, data: bytes) -> bytes:
    """Append a top-level AVP with the M bit set, and the V bit where the vendor is not 0."""
    head = struct.pack("!IB", code, 0x40 | (_VENDOR_BIT if vendor else 0)) + bytes(3)
    avp = _with_data(head + (struct.pack("!I", vendor) if vendor else b""), data)
    return _message(message, message[_HEADER:] + _join([avp]))


@dataclass(frozen=True, slots=True)
class Leaf:
    """One AVP that is no group, and whose path leads to it alone."""

    path: tuple[int, ...]
    offset: int
    """From the begin of the message."""
    data: bytes

    @property
    def length(self) -> int:
        """Octets of header and data; a vendor in the header is not counted."""
        return 8 + len(self.data)


def leaves(message: bytes) -> list[Leaf]:
    """Return the AVPs of a message that `set_avp` can change and that hold no others, in their order.

    An AVP counts as a group where its data can be read as AVPs to the last octet; what is no single whole Diameter
    message has none.
    """
    if len(message) < _HEADER or int.from_bytes(message[1:4], "big") != len(message):
        return []
    return _leaves(message[_HEADER:], (), _HEADER)


def _leaves(data: bytes, path: tuple[int, ...], at: int) -> list[Leaf]:
    found: list[Leaf] = []
    avps = _split(data)
    codes = [_code(avp) for avp in avps]
    for avp, code in zip(avps, codes, strict=True):
        if codes.count(code) == 1:
            size = _header_size(avp)
            if _is_group(avp[size:]):
                found += _leaves(avp[size:], (*path, code), at + size)
            else:
                found.append(Leaf((*path, code), at, avp[size:]))
        at += len(avp) + (-len(avp) % 4)
    return found


def _is_group(data: bytes) -> bool:
    """Tell whether octets are AVPs to the last one, with the five reserved flags clear (RFC 6733 4.1)."""
    try:
        avps = _split(data)
    except BadInput:
        return False
    return bool(avps) and _join(avps) == data and not any(avp[4] & 0x1F for avp in avps)


def shuffle_avps(message: bytes, chance: Random) -> bytes:
    """Return a message with its top-level AVPs in another order.

    Session-Id stays the first one (RFC 6733 8.8), and AVPs of the same code keep their order. What is no single whole
    Diameter message is returned as it is.
    """
    if len(message) < _HEADER or int.from_bytes(message[1:4], "big") != len(message):
        return message
    avps = _split(message[_HEADER:])
    fixed = [avp for avp in avps if _code(avp) == _SESSION_ID]
    queues: dict[int, list[bytes]] = {}
    for avp in avps:
        queues.setdefault(_code(avp), []).append(avp)
    codes = [_code(avp) for avp in avps if _code(avp) != _SESSION_ID]
    chance.shuffle(codes)
    return _message(message, _join([*fixed, *(queues[code].pop(0) for code in codes)]))
