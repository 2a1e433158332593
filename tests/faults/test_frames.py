"""Frames taken apart and put together, with lengths, checksums and TCP numbers right."""

from __future__ import annotations

import struct

import pytest

from conformance.faults.frames import internet_checksum, join_frame, make_frame, renumber_tcp, split_frame
from conformance.vocabulary.errors import BadInput

HERE, THERE = ("192.0.2.1", 5060), ("192.0.2.2", 3868)


def numbers(data: bytes) -> tuple[int, int]:
    sequence, acknowledge = struct.unpack_from("!II", split_frame(data).transport, 4)
    return sequence, acknowledge


def test_the_checksum_is_that_of_the_example_in_rfc_1071_section_3() -> None:
    assert internet_checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xFFFF - 0xDDF2


def test_an_odd_number_of_octets_is_padded_with_zero() -> None:
    assert internet_checksum(b"\x01") == internet_checksum(b"\x01\x00")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("payload", [b"", b"x", b"OPTIONS"])
def test_a_frame_that_is_split_and_joined_keeps_its_octets(transport: str, payload: bytes) -> None:
    data = make_frame(transport, HERE, THERE, payload, sequence=7, acknowledge=9)
    frame = split_frame(data)
    assert join_frame(frame) == data
    assert (frame.source, frame.destination, frame.payload) == (HERE, THERE, payload)
    assert frame.is_tcp == (transport == "tcp")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_the_sum_over_header_pseudo_header_and_payload_is_zero(transport: str) -> None:
    frame = split_frame(make_frame(transport, HERE, THERE, b"odd"))
    segment = frame.transport + frame.payload
    pseudo = frame.ip[12:20] + bytes([0, frame.ip[9]]) + struct.pack("!H", len(segment))
    assert internet_checksum(frame.ip) == 0
    assert internet_checksum(pseudo + segment) == 0


def test_ethernet_padding_is_no_payload() -> None:
    data = make_frame("udp", HERE, THERE, b"ab")
    assert split_frame(data + bytes(16)).payload == b"ab"


@pytest.mark.parametrize(
    ("at", "value"),
    [(12, b"\x86\xdd"), (20, b"\x20\x00"), (23, b"\x84")],
    ids=["IPv6", "fragment", "SCTP"],
)
def test_what_cannot_be_edited_is_refused(at: int, value: bytes) -> None:
    data = bytearray(make_frame("udp", HERE, THERE, b"ab"))
    data[at : at + len(value)] = value
    with pytest.raises(BadInput, match="cannot be edited"):
        split_frame(bytes(data))


def test_a_segment_that_grew_moves_what_follows_and_what_acknowledges_it() -> None:
    request = split_frame(make_frame("tcp", HERE, THERE, b"12345", sequence=100, acknowledge=500))
    answer = split_frame(make_frame("tcp", THERE, HERE, b"abc", sequence=500, acknowledge=105))
    second = split_frame(make_frame("tcp", HERE, THERE, b"67", sequence=105, acknowledge=503))
    longer = split_frame(make_frame("tcp", HERE, THERE, b"12345678", sequence=100, acknowledge=500))
    moved = renumber_tcp([request, answer, second], [longer, answer, second])
    assert [numbers(join_frame(frame)) for frame in moved if frame] == [(100, 500), (500, 108), (108, 503)]


def test_a_segment_that_vanished_leaves_no_hole() -> None:
    first = split_frame(make_frame("tcp", HERE, THERE, b"12345", sequence=100, acknowledge=500))
    second = split_frame(make_frame("tcp", HERE, THERE, b"67", sequence=105, acknowledge=500))
    moved = renumber_tcp([first, second], [None, second])
    assert moved[0] is None
    assert moved[1] is not None
    assert numbers(join_frame(moved[1])) == (100, 500)


def test_a_segment_that_came_in_between_moves_the_one_that_had_its_number() -> None:
    new = split_frame(make_frame("tcp", HERE, THERE, b"123", sequence=100, acknowledge=500))
    old = split_frame(make_frame("tcp", HERE, THERE, b"67", sequence=100, acknowledge=500))
    moved = renumber_tcp([None, old], [new, old])
    assert [numbers(join_frame(frame)) for frame in moved if frame] == [(100, 500), (103, 500)]
