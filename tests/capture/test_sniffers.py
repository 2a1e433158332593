from __future__ import annotations

import asyncio
import dataclasses
import re
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.capture import BACKENDS, ObservationPoint, Sniffers
from conformance.capture.markers import MAGIC, MarkerSender
from conformance.capture.spool_reader import SpoolReader
from conformance.pcapng.contents import Statistics
from conformance.vocabulary.errors import BadInput, EvidenceMissing, HarnessFault, NetlabError, TestbedDown
from conformance.vocabulary.points import Point

pytestmark = [pytest.mark.usefixtures("may_capture"), pytest.mark.parametrize("backend", BACKENDS)]

Points = tuple[ObservationPoint, ...]
Send = Callable[[int, bytes], None]
Payloads = Callable[[Path], dict[str, Counter[bytes]]]


def send_at(rate: int, seconds: float, send: Callable[[int], None]) -> int:
    """Call `send` with 0, 1, 2, ... so many times a second; return how many times."""
    never = threading.Event()
    start, total = time.monotonic(), int(rate * seconds)
    for number in range(total):
        ahead = start + number / rate - time.monotonic()
        if ahead > 0.001:
            never.wait(ahead)
        send(number)
    return total


def test_no_packet_is_lost_and_the_markers_cut_exactly(
    backend: str, points: Points, tmp_path: Path, sender: Send, payloads: Payloads
) -> None:
    filler = b"x" * 1000
    with Sniffers(points, backend, tmp_path) as sniffers:
        sender(0, b"before")
        sniffers.open_cell("load")
        total = send_at(2000, 2.0, lambda number: sender(number % 4, b"%d " % number + filler))
        cell = sniffers.close_cell("load", tmp_path / "cells" / "load.pcapng")
        sender(0, b"after")
    names = ("Gm", "Mw", "Cx", "DNS")
    assert payloads(cell.file) == {
        name: Counter({b"%d " % number + filler: 1 for number in range(at, total, 4)}) for at, name in enumerate(names)
    }
    assert cell.frames == {Point(name): total // 4 for name in names}
    assert cell.drops == {Point(name): 0 for name in names}


def test_each_cell_has_its_own_packets_and_nothing_from_between(
    backend: str, points: Points, tmp_path: Path, sender: Send, payloads: Payloads
) -> None:
    with Sniffers(points, backend, tmp_path) as sniffers:
        for name in (b"first", b"second"):
            sniffers.open_cell(name.decode())
            sender(1, name)
            cell = sniffers.close_cell(name.decode(), tmp_path / f"{name.decode()}.pcapng")
            sender(1, b"between")
            assert payloads(cell.file) == {"Mw": Counter({name: 1})}


def test_an_empty_cell_still_names_its_points_and_their_loss(backend: str, points: Points, tmp_path: Path) -> None:
    with Sniffers(points, backend, tmp_path) as sniffers:
        sniffers.open_cell("empty")
        cell = sniffers.close_cell("empty", tmp_path / "empty.pcapng")
    assert cell.frames == dict.fromkeys((p.point for p in points), 0)
    said = subprocess.run(["capinfos", str(cell.file)], capture_output=True, text=True, check=True, timeout=20).stdout
    assert re.findall(r"Name = (\w+)", said) == ["Gm", "Mw", "Cx", "DNS"]
    assert re.findall(r"Filter string = (.*)", said) == [p.filter for p in points]
    assert re.findall(r"Number of stat entries = (\d)", said) == ["1"] * 4
    assert f"cell empty; backend {backend}" in said
    assert MAGIC not in cell.file.read_bytes()
    with cell.file.open("rb") as stream:
        blocks = SpoolReader(stream.fileno()).read() or []
    assert [b for b in blocks if isinstance(b, Statistics)] == [Statistics(index, 0) for index in range(4)]


def test_nothing_is_left_in_the_folder(backend: str, points: Points, tmp_path: Path) -> None:
    with Sniffers(points, backend, tmp_path / "spool") as sniffers:
        sniffers.open_cell("one")
        assert list((tmp_path / "spool").iterdir()) == []
        sniffers.close_cell("one", tmp_path / "one.pcapng")
    assert list((tmp_path / "spool").iterdir()) == []
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["one.pcapng", "spool"]


def test_stopping_twice_and_with_an_open_cell(
    backend: str, points: Points, tmp_path: Path, dumpcaps: Callable[[], set[int]]
) -> None:
    before = dumpcaps()
    sniffers = Sniffers(points, backend, tmp_path)
    sniffers.start()
    sniffers.open_cell("never closed")
    sniffers.stop()
    sniffers.stop()
    assert dumpcaps() == before
    assert "capture" not in {thread.name for thread in threading.enumerate()}
    assert "pyshark" not in {thread.name for thread in threading.enumerate()}


def test_a_running_event_loop_does_not_matter(
    backend: str, points: Points, tmp_path: Path, sender: Send, payloads: Payloads
) -> None:
    async def run() -> Path:
        with Sniffers(points, backend, tmp_path) as sniffers:
            sniffers.open_cell("async")
            sender(3, b"query")
            return sniffers.close_cell("async", tmp_path / "async.pcapng").file

    assert payloads(asyncio.run(run())) == {"DNS": Counter({b"query": 1})}


def test_cells_are_opened_and_closed_in_turn(backend: str, points: Points, tmp_path: Path) -> None:
    sniffers = Sniffers(points, backend, tmp_path)
    with pytest.raises(HarnessFault, match="cannot open cell a: not started"):
        sniffers.open_cell("a")
    with sniffers:
        with pytest.raises(HarnessFault, match="cannot close cell a: none is open"):
            sniffers.close_cell("a", tmp_path / "a.pcapng")
        sniffers.open_cell("a")
        with pytest.raises(HarnessFault, match="cannot open cell b: cell a is open"):
            sniffers.open_cell("b")
        with pytest.raises(HarnessFault, match="cannot close cell b: a is open"):
            sniffers.close_cell("b", tmp_path / "b.pcapng")
        with pytest.raises(HarnessFault, match="start called twice"):
            sniffers.start()


def test_a_marker_that_does_not_come_back_is_evidence_missing_and_the_next_cell_works(
    backend: str, points: Points, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sniffers(points, backend, tmp_path) as sniffers:
        sniffers.open_cell("lost")
        sniffers._deadline_s = 0.3  # for the closing marker alone: dumpcap needs longer than that to start
        with monkeypatch.context() as patch:
            patch.setattr(MarkerSender, "send", lambda *_: None)
            with pytest.raises(
                EvidenceMissing, match=r"capture at Gm on lo: the marker to .* was not seen within 0\.3 s"
            ):
                sniffers.close_cell("lost", tmp_path / "lost.pcapng")
        assert not (tmp_path / "lost.pcapng").exists()
        sniffers._deadline_s = 10.0
        sniffers.open_cell("next")
        assert sniffers.close_cell("next", tmp_path / "next.pcapng").file.exists()


def test_a_file_that_cannot_be_written_is_one_clear_line(backend: str, points: Points, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with Sniffers(points, backend, tmp_path) as sniffers:
        sniffers.open_cell("a")
        with pytest.raises(TestbedDown, match=r"capture, cell a: cannot write .*expected a writable folder"):
            sniffers.close_cell("a", tmp_path / "file" / "a.pcapng")
        sniffers.open_cell("b")
        sniffers.close_cell("b", tmp_path / "b.pcapng")


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"filter": "ip and nonsense ("}, BadInput, r"Gm.*'ip and nonsense \('.*syntax error"),
        ({"interface": "nosuch0"}, TestbedDown, r"Gm.*nosuch0.*ip link"),
    ],
    ids=["filter", "interface"],
)
def test_a_point_that_cannot_be_captured_is_one_clear_line(
    backend: str, points: Points, tmp_path: Path, change: dict[str, str], error: type[NetlabError], words: str
) -> None:
    broken = dataclasses.replace(points[0], **change)  # type: ignore[arg-type]
    with pytest.raises(error, match=words) as raised:
        Sniffers([broken], backend, tmp_path).start()
    assert "\n" not in str(raised.value)


