"""The tshark that waits reads what a new one reads, and whatever becomes of it, the capture is read."""

from __future__ import annotations

import gzip
import os
import select
import signal
import stat
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.trace import decode
from conformance.trace.decode import read_trace
from conformance.trace.decoder import AHEAD, Decoder
from conformance.trace.model import DiameterMessage, Trace
from conformance.trace.tshark import Tshark
from conformance.vocabulary.errors import BadInput, NotPermitted

if TYPE_CHECKING:
    from conftest import Packets

UE, PCSCF = "127.46.0.1:5060", "127.46.0.2:4060"
ROOT = Path(__file__).parents[2] / "captures"
CAPTURES = sorted(file for file in ROOT.rglob("*") if file.suffix in (".pcap", ".pcapng"))
Make = Callable[..., bytes]


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder() as decoder:
        yield decoder


@pytest.fixture
def capture(packets: Packets, register: Make) -> Path:
    packets.add(packets.tcp(UE, PCSCF, 1, register()))
    return packets.write()


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> list[Path | None]:
    """Files that a tshark was started for, in order; None is one that waits."""
    started: list[Path | None] = []
    start = Tshark.__init__

    def noted(self: Tshark, file: Path | None, **options: object) -> None:
        started.append(file)
        start(self, file, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Tshark, "__init__", noted)
    return started


def shown(trace: Trace) -> str:
    """All that is in a trace; messages are compared by identity."""
    return repr(trace)


def runs(pid: int) -> bool:
    try:
        return "(tshark) Z" not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


@pytest.mark.parametrize("file", CAPTURES[::20], ids=lambda file: str(file.relative_to(ROOT)))
def test_the_trace_is_the_same(file: Path, decoder: Decoder) -> None:
    assert shown(decoder.read([file])) == shown(read_trace([file]))


def test_a_capture_in_order_needs_no_other_tshark(capture: Path, decoder: Decoder, fresh: list[Path | None]) -> None:
    assert len(decoder.read([capture]).messages) == 1
    assert fresh == [None]  # for the next capture


def test_several_files_are_read_in_their_order(capture: Path, decoder: Decoder) -> None:
    files = [capture, CAPTURES[0]]
    assert shown(decoder.read(files)) == shown(read_trace(files))


def test_nothing_of_a_capture_reaches_the_next_one(packets: Packets, register: Make, decoder: Decoder) -> None:
    """Half a message over TCP, and the other half in another file."""
    message = register()
    packets.add(packets.tcp(UE, PCSCF, 1, message[:100]))
    assert decoder.read([packets.write()]).messages == ()
    packets.frames.clear()
    packets.add(packets.tcp(UE, PCSCF, 101, message[100:]))
    file = packets.write()
    assert shown(decoder.read([file])) == shown(read_trace([file]))


def test_a_capture_larger_than_a_pipe_is_read(packets: Packets, register: Make, decoder: Decoder) -> None:
    for number in range(2000):
        packets.add(packets.udp(UE, PCSCF, register(call_id=f"c{number}")), at_ms=number)
    file = packets.write()
    assert file.stat().st_size > 5 * 65_536
    assert len(decoder.read([file]).messages) == 2000


@pytest.mark.parametrize("spoil", ["cut", "gzip", "pcap without header"])
def test_what_is_unusual_is_read_as_ever(capture: Path, decoder: Decoder, spoil: str) -> None:
    content = capture.read_bytes()
    whole = {"cut": content[:-60], "gzip": gzip.compress(content), "pcap without header": b"\xa1\xb2\xc3\xd4"}[spoil]
    capture.write_bytes(whole)
    try:
        expected = shown(read_trace([capture]))
    except BadInput as error:
        with pytest.raises(BadInput, match=str(error)):
            decoder.read([capture])
    else:
        assert shown(decoder.read([capture])) == expected


def test_a_tshark_that_was_not_needed_goes_on_waiting(
    packets: Packets, register: Make, decoder: Decoder, fresh: list[Path | None]
) -> None:
    packets.add(packets.udp(UE, PCSCF, register()))
    before = decoder.waiting
    assert len(decoder.read([packets.write()]).messages) == 1
    assert (decoder.waiting, fresh) == (before, [])


