"""What tshark does not tell of a pcapng file: interface names, lost packets, and the interface of each frame.

Block layout: the IETF draft on the pcapng capture file format (opsawg-pcapng). Of a classic pcap file nothing
is known but that it is one.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

SECTION = 0x0A0D0D0A
INTERFACE = 1
PACKET_OBSOLETE = 2
SIMPLE_PACKET = 3
INTERFACE_STATISTICS = 5
ENHANCED_PACKET = 6
IF_NAME = 2
ISB_IFDROP = 5
LARGEST_BLOCK = 64 * 1024 * 1024


@dataclass(slots=True)
class Interface:
    """One interface of a capture."""

    name: str
    packets: int = 0
    drops: int | None = None
    """`isb_ifdrop` of the last statistics block, which counts from the start; None without one."""


@dataclass(slots=True)
class Interfaces:
    """The interfaces of a capture file, over all its sections."""

    all: list[Interface] = field(default_factory=list)
    of_frame: array[int] = field(default_factory=lambda: array("H"))
    """Index into `all` by frame number - 1; empty where the file is no pcapng."""

    def index(self, frame: int) -> int:
        """Return the index of the interface of a frame; 0 where the file does not say."""
        return self.of_frame[frame - 1] if 0 < frame <= len(self.of_frame) else 0

    def name(self, frame: int) -> str:
        """Return the name of the interface of a frame; empty where the file does not say."""
        index = self.index(frame)
        return self.all[index].name if index < len(self.all) else ""

    @property
    def drops(self) -> int | None:
        """Lost packets of all interfaces; None where one that has packets does not say, or none is known."""
        used = [interface for interface in self.all if interface.packets or interface.drops is not None]
        counts = [interface.drops for interface in used]
        if not counts or None in counts:
            return None
        return sum(count for count in counts if count is not None)


def read_interfaces(stream: BinaryIO) -> Interfaces:
    """Read interfaces and their statistics.

    Args:
        stream: A capture file from its first byte.

    Returns:
        What was found up to the end, or up to the first block that is not whole; nothing where the file is
        no pcapng. tshark reports what is wrong with a file, so nothing is reported here.
    """
    found = Interfaces()
    first = order = 0  # first interface of the section; byte order
    orders = "<>"
    for kind, body, order in _blocks(stream):
        unpack = orders[order]
        if kind == SECTION:
            first = len(found.all)
        elif kind == INTERFACE:
            name = next((content for code, content in _options(body[8:], unpack) if code == IF_NAME), b"")
            found.all.append(Interface(name.decode("utf-8", "replace")))
        elif kind in (ENHANCED_PACKET, PACKET_OBSOLETE, SIMPLE_PACKET):
            index = first
            if kind == ENHANCED_PACKET and len(body) >= 4:
                index += struct.unpack_from(unpack + "I", body)[0]
            elif kind == PACKET_OBSOLETE and len(body) >= 2:
                index += struct.unpack_from(unpack + "H", body)[0]
            if index >= min(len(found.all), 65536):
                return found
            found.of_frame.append(index)
            found.all[index].packets += 1
        elif kind == INTERFACE_STATISTICS and len(body) >= 12:
            index = first + struct.unpack_from(unpack + "I", body)[0]
            for code, content in _options(body[12:], unpack):
                if code == ISB_IFDROP and len(content) == 8 and index < len(found.all):
                    found.all[index].drops = struct.unpack(unpack + "Q", content)[0]
    return found


def _blocks(stream: BinaryIO) -> Iterator[tuple[int, bytes, int]]:
    """Yield type, body and byte order (0 little, 1 big) of each whole block; nothing where it is no pcapng."""
    order = 0
    begun = False
    while len(head := stream.read(8)) == 8:
        if head[:4] == b"\x0a\x0d\x0d\x0a":
            magic = stream.read(4)
            if magic not in (b"\x4d\x3c\x2b\x1a", b"\x1a\x2b\x3c\x4d"):
                return
            order = int(magic == b"\x1a\x2b\x3c\x4d")
            begun, taken = True, 12
        elif not begun:
            return
        else:
            taken = 8
        kind, length = struct.unpack("<>"[order] + "II", head)
        if length % 4 or not 12 <= length <= LARGEST_BLOCK or length - taken < 4:
            return
        body = stream.read(length - taken)
        if len(body) < length - taken:
            return
        yield kind, body[:-4], order


def _options(raw: bytes, unpack: str) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + 4 <= len(raw):
        code, length = struct.unpack_from(unpack + "HH", raw, position)
        if code == 0 or position + 4 + length > len(raw):
            return
        yield code, raw[position + 4 : position + 4 + length]
        position += 4 + length + (-length % 4)
