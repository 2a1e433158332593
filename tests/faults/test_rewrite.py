"""Frames are rewritten with everything around them, in tunnels too."""

from __future__ import annotations

from dataclasses import replace

from conformance.faults.fragments import cut, datagrams
from conformance.faults.frames import Frame, join_frame, make_frame, split_frame
from conformance.faults.pcapfile import Packet, PacketFile
from conformance.faults.reference import build
from conformance.faults.rewrite import contents, rewrite
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


LONG = make_frame("udp", ("192.0.2.1", 5060), ("192.0.2.2", 5060), b"INVITE sip:a SIP/2.0\r\n\r\n" + bytes(1840))
SHORT = make_frame("udp", ("192.0.2.2", 5060), ("192.0.2.1", 5060), b"SIP/2.0 100 Trying\r\n\r\n")
FRAGMENTED = PacketFile(
    ("Mw",), tuple(Packet("Mw", at, data) for at, data in enumerate([*cut(LONG, 1480), SHORT, *cut(LONG, 1480)])), 0
)


def test_a_message_in_fragments_is_changed_as_a_whole() -> None:
    assert rewrite(FRAGMENTED, lambda frame: frame) == FRAGMENTED
    changed = rewrite(FRAGMENTED, with_header)
    assert [packet.time_ns for packet in changed.packets] == [0, 1, 2, 3, 4] == [*range(len(FRAGMENTED.packets))]
    whole = [split_frame(one.data) for one in datagrams(changed.packets)]
    assert [b"\r\nX: 1\r\n" in frame.payload for frame in whole] == [True] * 3
    assert len(changed.packets[0].data) == len(FRAGMENTED.packets[0].data)


def test_a_message_that_grows_takes_more_packets_and_one_that_shrinks_takes_fewer() -> None:
    def to(size: int) -> PacketFile:
        return rewrite(FRAGMENTED, lambda frame: replace(frame, payload=frame.payload.ljust(size, b".")[:size]))

    assert [packet.time_ns for packet in to(3000).packets] == [0, 1, 1, 2, 3, 4, 4]
    assert [packet.time_ns for packet in to(100).packets] == [0, 2, 3]


def test_what_packets_hold_is_given_with_its_time_and_out_of_its_tunnel() -> None:
    assert [(at, frame.payload[:8]) for at, frame in contents(FRAGMENTED)] == [
        (1, b"INVITE s"),
        (2, b"SIP/2.0 "),
        (4, b"INVITE s"),
    ]
    inner, outer = (frame for _, frame in contents(BASE)[:2])
    assert is_sip(inner.payload)
    assert outer.payload.endswith(inner.payload)
