from __future__ import annotations

import struct
from collections.abc import Callable
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.pcapng.blocks import (
    ENHANCED_PACKET,
    IF_TSRESOL,
    INTERFACE_DESCRIPTION,
    INTERFACE_STATISTICS,
    ISB_IFDROP,
    BadBlock,
    Order,
    option,
)
from conformance.pcapng.contents import Content, ContentReader, Interface, Packet, Statistics
from conformance.pcapng.writer import SNAP_LENGTH, PcapngWriter

Make = Callable[..., bytes]
EXPECTED: list[Content] = [
    Interface(0, 1, "Gm", 9, 0, SNAP_LENGTH),
    Interface(1, 113, "Mw", 9, 0, SNAP_LENGTH),
    Packet(1, 1_700_000_000_123_456_789, b"abcde", 70_000),
    Packet(0, 5, b"", 0),
    Statistics(0, 3),
]


@pytest.fixture
def whole() -> bytes:
    stream = BytesIO()
    writer = PcapngWriter(stream, "a comment")
    writer.interface("Gm", 1, "udp")
    writer.interface("Mw", 113, "")
    writer.packet(1, 1_700_000_000_123_456_789, b"abcde", 70_000)
    writer.packet(0, 5, b"", 0)
    writer.statistics(0, 1, 2, 2, 3)
    return stream.getvalue()


def read(file: bytes) -> list[Content]:
    return list(ContentReader().feed(file))


@pytest.mark.parametrize("step", [1, 3, 64, 10_000])
def test_a_file_in_pieces_is_read_as_if_it_were_whole(whole: bytes, step: int) -> None:
    reader = ContentReader()
    assert [found for at in range(0, len(whole), step) for found in reader.feed(whole[at : at + step])] == EXPECTED
    assert (reader.offset, reader.wanted) == (len(whole), 0)


@pytest.mark.parametrize(("resolution", "tick_ns"), [(None, 1000), (6, 1000), (9, 1), (3, 1_000_000), (0, 10**9)])
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_clock_of_the_interface_is_honoured(
    section: Make, block: Make, resolution: int | None, tick_ns: int, order: Order
) -> None:
    body = struct.pack(order + "HHI", 1, 0, 0)
    if resolution is not None:
        body += struct.pack(order + "HHBxxx", IF_TSRESOL, 1, resolution)
    packet = struct.pack(order + "IIIII", 0, 0, 7, 0, 0)
    file = section(order) + block(INTERFACE_DESCRIPTION, body, order) + block(ENHANCED_PACKET, packet, order)
    assert read(file)[-1] == Packet(0, 7 * tick_ns, b"", 0)


@pytest.mark.parametrize("resolution", [10, 127, 128 + 9, 255])
def test_a_clock_that_has_no_whole_nanoseconds_is_refused(section: Make, block: Make, resolution: int) -> None:
    body = struct.pack("<HHI", 1, 0, 0) + option(IF_TSRESOL, bytes([resolution]))
    with pytest.raises(BadBlock, match=f"if_tsresol {resolution}, expected a power of ten from 0 to 9"):
        read(section() + block(INTERFACE_DESCRIPTION, body))


@pytest.mark.parametrize(
    ("kind", "body", "what"),
    [
        (INTERFACE_DESCRIPTION, bytes(4), "block of 16 octets, shorter than"),
        (ENHANCED_PACKET, bytes(16), "block of 28 octets, shorter than"),
        (ENHANCED_PACKET, struct.pack("<IIIII", 0, 0, 0, 5, 5) + bytes(4), "block of 36 octets, shorter than"),
        (ENHANCED_PACKET, struct.pack("<IIIII", 1, 0, 0, 0, 0), "interface 1, which is not described"),
        (INTERFACE_STATISTICS, bytes(8), "block of 20 octets, shorter than"),
    ],
)
def test_a_block_that_does_not_hold_what_it_says_is_refused(
    section: Make, block: Make, kind: int, body: bytes, what: str
) -> None:
    interface = block(INTERFACE_DESCRIPTION, struct.pack("<HHI", 1, 0, 0))
    reader = ContentReader()
    with pytest.raises(BadBlock, match=what):
        list(reader.feed(section() + interface + block(kind, body)))
    assert reader.offset == len(section() + interface)


def test_a_second_section_is_refused(whole: bytes) -> None:
    with pytest.raises(BadBlock, match="a second section"):
        read(whole + whole)


@pytest.mark.parametrize("options", [b"", option(ISB_IFDROP, b"\x01\0\0\0")])
def test_loss_that_is_not_said_in_64_bits_is_not_known(section: Make, block: Make, options: bytes) -> None:
    assert read(section() + block(INTERFACE_STATISTICS, bytes(12) + options)) == [Statistics(0, None)]


def test_other_blocks_are_passed_over(section: Make, block: Make) -> None:
    assert read(section() + block(4, b"name") + block(0x80000BAD, bytes(8))) == []


@given(st.lists(st.tuples(st.sampled_from([1, 5, 6]), st.binary(max_size=64)), max_size=5))
def test_hostile_bodies_end_in_contents_or_bad_block(
    section: Make, block: Make, blocks: list[tuple[int, bytes]]
) -> None:
    file = section() + b"".join(block(kind, body[: len(body) & ~3]) for kind, body in blocks)
    try:
        found = read(file)
    except BadBlock:
        return
    assert len(found) == len(blocks)
