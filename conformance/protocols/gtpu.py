"""GTP-U version 1: messages between gateways, and between a gateway and its access side (3GPP TS 29.281).

A codec of our own and not `scapy.contrib.gtp`: that takes 0.4 s to import in every process that needs 60 lines of it,
and dissects what a peer sends to the last layer that it can guess. The tests compare with it, and with tshark.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import ip_address

from conformance.vocabulary.identifiers import IpAddress

PORT = 2152
"""UDP port of GTP-U."""

_VERSION_1 = 0x20
_PROTOCOL_TYPE_GTP = 0x10
_EXTENSION, _SEQUENCE, _N_PDU = 0x04, 0x02, 0x01
_HEADER = struct.Struct("!BBHI")
_OPTIONAL = struct.Struct("!HBB")
_EXTENSIONS_AT_MOST = 8
_RECOVERY, _TEID_DATA_I, _PEER_ADDRESS = 14, 16, 133


class MalformedGtp(ValueError):
    """Octets that are no GTP-U message; the text is one bounded line."""


class GtpType(IntEnum):
    """Message types that are used here (6.1)."""

    ECHO_REQUEST = 1
    ECHO_RESPONSE = 2
    ERROR_INDICATION = 26
    END_MARKER = 254
    G_PDU = 255


@dataclass(frozen=True, slots=True)
class GtpMessage:
    """One message. `payload` is the inner packet of a G-PDU, else the information elements."""

    type: int
    teid: int
    """Tunnel endpoint identifier at the receiver; 0 in messages that belong to no tunnel."""
    payload: bytes = b""
    sequence: int | None = None

    def encode(self) -> bytes:
        """Return the octets (5.1)."""
        flags, optional = _VERSION_1 | _PROTOCOL_TYPE_GTP, b""
        if self.sequence is not None:
            flags, optional = flags | _SEQUENCE, _OPTIONAL.pack(self.sequence, 0, 0)
        return _HEADER.pack(flags, self.type, len(optional) + len(self.payload), self.teid) + optional + self.payload

    @classmethod
    def decode(cls, data: bytes) -> GtpMessage:
        """Read one datagram; extension headers are passed over.

        Raises:
            MalformedGtp: another version, or lengths that do not fit.
        """
        if len(data) < _HEADER.size:
            raise MalformedGtp(f"GTP-U: expected 8 octets or more, found {len(data)}")
        flags, kind, length, teid = _HEADER.unpack_from(data)
        if flags & 0xF0 != _VERSION_1 | _PROTOCOL_TYPE_GTP:
            raise MalformedGtp(f"GTP-U: expected version 1 and protocol type 1, found first octet 0x{flags:02x}")
        if length != len(data) - _HEADER.size:
            raise MalformedGtp(f"GTP-U: length says {length}, found {len(data) - _HEADER.size} octets")
        rest, sequence = data[_HEADER.size :], None
        if flags & (_EXTENSION | _SEQUENCE | _N_PDU):
            if length < _OPTIONAL.size:
                raise MalformedGtp(f"GTP-U: flags 0x{flags:02x} ask for 4 more octets, found {length}")
            number, _, following = _OPTIONAL.unpack_from(rest)
            sequence = number if flags & _SEQUENCE else None
            rest = _after_extensions(rest[_OPTIONAL.size :], following if flags & _EXTENSION else 0)
        return cls(kind, teid, rest, sequence)


def _after_extensions(rest: bytes, following: int) -> bytes:
    """Pass over extension headers: length in units of 4 octets, content, type of the next one."""
    for _ in range(_EXTENSIONS_AT_MOST):
        if following == 0:
            return rest
        size = 4 * rest[0] if rest else 0
        if size == 0 or size > len(rest):
            raise MalformedGtp(f"GTP-U: extension header of {size} octets, found {len(rest)}")
        following, rest = rest[size - 1], rest[size:]
    raise MalformedGtp(f"GTP-U: more than {_EXTENSIONS_AT_MOST} extension headers")


def g_pdu(teid: int, packet: bytes) -> GtpMessage:
    """Wrap an IP packet (7.1)."""
    return GtpMessage(GtpType.G_PDU, teid, packet)


def end_marker(teid: int) -> GtpMessage:
    """Say that no packet follows in a tunnel."""
    return GtpMessage(GtpType.END_MARKER, teid)


def echo_request(sequence: int) -> GtpMessage:
    """Ask whether a path lives (7.2.1)."""
    return GtpMessage(GtpType.ECHO_REQUEST, 0, sequence=sequence)


def echo_response(request: GtpMessage) -> GtpMessage:
    """Answer an echo request: same sequence number, Recovery with the restart counter 0 (7.2.2)."""
    return GtpMessage(GtpType.ECHO_RESPONSE, 0, bytes([_RECOVERY, 0]), request.sequence or 0)


def error_indication(teid: int, receiver: IpAddress) -> GtpMessage:
    """Say that a G-PDU came for a tunnel that there is not.

    Args:
        teid: the identifier that it carried.
        receiver: the address that it was sent to.

    Source: 3GPP TS 29.281 7.3.1. Both information elements shall be there; the sequence number is not used.
    """
    elements = struct.pack("!BI", _TEID_DATA_I, teid) + struct.pack("!BH", _PEER_ADDRESS, len(receiver.packed))
    return GtpMessage(GtpType.ERROR_INDICATION, 0, elements + receiver.packed, sequence=0)


def erroneous_tunnel(message: GtpMessage) -> tuple[int, IpAddress]:
    """Read an error indication: identifier and address of the tunnel endpoint that there is not.

    Raises:
        MalformedGtp: one of them is missing.
    """
    elements = message.payload
    length = int.from_bytes(elements[6:8])
    address = elements[8 : 8 + length]
    if elements[:1] + elements[5:6] != bytes([_TEID_DATA_I, _PEER_ADDRESS]) or not len(address) == length in (4, 16):
        raise MalformedGtp("error indication: expected Tunnel Endpoint Identifier Data I and the address of a peer")
    return int.from_bytes(elements[1:5]), ip_address(address)
