"""Frames of pcap and pcapng as Wireshark counts them, with their times and interfaces."""

from __future__ import annotations

import io
import re
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.pcapng.blocks import (
    DECRYPTION_SECRETS,
    ENHANCED_PACKET,
    IF_NAME,
    IF_TSOFFSET,
    IF_TSRESOL,
    INTERFACE_DESCRIPTION,
    INTERFACE_STATISTICS,
    NAME_RESOLUTION,
    PACKET_OBSOLETE,
    SIMPLE_PACKET,
    BadBlock,
)
from conformance.pcapng.walk import LONGEST_PACKET, Walk

Make = Callable[..., bytes]
SECOND = 1_000_000_000
ORDERS = ["<", ">"]


def option(order: str, code: int, value: bytes) -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def interface(block: Make, order: str = "<", link_type: int = 1, options: bytes = b"", snap: int = 0) -> bytes:
    return block(INTERFACE_DESCRIPTION, struct.pack(order + "HHI", link_type, 0, snap) + options, order)


def enhanced(block: Make, data: bytes, ticks: int, index: int = 0, order: str = "<", original: int = 0) -> bytes:
    head = struct.pack(order + "IIIII", index, ticks >> 32, ticks & 0xFFFFFFFF, len(data), original or len(data))
    return block(ENHANCED_PACKET, head + data + bytes(-len(data) % 4), order)


def pcap(*packets: tuple[int, int, bytes], order: str = "<", magic: int = 0xA1B2C3D4) -> bytes:
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, 1)
    for seconds, fraction, data in packets:
        out += struct.pack(order + "IIII", seconds, fraction, len(data), len(data)) + data
    return out


def read(walk: Walk) -> Iterator[tuple[int, int, int, bytes, int]]:
    """Frame, interface, time, octets, octets on the wire."""
    for frame, index, time_ns, data, start, end, original in walk.steps():
        yield frame, index, time_ns, data[start:end], original


def packets(file: bytes) -> list[tuple[int, int, int, bytes, int]]:
    return list(read(Walk(io.BytesIO(file))))


def tshark(file: Path) -> list[tuple[int, int, bytes]]:
    """Frame number, nanoseconds and captured octets as tshark has them."""
    command = ["tshark", "-n", "-r", str(file), "-T", "fields", "-e", "frame.number", "-e", "frame.time_epoch"]
    said = subprocess.run([*command, "-e", "frame.cap_len"], capture_output=True, text=True, check=True).stdout
    found = []
    for line in said.splitlines():
        number, time, length = line.split("\t")
        seconds, _, fraction = time.partition(".")
        found.append((int(number), int(seconds or 0) * SECOND + int(fraction or 0), bytes(int(length))))
    return found


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("magic", "tick_ns"), [(0xA1B2C3D4, 1000), (0xA1B23C4D, 1)])
def test_pcap(order: str, magic: int, tick_ns: int) -> None:
    file = pcap((5, 7, b"abc"), (6, 8, b""), order=order, magic=magic)
    expected = [(1, 0, 5 * SECOND + 7 * tick_ns, b"abc", 3), (2, 0, 6 * SECOND + 8 * tick_ns, b"", 0)]
    assert packets(file) == expected


@pytest.mark.parametrize("order", ORDERS)
def test_pcapng_with_each_kind_of_packet_block(section: Make, block: Make, order: str) -> None:
    old = struct.pack(order + "HHIIII", 1, 0, 0, 9, 2, 4) + b"ol\0\0"
    simple = struct.pack(order + "I", 6) + b"simp\0\0\0\0"
    file = section(order) + interface(block, order, snap=4) + interface(block, order)
    file += enhanced(block, b"new", 7, 0, order, 30) + block(PACKET_OBSOLETE, old, order)
    file += block(SIMPLE_PACKET, simple, order)
    walk = Walk(io.BytesIO(file))
    assert list(read(walk)) == [(1, 0, 7000, b"new", 30), (2, 1, 9000, b"ol", 4), (3, 0, 9000, b"simp", 6)]
    assert (walk.frames, walk.without_time, walk.is_pcapng, walk.is_cut) == (3, 1, True, False)
    assert [one.packets for one in walk.interfaces] == [2, 1]


