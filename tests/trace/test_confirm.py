from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pyshark.tshark.output_parser.tshark_xml import packet_from_xml_packet

from conformance.trace import confirm
from conformance.trace.confirm import second_reading
from conformance.vocabulary.errors import BadInput, HarnessFault

if TYPE_CHECKING:
    from conftest import Packets

Make = Callable[..., bytes]
CAPTURES = Path(__file__).parents[2] / "captures"


@pytest.fixture
def file(packets: Packets, register: Make, diameter: Make) -> Path:
    packets.add(packets.udp("127.31.0.1:5060", "127.31.0.2:4060", register("c1")))
    packets.add(packets.tcp("127.31.0.2:4060", "127.31.0.4:6060", 1, register("c2") + register("c3")))
    packets.add(packets.tcp("127.31.0.3:40000", "127.31.0.5:3868", 1, diameter()))
    return packets.write()


def test_only_the_frames_asked_for_are_read_with_all_their_messages(file: Path) -> None:
    found = second_reading(file, [2, 3, 3, 99])
    assert sorted(found) == [2, 3]
    assert found[2].fields["sip.Call-ID"] == ["c2", "c3"]
    assert found[2].protocols[-2:] == ("sip", "sip")
    assert found[3].fields["diameter.Public-Identity"] == ["sip:alice@home.test"]
    assert found[3].frame == 3


def test_no_frames_give_nothing(file: Path) -> None:
    assert second_reading(file, []) == {}


def test_it_works_after_an_event_loop_has_been_closed(file: Path) -> None:
    async def nothing() -> None:
        await asyncio.get_running_loop().shutdown_asyncgens()

    asyncio.run(nothing())
    assert list(second_reading(file, [1])) == [1]


def test_inside_an_event_loop_it_says_so(file: Path) -> None:
    async def wrong() -> None:
        second_reading(file, [1])

    with pytest.raises(HarnessFault, match="running event loop"):
        asyncio.run(wrong())


def test_a_capture_that_was_cut_short_is_read_up_to_the_cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])
    assert list(second_reading(file, [1])) == [1]
    with pytest.raises(BadInput, match="did not read it"):
        second_reading(file, [3])


def test_a_missing_capture_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such capture"):
        second_reading(tmp_path / "none.pcap", [1])


def test_many_readings_in_one_process_say_nothing_on_stderr(file: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from conformance.trace.confirm import second_reading\n"
        "print([sorted(second_reading(Path(sys.argv[1]), [1, 3, 99])) for _ in range(10)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(file)], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.stdout.strip(), done.stderr) == (str([[1, 3]] * 10), "")


def test_an_error_while_reading_ends_tshark_at_once(
    packets: Packets, register: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(400):  # more than the pipe from tshark holds
        packets.add(packets.udp("127.31.0.1:5060", "127.31.0.2:4060", register(f"c{number}")))

    ended: list[int | None] = []
    clean_up = confirm._FrameCapture._cleanup_subprocess

    async def watched(capture: confirm._FrameCapture, process: asyncio.subprocess.Process) -> None:
        await clean_up(capture, process)
        ended.append(process.returncode)

    def fail(parser: object, packet: bytes) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(confirm._FrameCapture, "_cleanup_subprocess", watched)
    monkeypatch.setattr(confirm._FrameParser, "_parse_single_packet", fail)
    begun = time.monotonic()
    with pytest.raises(ZeroDivisionError):
        second_reading(packets.write(), range(1, 401))
    assert time.monotonic() - begun < confirm._END_S
    assert set(ended) == {-signal.SIGKILL}


@pytest.mark.parametrize("case", ["handbuilt-registration-visited", "kamailio-registration-home"])
def test_a_reading_is_what_the_packets_of_pyshark_show(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = CAPTURES / case / "capture.pcapng"
    kept: list[bytes] = []
    parse = confirm._FrameParser._parse_single_packet

    def keep(parser: confirm._FrameParser, xml: bytes) -> confirm.FrameReading:
        kept.append(xml)
        return parse(parser, xml)

    monkeypatch.setattr(confirm._FrameParser, "_parse_single_packet", keep)
    readings = second_reading(file, range(1, 100))
    packets = [packet_from_xml_packet(xml) for xml in kept]

    assert len(packets) == len(readings) > 20
    for packet in packets:
        shown: dict[str, list[str]] = {}
        for layer in packet.layers:
            for name, container in layer._all_fields.items():
                if name:
                    shown.setdefault(name, []).extend(field.show or "" for field in container.all_fields)
        reading = readings[int(packet.number)]
        assert (reading.protocols, reading.fields) == (tuple(layer.layer_name for layer in packet.layers), shown)


@pytest.mark.parametrize(
    ("frames", "words"), [([7], "7"), ([1, 2, 3, 5], "1..3, 5"), ([1, 3, 4, 9, 10], "1, 3..4, 9..10")]
)
def test_frame_numbers_that_follow_each_other_are_a_range(frames: list[int], words: str) -> None:
    assert confirm._ranges(frames) == words
