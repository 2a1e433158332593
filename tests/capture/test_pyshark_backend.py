from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import pyshark
import pytest

from conformance.capture import ObservationPoint, Sniffers, pyshark_backend
from conformance.capture.sniffer import Counts
from conformance.pcapng.writer import PcapngWriter
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.points import Point

Points = tuple[ObservationPoint, ...]
Dumpcaps = Callable[[], set[int]]
Send = Callable[[int, bytes], None]


def await_end(process: int) -> None:
    """Wait until a process that is not our child has ended; end it where it does not."""
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return
    try:
        ready, _, _ = select.select([descriptor], [], [], 10)
        if not ready:
            os.kill(process, signal.SIGKILL)
        assert ready, f"dumpcap {process} still lives 10 s after the process that started it was killed"
    finally:
        os.close(descriptor)


@pytest.mark.usefixtures("may_capture")
def test_pyshark_owns_one_dumpcap_while_a_cell_is_open_and_none_afterwards(
    points: Points, tmp_path: Path, dumpcaps: Dumpcaps
) -> None:
    before = dumpcaps()
    with Sniffers(points, "pyshark", tmp_path) as sniffers:
        assert dumpcaps() == before
        sniffers.open_cell("one")
        (process,) = dumpcaps() - before
        arguments = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        assert arguments.count(b"-i") == len(points)
        assert [a.decode() for a in arguments if b"dst net" in a] == [p.filter_with_marker for p in points]
        sniffers.close_cell("one", tmp_path / "one.pcapng")
        assert dumpcaps() == before


@pytest.mark.usefixtures("may_capture")
def test_a_dumpcap_that_is_killed_makes_the_cell_an_error_and_not_the_next(
    points: Points, tmp_path: Path, dumpcaps: Dumpcaps
) -> None:
    with Sniffers(points, "pyshark", tmp_path) as sniffers:
        before = dumpcaps()
        sniffers.open_cell("killed")
        (process,) = dumpcaps() - before
        os.kill(process, signal.SIGKILL)
        with pytest.raises(TestbedDown, match="dumpcap was ended by SIGKILL"):
            sniffers.close_cell("killed", tmp_path / "killed.pcapng")
        assert not (tmp_path / "killed.pcapng").exists()
        sniffers.open_cell("next")
        assert sniffers.close_cell("next", tmp_path / "next.pcapng").drops[Point.GM] == 0


@pytest.mark.usefixtures("may_capture")
def test_dumpcap_dies_with_a_run_that_is_killed(points: Points, tmp_path: Path) -> None:
    gm = points[0]
    script = f"""
        import signal
        from pathlib import Path
        from conformance.capture import ObservationPoint, Sniffers
        from conformance.vocabulary.identifiers import Endpoint
        from conformance.vocabulary.points import Point
        point = ObservationPoint(Point.GM, "lo", {gm.filter!r}, Endpoint({gm.marker.address!r}, 9, "udp"))
        sniffers = Sniffers([point], "pyshark", Path({str(tmp_path)!r}))
        sniffers.start()
        sniffers.open_cell("killed")
        print(sniffers._sniffer._capture.process.pid, flush=True)
        signal.pause()
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        dumpcap = int(run.stdout.readline())
        assert Path(f"/proc/{dumpcap}/comm").read_text(encoding="ascii") == "dumpcap\n"
        run.kill()
    await_end(dumpcap)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("may_capture")
def test_what_dumpcap_could_not_take_is_counted(
    points: Points, tmp_path: Path, sender: Send, dumpcaps: Dumpcaps
) -> None:
    with Sniffers(points, "pyshark", tmp_path) as sniffers:
        before = dumpcaps()
        sniffers.open_cell("drops")
        (process,) = dumpcaps() - before
        os.kill(process, signal.SIGSTOP)
        for _ in range(60_000):  # some 60 MB, and `lo` shows each packet twice to a buffer of 32
            sender(0, bytes(1000))
        os.kill(process, signal.SIGCONT)
        cell = sniffers.close_cell("drops", tmp_path / "drops.pcapng")
    lost = cell.drops[Point.GM]
    assert lost is not None
    assert lost >= 60_000 - cell.frames[Point.GM] > 0
    assert cell.drops[Point.MW] == 0


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="child watchers are deprecated since Python 3.12")
@pytest.mark.usefixtures("may_capture")
def test_a_pyshark_capture_in_the_main_thread_does_not_disturb(points: Points, tmp_path: Path, sender: Send) -> None:
    with Sniffers(points, "pyshark", tmp_path) as sniffers:
        for name in ("one", "two"):
            sniffers.open_cell(name)
            sender(2, b"x")
            cell = sniffers.close_cell(name, tmp_path / f"{name}.pcapng")
            loop = asyncio.new_event_loop()
            watcher = asyncio.SafeChildWatcher()  # as pyshark does where it is given no loop
            watcher.attach_loop(loop)
            asyncio.set_child_watcher(watcher)
            with pyshark.FileCapture(str(cell.file), eventloop=loop, keep_packets=False) as capture:
                assert [packet.udp.dstport for packet in capture] == ["5060"]
            loop.close()


@pytest.mark.parametrize("missing", ["dumpcap", "tshark"])
def test_a_missing_program_is_one_clear_line(
    points: Points, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    for name in {"tshark", "dumpcap"} - {missing}:
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TestbedDown, match="capture with pyshark: tshark or dumpcap is missing; run `apt-get install"):
        Sniffers(points, "pyshark", tmp_path).start()


@contextmanager
def spool(dropped: dict[int, int]) -> Iterator[BinaryIO]:
    """What dumpcap would leave behind after capturing at two points."""
    with tempfile.TemporaryFile() as file:
        stream = cast(BinaryIO, file)
        writer = PcapngWriter(stream)
        for name in ("Gm", "Mw"):
            writer.interface(name, 1, "")
        for interface, count in dropped.items():
            writer.statistics(interface, 0, 1, 5, count)
        stream.flush()
        yield stream


def last_words(*flushed: int) -> list[str]:
    line = "Packets received/dropped on interface 'Loopback: lo': 5/9 (pcap:2/dumpcap:3/flushed:{}/ps_ifdrop:0) (35.7%)"
    return [line.format(count) for count in flushed]


@pytest.mark.parametrize(
    ("dropped", "said", "expected"),
    [
        ({0: 0, 1: 9}, last_words(0, 4), [0, 5]),
        ({0: 0, 1: 9}, [], [0, 9]),
        ({0: 0, 1: 9}, last_words(9), [0, 9]),
        ({1: 9}, last_words(0, 0), [None, 9]),
        ({}, last_words(0, 0), [None, None]),
    ],
    ids=["flushed", "silent", "incomplete", "one unknown", "all unknown"],
)
def test_loss_is_what_the_statistics_say_less_what_came_after_the_end(
    dropped: dict[int, int], said: list[str], expected: list[int | None]
) -> None:
    with spool(dropped) as file:
        assert pyshark_backend._counts(file, 2, said) == tuple(Counts(count) for count in expected)


def test_an_empty_spool_has_unknown_loss(tmp_path: Path) -> None:
    with (tmp_path / "empty").open("w+b") as file:
        assert pyshark_backend._counts(file, 1, last_words(0)) == (Counts(None),)