def test_without_permission_the_command_to_run_is_named(backend: str, tmp_path: Path) -> None:
    script = f"""
        from pathlib import Path
        from conformance.capture import ObservationPoint, Sniffers
        from conformance.vocabulary.errors import NotPermitted
        from conformance.vocabulary.identifiers import Endpoint
        from conformance.vocabulary.points import Point
        point = ObservationPoint(Point.GM, "lo", "udp", Endpoint("127.32.255.1", 9, "udp"))
        try:
            Sniffers([point], {backend!r}, Path({str(tmp_path)!r})).start()
        except NotPermitted as error:
            print(error)
    """
    # A process without any capability, whoever it runs as.
    powerless = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", sys.executable, "-W", "error", "-c"]
    done = subprocess.run([*powerless, textwrap.dedent(script)], capture_output=True, text=True, check=True, timeout=60)
    assert re.fullmatch(r"capture .*Gm.*: no permission .*as root.*`setcap .*\n", done.stdout)
    assert done.stderr == ""


def test_points_must_be_given_once(backend: str, points: Points, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="expected each observation point once, found Gm, Gm"):
        Sniffers([points[0], points[0]], backend, tmp_path)
    with pytest.raises(BadInput, match="expected each observation point once, found none"):
        Sniffers([], backend, tmp_path)
    with pytest.raises(BadInput, match="capture backend 'tcpdump': expected scapy or pyshark"):
        Sniffers(points, "tcpdump", tmp_path)


def test_a_full_disk_is_one_clear_line(backend: str, points: Points, tmp_path: Path) -> None:
    gm = points[0]
    script = f"""
        import resource, signal, socket
        from pathlib import Path
        from conformance.capture import ObservationPoint, Sniffers
        from conformance.vocabulary.errors import TestbedDown
        from conformance.vocabulary.identifiers import Endpoint
        from conformance.vocabulary.points import Point
        point = ObservationPoint(Point.GM, "lo", {gm.filter!r}, Endpoint({gm.marker.address!r}, 9, "udp"))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        with Sniffers([point], {backend!r}, Path({str(tmp_path)!r})) as sniffers:
            resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
            sniffers.open_cell("big")
            out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            for _ in range(1000):
                out.sendto(bytes(1000), ({gm.marker.address!r}[:7] + {gm.filter!r}.split(".")[2] + ".2", 5060))
            out.close()
            try:
                sniffers.close_cell("big", Path({str(tmp_path / "big.pcapng")!r}))
            except TestbedDown as error:
                print(error)
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert re.fullmatch(r"capture.*\n", done.stdout)
    assert re.search("disk|free space|SIGXFSZ", done.stdout)
    assert done.stderr == ""
    assert not (tmp_path / "big.pcapng").exists()
