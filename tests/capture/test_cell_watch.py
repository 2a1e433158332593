"""Looking at an open cell: packets as they come, and an end where none come."""

from __future__ import annotations

import time
from pathlib import Path
from typing import BinaryIO

import pytest

from conformance.capture.cell_watch import CellWatch
from conformance.capture.growth import Growth
from conformance.pcapng.writer import PcapngWriter
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.points import Point


def fine() -> None:
    """Nothing has ended the capture."""


def begin(spool: BinaryIO) -> PcapngWriter:
    writer = PcapngWriter(spool, "test")
    for point in (Point.GM, Point.MW):
        writer.interface(point, 1, "", "")
    return writer


def test_packets_come_with_their_points(tmp_path: Path) -> None:
    with (tmp_path / "spool").open("w+b", buffering=0) as spool, Growth(spool.fileno()) as growth:
        watch = CellWatch((Point.GM, Point.MW), spool.fileno(), growth, fine)
        writer = begin(spool)
        writer.packet(1, 1, b"first", 5)
        writer.packet(0, 2, b"second", 6)
        assert watch.next(0.0) == (Point.MW, b"first")
        assert watch.next(0.0) == (Point.GM, b"second")
        assert watch.next(0.0) is None
        writer.packet(0, 3, b"third", 5)
        assert watch.next(time.monotonic() + 5) == (Point.GM, b"third")


def test_an_end_of_the_capture_is_told(tmp_path: Path) -> None:
    def ended() -> None:
        raise TestbedDown("the capture ended")

    with (tmp_path / "spool").open("w+b", buffering=0) as spool, Growth(spool.fileno()) as growth:
        watch = CellWatch((Point.GM,), spool.fileno(), growth, ended)
        with pytest.raises(TestbedDown, match="the capture ended"):
            watch.next(time.monotonic() + 5)
