from __future__ import annotations

import struct
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.trace.interfaces import read_interfaces

if TYPE_CHECKING:
    from conftest import Packets


def test_names_drops_and_the_interface_of_each_frame(packets: Packets) -> None:
    for name in ("Gm", "Mw", "Gm"):
        packets.add(packets.udp("127.31.0.1:1", "127.31.0.2:2", b"x"), on=name)
    found = read_interfaces(BytesIO(packets.write(drops={"Gm": 3, "Mw": 4}).read_bytes()))
    assert [(one.name, one.packets, one.drops) for one in found.all] == [("Gm", 2, 3), ("Mw", 1, 4)]
    assert [found.name(frame) for frame in (1, 2, 3, 4)] == ["Gm", "Mw", "Gm", "Gm"]
    assert found.drops == 7


def test_drops_are_unknown_where_one_used_interface_has_no_statistics(packets: Packets) -> None:
    for name in ("Gm", "Mw"):
        packets.add(packets.udp("127.31.0.1:1", "127.31.0.2:2", b"x"), on=name)
    assert read_interfaces(BytesIO(packets.write(drops={"Gm": 0}).read_bytes())).drops is None


def test_an_interface_without_packets_needs_no_statistics(packets: Packets) -> None:
    packets.add(packets.udp("127.31.0.1:1", "127.31.0.2:2", b"x"), on="Gm")
    raw = packets.write(drops={"Gm": 0, "Mw": 0}).read_bytes()
    assert read_interfaces(BytesIO(raw[:-32])).drops == 0


def test_a_second_section_begins_its_interfaces_anew(packets: Packets) -> None:
    packets.add(packets.udp("127.31.0.1:1", "127.31.0.2:2", b"x"), on="Gm")
    first = packets.write(drops={"Gm": 1}).read_bytes()
    packets.frames = [("Cx", time, raw) for _, time, raw in packets.frames]
    second = packets.write(drops={"Cx": 2}).read_bytes()
    found = read_interfaces(BytesIO(first + second))
    assert ([found.name(1), found.name(2)], found.drops) == (["Gm", "Cx"], 3)


def test_a_file_longer_than_a_piece_is_read_whole_in_either_byte_order() -> None:
    for order in "<>":
        raw = b""
        for kind, body in (
            (0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)),
            (1, struct.pack(order + "HHI", 1, 0, 0)),
            (1, struct.pack(order + "HHI", 1, 0, 0) + struct.pack(order + "HH4s", 2, 2, b"Gm")),
            (3, bytes(8)),
            (2, struct.pack(order + "HHIIII", 1, 0, 0, 0, 0, 0)),
            *[(6, struct.pack(order + "IIIII", number % 2, 0, 0, 996, 996) + bytes(996)) for number in range(300)],
            (5, struct.pack(order + "IIIHHQ", 1, 0, 0, 5, 8, 9)),
        ):
            length = struct.pack(order + "I", len(body) + 12)
            raw += struct.pack(order + "I", kind) + length + body + length
        found = read_interfaces(BytesIO(raw))
        assert [(one.name, one.packets, one.drops) for one in found.all] == [("", 151, None), ("Gm", 151, 9)]
        assert [found.index(frame) for frame in (1, 2, 3, 4, 302)] == [0, 1, 0, 1, 1]


@pytest.mark.parametrize("raw", [b"", b"\xa1\xb2\xc3\xd4" + bytes(20), b"\x0a\x0d\x0d\x0a" + bytes(30)])
def test_of_other_files_nothing_is_known(raw: bytes) -> None:
    found = read_interfaces(BytesIO(raw))
    assert (found.all, found.drops, found.name(1), found.index(1)) == ([], None, "", 0)


def test_a_cut_file_gives_what_is_before_the_cut(packets: Packets) -> None:
    for name in ("Gm", "Mw"):
        packets.add(packets.udp("127.31.0.1:1", "127.31.0.2:2", b"x"), on=name)
    raw = packets.write(drops={"Gm": 0, "Mw": 0}).read_bytes()
    for stop in range(len(raw)):
        assert read_interfaces(BytesIO(raw[:stop])).drops in (None, 0)


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    section = bytes.fromhex("0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c000000")
    interface = bytes.fromhex("01000000140000006500000000000400") + bytes.fromhex("14000000")
    for file in (raw, section + raw, section + interface + raw):
        read_interfaces(BytesIO(file))
