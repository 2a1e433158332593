"""The frames that tshark has to dissect, as a capture of their own, with a way back to the numbers of the file."""

from __future__ import annotations

import struct
import tempfile
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final, cast

from conformance.pcapng.blocks import DECRYPTION_SECRETS, BadBlock
from conformance.pcapng.writer import PcapngWriter

_IN_MEMORY: Final = 8 << 20
"""Octets beyond which the frames go to a temporary file."""
_LATEST_NS: Final = 1 << 63


@dataclass(frozen=True, slots=True)
class Copy:
    """A frame that carries what another one carries, seen at another place: tshark gets the other one only."""

    frame: int
    time_ns: int
    interface: int
    encapsulation: tuple[str, ...]
    outer: str
    ip_id: int
    dscp: int


class Reduced:
    """Collects frames as one section of a pcapng.

    Args:
        begin: Called once, before the first frame is taken.
        secrets: Bodies of the decryption secrets that were met so far, little-endian; the caller adds to them.
    """

    def __init__(self, begin: Callable[[], None], secrets: Sequence[bytes] = ()) -> None:
        self.frames = array("Q")
        """Number in the file, by number here - 1."""
        self.times = array("q")
        """Nanoseconds since 1970, by number here - 1."""
        self.interfaces = array("H")
        """Interface in the file, by number here - 1."""
        self.copies: dict[int, list[Copy]] = {}
        """By the number in the file of the frame that tshark gets."""
        self._begin = begin
        self._stream: BinaryIO | None = None
        self._writer: PcapngWriter | None = None
        self._numbers: dict[int, int] = {}
        self._secrets = secrets
        self._written = 0

    def __len__(self) -> int:
        return len(self.frames)

    def add(self, frame: int, interface: int, link_type: int, time_ns: int, data: memoryview, original: int) -> None:
        """Take a frame.

        Args:
            frame: Its number in the file.
            interface: Its interface in the file.
            link_type: Of that interface.
            time_ns: Nanoseconds since 1970.
            data: The captured octets.
            original: Octets on the wire.

        Raises:
            BadBlock: a time that cannot be written.
        """
        if not 0 <= time_ns < _LATEST_NS:
            raise BadBlock(f"a time of {time_ns} ns since 1970")
        if self._writer is None:
            self._begin()
            self._stream = cast(BinaryIO, tempfile.SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115  `close` closes it
            self._writer = PcapngWriter(self._stream)
        if len(self._secrets) > self._written:
            self._write_secrets()
        number = self._numbers.get(interface)
        if number is None:
            number = self._numbers[interface] = self._writer.interface("", link_type, "")
        self._writer.packet(number, time_ns, data, original)
        self.frames.append(frame)
        self.times.append(time_ns)
        self.interfaces.append(interface)

    def _write_secrets(self) -> None:
        assert self._stream is not None
        for body in self._secrets[self._written :]:
            total = len(body) + 12
            head = struct.pack("<II", DECRYPTION_SECRETS, total)
            self._stream.write(head + body + head[4:])
        self._written = len(self._secrets)

    def open(self) -> BinaryIO:
        """Return the capture from its first octet; whoever reads it does so before the next call."""
        assert self._stream is not None
        self._stream.seek(0)
        return self._stream

    def close(self) -> None:
        """Give the temporary file back. May be called more than once."""
        if self._stream is not None:
            self._stream.close()
