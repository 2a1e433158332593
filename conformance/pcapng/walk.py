"""Walks over the packets of a capture file, pcap or pcapng, as fast as Python can: no object a packet.

What is not wanted is told by patterns, and costs less than half of what is handed out.

It reads what libpcap and Wireshark write: both byte orders, micro- and nanoseconds, any clock of an interface, several
sections, and enhanced, simple and obsolete packet blocks. A file with anything else in it raises `BadBlock`, because a
frame number counts only if it is the one that Wireshark gives.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final

from conformance.pcapng.blocks import (
    BYTE_ORDER_MAGIC,
    DECRYPTION_SECRETS,
    ENHANCED_PACKET,
    INTERFACE_DESCRIPTION,
    INTERFACE_STATISTICS,
    LONGEST_BLOCK,
    NAME_RESOLUTION,
    PACKET_OBSOLETE,
    SECTION_HEADER,
    SIMPLE_PACKET,
    BadBlock,
    Order,
)
from conformance.pcapng.contents import Interface, read_interface, read_statistics

LONGEST_PACKET: Final = 262_144
"""Octets of a packet beyond which Wireshark calls a file damaged."""
_PIECE: Final = 1 << 16
_SECOND: Final = 1_000_000_000
_MAX_INTERFACES: Final = 65_536
_FINEST_CLOCK: Final = 19
"""Digits of a second in 64 bits."""
_PCAP: Final[dict[bytes, tuple[Order, int]]] = {
    b"\xd4\xc3\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
    b"\xa1\xb2\x3c\x4d": (">", 1),
}
"""Byte order and nanoseconds of a tick by the first octets."""
_BEHIND: Final = bytes(16)
_PCAPNG: Final = SECTION_HEADER.to_bytes(4, "big")
_PASSED_OVER: Final = frozenset((NAME_RESOLUTION, INTERFACE_STATISTICS, DECRYPTION_SECRETS))

Step = tuple[int, int, int, bytes, int, int, int]
"""Number of the frame, index of the interface, time in nanoseconds since 1970, a buffer, where in it the packet begins
and ends, and the octets that the packet had on the wire."""


@dataclass(slots=True)
class WalkedInterface:
    """One interface of the file, numbered over all sections."""

    name: str
    """`if_name`; empty where there is none."""
    link_type: int
    packets: int = 0
    drops: int | None = None
    """`isb_ifdrop` of the last statistics block; None without one."""


Noted = Callable[[int, int, bytes, int, int], None]
"""Gets a packet that is not wanted: number of the frame, time in nanoseconds since 1970, a buffer, where in it the
packet begins, and where that ends which the pattern is about."""
_Matcher = Callable[[bytes, int, int], re.Match[bytes] | None]
_Clock = tuple[WalkedInterface, _Matcher | None, Noted, bool, int, int, int]
"""Of one interface: its counters, what tells that a packet is not wanted and where it goes, whether its ticks are
something else than nanoseconds since 1970, and what makes these of them: factor, divisor, offset."""


class Walk:
    """The packets of one file, once. What stands beside the packets is complete when the walk is.

    Args:
        stream: The file from its first octet, not compressed.
        unwanted: By link type, what packets look like that are counted and not handed out.
    """

    def __init__(self, stream: BinaryIO, unwanted: Mapping[int, re.Pattern[bytes]] | None = None) -> None:
        self.frames = 0
        self.passed_over = 0
        """Packets that were not wanted."""
        self.interfaces: list[WalkedInterface] = []
        self.is_pcapng = False
        self.is_cut = False
        """The file ends in the middle of a packet or block."""
        self.without_time = 0
        """Packets whose block has no time; they are given that of the packet before."""
        self.secrets: list[bytes] = []
        """Bodies of decryption secrets blocks, little-endian."""
        self._stream = stream
        self._unwanted = unwanted or {}
        self._noted: Callable[[int], Noted] = lambda _: _pass_over
        self._order: Order = "<"
        self._first = 0
        self._described: list[Interface] = []
        self._clocks: list[_Clock] = []

    def steps(self, noted: Callable[[int], Noted] | None = None) -> Iterator[Step]:
        """Return the packets in the order of the file.

        Args:
            noted: Gives what is called with each packet that is not wanted, by the index of its interface.

        Raises:
            BadBlock: The file is of another kind, or damaged. The packets before have been yielded.
        """
        self._noted = noted or self._noted
        begin = self._stream.read(4)
        if begin in _PCAP:
            return self._pcap(*_PCAP[begin])
        if begin != _PCAPNG:
            raise BadBlock("neither pcap nor pcapng")
        self.is_pcapng = True
        return self._pcapng(begin)

    def _pcap(self, order: Order, tick_ns: int) -> Iterator[Step]:
        header = self._stream.read(20)
        if len(header) < 20:
            raise BadBlock("a header that is not whole")
        major, minor, _, _, _, link_type = struct.unpack(order + "HHiIII", header)
        if (major, minor) != (2, 4) or link_type >> 16:
            raise BadBlock("another version, or frames with check sequences")
        interface = WalkedInterface("", link_type)
        self.interfaces.append(interface)
        noted = self._noted(0)
        head = struct.Struct(order + "IIII").unpack_from
        pattern = self._unwanted.get(link_type)
        is_unwanted = pattern.match if pattern else None
        data, position, frame, passed_over = b"", 0, 0, 0
        try:
            while piece := self._stream.read(_PIECE):
                data, position = data[position:] + piece, 0
                end = len(data)
                while position + 16 <= end:
                    seconds, fraction, captured, original = head(data, position)
                    if captured > LONGEST_PACKET or captured > original:
                        raise BadBlock(f"a packet of {captured} octets that had {original}")
                    start = position + 16
                    following = start + captured
                    if following > end:
                        break
                    frame += 1
                    time_ns = seconds * _SECOND + fraction * tick_ns
                    if is_unwanted is not None and (found := is_unwanted(data, start, following)):
                        passed_over += 1
                        noted(frame, time_ns, data, start, found.end())
                    else:
                        yield frame, 0, time_ns, data, start, following, original
                    position = following
            self.is_cut = position < len(data)
        finally:
            self.frames = interface.packets = frame
            self.passed_over = passed_over

    def _pcapng(self, data: bytes) -> Iterator[Step]:
        position, end, wanted = 0, len(data), 12
        frame = passed_over = last_ns = first = 0
        clocks = self._clocks
        head = struct.Struct("<II").unpack_from
        packet = struct.Struct("<IIIIIII").unpack_from
        try:
            while piece := self._stream.read(max(_PIECE, wanted)):
                # Behind the last block there may be less than the head of a packet.
                data, position = data[position:end] + piece + _BEHIND, 0
                end = len(data) - len(_BEHIND)
                while position + 12 <= end:
                    kind, wanted, index, high, low, captured, original = packet(data, position)
                    if kind == SECTION_HEADER:
                        self._section(data, position)
                        first = self._first
                        head = struct.Struct(self._order + "II").unpack_from
                        packet = struct.Struct(self._order + "IIIIIII").unpack_from
                        wanted = head(data, position)[1]
                    if wanted & 3 or not 12 <= wanted <= LONGEST_BLOCK:
                        raise BadBlock(f"a block of {wanted} octets")
                    following = position + wanted
                    if following > end:
                        break
                    start = position + 28
                    if kind != ENHANCED_PACKET:
                        if kind == PACKET_OBSOLETE:
                            index = struct.unpack_from(self._order + "H", data, position + 8)[0]
                        elif kind == SIMPLE_PACKET:
                            index, captured, original = self._simple(data, position, wanted)
                            start = position + 12
                        else:
                            self._beside(kind, data[position + 8 : following - 4])
                            position, wanted = following, 12
                            continue
                    if index >= len(clocks) or captured > LONGEST_PACKET or start + captured > following - 4:
                        raise BadBlock(f"a packet of {captured} octets of interface {index} in a block of {wanted}")
                    frame += 1
                    counts, is_unwanted, noted, is_scaled, factor, divisor, offset_ns = clocks[index]
                    counts.packets += 1
                    if kind == SIMPLE_PACKET:
                        self.without_time += 1
                    else:
                        last_ns = high << 32 | low
                        if is_scaled:
                            last_ns = last_ns * factor // divisor + offset_ns
                    if is_unwanted is not None and (found := is_unwanted(data, start, start + captured)):
                        passed_over += 1
                        noted(frame, last_ns, data, start, found.end())
                    else:
                        yield frame, first + index, last_ns, data, start, start + captured, original
                    position, wanted = following, 12
            self.is_cut = position < end
        finally:
            self.frames, self.passed_over = frame, passed_over

    def _section(self, data: bytes, position: int) -> None:
        magic = data[position + 8 : position + 12]
        if magic == BYTE_ORDER_MAGIC.to_bytes(4, "little"):
            self._order = "<"
        elif magic == BYTE_ORDER_MAGIC.to_bytes(4, "big"):
            self._order = ">"
        else:
            raise BadBlock("a section header without byte-order magic")
        self._first = len(self.interfaces)
        self._described.clear()
        self._clocks.clear()

    def _interface(self, body: bytes) -> None:
        if len(self.interfaces) >= _MAX_INTERFACES:
            raise BadBlock(f"more than {_MAX_INTERFACES} interfaces")
        found = read_interface(body, len(self._described), self._order)
        walked = WalkedInterface(found.name, found.link_type)
        self._described.append(found)
        self.interfaces.append(walked)
        exponent = found.resolution & 0x7F
        factor, divisor = _SECOND, 1
        if found.resolution & 0x80:
            divisor = 1 << exponent
        elif exponent <= 9:
            factor = 10 ** (9 - exponent)
        elif exponent <= _FINEST_CLOCK:
            factor, divisor = 1, 10 ** (exponent - 9)
        else:
            raise BadBlock(f"a clock of 10^-{exponent} s")
        pattern = self._unwanted.get(found.link_type)
        is_unwanted = pattern.match if pattern else None
        noted = self._noted(len(self.interfaces) - 1)
        offset_ns = found.offset_s * _SECOND
        is_scaled = (factor, divisor, offset_ns) != (1, 1, 0)
        self._clocks.append((walked, is_unwanted, noted, is_scaled, factor, divisor, offset_ns))

    def _simple(self, data: bytes, position: int, wanted: int) -> tuple[int, int, int]:
        if wanted < 16 or not self._described:
            raise BadBlock("a simple packet block that nothing describes")
        (original,) = struct.unpack_from(self._order + "I", data, position + 8)
        snap_length = self._described[0].snap_length or original
        return 0, min(original, snap_length, wanted - 16), original

    def _beside(self, kind: int, body: bytes) -> None:
        """Take a block that is no packet, or raise where Wireshark could count it as a frame."""
        if kind == INTERFACE_DESCRIPTION:
            self._interface(body)
        elif kind == INTERFACE_STATISTICS:
            said = read_statistics(body, self._order)
            if said.dropped is not None and said.interface < len(self._described):
                self.interfaces[self._first + said.interface].drops = said.dropped
        elif kind == DECRYPTION_SECRETS:
            if len(body) >= 8:
                what, length = struct.unpack_from(self._order + "II", body)
                self.secrets.append(struct.pack("<II", what, length) + body[8:])
        elif kind != SECTION_HEADER and kind not in _PASSED_OVER:
            raise BadBlock(f"a block of type {kind}")


def _pass_over(*_: object) -> None:
    """Take no notice of a packet that is not wanted."""
