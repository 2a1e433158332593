"""Reading a pcapng while it still grows: whole blocks are handed out, the rest waits for more.

It reads what our own sniffers and the dumpcap that we started have written on this machine, hence native
byte order and no more block types than they use. Captures of others are read by `conformance.trace`.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass

from conformance.capture.pcapng import (
    BYTE_ORDER_MAGIC,
    ENHANCED_PACKET,
    IF_TSRESOL,
    INTERFACE_DESCRIPTION,
    INTERFACE_STATISTICS,
    ISB_IFDROP,
    SECTION_HEADER,
    SNAP_LENGTH,
)
from conformance.vocabulary.errors import HarnessFault

_CHUNK = 1 << 20
_LONGEST_BLOCK = SNAP_LENGTH + 65_536
_MICROSECONDS = 6
_HEAD = struct.Struct("=II")
_PACKET = struct.Struct("=IIIII")
_OPTION = struct.Struct("=HH")


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface description: link type, and how many nanoseconds one tick of its clock is."""

    index: int
    link_type: int
    tick_ns: int


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


Block = Interface | Packet | Statistics


class PcapngReader:
    """Reads the blocks of one growing file.

    Args:
        descriptor: The open file. It is read by position, so that its own offset is left to who writes.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._offset = 0
        self._rest = b""
        self._ticks: list[int] = []

    def read(self) -> list[Block] | None:
        """Return the interfaces, packets and statistics of the next MiB; None at the end of what is written so far.

        The list is empty where a MiB completes no block.

        Raises:
            HarnessFault: the file is not what dumpcap or our writer would write.
        """
        chunk = os.pread(self._descriptor, _CHUNK, self._offset)
        if not chunk:
            return None
        self._offset += len(chunk)
        data = self._rest + chunk
        found: list[Block] = []
        position, end = 0, len(data)
        while end - position >= _HEAD.size:
            kind, length = _HEAD.unpack_from(data, position)
            if length < 12 or length & 3 or length > _LONGEST_BLOCK:
                raise HarnessFault(f"spool at octet {self._offset - end + position}: block of {length} octets")
            if end - position < length:
                break
            block = self._block(kind, data[position + 8 : position + length - 4])
            if block is not None:
                found.append(block)
            position += length
        self._rest = data[position:]
        return found

    def _block(self, kind: int, body: bytes) -> Block | None:
        if kind == ENHANCED_PACKET:
            interface, high, low, captured, original = _PACKET.unpack_from(body)
            return Packet(interface, (high << 32 | low) * self._ticks[interface], body[20 : 20 + captured], original)
        if kind == INTERFACE_DESCRIPTION:
            (link_type,) = struct.unpack_from("=H", body)
            resolution = _options(body, 8).get(IF_TSRESOL, bytes([_MICROSECONDS]))[0]
            if resolution > 9:
                raise HarnessFault(f"spool: expected a clock of 1 ns or coarser, found if_tsresol {resolution}")
            self._ticks.append(10 ** (9 - resolution))
            return Interface(len(self._ticks) - 1, link_type, self._ticks[-1])
        if kind == INTERFACE_STATISTICS:
            (interface,) = struct.unpack_from("=I", body)
            dropped = _options(body, 12).get(ISB_IFDROP)
            return Statistics(interface, None if dropped is None else struct.unpack("=Q", dropped)[0])
        if kind == SECTION_HEADER and struct.unpack_from("=I", body)[0] != BYTE_ORDER_MAGIC:
            raise HarnessFault("spool: section in a foreign byte order")
        return None


def _options(body: bytes, start: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while start + 4 <= len(body):
        code, length = _OPTION.unpack_from(body, start)
        if code == 0:
            break
        found[code] = body[start + 4 : start + 4 + length]
        start += 4 + (length + 3 & ~3)
    return found
