"""Cutting a cell out of the spool: what lies between two markers at each point, merged by time into one pcapng."""

from __future__ import annotations

import heapq
import struct
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from ipaddress import ip_address
from pathlib import Path
from typing import BinaryIO, cast

from conformance.capture.markers import LINK_HEADER_LENGTH, Marker, marker_payload
from conformance.capture.points import ObservationPoint
from conformance.capture.sniffer import Counts
from conformance.capture.spool_reader import SpoolReader
from conformance.pcapng.contents import Interface, Packet
from conformance.pcapng.writer import PcapngWriter
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.points import Point

_RECORD = struct.Struct("<QII")


class _Part:
    """The packets of one point within the cell, in the order of arrival, in a file without a name."""

    def __init__(self, point: ObservationPoint, folder: Path) -> None:
        self.point = point
        self.marker_address = ip_address(point.marker.address).packed
        self.link_type = -1
        self.frames = 0
        self.opened_ns: int | None = None
        self.closed_ns: int | None = None
        self.latest_ns = 0
        self._file = cast(BinaryIO, tempfile.TemporaryFile(dir=folder))  # noqa: SIM115  closed by `close`

    def add(self, packet: Packet) -> None:
        self._file.write(_RECORD.pack(packet.time_ns, len(packet.data), packet.original_length))
        self._file.write(packet.data)
        self.frames += 1

    def packets(self, interface: int) -> Iterator[tuple[int, int, bytes, int]]:
        """Yield (time in ns, interface, octets, original length) in the order of arrival."""
        self._file.seek(0)
        while head := self._file.read(_RECORD.size):
            time_ns, captured, original = _RECORD.unpack(head)
            yield time_ns, interface, self._file.read(captured), original

    def close(self) -> None:
        self._file.close()


class CellCut:
    """One cell, from its opening marker on.

    Nothing of a packet is kept in memory, so that a cell may be as long as the disk allows.

    Args:
        points: The observation points, in the order of the spool's interfaces.
        spool: The spool, written to by a sniffer.
        opening: The marker that opens the cell.
        folder: Where the cut packets wait.
    """

    def __init__(self, points: Sequence[ObservationPoint], spool: BinaryIO, opening: Marker, folder: Path) -> None:
        self._reader = SpoolReader(spool.fileno())
        self._opening = opening
        self._closing: Marker | None = None
        with ExitStack() as undo:
            self._parts: list[_Part] = []
            for point in points:
                self._parts.append(_Part(point, folder))
                undo.callback(self._parts[-1].close)
            self._close = undo.pop_all().close

    def expect_closing(self, marker: Marker) -> None:
        """From now on the cell ends where this marker is first seen."""
        self._closing = marker

    def advance(self) -> bool:
        """Read up to a MiB of the spool; False where there is nothing new.

        Raises:
            TestbedDown: an interface whose link type we cannot see through.
        """
        blocks = self._reader.read()
        for block in blocks or ():
            if isinstance(block, Packet):
                self._sort(block)
            elif isinstance(block, Interface):
                self._describe(block)
        return blocks is not None

    def waiting(self) -> list[ObservationPoint]:
        """Return the points where the marker that is waited for was not seen yet."""
        if self._closing is None:
            return [part.point for part in self._parts if part.opened_ns is None]
        return [part.point for part in self._parts if part.closed_ns is None]

    def passed(self, time_ns: int) -> bool:
        """Tell whether a point has packets later than that time, and still no marker: it will never come."""
        waiting = self.waiting()
        return any(part.point in waiting and part.latest_ns > time_ns for part in self._parts)

    def frames(self) -> dict[Point, int]:
        """Return how many packets each point has within the cell, at all its places."""
        found: dict[Point, int] = {}
        for part in self._parts:
            found[part.point.point] = found.get(part.point.point, 0) + part.frames
        return found

    def write(self, file: Path, comment: str, counts: Sequence[Counts], tls_keys: bytes = b"") -> None:
        """Write the cell's file: all at once or not at all.

        Args:
            file: Where it goes; an older file is replaced.
            comment: Comment of the section.
            counts: What each point lost, in the order of the points. A point that nobody counted for gets no
                statistics block: its loss is unknown, and so must the file say.
            tls_keys: Secrets of TLS connections, lines of an NSS key log.
        """
        file.parent.mkdir(parents=True, exist_ok=True)
        # Beside the file, so that the rename stays within one file system.
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as stream:
            try:
                writer = PcapngWriter(cast(BinaryIO, stream), comment)
                for part in self._parts:
                    writer.interface(part.point.point, part.link_type, part.point.filter, part.point.place)
                writer.tls_keys(tls_keys)
                streams = [part.packets(index) for index, part in enumerate(self._parts)]
                # Each point keeps its order of arrival, even where the clock of the kernel stepped back.
                for time_ns, interface, data, original in heapq.merge(*streams, key=lambda record: record[0]):
                    writer.packet(interface, time_ns, data, original)
                for index, (part, count) in enumerate(zip(self._parts, counts, strict=True)):
                    if count.dropped is not None and part.opened_ns is not None and part.closed_ns is not None:
                        writer.statistics(index, part.opened_ns, part.closed_ns, part.frames, count.dropped)
                stream.flush()
                Path(stream.name).chmod(0o644)
                Path(stream.name).replace(file)
            except BaseException:
                Path(stream.name).unlink(missing_ok=True)
                raise

    def close(self) -> None:
        """Give back the disk space."""
        self._close()

    def _describe(self, interface: Interface) -> None:
        part = self._parts[interface.index]
        if interface.link_type not in LINK_HEADER_LENGTH:
            raise TestbedDown(
                f"capture at {part.point}: interface {part.point.interface} has link type "
                f"{interface.link_type}; expected one of {sorted(LINK_HEADER_LENGTH)}"
            )
        part.link_type = interface.link_type

    def _sort(self, packet: Packet) -> None:
        part = self._parts[packet.interface]
        part.latest_ns = packet.time_ns
        payload = marker_payload(packet.data, part.link_type, part.marker_address, part.point.marker.port)
        if payload is None:
            if part.opened_ns is not None and part.closed_ns is None:
                part.add(packet)
        elif part.opened_ns is None:
            # Markers are repeated until they are seen; the first one counts, and none is ever part of the cell.
            if payload == self._opening.payload:
                part.opened_ns = packet.time_ns
        elif part.closed_ns is None and self._closing is not None and payload == self._closing.payload:
            part.closed_ns = packet.time_ns
