"""RTP is told as streams: what is lost, late, again, and how evenly it came; never as packets."""

from __future__ import annotations

import random
import re
import struct
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.rtp import RTP

from conformance.pcapng.walk import WalkedInterface
from conformance.trace.decode import read_trace
from conformance.trace.media_model import MediaStream
from conformance.trace.media_streams import MOST_STREAMS, StreamReader
from conformance.trace.model import Trace
from conformance.vocabulary.points import Point

if TYPE_CHECKING:
    from conftest import Packets

ALICE, BOB = "10.0.0.1:40000", "10.0.0.2:50000"
SSRC = 0xDEADBEEF


def rtp(number: int, *, kind: int = 8, ssrc: int = SSRC, step: int = 160, payload: int = 160) -> bytes:
    head = RTP(payload_type=kind, sequence=number & 0xFFFF, timestamp=number * step & 0xFFFFFFFF, sourcesync=ssrc)
    return bytes(head) + bytes([0xD5]) * payload


def marked(packet: bytes, dscp: int) -> bytes:
    return packet[:1] + bytes([dscp << 2]) + packet[2:]


def only(trace: Trace) -> MediaStream:
    (stream,) = trace.media
    return stream


def test_an_even_stream_has_figures_and_no_messages(packets: Packets) -> None:
    for number in range(100):
        packets.add(marked(packets.udp(ALICE, BOB, rtp(number)), 46), 20 * number, "media")
    trace = packets.trace()
    stream = only(trace)
    best = stream.best
    assert [str(end) for end in (stream.source, stream.destination)] == [f"{ALICE}/udp", f"{BOB}/udp"]
    assert (stream.ssrc, stream.payload_types, stream.clock_hz, stream.points) == (SSRC, (8,), 8000, {Point.MEDIA})
    assert (best.packets, best.octets, best.expected, best.lost) == (100, 16_000, 100, 0)
    assert (best.first_frame, best.last_frame, best.seconds) == (1, 100, 1.98)
    assert best.jitter_ms == pytest.approx(0, abs=1e-6)
    assert (best.longest_gap_ms, best.dscp) == (20, {46: 100})
    assert trace.messages == ()
    assert trace.captures[0].not_read == {"rtp": 100}


def test_lost_late_and_repeated_packets_are_told_apart(packets: Packets) -> None:
    order = [*range(65530, 65540), *range(65545, 65550), 65542, 65548, 65550, 65551]
    for at, number in enumerate(order):
        packets.add(packets.udp(ALICE, BOB, rtp(number)), 20 * at)
    best = only(packets.trace()).best
    assert (best.packets, best.lost, best.reordered, best.duplicates) == (len(order), 4, 1, 1)
    assert best.expected == 65552 - 65530
    assert best.loss == pytest.approx(4 / 22)


def test_the_first_packets_may_be_late_too(packets: Packets) -> None:
    for at, number in enumerate([5, 2, 3, 6, 7, 2]):
        packets.add(packets.udp(ALICE, BOB, rtp(number)), 20 * at)
    best = only(packets.trace()).best
    assert (best.packets, best.lost, best.reordered, best.duplicates) == (6, 1, 2, 1)


def test_with_keys_they_are_counted_although_tshark_reads_them(packets: Packets, tmp_path: Path) -> None:
    for number in range(20):
        packets.add(packets.gtp("10.9.0.1", "10.9.0.2", marked(packets.udp(ALICE, BOB, rtp(number)), 46)), 20 * number)
    keys = tmp_path / "keys.txt"
    keys.write_text("# none\n")
    with_keys, without = (read_trace([packets.write()], keys=given).media for given in (keys, None))
    assert with_keys == without
    assert with_keys[0].best.packets == 20


def test_another_beginning_is_no_loss(packets: Packets) -> None:
    for at, number in enumerate([1, 2, 3, 30_000, 30_001, 30_002]):
        packets.add(packets.udp(ALICE, BOB, rtp(number)), 20 * at)
    best = only(packets.trace()).best
    assert (best.packets, best.lost, best.restarts) == (6, 0, 1)


def test_the_longest_gap_says_behind_which_frame_it_ends(packets: Packets) -> None:
    for number in range(20):
        packets.add(packets.udp(ALICE, BOB, rtp(number)), 20 * number + (700 if number >= 12 else 0))
    best = only(packets.trace()).best
    assert (best.longest_gap_ms, best.gap_frame) == (720, 13)
    assert best.jitter_max_ms == pytest.approx(700 / 16)


def test_codepoints_and_payload_types_are_counted(packets: Packets) -> None:
    for number in range(30):
        kind, dscp = (101 if 10 <= number < 15 else 8), (46 if number < 20 else 0)
        packets.add(marked(packets.udp(ALICE, BOB, rtp(number, kind=kind)), dscp), 20 * number)
    stream = only(packets.trace())
    assert stream.best.dscp == {46: 20, 0: 10}
    assert stream.best.payload_types == {8: 25, 101: 5}
    assert stream.payload_types == (8, 101)


