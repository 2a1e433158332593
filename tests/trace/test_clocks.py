"""Captures of machines with different clocks make one trace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.trace.clocks import estimate
from conformance.trace.decode import read_trace
from conformance.trace.model import Trace

if TYPE_CHECKING:
    from conftest import Packets

UE, PCSCF, SCSCF = "127.31.0.1:5060", "127.31.0.2:4060", "127.31.0.4:6060"
MS = 1_000_000
HOUR_MS = 3_600_000
Make = Callable[..., bytes]


def answer(request: bytes) -> bytes:
    return b"SIP/2.0 200 OK\r\n" + request.partition(b"\r\n")[2]


def two_points(packets: Packets, register: Make, folder: Path, ahead_ms: float, delay_ms: float = 2) -> list[Path]:
    """Three users at a P-CSCF and at an S-CSCF, whose clock is ahead."""
    other = type(packets)(folder / "other.pcapng")
    for number in range(3):
        request, at = register(f"c{number}"), 100 * number
        packets.add(packets.udp(UE, PCSCF, request), at)
        forwarded = request.replace(b"z9hG4bK1", b"z9hG4bK2")
        there, back = packets.udp(PCSCF, SCSCF, forwarded), packets.udp(SCSCF, PCSCF, answer(forwarded))
        packets.add(there, at + 1)
        other.add(there, at + 1 + delay_ms + ahead_ms)
        other.add(back, at + 10 + ahead_ms)
        packets.add(back, at + 10 + delay_ms)
    return [packets.write(), other.write()]


def order(trace: Trace) -> list[tuple[bool, int]]:
    return [(message.sip.is_request, len(message.sightings)) for message in trace.sip]


@pytest.mark.parametrize("ahead_ms", [0, 0.5, 399, 401, -700, 5 * HOUR_MS, -30 * HOUR_MS])
def test_the_offset_is_estimated_and_used(packets: Packets, register: Make, tmp_path: Path, ahead_ms: float) -> None:
    trace = read_trace(two_points(packets, register, tmp_path, ahead_ms))
    assert [capture.clock_offset_ns for capture in trace.captures] == [0, ahead_ms * MS]
    assert order(trace) == [(True, 1), (True, 2), (False, 2)] * 3


def test_a_sighting_keeps_the_time_of_its_capture(packets: Packets, register: Make, tmp_path: Path) -> None:
    trace = read_trace(two_points(packets, register, tmp_path, HOUR_MS))
    request, reply = list(trace.sip)[1:3]
    there = request.sightings[1]
    assert there.time_ns - request.sightings[0].time_ns == (HOUR_MS + 2) * MS
    assert there.trace_time_ns - request.time_ns == 2 * MS
    # The answer was seen first where the clock is ahead.
    assert (reply.capture, reply.time_ns - request.time_ns) == (1, 9 * MS)


def test_captures_that_share_nothing_keep_their_times(packets: Packets, register: Make, tmp_path: Path) -> None:
    packets.add(packets.udp(UE, PCSCF, register("c1")))
    other = type(packets)(tmp_path / "other.pcapng")
    other.add(packets.udp(UE, PCSCF, register("c2")), 5)
    trace = read_trace([packets.write(), other.write()])
    assert [capture.clock_offset_ns for capture in trace.captures] == [None, None]
    assert len(trace.messages) == 2


def test_one_capture_has_no_offset(packets: Packets, register: Make) -> None:
    packets.add(packets.udp(UE, PCSCF, register("c1")))
    assert packets.trace().captures[0].clock_offset_ns is None


def test_a_third_capture_is_joined_by_way_of_the_second(packets: Packets, register: Make, tmp_path: Path) -> None:
    files = two_points(packets, register, tmp_path, 1000, delay_ms=0)
    third = type(packets)(tmp_path / "third.pcapng")
    far = register("far")
    third.add(packets.udp(SCSCF, "127.31.0.5:5060", far), 8000)
    second = type(packets)(files[1])
    second.frames = []
    for number in range(3):
        forwarded = register(f"c{number}").replace(b"z9hG4bK1", b"z9hG4bK2")
        second.add(packets.udp(PCSCF, SCSCF, forwarded), 1001 + 100 * number)
    second.add(packets.udp(SCSCF, "127.31.0.5:5060", far), 1500)
    trace = read_trace([files[0], second.write(), third.write()])
    assert [capture.clock_offset_ns for capture in trace.captures] == [0, 1000 * MS, 7500 * MS]


def keyed(*times: int, source: str = "a", destination: str = "b") -> list[tuple[tuple[object, ...], int]]:
    return [((source, destination, "SIP", b"%d" % number), time) for number, time in enumerate(times)]


def test_single_copies_that_were_held_up_move_nothing() -> None:
    assert estimate(keyed(0, 10, 20, 30, 40), keyed(100, 110, 5000, 130, 9000)) == 100


def test_the_delay_of_both_directions_cancels_out() -> None:
    here = keyed(0, 10) + keyed(25, 35, source="b", destination="a")
    there = keyed(105, 115) + keyed(120, 130, source="b", destination="a")
    assert estimate(here, there) == 100


def test_what_was_sent_once_counts_and_what_was_sent_again_only_without_it() -> None:
    again = (("a", "b", "SIP", b"again"), 500)
    here = [(again[0], 0), again, *keyed(1000)]
    assert estimate(here, [(again[0], 600), *keyed(1100)]) == 100
    assert estimate(here[:2], [(again[0], 100), (again[0], 600)]) == 100


def test_without_anything_shared_nothing_is_estimated() -> None:
    assert estimate(keyed(1), keyed(2, source="x")) is None
