from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from conformance.capture.pcapng import ENHANCED_PACKET, IF_TSRESOL, INTERFACE_DESCRIPTION, PcapngWriter, option
from conformance.capture.pcapng_reader import Block, Interface, Packet, PcapngReader, Statistics
from conformance.vocabulary.errors import HarnessFault

EXPECTED: list[Block] = [
    Interface(0, 1, 1),
    Interface(1, 113, 1),
    Packet(1, 1_700_000_000_123_456_789, b"abcde", 70_000),
    Packet(0, 5, b"", 0),
    Statistics(0, 3),
]


@pytest.fixture
def growing(tmp_path: Path) -> Iterator[BinaryIO]:
    with (tmp_path / "growing").open("w+b", buffering=0) as file:
        yield file  # type: ignore[misc]  # unbuffered: FileIO


@pytest.fixture
def whole(tmp_path: Path) -> bytes:
    with (tmp_path / "whole").open("w+b") as stream:
        writer = PcapngWriter(stream, "a comment")
        writer.interface("Gm", 1, "udp")
        writer.interface("Mw", 113, "")
        writer.packet(1, 1_700_000_000_123_456_789, b"abcde", 70_000)
        writer.packet(0, 5, b"", 0)
        writer.statistics(0, 1, 2, 2, 3)
    return (tmp_path / "whole").read_bytes()


def read_all(reader: PcapngReader) -> list[Block]:
    found: list[Block] = []
    while (blocks := reader.read()) is not None:
        found += blocks
    return found


@pytest.mark.parametrize("step", [1, 3, 64, 10_000])
def test_a_file_that_grows_is_read_as_if_it_were_whole(growing: BinaryIO, whole: bytes, step: int) -> None:
    reader, found = PcapngReader(growing.fileno()), []
    for start in range(0, len(whole), step):
        growing.write(whole[start : start + step])
        found += read_all(reader)
    assert found == EXPECTED


def test_nothing_new_is_told_from_nothing_complete(growing: BinaryIO, whole: bytes) -> None:
    reader = PcapngReader(growing.fileno())
    assert reader.read() is None
    growing.write(whole[:10])
    assert reader.read() == []
    assert reader.read() is None


def test_the_clock_of_the_interface_is_honoured(growing: BinaryIO) -> None:
    PcapngWriter(growing)
    body = struct.pack("=HHI", 1, 0, 0) + option(IF_TSRESOL, b"\x06")
    growing.write(struct.pack("=II", INTERFACE_DESCRIPTION, len(body) + 12) + body + struct.pack("=I", len(body) + 12))
    growing.write(struct.pack("=IIIIIIII", ENHANCED_PACKET, 32, 0, 0, 7, 0, 0, 32))
    assert read_all(PcapngReader(growing.fileno()))[-1] == Packet(0, 7_000, b"", 0)


@pytest.mark.parametrize("length", [0, 13, 1 << 30])
def test_a_block_of_impossible_length_is_our_fault(growing: BinaryIO, length: int) -> None:
    growing.write(struct.pack("=III", ENHANCED_PACKET, length, 0))
    with pytest.raises(HarnessFault, match=f"spool at octet 0: block of {length} octets"):
        PcapngReader(growing.fileno()).read()