def test_copies_at_several_points_and_in_tunnels_are_one_stream(packets: Packets) -> None:
    for number in range(50):
        inner = marked(packets.udp(ALICE, BOB, rtp(number)), 46)
        packets.add(packets.gtp("10.9.0.1", "10.9.0.2", inner), 20 * number, "access")
        packets.add(packets.gtp("10.9.0.2", "10.9.0.3", inner), 20 * number + 1, "access")
        if number % 5:
            packets.add(inner, 20 * number + 2, "Gm")
    stream = only(packets.trace())
    assert [(one.point, one.encapsulation, one.packets, one.lost) for one in stream.sightings] == [
        (Point.ACCESS, ("gtp",), 50, 0),
        (Point.ACCESS, ("gtp",), 50, 0),
        (Point.GM, (), 40, 9),
    ]
    assert stream.sightings[1].outer == "10.9.0.2,10.0.0.1>10.9.0.3,10.0.0.2"
    assert [one.outer_dscp for one in stream.sightings] == [0, 0, None]
    assert stream.best.dscp == {46: 50}


def test_the_same_stream_in_two_files_is_one(packets: Packets, tmp_path: Path) -> None:
    for number in range(20):
        packets.add(packets.udp(ALICE, BOB, rtp(number)), 20 * number, "media")
    first = packets.write()
    second = tmp_path / "second.pcapng"
    second.write_bytes(first.read_bytes())
    stream = only(read_trace([first, second]))
    assert [(one.capture, one.packets) for one in stream.sightings] == [(0, 20), (1, 20)]


def test_a_packet_that_a_capture_of_all_interfaces_has_twice_is_counted_once(packets: Packets) -> None:
    for number in range(20):
        for later in (0, 0.05):
            packets.add(packets.udp(ALICE, BOB, rtp(number), ident=number + 1), 20 * number + later, "any")
    best = only(packets.trace()).best
    assert (best.packets, best.duplicates, best.longest_gap_ms) == (20, 0, 20)


def test_ipv6_is_counted_too(packets: Packets) -> None:
    for number in range(20):
        datagram = packets.udp(ALICE, BOB, rtp(number))[20:]
        packets.add(packets.ip6("2001:db8::1", "2001:db8::2", 17, datagram), 20 * number)
    stream = only(packets.trace())
    assert str(stream.source) == "[2001:db8::1]:40000/udp"
    assert (stream.best.packets, stream.best.octets) == (20, 3200)


@pytest.mark.parametrize("count", [30, 80])
@pytest.mark.parametrize(("clock", "step"), [(16_000, 320), (90_000, 1800), (48_000, 960)])
def test_the_clock_of_a_dynamic_payload_type_is_estimated(packets: Packets, clock: int, step: int, count: int) -> None:
    for number in range(count):
        packets.add(packets.udp(ALICE, BOB, rtp(number, kind=104, step=step)), 20 * number + (number % 2))
    stream = only(packets.trace())
    assert stream.clock_hz == clock
    assert stream.best.jitter_max_ms == pytest.approx(1, abs=0.2)


def test_a_clock_that_none_has_gives_no_jitter(packets: Packets) -> None:
    for number in range(80):
        packets.add(packets.udp(ALICE, BOB, rtp(number, kind=104, step=1)), 20 * number)
    stream = only(packets.trace())
    assert (stream.clock_hz, stream.best.jitter_ms, stream.best.packets) == (None, None, 80)


def test_what_receivers_tell_stands_beside(packets: Packets) -> None:
    for number in range(20):
        packets.add(packets.udp(ALICE, BOB, rtp(number)), 20 * number)
    for at, lost in ((400, 3), (500, 5)):
        block = struct.pack("!IIIIII", SSRC, 64 << 24 | lost, 19, 80, 0, 0)
        report = struct.pack("!BBHI", 0x81, 201, 7, 0xB0B) + block
        packets.add(packets.udp("10.0.0.2:50001", "10.0.0.1:40001", report), at)
    (told,) = only(packets.trace()).reports
    assert (told.reporter, told.fraction_lost, told.lost, told.jitter, told.reports, told.frame) == (
        0xB0B,
        0.25,
        5,
        80,
        2,
        22,
    )


def test_a_hostile_number_of_sources_is_bounded_and_told(packets: Packets) -> None:
    for number in range(20):
        packets.add(packets.udp(ALICE, BOB, rtp(number)), 20 * number)
        for other in range(200):
            packets.add(packets.udp(ALICE, BOB, rtp(1, ssrc=number << 16 | other, payload=1)), 20 * number)
    for number in range(2):
        for other in range(MOST_STREAMS + 10):
            packets.add(packets.udp(ALICE, "10.0.0.3:50000", rtp(number, ssrc=other, payload=1)), 500 + number)
    trace = packets.trace()
    assert len(trace.media) <= MOST_STREAMS
    assert next(one.best.packets for one in trace.media if one.ssrc == SSRC) == 20
    assert any("beyond the 2000 streams" in line for line in trace.captures[0].problems)