CLOCKS = [
    (b"", 1000),
    (b"\x03", 1_000_000),
    (b"\x09", 1),
    (b"\x80", SECOND),
    (b"\x8a", SECOND / 1024),
    (b"\xa0", SECOND / 2**32),
]


@pytest.mark.parametrize(("resolution", "tick_ns"), CLOCKS)
@pytest.mark.parametrize("offset_s", [0, 1_000_000_000])
def test_clocks_are_those_of_wireshark(
    section: Make, block: Make, tmp_path: Path, resolution: bytes, tick_ns: float, offset_s: int
) -> None:
    options = option("<", IF_TSRESOL, resolution) if resolution else b""
    options += option("<", IF_TSOFFSET, struct.pack("<q", offset_s)) if offset_s else b""
    ticks = int(1_700_000_000.123456789 * SECOND / tick_ns) % (1 << 63)
    file = section() + interface(block, options=options) + enhanced(block, bytes(60), ticks)
    (tmp_path / "a.pcapng").write_bytes(file)
    assert [(frame, time, octets) for frame, _, time, octets, _ in packets(file)] == tshark(tmp_path / "a.pcapng")


def test_a_clock_of_picoseconds_is_read(section: Make, block: Make) -> None:
    """Of which Wireshark 4.0 gets the fraction wrong."""
    file = section() + interface(block, options=option("<", IF_TSRESOL, b"\x0c"))
    assert packets(file + enhanced(block, b"", 5_123_456_789_012))[0][2] == 5_123_456_789


def test_sections_have_their_own_order_and_interfaces(section: Make, block: Make, tmp_path: Path) -> None:
    file = b""
    for order in ("<", ">", ">", "<"):
        name = option(order, IF_NAME, b"at " + order.encode())
        file += section(order) + interface(block, order, options=name) + enhanced(block, bytes(60), 5, 0, order)
        statistics = struct.pack(order + "III", 0, 0, 0) + option(order, 5, struct.pack(order + "Q", 3))
        file += block(INTERFACE_STATISTICS, statistics, order)
    walk = Walk(io.BytesIO(file))
    assert [(frame, index) for frame, index, *_ in walk.steps()] == [(1, 0), (2, 1), (3, 2), (4, 3)]
    assert [(one.name, one.drops) for one in walk.interfaces] == [("at <", 3), ("at >", 3), ("at >", 3), ("at <", 3)]
    (tmp_path / "a.pcapng").write_bytes(file)
    assert len(tshark(tmp_path / "a.pcapng")) == 4


def test_what_is_not_wanted_is_counted_and_not_handed_out(section: Make, block: Make) -> None:
    pattern = {1: re.compile(rb"\x80.{3}\Z", re.DOTALL)}
    file = section() + interface(block) + interface(block, link_type=101)
    for index in (0, 1):
        file += enhanced(block, b"\x80abc", 1, index) + enhanced(block, b"\x80abcd", 2, index)
    for content, frames in ((file, [2, 3, 4]), (pcap((0, 0, b"\x80abc"), (0, 0, b"x"), (0, 0, b"\x80abc")), [2])):
        walk = Walk(io.BytesIO(content), pattern)
        assert [frame for frame, *_ in walk.steps()] == frames
        assert walk.passed_over + len(frames) == walk.frames == sum(one.packets for one in walk.interfaces)


def test_secrets_are_kept_and_names_passed_over(section: Make, block: Make) -> None:
    for order in ORDERS:
        secrets = struct.pack(order + "II", 0x544C534B, 3) + b"key\0"
        file = section(order) + block(DECRYPTION_SECRETS, secrets, order) + block(NAME_RESOLUTION, bytes(4), order)
        walk = Walk(io.BytesIO(file))
        assert list(walk.steps()) == []
        assert walk.secrets == [struct.pack("<II", 0x544C534B, 3) + b"key\0"]


@pytest.mark.parametrize("less", range(1, 40))
def test_a_file_that_ends_early_is_read_up_to_there(section: Make, block: Make, less: int) -> None:
    for file in (
        section() + interface(block) + enhanced(block, b"abcd", 1) + enhanced(block, bytes(8), 2),
        pcap((0, 0, b"abcd"), (0, 0, bytes(24))),
    ):
        walk = Walk(io.BytesIO(file[:-less]))
        assert [octets for _, _, _, octets, _ in read(walk)] == [b"abcd"]
        assert walk.is_cut == (less != 40)


