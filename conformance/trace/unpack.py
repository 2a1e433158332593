"""Opens captures, packed with gzip or not, so that nothing of a packed one is believed beyond a bound."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, cast

from conformance.pcapng.blocks import BadBlock
from conformance.vocabulary.errors import BadInput

MOST_UNPACKED: Final = 2 << 30
"""Octets that a packed capture may have; a few megabytes may claim to be terabytes."""
MOST_TIMES: Final = 200
"""How many times as large as the packed file what is in it may be. Captures of traffic stay below 50; empty records, of
which a megabyte of archive holds millions, reach 1,000."""
_ALWAYS_UNPACKED: Final = 64 << 20
"""Octets up to which nobody asks how well they were packed."""
_PIECE: Final = 1 << 20
_GZIP: Final = b"\x1f\x8b"


def open_capture(file: Path) -> BinaryIO:
    """Open a capture from its first octet, unpacked.

    Args:
        file: A capture, as it is or packed with gzip.

    Returns:
        A stream. Of a packed file reading may raise BadBlock, where what is packed is damaged, and BadInput,
        where it is too long.
    """
    plain = file.open("rb")
    if plain.read(2) == _GZIP:
        return cast(BinaryIO, _Unpacked(file, plain))
    plain.seek(0)
    return plain


def check_unpacked_size(file: Path) -> None:
    """Make sure that a packed capture is not too long, before somebody unpacks it who does not look.

    Args:
        file: A capture, as it is or packed with gzip.

    Raises:
        BadInput: It is too long when it is unpacked.
    """
    with open_capture(file) as stream:
        if isinstance(stream, _Unpacked):
            with suppress(BadBlock):  # what is damaged, tshark tells
                while stream.read(_PIECE):
                    pass


class _Unpacked(io.RawIOBase):
    """A gzip file that ends, one way or the other."""

    def __init__(self, file: Path, plain: BinaryIO) -> None:
        plain.seek(0)
        self._file, self._plain = file, plain
        self._stream = gzip.GzipFile(fileobj=plain)
        self._unpacked = 0
        packed = os.fstat(plain.fileno()).st_size
        self._most = min(MOST_UNPACKED, max(_ALWAYS_UNPACKED, MOST_TIMES * packed))

    def read(self, size: int = -1) -> bytes:
        try:
            piece = self._stream.read(size)
        except (OSError, EOFError, zlib.error) as error:
            raise BadBlock(f"the packed file is damaged: {error}") from error
        self._unpacked += len(piece)
        if self._unpacked > self._most:
            raise BadInput(
                f"{self._file}: more than {self._most >> 20} MiB when it is unpacked, expected less of an archive of "
                "its size; if it is what it should be, unpack it first (gunzip)"
            )
        return piece

    def close(self) -> None:
        self._stream.close()
        self._plain.close()
        super().close()