def test_single_packets_are_no_stream(packets: Packets) -> None:
    packets.add(packets.udp(ALICE, BOB, rtp(1)), 0)
    packets.add(packets.udp(ALICE, BOB, rtp(1, ssrc=5)), 0)
    assert packets.trace().media == ()


NUMBERS = st.lists(
    st.tuples(
        st.sampled_from([1, 1, 1, 1, 1, 2, 0, -1, -3, 4, 40_000, 65_000]),  # what the sequence number goes on by
        st.sampled_from([160, 160, 160, 0, -160, 2**31, 2**32 - 1]),
        st.sampled_from([8, 8, 8, 0x88, 101, 104]),
        st.sampled_from([0xB8, 0xB8, 0]),
        st.integers(0, 10**9),
    ),
    min_size=2,
    max_size=120,
)


@given(NUMBERS)
def test_haste_changes_nothing_and_every_packet_is_counted_once(steps: list[tuple[int, int, int, int, int]]) -> None:
    fast, careful = (StreamReader(0, [WalkedInterface("eth0", 101)]) for _ in range(2))
    note = fast.notes(0)
    sequence = timestamp = time_ns = 0
    ends = (b"\x0a\0\0\1", b"\x0a\0\0\2")
    for frame, (on, ticks, kind, tos, later) in enumerate(steps, 1):
        sequence, timestamp, time_ns = sequence + on & 0xFFFF, timestamp + ticks & 0xFFFFFFFF, time_ns + later
        head = struct.pack("!BBHHHBBH", 0x45, tos, 60, 0, 0, 64, 17, 0) + ends[0] + ends[1]
        udp = struct.pack("!HHHH", 40_000, 50_000, 40, 0)
        data = head + udp + struct.pack("!BBHII", 0x80, kind, sequence, timestamp, 5)
        note(frame, time_ns, data, 0, 40)
        careful.take(data, 40, 0, (ends,), (tos, tos), frame, time_ns)
    found, wanted = fast.sightings(), careful.sightings()
    assert [one[1] for one in found] == [one[1] for one in wanted]
    for (_, _, one), (_, _, other) in zip(found, wanted, strict=True):
        figures = asdict(one)
        assert figures.keys() == asdict(other).keys()
        assert all(figures[name] == pytest.approx(value) for name, value in asdict(other).items())
        assert one.packets == len(steps) == sum(one.dscp.values()) == sum(one.payload_types.values())
        assert (one.first_frame, one.last_frame, one.octets) == (1, len(steps), 20 * len(steps))
        assert min(one.lost, one.duplicates, one.reordered, one.restarts) >= 0


ROW = re.compile(
    r"^\s*[\d.]+\s+[\d.]+\s+\S+\s+\d+\s+\S+\s+\d+\s+0x(\w+)\s+\S+\s+(\d+)\s+(-?\d+) \(.*?%\)(.*)", re.MULTILINE
)


@pytest.mark.parametrize("loss", [0.0, 0.1])
@pytest.mark.parametrize("spread_ms", [0, 5, 30])
def test_tshark_counts_the_same(packets: Packets, loss: float, spread_ms: float) -> None:
    chance = random.Random(loss * 100 + spread_ms)
    arrivals = []
    for number in range(400):
        for ends, ssrc in (((ALICE, BOB), 1), ((BOB, ALICE), 2)):
            if not 0 < number < 399 or chance.random() >= loss:
                late = chance.random() * min(spread_ms, 19)  # in order: what Wireshark does with others is its own
                arrivals.append((20 * number + late, packets.udp(*ends, rtp(65_400 + number, ssrc=ssrc))))
    for at, packet in sorted(arrivals, key=lambda one: one[0]):
        packets.add(packet, at)
    file = packets.write()
    said = subprocess.run(
        ["tshark", "-r", str(file), "-q", "-o", "rtp.heuristic_rtp:TRUE", "-z", "rtp,streams"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    rows = {int(ssrc, 16): (int(count), int(lost), rest.split()) for ssrc, count, lost, rest in ROW.findall(said)}
    streams = read_trace([file]).media
    assert {stream.ssrc for stream in streams} == set(rows) == {1, 2}
    for stream in streams:
        count, lost, (_, mean_gap, longest, _, mean_jitter, most_jitter, *_) = rows[stream.ssrc]
        best = stream.best
        assert (best.packets, best.lost) == (count, lost)
        assert best.longest_gap_ms == pytest.approx(float(longest), abs=0.01)
        assert best.seconds * 1000 / (best.packets - 1) == pytest.approx(float(mean_gap), abs=0.01)
        assert best.jitter_ms == pytest.approx(float(mean_jitter), rel=0.02, abs=0.01)
        assert best.jitter_max_ms == pytest.approx(float(most_jitter), rel=0.02, abs=0.01)
