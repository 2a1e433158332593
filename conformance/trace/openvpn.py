"""OpenVPN at the outer interface of a VPN gateway: which packets it is, and what is kept of them.

The first octet of each datagram has the opcode in its upper five bits and the key in the lower three; control packets
go on with the session of the sender. What the tunnel carries is encrypted. So a packet costs one look at its first
octet: of each pair of ends the first packet of each opcode and direction is kept, the others are counted. There is no
RFC of the protocol. OpenVPN over TCP is not read here.
"""

from __future__ import annotations

from typing import Final

from conformance.trace.media import like_dns
from conformance.trace.model import Sighting, VpnPacket, VpnStream
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.points import Point

PORT: Final = 1194
"""Of OpenVPN by IANA: on others Wireshark does not take a datagram for OpenVPN by itself."""
OPCODES: Final = {
    3: "P_CONTROL_SOFT_RESET_V1",
    4: "P_CONTROL_V1",
    5: "P_ACK_V1",
    6: "P_DATA_V1",
    7: "P_CONTROL_HARD_RESET_CLIENT_V2",
    8: "P_CONTROL_HARD_RESET_SERVER_V2",
    9: "P_DATA_V2",
    10: "P_CONTROL_HARD_RESET_CLIENT_V3",
    11: "P_CONTROL_WKC_V1",
}
DATA: Final = frozenset((6, 9))
_CONTROL: Final = 14
"""Octets that a control packet has at least: opcode, session, count of acknowledgements, number."""
_DATA: Final = 21
"""Octets of a data packet at least: opcode, packet number, tag of 16 octets."""
_ACK: Final = 9
_KEPT: Final = 32
"""Octets of a packet that are kept: the head, nothing encrypted that would be of use."""
_MOST_SIZES: Final = 4_096
"""Directions, lengths and codepoints of data packets of one file that are told apart."""
_MOST_STREAMS: Final = 1_000
"""Pairs of ends that are told apart; a hostile capture could have any number."""
_SERVICES: Final = frozenset((53, 67, 68, 123, 500, 2152, 4500, 5353))
"""Ports whose datagrams are what their port says, also at an outer interface."""


def opcode_of(payload: bytes) -> int:
    """Return the opcode of a datagram that has the length of such a packet; 0 where it is none of OpenVPN."""
    opcode = payload[0] >> 3 if payload else 0
    if opcode not in OPCODES:
        return 0
    least = _DATA if opcode in DATA else _ACK if opcode == 5 else _CONTROL
    return opcode if len(payload) >= least else 0


class VpnReader:
    """Collects the OpenVPN packets of one file.

    Args:
        capture: Index of the file in the trace.
    """

    def __init__(self, capture: int) -> None:
        self._capture = capture
        self._streams: dict[tuple[Endpoint, Endpoint], VpnStream] = {}
        self._sizes = 0

    @property
    def streams(self) -> tuple[VpnStream, ...]:
        """What was collected, in the order of first packets."""
        return tuple(self._streams.values())

    def take(
        self,
        payload: bytes,
        source: Endpoint,
        destination: Endpoint,
        point: Point | None,
        frame: int,
        time_ns: int,
        tos: int = 0,
    ) -> bool:
        """Note a datagram where it is one of OpenVPN: on its own port anywhere, at an outer interface on any port.

        Args:
            payload: Of the datagram.
            source: Sender.
            destination: Receiver.
            point: Where it was captured.
            frame: Its number in the file.
            time_ns: Nanoseconds since 1970, by the clock of the file.
            tos: Second octet of its IP header.

        Returns:
            Whether it was noted; if not it is somebody else's.
        """
        opcode = opcode_of(payload)
        if not opcode:
            return False
        stream = self._streams.get((source, destination)) or self._streams.get((destination, source))
        if stream is None:
            ports = {source.port, destination.port}
            if PORT not in ports and (point is not Point.VPN or ports & _SERVICES or like_dns(payload, 0)):
                return False
            if len(self._streams) >= _MOST_STREAMS:
                return True
            stream = self._streams[source, destination] = VpnStream((source, destination))
        stream.counts[opcode] += 1
        is_forth = source == stream.ends[0]
        key, size = (is_forth, opcode), (is_forth, len(payload), tos >> 2)
        new = opcode in DATA and size not in stream.sized and self._sizes < _MOST_SIZES
        if new or key not in stream.first:
            sighting = Sighting(self._capture, frame, time_ns, point, source, destination)
            packet = VpnPacket((sighting,), payload[:_KEPT], opcode=opcode)
            stream.first.setdefault(key, packet)
            if new:
                stream.sized[size] = packet
                self._sizes += 1
        if size in stream.sized:
            stream.sizes[size] += opcode in DATA
        return True
