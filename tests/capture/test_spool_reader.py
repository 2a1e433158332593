from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from conformance.capture.spool_reader import SpoolReader
from conformance.pcapng.blocks import ENHANCED_PACKET
from conformance.pcapng.contents import Content, Interface, Packet, Statistics
from conformance.pcapng.writer import SNAP_LENGTH, PcapngWriter
from conformance.vocabulary.errors import HarnessFault


@pytest.fixture
def growing(tmp_path: Path) -> Iterator[BinaryIO]:
    with (tmp_path / "growing").open("w+b", buffering=0) as file:
        yield file  # type: ignore[misc]  # unbuffered: FileIO


def read_all(reader: SpoolReader) -> list[Content]:
    found: list[Content] = []
    while (contents := reader.read()) is not None:
        found += contents
    return found


def test_a_file_that_grows_is_read_as_it_grows(growing: BinaryIO) -> None:
    reader, writer = SpoolReader(growing.fileno()), PcapngWriter(growing, "a comment")
    assert read_all(reader) == []
    writer.interface("Gm", 1, "udp")
    assert read_all(reader) == [Interface(0, 1, "Gm", 9, snap_length=SNAP_LENGTH)]
    writer.packet(0, 1_700_000_000_123_456_789, b"abcde", 70_000)
    assert read_all(reader) == [Packet(0, 1_700_000_000_123_456_789, b"abcde", 70_000)]
    writer.statistics(0, 1, 2, 2, 3)
    assert read_all(reader) == [Statistics(0, 3)]


def test_nothing_new_is_told_from_nothing_complete(growing: BinaryIO) -> None:
    reader = SpoolReader(growing.fileno())
    assert reader.read() is None
    growing.write(b"\x0a\x0d\x0d\x0a" + bytes(6))
    assert reader.read() == []
    assert reader.read() is None


def test_who_writes_keeps_the_place(growing: BinaryIO) -> None:
    PcapngWriter(growing)
    place = growing.tell()
    read_all(SpoolReader(growing.fileno()))
    assert growing.tell() == place


@pytest.mark.parametrize("length", [0, 13, 400_000, 1 << 30])
def test_a_block_of_impossible_length_is_our_fault(growing: BinaryIO, length: int) -> None:
    PcapngWriter(growing)
    place = growing.tell()
    growing.write(struct.pack("=III", ENHANCED_PACKET, length, 0))
    with pytest.raises(HarnessFault, match=f"spool at octet {place}: block of {length} octets"):
        SpoolReader(growing.fileno()).read()
