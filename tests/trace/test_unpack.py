"""Packed captures are read, and cannot take more than they may."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.pcapng.blocks import BadBlock
from conformance.trace import unpack
from conformance.trace.decode import read_trace
from conformance.trace.unpack import open_capture
from conformance.vocabulary.errors import BadInput

if TYPE_CHECKING:
    from conftest import Packets

Make = Callable[..., bytes]


def test_a_packed_file_and_one_that_is_not_are_read_alike(tmp_path: Path) -> None:
    file = tmp_path / "a"
    for content in (b"octets", gzip.compress(b"octets"), gzip.compress(b"oct") + gzip.compress(b"ets")):
        file.write_bytes(content)
        with open_capture(file) as stream:
            assert stream.read(3) + stream.read(9) == b"octets"


@pytest.mark.parametrize("spoil", ["cut", "changed", "nothing behind"])
def test_a_damaged_file_is_told(tmp_path: Path, spoil: str) -> None:
    packed = bytearray(gzip.compress(bytes(range(256)) * 100))
    if spoil == "changed":
        packed[20] ^= 0xFF
    file = tmp_path / "a"
    file.write_bytes({"cut": packed[:-9], "changed": packed, "nothing behind": packed[:2]}[spoil])
    with open_capture(file) as stream, pytest.raises(BadBlock, match="the packed file is damaged"):
        _ = stream.read(1 << 20) + stream.read(1 << 20)


def test_a_bomb_is_refused_in_one_line_and_takes_no_memory(
    packets: Packets, register: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packets.add(packets.udp("10.0.0.1:5060", "10.0.0.2:5060", register()))
    monkeypatch.setattr(unpack, "_ALWAYS_UNPACKED", 2 << 20)
    monkeypatch.setattr(unpack, "MOST_TIMES", 10)
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    empty = bytes.fromhex("040000000c0000000c000000")  # a block of names, without any
    with (tmp_path / "bomb.pcapng.gz").open("wb") as file:
        file.write(packer.compress(packets.write().read_bytes()))
        for _ in range(6):
            file.write(packer.compress(empty * 87_382))  # 1 MiB
        file.write(packer.flush())
    assert (tmp_path / "bomb.pcapng.gz").stat().st_size < 100_000
    tracemalloc.start()
    try:
        with pytest.raises(BadInput, match=r"bomb\.pcapng\.gz: more than .* unpack it first") as caught:
            read_trace([tmp_path / "bomb.pcapng.gz"])
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
    assert "\n" not in str(caught.value)


def test_a_packed_capture_that_is_cut_is_read_by_tshark(packets: Packets, register: Make, tmp_path: Path) -> None:
    for number in range(50):
        packets.add(packets.udp("10.0.0.1:5060", "10.0.0.2:5060", register(f"c{number}")), number)
    file = tmp_path / "cut.pcapng.gz"
    packed = gzip.compress(packets.write().read_bytes())
    file.write_bytes(packed[: len(packed) // 2])
    trace = read_trace([file])
    assert 0 < len(trace.messages) < 50
    assert any("cut short" in problem for problem in trace.captures[0].problems)


def test_a_bomb_that_only_tshark_could_read_is_refused_before_tshark_sees_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpack, "_ALWAYS_UNPACKED", 2 << 20)
    monkeypatch.setattr(unpack, "MOST_TIMES", 10)
    other_version = bytes.fromhex("d4c3b2a1 0200 0300") + bytes(12) + bytes.fromhex("01000000")
    file = tmp_path / "bomb.pcap.gz"
    file.write_bytes(gzip.compress(other_version + bytes(6 << 20)))
    with pytest.raises(BadInput, match="unpack it first"):
        read_trace([file])
