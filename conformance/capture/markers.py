"""Marker packets: what opens and closes a cell at every point, sent through the very interface that is captured."""

from __future__ import annotations

import secrets
import socket
from dataclasses import dataclass

from conformance.capture.points import ObservationPoint
from conformance.fabric.netns import inside
from conformance.protocols.ip_udp import UdpPacket
from conformance.vocabulary.errors import TestbedDown

MAGIC = b"netlab-marker"
"""How the payload of every marker begins."""

LINK_HEADER_LENGTH = {1: 14, 101: 0, 113: 16, 276: 20}
"""Octets before the IP header, by LINKTYPE: Ethernet, raw IP, Linux cooked capture v1 and v2."""

_UDP = 17
_ETH_P_IP, _ETH_P_IPV6 = 0x0800, 0x86DD
_MAC_OCTETS = 6


@dataclass(frozen=True, slots=True)
class Marker:
    """One marker: the same payload goes to every point. The random part keeps it apart from all earlier ones.

    Attributes:
        payload: The whole UDP payload.
    """

    payload: bytes

    @classmethod
    def make(cls, purpose: str, cell_id: str) -> Marker:
        """Return a new marker.

        Args:
            purpose: `start`, `open` or `close`.
            cell_id: For whoever looks at the packets; cut after 200 characters.
        """
        random = secrets.token_hex(8).encode()
        return cls(b" ".join((MAGIC, purpose.encode(), random, cell_id[:200].encode(errors="replace"))))


class MarkerSender:
    """Sends markers to one point. Its socket stays open: closing one on an interface takes the kernel 10 ms.

    Args:
        point: the point.
    """

    def __init__(self, point: ObservationPoint) -> None:
        self._point = point
        self._socket: socket.socket | None = None
        self._link_header = b""

    def send(self, marker: Marker) -> None:
        """Send a marker once to the marker address of the point.

        It is sent from that address too, so that no other address of the host appears at the point.

        Raises:
            TestbedDown: the system does not let it out.
        """
        address, port = self._point.marker.address, self._point.marker.port
        try:
            sender = self._socket or self._open()
            if self._point.is_loopback:
                sender.sendto(marker.payload, (address, port))
            else:
                datagram = UdpPacket(self._point.marker, self._point.marker, marker.payload)
                sender.send(self._link_header + datagram.encode())
        except OSError as error:
            self.close()
            raise TestbedDown(
                f"capture at {self._point}: could not send the marker to {self._point.marker}: {error.strerror}; "
                f"expected that {self._point.interface} exists and is up, see `ip link`"
            ) from error

    def close(self) -> None:
        """Close the socket; a second call does nothing."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _open(self) -> socket.socket:
        if self._point.is_loopback:
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.bind((self._point.marker.address, 0))
            return self._socket
        with inside(self._point.namespace):
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            ether_type = _ETH_P_IPV6 if ":" in self._point.marker.address else _ETH_P_IP
            self._socket.bind((self._point.interface, ether_type))
        # To the interface's own address: it is seen on the interface, and nobody takes it.
        own = self._socket.getsockname()[4]
        self._link_header = own + own + ether_type.to_bytes(2, "big") if len(own) == _MAC_OCTETS else b""
        return self._socket


def marker_payload(data: bytes | memoryview, link_type: int, marker_address: bytes, marker_port: int) -> bytes | None:
    """Return the payload of a marker packet, None where the packet is no marker.

    Args:
        data: Octets of the packet from the link header on; they may be anything.
        link_type: LINKTYPE of the capture, one of `LINK_HEADER_LENGTH`.
        marker_address: Marker address of the point, 4 or 16 octets.
        marker_port: Marker port of the point.
    """
    ip = LINK_HEADER_LENGTH[link_type]
    size = len(marker_address)
    version, header, protocol, destination = (4, 20, 9, 16) if size == 4 else (6, 40, 6, 24)
    # Addresses first: this runs for every packet, and nearly none gets further.
    if data[ip + destination : ip + destination + size] != marker_address or len(data) < ip + header + 8:
        return None
    udp = ip + ((data[ip] & 0x0F) * 4 if version == 4 else header)
    if data[ip] >> 4 != version or data[ip + protocol] != _UDP:
        return None
    if data[udp + 2 : udp + 4] != marker_port.to_bytes(2, "big"):
        return None
    payload = bytes(data[udp + 8 :])
    return payload if payload.startswith(MAGIC) else None