def test_packets_are_found_over_the_seams_of_pieces(section: Make, block: Make) -> None:
    sizes = [0, 1, 1500, 60_000, 65_000, 3, 200_000, 20, *range(400)] * 3
    file = section() + interface(block) + b"".join(enhanced(block, bytes(size), 1) for size in sizes)
    assert [len(octets) for _, _, _, octets, _ in packets(file)] == sizes
    file = pcap(*((0, 0, bytes(size)) for size in sizes))
    assert [len(octets) for _, _, _, octets, _ in packets(file)] == sizes


def test_what_is_not_known_is_refused_behind_the_packets_before_it(section: Make, block: Make) -> None:
    begin = section() + interface(block) + enhanced(block, b"abcd", 1)
    strange = [
        block(9, bytes(4)),  # a journal entry, which Wireshark counts as a frame
        block(0x0BAD, bytes(8)),
        enhanced(block, b"", 1, index=1),
        struct.pack("<II", 6, 13) + bytes(40),
        struct.pack("<II", 6, 8) + bytes(40),
        block(ENHANCED_PACKET, struct.pack("<IIIII", 0, 0, 0, LONGEST_PACKET + 1, 0)),
        block(ENHANCED_PACKET, struct.pack("<IIIII", 0, 0, 0, 9, 9) + bytes(4)),
        block(INTERFACE_DESCRIPTION, bytes(4)),
        interface(block, options=option("<", IF_TSRESOL, b"\x50")) + enhanced(block, b"", 1),
    ]
    for one in strange:
        steps = Walk(io.BytesIO(begin + one + bytes(64))).steps()
        assert next(steps)[0] == 1
        with pytest.raises(BadBlock):
            list(steps)


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"\x0a\x0d",
        b"snoop\0\0\0",
        pcap()[:20],
        struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 3, 0, 0, 9, 1),
        struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 9, 1 | 1 << 26),
        pcap() + struct.pack("<IIII", 0, 0, 5, 4) + bytes(5),
        pcap() + struct.pack("<IIII", 0, 0, LONGEST_PACKET + 1, LONGEST_PACKET + 1),
    ],
)
def test_other_files_are_refused(file: bytes) -> None:
    with pytest.raises(BadBlock):
        list(Walk(io.BytesIO(file)).steps())


@given(st.binary(max_size=300), st.sampled_from([0, 1, 2, 3]))
def test_hostile_octets_end_in_packets_or_bad_block(section: Make, block: Make, raw: bytes, kind: int) -> None:
    begin = [b"", section(), section() + interface(block), pcap()][kind]
    try:
        found = packets(begin + raw)
    except BadBlock:
        return
    assert sum(len(octets) for _, _, _, octets, _ in found) <= len(raw)


@pytest.mark.parametrize("order", ORDERS)
def test_what_is_not_wanted_is_noted_by_interface_with_its_time_and_place(
    section: Make, block: Make, order: str
) -> None:
    noted: list[tuple[int, int, int, bytes]] = []

    def notes(index: int) -> Callable[[int, int, bytes, int, int], None]:
        return lambda frame, time_ns, data, start, end: noted.append((index, frame, time_ns, data[start:end]))

    micro = interface(block, order)
    nano = interface(block, order, options=option(order, IF_TSRESOL, b"\x09"))
    packets = [enhanced(block, b"unwanted rest", 7, 0, order), enhanced(block, b"wanted", 8, 0, order)]
    packets.append(enhanced(block, b"unwanted too", 9, 1, order))
    file = section(order) + micro + nano + b"".join(packets)
    walk = Walk(io.BytesIO(file), {1: re.compile(rb"unwanted")})
    assert [step[0] for step in walk.steps(notes)] == [2]
    assert noted == [(0, 1, 7000, b"unwanted"), (1, 3, 9, b"unwanted")]
    assert walk.passed_over == 2


def test_of_a_pcap_too() -> None:
    noted: list[tuple[int, int]] = []
    walk = Walk(io.BytesIO(pcap((1, 2, b"unwanted"), (3, 4, b"wanted"))), {1: re.compile(rb"unwanted")})
    steps = walk.steps(lambda index: lambda frame, time_ns, data, start, end: noted.append((frame, time_ns)))
    assert [step[0] for step in steps] == [2]
    assert noted == [(1, SECOND + 2000)]
