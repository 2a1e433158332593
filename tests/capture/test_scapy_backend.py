from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.capture import ObservationPoint, Sniffers, scapy_backend
from conformance.capture.spool_reader import SpoolReader
from conformance.pcapng.contents import Statistics
from conformance.vocabulary.points import Point

Points = tuple[ObservationPoint, ...]


@pytest.mark.usefixtures("may_capture")
def test_what_does_not_fit_into_the_buffer_is_counted_exactly(
    points: Points, tmp_path: Path, sender: Callable[[int, bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scapy_backend, "_BUFFER_OCTETS", 65_536)
    sniffer = scapy_backend.ScapySniffer(points)
    monkeypatch.setattr(scapy_backend, "ScapySniffer", lambda _: sniffer)
    with Sniffers(points, "scapy", tmp_path) as sniffers:
        sniffers.open_cell("drops")
        with sniffer._lock:  # the reading thread waits, and the small buffer of Gm overflows
            for number in range(1000):
                sender(0, b"%d" % number + bytes(1000))
        sniffer._drain(0, sniffer._sockets[0].ins)  # makes room: a closing marker that does not fit counts as lost too
        cell = sniffers.close_cell("drops", tmp_path / "drops.pcapng")
    lost = cell.drops[Point.GM]
    assert lost
    assert cell.frames[Point.GM] + lost == 1000
    assert [cell.drops[p] for p in (Point.MW, Point.CX, Point.DNS)] == [0, 0, 0]
    with cell.file.open("rb") as stream:
        blocks = SpoolReader(stream.fileno()).read() or []
    assert [b.dropped for b in blocks if isinstance(b, Statistics)] == [lost, 0, 0, 0]


@pytest.mark.usefixtures("may_capture")
def test_drops_of_an_earlier_cell_are_not_those_of_the_next(
    points: Points, tmp_path: Path, sender: Callable[[int, bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scapy_backend, "_BUFFER_OCTETS", 65_536)
    sniffer = scapy_backend.ScapySniffer(points)
    monkeypatch.setattr(scapy_backend, "ScapySniffer", lambda _: sniffer)
    with Sniffers(points, "scapy", tmp_path) as sniffers:
        with sniffer._lock:
            for _ in range(1000):
                sender(0, bytes(1000))
        sniffers.open_cell("next")
        cell = sniffers.close_cell("next", tmp_path / "next.pcapng")
    assert set(cell.drops.values()) == {0}


@pytest.mark.usefixtures("may_capture")
def test_the_time_is_that_of_the_kernel_in_nanoseconds(
    points: Points, tmp_path: Path, sender: Callable[[int, bytes], None], rows: Callable[..., list[list[str]]]
) -> None:
    with Sniffers(points, "scapy", tmp_path) as sniffers:
        sniffers.open_cell("time")
        for _ in range(20):
            sender(0, b"x")
        cell = sniffers.close_cell("time", tmp_path / "time.pcapng")
    times = [row[0] for row in rows(cell.file, "frame.time_epoch")]
    assert len(set(times)) == 20
    assert any(not time.endswith("000") for time in times)  # microseconds would end so


def test_a_control_message_without_time_gives_our_own_clock() -> None:
    assert scapy_backend._time_ns([(1, 35, struct.pack("@qq", 5, 7))]) == 5_000_000_007
    assert scapy_backend._time_ns([(1, 35, b"short")]) > 1_700_000_000_000_000_000


def test_the_expensive_half_of_scapy_is_not_loaded() -> None:
    script = "import sys, conformance.capture.scapy_backend; print('scapy.all' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout, done.stderr) == ("False\n", "")
