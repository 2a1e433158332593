"""Picks the signalling out of a capture before anything is dissected.

A datagram that is whole and begins like SIP is read here, on any port, also inside GTP-U. What cannot be signalling is
left out and counted; of OpenVPN the first packet of each kind is kept (`openvpn`), of RTP what makes a stream
(`media_streams`). All the rest goes to tshark:
streams, fragments, DNS, Diameter, other tunnels, and whatever is not understood here. When in doubt it is tshark's.
"""

from __future__ import annotations

import struct
from collections import Counter, deque
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address
from typing import Final

from conformance.pcapng.walk import Step, WalkedInterface
from conformance.trace.links import ETHERNET, FINDERS, LINUX_COOKED, LINUX_COOKED_2, NO_IP, Finder, find_nothing
from conformance.trace.media import GTP_USER, NEVER_MEDIA, like_dns
from conformance.trace.media_streams import StreamReader
from conformance.trace.merge import COPY_WINDOW_NS, SAME_PLACE_WINDOW_NS, Seen
from conformance.trace.model import Sighting
from conformance.trace.openvpn import PORT as OPENVPN
from conformance.trace.openvpn import VpnReader
from conformance.trace.reduced import Copy, Reduced
from conformance.trace.sip import is_whole, looks_like_sip
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.points import POINTS, Point

MARKER: Final = b"netlab-marker"
DISCARD: Final = 9
"""Port of the markers that open and close a cell."""
_MOST_ENDS: Final = 100_000
_MOST_RECENT: Final = 20_000
_MOST_EXTENSIONS: Final = 8
_MOST_COPIES: Final = 64
"""Places where one packet may have been seen; a hostile capture could repeat one a million times."""
_SHORT: Final = 64
"""Octets that are kept as they are, to be compared."""
_UDP, _TCP, _SCTP, _ICMP, _ICMP6, _FRAGMENT = 17, 6, 132, 1, 58, 44
_V4: Final = struct.Struct("!BxHHHxB10xHHH").unpack_from
"""IPv4 without options, and the UDP header behind it."""
_V4_HEAD: Final = struct.Struct("!BxHHHxBxx4s4s").unpack_from
_V6_HEAD: Final = struct.Struct("!4xHBx16s16s").unpack_from
_UDP_HEAD: Final = struct.Struct("!HHH").unpack_from
_TCP_HEAD: Final = struct.Struct("!HHIxxxxB").unpack_from

Ends = tuple[str, str]
"""Source and destination, as text."""
Ports = tuple[int, int]
_VERSION_2: Final = 0x80
_TSHARK: Final = 0
_TAKEN: Final = 1
"""Read here, or left out."""


