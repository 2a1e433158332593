"""Reading a spool while it still grows: whole blocks are handed out, the rest waits for more.

It reads what our own sniffers and the dumpcap that we started have written on this machine, so that whatever cannot
be read is our fault. Captures of others are read by `conformance.trace`.
"""

from __future__ import annotations

import os
from typing import Final

from conformance.pcapng.blocks import BadBlock
from conformance.pcapng.contents import Content, ContentReader
from conformance.pcapng.writer import SNAP_LENGTH
from conformance.vocabulary.errors import HarnessFault

_CHUNK: Final = 1 << 20
_LONGEST_BLOCK: Final = SNAP_LENGTH + 65_536


class SpoolReader:
    """Reads the contents of one growing file.

    Args:
        descriptor: The open file. It is read by position, so that its own offset is left to who writes.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._offset = 0
        self._contents = ContentReader(_LONGEST_BLOCK)

    def read(self) -> list[Content] | None:
        """Return the interfaces, packets and statistics of the next MiB; None at the end of what is written so far.

        The list is empty where a MiB completes no block.

        Raises:
            HarnessFault: the file is not what dumpcap or our writer would write.
        """
        chunk = os.pread(self._descriptor, _CHUNK, self._offset)
        if not chunk:
            return None
        self._offset += len(chunk)
        try:
            return list(self._contents.feed(chunk))
        except BadBlock as error:
            raise HarnessFault(f"spool at octet {self._contents.offset}: {error}") from error