def test_sip_on_a_port_of_another_protocol_is_found(packets: Packets, register: Make, decoder: Decoder) -> None:
    packets.add(packets.tcp(UE, "127.46.0.2:3306", 1, register()))
    file = packets.write()
    assert shown(decoder.read([file])) == shown(read_trace([file]))
    assert len(decoder.read([file]).messages) == 1


def test_an_avp_that_ims_does_not_have_is_named(packets: Packets, decoder: Decoder, fresh: list[Path | None]) -> None:
    session_id = struct.pack("!II", 263, 0x40000010) + b"pcef;1;2"
    framed_ip_address = struct.pack("!II", 8, 0x4000000C) + bytes((192, 0, 2, 1))
    avps = session_id + framed_ip_address
    header = struct.pack("!IIIII", 0x01000000 | 20 + len(avps), 0xC0000110, 4, 1, 1)
    packets.add(packets.tcp("127.46.0.1:3868", "127.46.0.2:3868", 1, header + avps))
    file = packets.write()
    trace = decoder.read([file])
    (message,) = trace.messages
    assert isinstance(message, DiameterMessage)
    assert [avp.name for avp in message.avps] == ["Session-Id", "Framed-IP-Address"]
    assert fresh == [None, None]  # with all names, and for the next capture


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGTERM])
def test_a_tshark_that_died_while_it_waited_is_replaced(capture: Path, signal_number: signal.Signals) -> None:
    with Decoder() as decoder:
        assert decoder.waiting is not None
        os.kill(decoder.waiting, signal_number)
        assert shown(decoder.read([capture])) == shown(read_trace([capture]))


def test_a_tshark_that_hangs_is_ended_and_replaced(
    capture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh: list[Path | None]
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "tshark"
    program.write_text("#!/bin/sh\nprintf 'V\\t4.0.17\\n'; exec sleep 60\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    path = os.environ["PATH"]
    monkeypatch.setattr(decode, "SECONDS_AT_LEAST", 5)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{path}")
    with Decoder() as decoder:
        hanging = decoder.waiting
        monkeypatch.setenv("PATH", path)
        trace = decoder.read([capture])
        assert len(trace.messages) == 1
        assert trace.captures[0].problems == ()
        assert fresh == [None] * (AHEAD + 2)  # in its stead, and for the next capture
    assert hanging is not None
    assert not runs(hanging)


def test_every_tshark_ends_with_its_capture_and_the_last_with_the_decoder(capture: Path) -> None:
    pids = []
    with Decoder() as decoder:
        for _ in range(3):
            pids.append(decoder.waiting)
            decoder.read([capture])
        pids.append(decoder.waiting)
        assert len(set(pids)) == 4
        assert [pid is not None and runs(pid) for pid in pids[:2]] == [False, False]
        assert pids[3] is not None
        assert runs(pids[3])
    assert decoder.waiting is None
    assert not any(pid is not None and runs(pid) for pid in pids)


def test_a_capture_that_is_missing_leaves_the_decoder_usable(capture: Path, tmp_path: Path) -> None:
    with Decoder() as decoder:
        with pytest.raises(BadInput, match="cannot be read"):
            decoder.read([tmp_path / "none"])
        assert len(decoder.read([capture]).messages) == 1


def test_without_tshark_nothing_waits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capture: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    decoder = Decoder()
    with pytest.raises(NotPermitted, match="apt-get install tshark"):
        decoder.prepare()
    with pytest.raises(NotPermitted, match="apt-get install tshark"):
        decoder.read([capture])


def test_a_process_that_is_killed_leaves_no_tshark_behind() -> None:
    program = (
        "import sys\nfrom conformance.trace.decoder import Decoder\n"
        "decoder = Decoder()\ndecoder.prepare()\nprint(decoder.waiting, flush=True)\nsys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            descriptor = os.pidfd_open(int(process.stdout.readline()))
        finally:
            process.kill()
    try:
        assert ends_within(descriptor, 20), "tshark still waits 20 s after the process that started it was killed"
    finally:
        os.close(descriptor)


def ends_within(descriptor: int, seconds: float) -> bool:
    """Wait for the end of a process that is not our child."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
