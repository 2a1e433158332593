from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.pcapng.blocks import (
    BYTE_ORDER_MAGIC,
    LONGEST_BLOCK,
    SECTION_HEADER,
    BadBlock,
    BlockSplitter,
    Order,
    option,
    options,
)

ORDERS: tuple[Order, ...] = ("<", ">")
Make = Callable[..., bytes]


def split(file: bytes, step: int = 1 << 20, longest: int = LONGEST_BLOCK) -> list[tuple[int, bytes]]:
    splitter = BlockSplitter(longest)
    return [found for at in range(0, len(file), step) for found in splitter.feed(file[at : at + step])]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("step", [1, 3, 64, 10_000])
def test_pieces_of_any_size_give_the_same_blocks(section: Make, block: Make, order: Order, step: int) -> None:
    file = section(order) + block(6, b"abcd", order) + block(99, b"", order) + block(5, bytes(100), order)
    assert split(file, step)[1:] == [(6, b"abcd"), (99, b""), (5, bytes(100))]
    assert split(file, step)[0][0] == SECTION_HEADER


def test_each_section_has_its_byte_order(section: Make, block: Make) -> None:
    file = b"".join(section(order) + block(6, b"abcd", order) for order in ("<", ">", ">", "<"))
    splitter = BlockSplitter()
    assert [splitter.order for kind, _ in splitter.feed(file) if kind == 6] == ["<", ">", ">", "<"]


def test_the_splitter_tells_where_it_is_and_what_it_waits_for(section: Make, block: Make) -> None:
    begin, packet = section(), block(6, bytes(40))
    splitter = BlockSplitter()
    assert [splitter.offset for _ in splitter.feed(begin + packet)] == [0, len(begin)]
    assert (splitter.offset, splitter.wanted) == (len(begin + packet), 0)
    for cut, wanted in ((5, 12), (11, 12), (12, len(packet)), (len(packet) - 1, len(packet))):
        splitter = BlockSplitter()
        assert len(list(splitter.feed(begin + packet[:cut]))) == 1
        assert (splitter.offset, splitter.wanted) == (len(begin), wanted)


@pytest.mark.parametrize("length", [0, 8, 13, 14, 1004, 0xFFFFFFFC])
def test_lengths_that_no_block_has_are_refused(section: Make, block: Make, length: int) -> None:
    file = section() + block(6, b"") + struct.pack("<III", 6, length, 0)
    splitter, found = BlockSplitter(1000), []
    with pytest.raises(BadBlock, match=f"^block of {length} octets$"):
        found += list(splitter.feed(file))
    assert splitter.offset == len(section() + block(6, b""))


def test_blocks_before_a_bad_one_are_handed_out(section: Make, block: Make) -> None:
    blocks = BlockSplitter().feed(section() + block(6, b"abcd") + bytes(12))
    assert [next(blocks)[0], next(blocks)] == [SECTION_HEADER, (6, b"abcd")]
    with pytest.raises(BadBlock):
        next(blocks)


@pytest.mark.parametrize(
    ("file", "what"),
    [
        (b"\xd4\xc3\xb2\xa1" + bytes(20), "no section header"),
        (struct.pack("<III", SECTION_HEADER, 28, 0x12345678) + bytes(16), "without byte-order magic"),
        (struct.pack("<III", SECTION_HEADER, 16, BYTE_ORDER_MAGIC) + bytes(4), "section header of 16 octets"),
    ],
)
def test_what_does_not_begin_with_a_section_is_refused(file: bytes, what: str) -> None:
    with pytest.raises(BadBlock, match=what):
        split(file)


def test_a_long_block_in_small_pieces_is_joined_once(section: Make, block: Make) -> None:
    splitter = BlockSplitter()
    file = section() + block(6, bytes(1 << 20))
    for at in range(0, len(file) - 64, 64):
        piece = file[at : at + 64]
        assert len(list(splitter.feed(piece))) == (at == 0)
        assert at == 0 or splitter._pieces[-1] is piece  # kept as it is, not joined to those before
    assert splitter.wanted == (1 << 20) + 12


@given(st.binary(max_size=200), st.sampled_from([1, 7, 200]))
def test_hostile_bytes_end_in_blocks_or_bad_block(raw: bytes, step: int) -> None:
    begin = struct.pack("<IIIHHqI", SECTION_HEADER, 28, BYTE_ORDER_MAGIC, 1, 0, -1, 28)
    for file in (raw, begin + raw):
        try:
            found = split(file, step)
        except BadBlock:
            continue
        assert sum(len(body) + 12 for _, body in found) <= len(file)


@pytest.mark.parametrize("length", range(9))
def test_options_are_padded_to_32_bits(length: int) -> None:
    encoded = option(1, b"x" * length)
    assert len(encoded) % 4 == 0
    assert encoded[4 : 4 + length] == b"x" * length
    assert list(options(b"head" + encoded + option(2, b"y"), 4, "<")) == [(1, b"x" * length), (2, b"y")]


def test_options_end_where_they_say_or_where_one_is_cut() -> None:
    assert list(options(option(1, b"x") + option(0, b"") + option(2, b"y"), 0, "<")) == [(1, b"x")]
    assert list(options(option(1, b"x") + option(2, b"yyyy")[:-1], 0, "<")) == [(1, b"x")]
    assert list(options(b"\0\x05\0\x02ab\0\0", 0, ">")) == [(5, b"ab")]
    assert list(options(b"abc", 100, "<")) == []