class Picker:
    """Goes through the packets of one file.

    Args:
        capture: Index of the file in the trace.
        interfaces: Of the walk over the file; grows with it.
        reduced: Where the frames for tshark go.
        all_else: Give tshark also what is only likely to be media: with keys, anything may be read.
    """

    def __init__(
        self, capture: int, interfaces: list[WalkedInterface], reduced: Reduced, *, all_else: bool = False
    ) -> None:
        self.seen: list[Seen] = []
        self.left_out: Counter[str] = Counter()
        self.cut_segments = 0
        self.vpn = VpnReader(capture)
        self.media = StreamReader(capture, interfaces)
        self._capture = capture
        self._interfaces = interfaces
        self._reduced = reduced
        self._all_else = all_else
        self._ends: dict[object, tuple[Endpoint, Endpoint, str]] = {}
        self._recent: dict[tuple[object, ...], Copy] = {}
        self._order: deque[tuple[object, ...]] = deque()
        # Of the frame that is looked at:
        self._step: Step
        self._point: Point | None = None
        self._many = False
        self._tos = (0, 0)
        """Second octets of the outermost and the innermost IP header."""

    def pick(self, steps: Iterator[Step]) -> None:
        """Go through all packets.

        Raises:
            BadBlock: The file is not one that can be walked over. What was picked is of no use then.
        """
        interfaces, reduced = self._interfaces, self._reduced
        last = -1
        find: Finder = find_nothing
        ethernet, link_type = False, 0
        for step in steps:
            frame, interface, time_ns, data, start, end, original = step
            if interface != last:
                last = interface
                link_type, name = interfaces[interface].link_type, interfaces[interface].name
                find, ethernet = FINDERS.get(link_type, find_nothing), link_type == ETHERNET
                self._point = POINTS.get(name)
                self._many = link_type in (LINUX_COOKED, LINUX_COOKED_2) or name == "any"
            plain = ethernet and data[start + 12 : start + 15] == b"\x08\x00\x45"
            offset = start + 14 if plain else find(data, start, end)
            if offset >= 0 and end - offset >= 40:
                # The short way, for what most packets of a large capture are.
                version, total, ident, fragment, protocol, source, destination, length = _V4(data, offset)
                is_plain = version == 0x45 and protocol == _UDP and not fragment & 0x3FFF and total == length + 20
                if is_plain and source != GTP_USER != destination:
                    stop = offset + total
                    payload = data[offset + 28 : stop if stop < end else end]
                    if looks_like_sip(payload) and (stop <= end or original > end - start):
                        self._step = step
                        ends = self._ends.get(data[offset + 12 : offset + 24])
                        self._sip(payload, ends or self._plain(data, offset), ident, (), data[offset + 1] >> 2)
                        continue
                    if self._point is Point.VPN:
                        ends = self._ends.get(data[offset + 12 : offset + 24]) or self._plain(data, offset)
                        if self.vpn.take(payload, *ends[:2], self._point, frame, time_ns, data[offset + 1]):
                            self.left_out["openvpn"] += 1
                            continue
            self._step = step
            if offset == NO_IP:
                self.left_out["arp"] += 1
            elif start == end:
                self.left_out["empty"] += 1
            elif offset < 0 or self._packet(offset, end, (), ()) == _TSHARK:
                reduced.add(frame, interface, link_type, time_ns, memoryview(data)[start:end], original)

    def _plain(self, data: bytes, offset: int) -> tuple[Endpoint, Endpoint, str]:
        """Make and keep the ends of a datagram that is in no tunnel."""
        source, destination = _text4(data[offset + 12 : offset + 16]), _text4(data[offset + 16 : offset + 20])
        ports = struct.unpack_from("!HH", data, offset + 20)
        return self._named(data[offset + 12 : offset + 24], (source, destination), ports, ())

    def _named(
        self, key: object, ends: Ends, ports: tuple[int, ...], around: tuple[Ends, ...]
    ) -> tuple[Endpoint, Endpoint, str]:
        if len(self._ends) >= _MOST_ENDS:
            self._ends.clear()
        made = (
            Endpoint(ends[0], ports[0], "udp"),
            Endpoint(ends[1], ports[1], "udp"),
            _outer((*around, ends)),
        )
        self._ends[key] = made
        return made

    def _sip(
        self, raw: bytes, ends: tuple[Endpoint, Endpoint, str], ident: int, encapsulation: tuple[str, ...], dscp: int
    ) -> None:
        frame, interface, time_ns, _, start, end, original = self._step
        source, destination, outer = ends
        self.seen.append(
            Seen(
                Sighting(self._capture, frame, time_ns, self._point, source, destination, encapsulation, 0, dscp),
                raw,
                "SIP",
                interface,
                outer,
                ident,
                self._many,
                "",
                original > end - start and not is_whole(raw),
            )
        )

    def _packet(self, offset: int, end: int, around: tuple[Ends, ...], tunnels: tuple[str, ...]) -> int:
        """Look at an IP packet; `around` are the addresses of the packets that it is in."""
        data = self._step[3]
        version = data[offset] >> 4 if offset < end else 0
        if version == 4 and end - offset >= 20:
            first, total, ident, fragment, protocol, source, destination = _V4_HEAD(data, offset)
            inside = offset + (first & 15) * 4
            ends = (_text4(source), _text4(destination))
            is_fragment = bool(fragment & 0x3FFF)
            tos = data[offset + 1]
        elif version == 6 and end - offset >= 40:
            length, protocol, source, destination = _V6_HEAD(data, offset)
            inside, total, ident = offset + 40, length + 40, 0
            ends = (_text6(source), _text6(destination))
            is_fragment = protocol == _FRAGMENT
            tos = (data[offset] << 4 | data[offset + 1] >> 4) & 0xFF
        else:
            return _TSHARK
        self._tos = (self._tos[0] if around else tos, tos)
        stop = offset + total
        is_cut = self._step[6] > self._step[5] - self._step[4]
        if inside > end or stop < inside or (stop > end and not is_cut):
            return _TSHARK
        stop = min(stop, end)
        if is_fragment:
            key = (source, destination, ident, fragment if version == 4 else 0, protocol, _mark(data[inside:stop]))
            return self._carried(key, (*around, ends), tunnels, ident)
        if protocol == _UDP:
            return self._datagram(inside, stop, (*around, ends), tunnels, ident)
        if protocol == _TCP and stop - inside >= 20:
            source_port, destination_port, sequence, words = _TCP_HEAD(data, inside)
            content = data[inside + (words >> 4) * 4 : stop]
            self.cut_segments += is_cut
            if content:
                key = (source, destination, source_port, destination_port, sequence, _mark(content))
                return self._carried(key, (*around, ends), tunnels, ident)
        elif protocol == _SCTP:
            return self._carried((source, destination, _mark(data[inside:stop])), (*around, ends), tunnels, ident)
        elif protocol in (_ICMP, _ICMP6):
            self.left_out["icmp" if protocol == _ICMP else "icmpv6"] += 1  # it quotes packets and carries none
            return _TAKEN
        return _TSHARK

    def _datagram(self, offset: int, end: int, chain: tuple[Ends, ...], tunnels: tuple[str, ...], ident: int) -> int:
        data = self._step[3]
        if end - offset < 8:
            return _TSHARK
        source, destination, length = _UDP_HEAD(data, offset)
        is_cut = self._step[6] > self._step[5] - self._step[4]
        if length < 8 or (offset + length > end and not is_cut) or offset + length < end:
            return _TSHARK
        payload = data[offset + 8 : min(offset + length, end)]
        if destination == DISCARD and payload.startswith(MARKER):
            return _TAKEN
        if GTP_USER in (source, destination) and payload[:1] and payload[0] >> 4 == 3:
            inside = _gtp_user_packet(payload)
            if not inside or len(tunnels) >= 2:
                return _TSHARK
            return self._packet(offset + 8 + inside, end, chain, (*tunnels, "gtp"))
        if looks_like_sip(payload):
            key = (chain, source, destination)
            ends = self._ends.get(key) or self._named(key, chain[-1], (source, destination), chain[:-1])
            self._sip(payload, ends, ident, tunnels, self._tos[1] >> 2)
            return _TAKEN
        if (self._point is Point.VPN or OPENVPN in (source, destination)) and self._outside(
            payload, Endpoint(chain[-1][0], source, "udp"), Endpoint(chain[-1][1], destination, "udp")
        ):
            return _TAKEN
        if not payload.strip(b"\r\n\0"):
            self.left_out["keep-alive"] += 1  # RFC 5626 3.5.1, and what terminals send in its stead
            return _TAKEN
        if (
            len(payload) >= 12
            and payload[0] & 0xC0 == _VERSION_2
            and min(source, destination) > 1023
            and not {source, destination} & NEVER_MEDIA
            and not like_dns(payload, 0)
        ):
            self._media(offset, payload, chain, (source, destination))
            if not self._all_else:
                self.left_out["rtcp" if 200 <= payload[1] <= 207 else "rtp"] += 1
                return _TAKEN
        return _TSHARK

    def _media(self, offset: int, payload: bytes, chain: tuple[Ends, ...], ports: Ports) -> None:
        """Count what looks like RTP, read what looks like RTCP."""
        frame, interface, time_ns, data = self._step[:4]
        if 200 <= payload[1] <= 207:
            self.media.rtcp.read(payload, Endpoint(chain[-1][0], ports[0], "udp"), frame)
        else:
            packed = tuple((_packed(source), _packed(destination)) for source, destination in chain)
            self.media.take(data, offset + 20, interface, packed, self._tos, frame, time_ns)

    def _outside(self, payload: bytes, source: Endpoint, destination: Endpoint) -> bool:
        """Tell whether a datagram is one of OpenVPN; if so, it is counted."""
        taken = self.vpn.take(payload, source, destination, self._point, self._step[0], self._step[2], self._tos[1])
        self.left_out["openvpn"] += taken
        return taken

    def _carried(self, key: tuple[object, ...], chain: tuple[Ends, ...], tunnels: tuple[str, ...], ident: int) -> int:
        """Tell whether a segment or fragment is a copy of one that tshark got; if so, keep where it was seen.

        Wireshark knows connections by their addresses and not by where they were captured. It takes the copy for a
        retransmission and shows nothing of what it carries.
        """
        frame, interface, time_ns = self._step[:3]
        here = Copy(frame, time_ns, interface, tunnels, _outer(chain), ident, self._tos[1] >> 2)
        first = self._recent.get(key)
        if first is not None and self._is_copy(first, here):
            self._reduced.copies.setdefault(first.frame, []).append(here)
            return _TAKEN
        self._recent[key] = here
        self._order.append(key)
        while len(self._order) > _MOST_RECENT:
            self._recent.pop(self._order.popleft(), None)
        return _TSHARK

    def _is_copy(self, first: Copy, here: Copy) -> bool:
        age = here.time_ns - first.time_ns
        if not 0 <= age <= COPY_WINDOW_NS or first.ip_id != here.ip_id:
            return False
        copies = self._reduced.copies.get(first.frame, ())
        if len(copies) >= _MOST_COPIES:
            return False
        places = {(one.interface, one.encapsulation, one.outer) for one in copies}
        places.add((first.interface, first.encapsulation, first.outer))
        if (here.interface, here.encapsulation, here.outer) not in places:
            return True
        return self._many and bool(here.ip_id) and age <= SAME_PLACE_WINDOW_NS


