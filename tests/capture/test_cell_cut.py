from __future__ import annotations

import struct
import tempfile
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from conformance.capture import ObservationPoint
from conformance.capture.cell_cut import CellCut
from conformance.capture.markers import Marker
from conformance.capture.sniffer import Counts
from conformance.capture.spool_reader import SpoolReader
from conformance.pcapng.contents import Statistics
from conformance.pcapng.writer import PcapngWriter
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.points import Point

OPEN, CLOSE = Marker.make("open", "cell"), Marker.make("close", "cell")


def frame(payload: bytes, destination: str, port: int = 5060) -> bytes:
    length = 28 + len(payload)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, length, 0, 0, 64, 17, 0, bytes(4), IPv4Address(destination).packed)
    return bytes(12) + b"\x08\x00" + ip + struct.pack("!HHHH", 1, port, 8 + len(payload), 0) + payload


class Spool:
    """A spool that a test writes by hand; times are given in nanoseconds since 1970."""

    def __init__(self, file: BinaryIO, points: tuple[ObservationPoint, ...], link_type: int = 1) -> None:
        self.file = file
        self.points = points
        self._writer = PcapngWriter(file)
        for point in points:
            self._writer.interface("lo", link_type, point.filter_with_marker)

    def packet(self, point: int, time_ns: int, payload: bytes) -> None:
        self._write(point, time_ns, frame(payload, "127.32.0.2"))

    def marker(self, point: int, time_ns: int, marker: Marker) -> None:
        endpoint = self.points[point].marker
        self._write(point, time_ns, frame(marker.payload, endpoint.address, endpoint.port))

    def _write(self, point: int, time_ns: int, data: bytes) -> None:
        self._writer.packet(point, time_ns, data, len(data))
        self.file.flush()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[BinaryIO]:
    with tempfile.TemporaryFile(dir=tmp_path) as stream:
        yield cast(BinaryIO, stream)


@pytest.fixture
def two(points: tuple[ObservationPoint, ...]) -> tuple[ObservationPoint, ...]:
    return points[:2]


@pytest.fixture
def spool(file: BinaryIO, two: tuple[ObservationPoint, ...]) -> Spool:
    return Spool(file, two)


@pytest.fixture
def cut(spool: Spool, two: tuple[ObservationPoint, ...], tmp_path: Path) -> Iterator[CellCut]:
    cell = CellCut(two, spool.file, OPEN, tmp_path)
    yield cell
    cell.close()


def advance(cut: CellCut) -> None:
    while cut.advance():
        pass


def statistics(file: Path) -> list[Statistics]:
    with file.open("rb") as stream:
        return [b for b in SpoolReader(stream.fileno()).read() or [] if isinstance(b, Statistics)]


def test_what_lies_between_the_markers_of_each_point_is_merged_by_time(
    spool: Spool, cut: CellCut, tmp_path: Path, rows: Callable[..., list[list[str]]]
) -> None:
    spool.packet(0, 10, b"before")
    spool.marker(0, 20, OPEN)
    spool.packet(0, 30, b"gm 30")
    spool.packet(1, 35, b"before mw opened")
    spool.marker(1, 40, OPEN)
    spool.marker(0, 41, OPEN)  # sent again, as markers are until they are seen
    spool.packet(1, 60, b"mw 60")
    spool.packet(0, 50, b"gm 50")
    advance(cut)
    assert cut.waiting() == []
    cut.expect_closing(CLOSE)
    assert [point.point for point in cut.waiting()] == [Point.GM, Point.MW]
    spool.marker(0, 70, CLOSE)
    spool.packet(0, 75, b"after")
    spool.packet(1, 76, b"mw 76")
    spool.marker(1, 80, CLOSE)
    spool.packet(1, 85, b"after")
    advance(cut)
    assert cut.waiting() == []
    cut.write(tmp_path / "cell.pcapng", "", [Counts(0), Counts(0)])
    found = rows(tmp_path / "cell.pcapng", "frame.interface_name", "udp.payload")
    assert [(name, bytes.fromhex(payload)) for name, payload in found] == [
        ("Gm", b"gm 30"),
        ("Gm", b"gm 50"),
        ("Mw", b"mw 60"),
        ("Mw", b"mw 76"),
    ]
    assert cut.frames() == {Point.GM: 2, Point.MW: 2}


def test_markers_of_other_cells_neither_open_nor_close(spool: Spool, cut: CellCut) -> None:
    spool.marker(0, 1, Marker.make("open", "cell"))
    spool.marker(0, 2, CLOSE)
    advance(cut)
    assert cut.waiting()[0].point is Point.GM
    spool.marker(0, 3, OPEN)
    advance(cut)
    cut.expect_closing(CLOSE)
    spool.marker(0, 4, Marker.make("close", "cell"))
    spool.packet(0, 5, b"still inside")
    advance(cut)
    assert cut.waiting()[0].point is Point.GM
    assert cut.frames()[Point.GM] == 1


def test_a_marker_that_was_overtaken_will_never_come(spool: Spool, cut: CellCut) -> None:
    spool.packet(0, 100, b"x")
    advance(cut)
    assert cut.passed(99)
    assert not cut.passed(100)


def test_a_point_keeps_its_order_where_the_clock_steps_back(
    spool: Spool, cut: CellCut, tmp_path: Path, rows: Callable[..., list[list[str]]]
) -> None:
    spool.marker(0, 1, OPEN)
    for time_ns in (50, 40, 60):
        spool.packet(0, time_ns, b"%d" % time_ns)
    advance(cut)
    cut.write(tmp_path / "cell.pcapng", "", [Counts(0), Counts(0)])
    assert [bytes.fromhex(row[0]) for row in rows(tmp_path / "cell.pcapng", "udp.payload")] == [b"50", b"40", b"60"]


def test_unknown_loss_leaves_the_statistics_block_out(spool: Spool, cut: CellCut, tmp_path: Path) -> None:
    for index in (0, 1):
        spool.marker(index, 1, OPEN)
    cut.expect_closing(CLOSE)
    for index in (0, 1):
        spool.marker(index, 2, CLOSE)
    advance(cut)
    cut.write(tmp_path / "known.pcapng", "", [Counts(0), Counts(5)])
    cut.write(tmp_path / "unknown.pcapng", "", [Counts(0), Counts(None)])
    assert statistics(tmp_path / "known.pcapng") == [Statistics(0, 0), Statistics(1, 5)]
    assert statistics(tmp_path / "unknown.pcapng") == [Statistics(0, 0)]


def test_a_link_type_that_we_cannot_see_through_is_reported(
    file: BinaryIO, two: tuple[ObservationPoint, ...], tmp_path: Path
) -> None:
    cell = CellCut(two, Spool(file, two, link_type=105).file, OPEN, tmp_path)
    file.flush()
    with pytest.raises(TestbedDown, match="capture at Gm: interface lo has link type 105"):
        advance(cell)
    cell.close()


def test_nothing_is_left_where_writing_fails(cut: CellCut, spool: Spool, tmp_path: Path) -> None:
    (tmp_path / "cells" / "cell.pcapng").mkdir(parents=True)  # a folder cannot be replaced by a file
    spool.marker(0, 1, OPEN)
    advance(cut)
    with pytest.raises(OSError, match="directory"):
        cut.write(tmp_path / "cells" / "cell.pcapng", "", [Counts(0), Counts(0)])
    assert [entry.name for entry in (tmp_path / "cells").iterdir()] == ["cell.pcapng"]
