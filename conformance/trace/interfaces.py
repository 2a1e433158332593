"""What tshark does not tell of a pcapng file: interface names, lost packets, and the interface of each frame.

Of a classic pcap file nothing is known but that it is one.
"""

from __future__ import annotations

import struct
from array import array
from contextlib import suppress
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from conformance.pcapng.blocks import (
    ENHANCED_PACKET,
    INTERFACE_DESCRIPTION,
    INTERFACE_STATISTICS,
    PACKET_OBSOLETE,
    SECTION_HEADER,
    SIMPLE_PACKET,
    BadBlock,
    BlockSplitter,
)
from conformance.pcapng.contents import read_interface, read_statistics

_PIECE: Final = 1 << 17
"""Octets read at once: few enough to stay in the processor's cache, which shows with half a million packets."""
_MAX_INTERFACES: Final = 65_536
"""As many as `Interfaces.of_frame` can number."""
_PACKETS: Final = frozenset((ENHANCED_PACKET, PACKET_OBSOLETE, SIMPLE_PACKET))
_NUMBERS: Final = {
    order: {
        ENHANCED_PACKET: struct.Struct(order + "I").unpack_from,
        PACKET_OBSOLETE: struct.Struct(order + "H").unpack_from,
    }
    for order in "<>"
}
"""What reads the interface number at the beginning of a packet block, by byte order and type of block."""


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
    with suppress(BadBlock):
        _read(stream, found)
    return found


def _read(stream: BinaryIO, found: Interfaces) -> None:
    splitter = BlockSplitter()
    interfaces, add_frame = found.all, found.of_frame.append
    first = 0  # first interface of the section
    numbers = _NUMBERS["<"]
    while piece := stream.read(_PIECE):
        for kind, body in splitter.feed(piece):
            if kind in _PACKETS:
                read = numbers.get(kind)
                index = first + read(body)[0] if read and body else first
                if index >= min(len(interfaces), _MAX_INTERFACES):
                    return
                add_frame(index)
                interfaces[index].packets += 1
            elif kind == INTERFACE_DESCRIPTION:
                interfaces.append(Interface(read_interface(body, len(interfaces), splitter.order).name))
            elif kind == INTERFACE_STATISTICS:
                said = read_statistics(body, splitter.order)
                index = first + said.interface
                if said.dropped is not None and index < len(interfaces):
                    interfaces[index].drops = said.dropped
            elif kind == SECTION_HEADER:
                first = len(interfaces)
                numbers = _NUMBERS[splitter.order]
