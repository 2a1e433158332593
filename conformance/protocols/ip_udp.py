"""An IP packet with one UDP datagram, as it travels inside a tunnel (RFC 791, RFC 8200, RFC 768)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import ip_address

from conformance.vocabulary.identifiers import Endpoint

_IP = struct.Struct("!BBHHHBBH4s4s")
_IPV6 = struct.Struct("!IHBB16s16s")
_VERSION_6 = 6 << 28
_UDP = struct.Struct("!HHHH")
_PROTOCOL = 17
_DO_NOT_FRAGMENT = 0x4000
_FRAGMENT = 0x3FFF
"""More-fragments flag and fragment offset."""
_TIME_TO_LIVE = 64


class MalformedPacket(ValueError):
    """Octets that are no whole IP packet with a UDP datagram; the text is one bounded line."""


@dataclass(frozen=True, slots=True)
class UdpPacket:
    """One datagram with its addresses."""

    source: Endpoint
    destination: Endpoint
    payload: bytes
    dscp: int = 0
    """Differentiated services codepoint (RFC 2474)."""

    def encode(self) -> bytes:
        """Return the packet, never fragmented, so that an identification means nothing (RFC 6864 4.1).

        Raises:
            MalformedPacket: the payload does not fit into one packet, or the addresses are not of one kind.
        """
        source, destination = ip_address(self.source.address).packed, ip_address(self.destination.address).packed
        if len(source) != len(destination):
            raise MalformedPacket(f"IP: {self.source.address} and {self.destination.address} are not of one kind")
        length = _UDP.size + len(self.payload)
        # The length of IPv4 counts its header, that of IPv6 does not.
        most = 0xFFFF - (_IP.size if len(source) == 4 else 0)
        if length > most:
            raise MalformedPacket(f"UDP: expected at most {most - _UDP.size} octets, found {length - 8}")
        udp = _UDP.pack(self.source.port, self.destination.port, length, 0) + self.payload
        # A sum of 0 is sent as all ones: 0 means that there is none (RFC 768).
        check = checksum(_pseudo_header(source, destination, length) + udp) or 0xFFFF
        udp = udp[:6] + check.to_bytes(2) + udp[8:]
        if len(source) == 16:
            return _IPV6.pack(_VERSION_6 | self.dscp << 22, length, _PROTOCOL, _TIME_TO_LIVE, source, destination) + udp
        fields = [0x45, self.dscp << 2, _IP.size + length, 0, _DO_NOT_FRAGMENT, _TIME_TO_LIVE, _PROTOCOL]
        header = _IP.pack(*fields, 0, source, destination)
        return _IP.pack(*fields, checksum(header), source, destination) + udp

    @classmethod
    def decode(cls, packet: bytes) -> UdpPacket:
        """Read a packet that is whole; what follows it is padding.

        Raises:
            MalformedPacket: another protocol, a fragment, an extension header of IPv6, a length or a checksum that does
                not fit.
        """
        is_ipv6 = bool(packet) and packet[0] >> 4 == 6
        dscp, source, destination, datagram = _read_ipv6(packet) if is_ipv6 else _read_ipv4(packet)
        if len(datagram) < _UDP.size:
            raise MalformedPacket(f"UDP: expected 8 octets or more, found {len(datagram)}")
        source_port, destination_port, length, check = _UDP.unpack_from(datagram)
        if length != len(datagram):
            raise MalformedPacket(f"UDP: length says {length}, found {len(datagram)} octets")
        if not check and is_ipv6:
            raise MalformedPacket("UDP: no checksum, which IPv6 asks for")  # RFC 8200 8.1
        if check and checksum(_pseudo_header(source, destination, length) + datagram):
            raise MalformedPacket("UDP: the checksum is wrong")
        return cls(
            Endpoint(str(ip_address(source)), source_port, "udp"),
            Endpoint(str(ip_address(destination)), destination_port, "udp"),
            datagram[_UDP.size :],
            dscp,
        )


def _read_ipv4(packet: bytes) -> tuple[int, bytes, bytes, bytes]:
    """Return codepoint, source, destination and datagram."""
    if len(packet) < _IP.size:
        raise MalformedPacket(f"IPv4: expected 20 octets or more, found {len(packet)}")
    first, services, total, _, fragment, _, protocol, _, source, destination = _IP.unpack_from(packet)
    header = 4 * (first & 0x0F)
    if first >> 4 != 4 or not _IP.size <= header <= total <= len(packet):
        raise MalformedPacket(
            f"IPv4: version {first >> 4}, header of {header} and packet of {total} octets do not fit {len(packet)}"
        )
    if checksum(packet[:header]):
        raise MalformedPacket("IPv4: the header's checksum is wrong")
    if protocol != _PROTOCOL or fragment & _FRAGMENT:
        what = "a fragment" if fragment & _FRAGMENT else f"protocol {protocol}"
        raise MalformedPacket(f"IPv4: expected a whole UDP datagram, found {what}")
    return services >> 2, source, destination, packet[header:total]


def _read_ipv6(packet: bytes) -> tuple[int, bytes, bytes, bytes]:
    """Return codepoint, source, destination and datagram."""
    if len(packet) < _IPV6.size:
        raise MalformedPacket(f"IPv6: expected 40 octets or more, found {len(packet)}")
    words, length, following, _, source, destination = _IPV6.unpack_from(packet)
    if length > len(packet) - _IPV6.size:
        raise MalformedPacket(f"IPv6: payload of {length} octets does not fit {len(packet)}")
    if following != _PROTOCOL:
        raise MalformedPacket(f"IPv6: expected a whole UDP datagram, found next header {following}")
    return words >> 22 & 0x3F, source, destination, packet[_IPV6.size : _IPV6.size + length]


def checksum(octets: bytes) -> int:
    """Return the checksum of RFC 1071: 0 over octets that hold a right one."""
    octets += b"\0" * (len(octets) % 2)
    total: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def _pseudo_header(source: bytes, destination: bytes, length: int) -> bytes:
    """Return what the checksum covers beside the datagram; that of IPv6 has wider fields (RFC 8200 8.1), same sum."""
    return source + destination + struct.pack("!BBH", 0, _PROTOCOL, length)
