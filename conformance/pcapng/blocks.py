"""Blocks and options of pcapng (draft-ietf-opsawg-pcapng): their numbers, and bytes split into whole blocks.

A block is type, length, body, length again. Its numbers are in the byte order that the section header says. What
is read may come from anybody, so every length is bounded before it is believed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, Literal

SECTION_HEADER: Final = 0x0A0D0D0A
"""Reads the same in both byte orders."""
INTERFACE_DESCRIPTION: Final = 1
PACKET_OBSOLETE: Final = 2
SIMPLE_PACKET: Final = 3
NAME_RESOLUTION: Final = 4
INTERFACE_STATISTICS: Final = 5
ENHANCED_PACKET: Final = 6
DECRYPTION_SECRETS: Final = 10
TLS_KEY_LOG: Final = 0x544C534B
"""Kind of secrets: lines of an NSS key log."""
BYTE_ORDER_MAGIC: Final = 0x1A2B3C4D

OPT_END: Final = 0
OPT_COMMENT: Final = 1
SHB_USERAPPL: Final = 4
IF_NAME: Final = 2
IF_DESCRIPTION: Final = 3
IF_TSRESOL: Final = 9
IF_FILTER: Final = 11
IF_TSOFFSET: Final = 14
ISB_STARTTIME: Final = 2
ISB_ENDTIME: Final = 3
ISB_IFRECV: Final = 4
ISB_IFDROP: Final = 5

LONGEST_BLOCK: Final = 64 << 20
"""Octets of a block that are read unless the reader says less."""
_SHORTEST_BLOCK = 12
_SHORTEST_SECTION_HEADER = 28
_PADS = (b"", b"\0\0\0", b"\0\0", b"\0")

Order = Literal["<", ">"]
"""Byte order, as `struct` writes it: little or big end first."""
_HEADS: dict[Order, struct.Struct] = {"<": struct.Struct("<III"), ">": struct.Struct(">III")}
_OPTIONS: dict[Order, struct.Struct] = {"<": struct.Struct("<HH"), ">": struct.Struct(">HH")}


class BadBlock(Exception):
    """What cannot be read as pcapng. Where it is, the reader knows; whose fault it is, the caller."""


class BlockSplitter:
    """Splits a file, given in pieces of any size, into whole blocks.

    Args:
        longest: Octets beyond which a block is not believed.
    """

    def __init__(self, longest: int = LONGEST_BLOCK) -> None:
        self.order: Order = "<"
        """Byte order of the section that the last block belongs to."""
        self.offset = 0
        """Octet of the file where the last block begins; after all blocks of a piece, where the next one does."""
        self.wanted = 0
        """Octets of the next block, as far as it is known; 0 where nothing of it is there yet."""
        self._longest = longest
        self._begun = False
        self._pieces: list[bytes] = []
        self._held = 0

    def feed(self, piece: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield type and body of each block that the piece completes, section headers included.

        Args:
            piece: What follows the octets fed before. All blocks are to be taken before the next piece is fed.

        Raises:
            BadBlock: no pcapng, or a length that no block can have. The blocks before it have been yielded.
        """
        self._pieces.append(piece)
        self._held += len(piece)
        if self._held < self.wanted:  # a long block is joined once, not once a piece
            return
        data, end = b"".join(self._pieces), self._held
        base, position, longest = self.offset, 0, self._longest
        head = _HEADS[self.order].unpack_from
        wanted = _SHORTEST_BLOCK
        while end - position >= _SHORTEST_BLOCK:
            kind, wanted, first = head(data, position)
            self.offset = base + position
            if kind == SECTION_HEADER:
                self._section(first)
                head = _HEADS[self.order].unpack_from
                wanted = head(data, position)[1]
                if wanted < _SHORTEST_SECTION_HEADER:
                    raise BadBlock(f"section header of {wanted} octets")
            elif not self._begun:
                raise BadBlock("no section header")
            if wanted & 3 or not _SHORTEST_BLOCK <= wanted <= longest:
                raise BadBlock(f"block of {wanted} octets")
            following = position + wanted
            if following > end:
                break
            yield kind, data[position + 8 : following - 4]
            position, wanted = following, _SHORTEST_BLOCK
        self.offset = base + position
        self._pieces, self._held = [data[position:]], end - position
        self.wanted = wanted if self._held else 0

    def _section(self, magic: int) -> None:
        """Take the byte order from the magic of a section header, which was read in the order of now."""
        if magic != BYTE_ORDER_MAGIC:
            self.order = ">" if self.order == "<" else "<"
            if magic.to_bytes(4, "little") != BYTE_ORDER_MAGIC.to_bytes(4, "big"):
                raise BadBlock("section header without byte-order magic")
        self._begun = True


def option(code: int, value: bytes) -> bytes:
    """Return one option, little-endian: code, length, value, padded to 32 bits."""
    return struct.pack("<HH", code, len(value)) + value + _PADS[len(value) & 3]


def options(body: bytes, start: int, order: Order) -> Iterator[tuple[int, bytes]]:
    """Yield code and value of each option of a block, up to the end of options or the first that is not whole.

    Args:
        body: The body of the block.
        start: Octets of it in front of the options.
        order: Byte order of its section.
    """
    head = _OPTIONS[order].unpack_from
    while start + 4 <= len(body):
        code, length = head(body, start)
        if code == OPT_END or start + 4 + length > len(body):
            return
        yield code, body[start + 4 : start + 4 + length]
        start += 4 + length + (-length & 3)
