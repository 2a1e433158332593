"""Packets taken apart down to what they carry, and put together again with lengths and checksums right.

IPv4 with UDP and TCP, GTP-U or ESP without encryption around them, fragments. All else keeps its headers at most: ARP
is shown, of ICMP the headers that it quotes, of encrypted ESP the SPI and the sequence number, of IPv6 the addresses.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from conformance.faults.frames import Frame, internet_checksum, join_frame, split_frame
from conformance.vocabulary.errors import BadInput

_GTP_U: Final = 2152
_G_PDU: Final = 255
_ETHERNET: Final = 14
_ARP, _IPV4, _IPV6 = b"\x08\x06", b"\x08\x00", b"\x86\xdd"
_ARP_OCTETS: Final = 28
_ICMP, _ESP, _UDP, _TCP = 1, 50, 17, 6
_ESP_HEADER: Final = 8
_ESP_CHECK: Final = 12
_NO_NEXT_HEADER: Final = 59
_MORE_FRAGMENTS: Final = 0x2000
_OFFSET: Final = 0x1FFF


@dataclass
class Datagram:
    """A UDP datagram or TCP segment, wherever it was found; `payload` may be changed, its length may not."""

    frame: Frame
    number: int
    """Frame number, that of the last fragment."""
    place: tuple[object, ...]
    """Interface and tunnels: what was seen at another place is another sighting."""
    payload: bytes
    inner: Packet | None = None
    """What a tunnel carries."""
    inner_at: int = 0

    def rebuild(self) -> bytes | None:
        """Return the octets of the frame; None where nothing changed: a wrong checksum stays as it was captured."""
        payload = self.payload
        if self.inner is not None:
            packet = self.inner.rebuild()[_ETHERNET:]
            payload = payload[: self.inner_at] + packet
        if payload == self.frame.payload:
            return None
        return join_frame(Frame(self.frame.ethernet, self.frame.ip, self.frame.transport, payload))


@dataclass
class Packet:
    """One frame with what is in it."""

    data: bytes
    number: int
    place: tuple[object, ...]
    datagram: Datagram | None = None
    fragment: tuple[FragmentedDatagram, int] | None = None
    """The datagram that it is a part of, and where."""
    protected: Datagram | None = None
    """What ESP carries without encryption, as if there were no ESP."""

    def rebuild(self) -> bytes:
        """Return the octets, as many as there were; behind the packet there are zeros."""
        if self.fragment is not None:
            whole, offset = self.fragment
            header = _ETHERNET + (self.data[_ETHERNET] & 15) * 4
            (total,) = struct.unpack_from("!H", self.data, _ETHERNET + 2)
            size = _ETHERNET + total - header
            return _padded(self.data[:header] + whole.rebuilt()[offset : offset + size], len(self.data))
        if self.protected is not None:
            return self._rebuild_esp(self.protected)
        if self.datagram is None:
            return _bare(self.data)
        (total,) = struct.unpack_from("!H", self.data, _ETHERNET + 2)
        return _padded(self.datagram.rebuild() or self.data[: _ETHERNET + total], len(self.data))

    def _rebuild_esp(self, protected: Datagram) -> bytes:
        begin = _ETHERNET + len(protected.frame.ip)
        built = protected.rebuild()
        if built is None:
            built = join_frame(protected.frame)
        end = _ESP_HEADER + len(built)
        size = self.data[_ETHERNET + int.from_bytes(self.data[16:18], "big") - _ESP_CHECK - 2]
        padding = self.data[end : end + size + 2]
        # The check value is one of the octets as they were; nobody can make another one, and none is shown.
        return _padded(self.data[: begin + _ESP_HEADER] + built[begin:] + padding, len(self.data))


@dataclass
class FragmentedDatagram:
    """A datagram that came in fragments (RFC 791 3.2)."""

    parts: list[tuple[int, bytes, bool, Packet]] = field(default_factory=list)
    datagram: Datagram | None = None

    def add(self, packet: Packet) -> bool:
        """Take a fragment; return whether the datagram is whole now."""
        (flags,) = struct.unpack_from("!H", packet.data, _ETHERNET + 6)
        header = _ETHERNET + (packet.data[_ETHERNET] & 15) * 4
        (total,) = struct.unpack_from("!H", packet.data, _ETHERNET + 2)
        octets = packet.data[header : _ETHERNET + total]
        self.parts.append(((flags & _OFFSET) * 8, octets, bool(flags & _MORE_FRAGMENTS), packet))
        return self._whole() is not None

    def _whole(self) -> bytes | None:
        data = b""
        for offset, octets, more, _ in sorted(self.parts, key=lambda part: part[0]):
            if offset != len(data):
                return None
            data += octets
            if not more:
                return data
        return None

    def open(self, number: int, place: tuple[object, ...]) -> Datagram | None:
        """Return the datagram, and tell each fragment that it is a part of it."""
        data = self._whole()
        first = min(self.parts, key=lambda part: part[0])[3].data
        header = bytearray(first[: _ETHERNET + (first[_ETHERNET] & 15) * 4])
        if data is None or len(data) + len(header) > 0xFFFF:
            return None
        struct.pack_into("!H", header, _ETHERNET + 2, len(header) - _ETHERNET + len(data))
        struct.pack_into("!H", header, _ETHERNET + 6, 0)
        self.datagram = _open_datagram(bytes(header) + data, number, place)
        if self.datagram is not None:
            for offset, _, _, packet in self.parts:
                packet.fragment = (self, offset)
        return self.datagram

    def rebuilt(self) -> bytes:
        """Return what is behind the IP header, as one."""
        assert self.datagram is not None
        frame, built = self.datagram.frame, self.datagram.rebuild()
        return frame.transport + frame.payload if built is None else built[_ETHERNET + len(frame.ip) :]


class Opener:
    """Takes the packets of one capture apart, in their order."""

    def __init__(self) -> None:
        self._fragments: dict[tuple[object, ...], FragmentedDatagram] = {}

    def open(self, data: bytes, number: int, place: tuple[object, ...]) -> Iterator[Packet | Datagram]:
        """Yield the packet, then the datagrams in it, outermost first.

        Args:
            data: an Ethernet frame.
            number: its number.
            place: where it was seen.
        """
        packet = Packet(data, number, place)
        yield packet
        if data[12:14] != _IPV4 or len(data) < _ETHERNET + 20 or not _is_whole(data):
            return
        (flags,) = struct.unpack_from("!H", data, _ETHERNET + 6)
        if flags & (_MORE_FRAGMENTS | _OFFSET):
            key = (place, data[26:34], data[18:20], data[23])
            group = self._fragments.setdefault(key, FragmentedDatagram())
            if group.add(packet):
                del self._fragments[key]
                found = group.open(number, place)
                if found is not None:
                    yield from self._with_inside(found)
            return
        if data[23] == _ESP:
            packet.protected = _open_esp(data, number, place)
            if packet.protected is not None:
                yield packet.protected
            return
        packet.datagram = _open_datagram(data, number, place)
        if packet.datagram is not None:
            yield from self._with_inside(packet.datagram)

    def _with_inside(self, outer: Datagram) -> Iterator[Packet | Datagram]:
        inside = list(self._inside(outer))  # whether it is a tunnel has to be known first
        yield outer
        yield from inside

    def _inside(self, outer: Datagram) -> Iterator[Packet | Datagram]:
        """Yield what a GTP-U packet carries (3GPP TS 29.281 5.1)."""
        if outer.frame.is_tcp or _GTP_U not in (outer.frame.source[1], outer.frame.destination[1]):
            return
        payload = outer.payload
        if len(payload) < 8 or payload[0] & 0xF0 != 0x30 or payload[1] != _G_PDU:
            return
        at = 8
        if payload[0] & 0x07:  # sequence number, N-PDU number, type of the first extension header
            if len(payload) < 12:
                return
            at, following = 12, payload[11]
            while payload[0] & 0x04 and following:
                size = payload[at] * 4 if at < len(payload) else 0
                if not size or at + size > len(payload):
                    return
                at, following = at + size, payload[at + size - 1]
        found = list(self.open(outer.frame.ethernet + payload[at:], outer.number, (*outer.place, payload[4:8])))
        inner = found[0]
        assert isinstance(inner, Packet)
        if inner.data[12:14] == _IPV4 and len(inner.data) >= _ETHERNET + 20 and inner.data[_ETHERNET] >> 4 == 4:
            outer.inner, outer.inner_at = inner, at
            yield from found[1:]


def _is_whole(data: bytes) -> bool:
    (total,) = struct.unpack_from("!H", data, _ETHERNET + 2)
    header = (data[_ETHERNET] & 15) * 4
    return data[_ETHERNET] >> 4 == 4 and 20 <= header <= total <= len(data) - _ETHERNET


def _open_datagram(data: bytes, number: int, place: tuple[object, ...]) -> Datagram | None:
    try:
        frame = split_frame(data)
        need = 20 if frame.is_tcp else 8
        if len(frame.transport) < need:
            return None
    except (BadInput, struct.error, IndexError):
        return None
    if not frame.is_tcp and struct.unpack_from("!H", frame.transport, 4)[0] != 8 + len(frame.payload):
        return None
    return Datagram(frame, number, place, frame.payload)


def _open_esp(data: bytes, number: int, place: tuple[object, ...]) -> Datagram | None:
    """Return what ESP carries without encryption and with a check value of 96 bits (RFC 4303, RFC 2410), else None."""
    header = _ETHERNET + (data[_ETHERNET] & 15) * 4
    (total,) = struct.unpack_from("!H", data, _ETHERNET + 2)
    content = data[header + _ESP_HEADER : _ETHERNET + total - _ESP_CHECK]
    if len(content) < 10 or content[-1] not in (_UDP, _TCP):
        return None
    size = content[-2]
    if content[-2 - size : -2] != bytes(range(1, size + 1)):
        return None
    plain = content[: len(content) - 2 - size]
    ip = bytearray(data[_ETHERNET:header])
    ip[9] = content[-1]
    struct.pack_into("!H", ip, 2, len(ip) + len(plain))
    return _open_datagram(data[:_ETHERNET] + bytes(ip) + plain, number, place)


def _padded(data: bytes, size: int) -> bytes:
    return data + bytes(size - len(data))


def _bare(data: bytes) -> bytes:
    """Return a packet of another kind with no more than its headers."""
    kind = data[12:14]
    if kind == _ARP:
        return _padded(data[: _ETHERNET + _ARP_OCTETS], len(data))
    if kind == _IPV6 and len(data) >= _ETHERNET + 40:
        head = bytearray(data[: _ETHERNET + 40])
        head[_ETHERNET + 6] = _NO_NEXT_HEADER
        return _padded(bytes(head), len(data))
    if kind != _IPV4 or len(data) < _ETHERNET + 20 or data[_ETHERNET] >> 4 != 4:
        return _padded(data[:_ETHERNET], len(data))
    begin = _ETHERNET + (data[_ETHERNET] & 15) * 4
    if data[23] == _ICMP and _is_whole(data) and len(data) >= begin + 8:
        (total,) = struct.unpack_from("!H", data, _ETHERNET + 2)
        return _padded(data[:begin] + _icmp(data[begin : _ETHERNET + total]), len(data))
    kept = {_ESP: _ESP_HEADER, _UDP: 8, _TCP: 20}.get(data[23], 0)
    out = bytearray(_padded(data[: begin + kept], len(data)))
    if data[23] == _UDP and len(out) >= begin + 8:
        out[begin + 6 : begin + 8] = bytes(2)  # RFC 768: no checksum
    return bytes(out)


def _icmp(message: bytes) -> bytes:
    """Return an ICMP message with the headers that it quotes, and nothing behind them (RFC 792)."""
    quoted = message[8:]
    quotes = message[0] in (3, 4, 5, 11, 12) and len(quoted) >= 20 and quoted[0] >> 4 == 4
    kept = (quoted[0] & 15) * 4 + 8 if quotes else 0
    built = bytearray(_padded(message[: 8 + kept], len(message)))
    struct.pack_into("!H", built, 2, 0)
    struct.pack_into("!H", built, 2, internet_checksum(bytes(built)))
    return bytes(built)
