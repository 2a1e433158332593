"""Frames are rewritten with everything around them, in tunnels too."""

from __future__ import annotations

from dataclasses import replace

from conformance.faults.frames import Frame, join_frame, split_frame
from conformance.faults.pcapfile import Packet, PacketFile
from conformance.faults.reference import build
from conformance.faults.rewrite import rewrite
from conformance.faults.sip_bytes import add_header, is_sip

BASE = build("handbuilt-registration-home-access")


def with_header(frame: Frame) -> Frame:
    return replace(frame, payload=add_header(frame.payload, "X", b"1")) if is_sip(frame.payload) else frame


def test_what_is_not_changed_keeps_its_octets() -> None:
    assert rewrite(BASE, lambda frame: frame) == BASE


def test_a_packet_in_a_tunnel_is_changed_with_both_lengths() -> None:
    outer, _, plain = (packet.data for packet in rewrite(BASE, with_header).packets[:3])
    gtp = split_frame(outer).payload
    inner = split_frame(plain)
    assert int.from_bytes(gtp[2:4], "big") == len(gtp) - 8
    assert gtp[8:].endswith(inner.transport + inner.payload)
    assert inner.payload.endswith(b"X: 1\r\n\r\n")
    assert join_frame(split_frame(outer)) == outer
    assert join_frame(inner) == plain


def test_segments_behind_one_that_grew_move() -> None:
    def longer(frame: Frame) -> Frame:
        return replace(frame, payload=frame.payload + b"12345678") if frame.is_tcp else frame

    before = [split_frame(packet.data) for packet in BASE.packets]
    after = [split_frame(packet.data) for packet in rewrite(BASE, longer).packets]
    client = next(frame.source for frame in before if frame.is_tcp)
    numbers = [
        [int.from_bytes(frame.transport[4:8], "big") for frame in frames if frame.is_tcp and frame.source == client]
        for frames in (before, after)
    ]
    assert [new - old for old, new in zip(*numbers, strict=True)] == [8 * place for place in range(len(numbers[0]))]


def test_what_is_no_frame_that_can_be_read_stays() -> None:
    odd = PacketFile(("Gm",), (Packet("Gm", 1, b"\xff" * 60),), 0)
    assert rewrite(odd, with_header) == odd
