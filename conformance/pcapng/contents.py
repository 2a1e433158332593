"""What the blocks of one section say: interfaces, packets with their times, and losses."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from conformance.pcapng.blocks import (
    ENHANCED_PACKET,
    IF_NAME,
    IF_TSOFFSET,
    IF_TSRESOL,
    INTERFACE_DESCRIPTION,
    INTERFACE_STATISTICS,
    ISB_IFDROP,
    LONGEST_BLOCK,
    SECTION_HEADER,
    BadBlock,
    BlockSplitter,
    Order,
    options,
)

_MICROSECONDS: Final = 6
_NANOSECONDS: Final = 9
_PACKET: dict[Order, struct.Struct] = {"<": struct.Struct("<IIIII"), ">": struct.Struct(">IIIII")}


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface description."""

    index: int
    link_type: int
    name: str
    """`if_name`; empty where there is none."""
    resolution: int
    """`if_tsresol` as it is written: up to 127, the power of ten that divides a second into ticks."""
    offset_s: int = 0
    """`if_tsoffset`: seconds to add to each time."""
    snap_length: int = 0
    """Octets kept of a packet at most; 0 where there is no limit."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet. `time_ns` counts from 1970; `original_length` is what the wire carried, in octets."""

    interface: int
    time_ns: int
    data: bytes
    original_length: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """What an interface lost by the end of the capture; None where the block does not say."""

    interface: int
    dropped: int | None


Content = Interface | Packet | Statistics


class ContentReader:
    """Reads a pcapng file of one section, given in pieces of any size.

    Args:
        longest: Octets beyond which a block is not believed.
    """

    def __init__(self, longest: int = LONGEST_BLOCK) -> None:
        self._splitter = BlockSplitter(longest)
        self._ticks: list[int] = []
        self._sections = 0

    @property
    def offset(self) -> int:
        """Octet of the file where the block of the last content begins; after a piece, where the next block does."""
        return self._splitter.offset

    @property
    def wanted(self) -> int:
        """Octets of a block that has begun and is not whole yet; 0 between two blocks."""
        return self._splitter.wanted

    def feed(self, piece: bytes) -> Iterator[Content]:
        """Yield what the piece completes; other blocks are passed over.

        Args:
            piece: What follows the octets fed before. All contents are to be taken before the next piece is fed.

        Raises:
            BadBlock: no pcapng, a second section, a clock finer than 1 ns or not decimal, a packet of an
                interface that was not described, or a block that is shorter than what it says it holds.
        """
        for kind, body in self._splitter.feed(piece):
            if kind == ENHANCED_PACKET:
                yield self._packet(body)
            elif kind == INTERFACE_DESCRIPTION:
                yield self._interface(body)
            elif kind == INTERFACE_STATISTICS:
                yield read_statistics(body, self._splitter.order)
            elif kind == SECTION_HEADER:
                self._sections += 1
                if self._sections > 1:
                    raise BadBlock("a second section, expected one")

    def _packet(self, body: bytes) -> Packet:
        if len(body) < 20:
            raise _too_short(body)
        index, high, low, captured, original = _PACKET[self._splitter.order].unpack_from(body)
        if index >= len(self._ticks):
            raise BadBlock(f"packet names interface {index}, which is not described")
        if captured > len(body) - 20:
            raise _too_short(body)
        return Packet(index, (high << 32 | low) * self._ticks[index], body[20 : 20 + captured], original)

    def _interface(self, body: bytes) -> Interface:
        found = read_interface(body, len(self._ticks), self._splitter.order)
        if found.resolution > _NANOSECONDS:
            raise BadBlock(f"if_tsresol {found.resolution}, expected a power of ten from 0 to 9; convert with editcap")
        if found.offset_s:
            raise BadBlock(f"if_tsoffset {found.offset_s}, expected none; convert with editcap")
        self._ticks.append(10 ** (_NANOSECONDS - found.resolution))
        return found


def read_interface(body: bytes, index: int, order: Order) -> Interface:
    """Read the body of an interface description.

    Args:
        body: The body.
        index: Number of the interface, counted from 0.
        order: Byte order of its section.

    Raises:
        BadBlock: the body is too short.
    """
    if len(body) < 8:
        raise _too_short(body)
    link_type, snap_length = struct.unpack_from(order + "HxxI", body)
    said = dict(options(body, 8, order))
    resolution = said.get(IF_TSRESOL) or bytes([_MICROSECONDS])
    name, offset = said.get(IF_NAME, b"").decode("utf-8", "replace"), said.get(IF_TSOFFSET, b"")
    offset_s = struct.unpack(order + "q", offset)[0] if len(offset) == 8 else 0
    return Interface(index, link_type, name, resolution[0], offset_s, snap_length)


def read_statistics(body: bytes, order: Order) -> Statistics:
    """Read the body of an interface statistics block.

    Args:
        body: The body.
        order: Byte order of its section.

    Raises:
        BadBlock: the body is too short.
    """
    if len(body) < 12:
        raise _too_short(body)
    (interface,) = struct.unpack_from(order + "I", body)
    dropped = dict(options(body, 12, order)).get(ISB_IFDROP)
    if dropped is None or len(dropped) != 8:
        return Statistics(interface, None)
    return Statistics(interface, struct.unpack(order + "Q", dropped)[0])


def _too_short(body: bytes) -> BadBlock:
    return BadBlock(f"block of {len(body) + 12} octets, shorter than what it holds")