def _gtp_user_packet(raw: bytes) -> int:
    """Return where the packet of a G-PDU begins (3GPP TS 29.281 5.1 and 5.2), 0 where it is none or not well formed."""
    if len(raw) < 8 or raw[1] != 0xFF or not raw[0] & 0x10:
        return 0
    if int.from_bytes(raw[2:4]) + 8 > len(raw):
        return 0
    if not raw[0] & 0x07:
        return 8
    if len(raw) < 12:
        return 0
    following, position = raw[11] if raw[0] & 0x04 else 0, 12
    for _ in range(_MOST_EXTENSIONS):
        if not following:
            return position
        length = raw[position] * 4 if position < len(raw) else 0
        if not length or position + length > len(raw):
            return 0
        following, position = raw[position + length - 1], position + length
    return 0


def _mark(octets: bytes) -> bytes:
    """Return what is compared in the place of octets: thousands of packets are remembered at the same time."""
    return octets if len(octets) <= _SHORT else blake2b(octets, digest_size=16).digest()


@lru_cache(maxsize=4096)
def _packed(address: str) -> bytes:
    return ip_address(address).packed


def _text4(address: bytes) -> str:
    return ".".join(map(str, address))


def _text6(address: bytes) -> str:
    return str(IPv6Address(address))


def _outer(chain: tuple[Ends, ...]) -> str:
    """Return all addresses as `tap.lua` writes them: those of IPv4 in front of those of IPv6."""
    ordered = sorted(chain, key=lambda ends: ":" in ends[0])
    return f"{','.join(ends[0] for ends in ordered)}>{','.join(ends[1] for ends in ordered)}"
