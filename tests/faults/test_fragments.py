"""Fragments make their datagram, and a datagram makes fragments, octet for octet."""

from __future__ import annotations

import random

from conformance.faults.fragments import cut, datagrams
from conformance.faults.frames import join_frame, make_frame, split_frame
from conformance.faults.pcapfile import Packet
from conformance.faults.reference import build

LONG = make_frame("udp", ("192.0.2.1", 5060), ("192.0.2.2", 5060), bytes(range(256)) * 16)
OTHER = make_frame("udp", ("192.0.2.1", 5060), ("192.0.2.2", 5060), b"short")


def packets(*frames: bytes, point: str = "Mw") -> list[Packet]:
    return [Packet(point, number, frame) for number, frame in enumerate(frames)]


def test_what_was_cut_is_put_together_again_in_whatever_order_it_came() -> None:
    parts = list(cut(LONG, 1480))
    assert [len(part) for part in parts] == [1514, 1514, 1178]
    for seed in range(4):
        mixed = [*parts, OTHER]
        random.Random(seed).shuffle(mixed)
        found = {one.data: one for one in datagrams(packets(*mixed))}
        assert found.keys() == {LONG, OTHER}
        assert (found[LONG].size, found[OTHER].size) == (1480, None)
        assert sorted(found[LONG].numbers) == [number for number, part in enumerate(mixed) if part != OTHER]


def test_what_fits_is_not_cut() -> None:
    assert list(cut(OTHER, 1480)) == [OTHER]
    assert list(cut(LONG, 4104)) == [LONG]


def test_a_fragment_without_the_rest_stays_alone() -> None:
    first, _, last = packets(*cut(LONG, 1480))
    assert [(one.numbers, one.data) for one in datagrams([first, last])] == [((0,), first.data), ((1,), last.data)]


def test_fragments_of_two_points_are_not_mixed() -> None:
    first, second, _ = cut(LONG, 1480)
    *_, last = cut(LONG, 1480)
    seen = [*packets(first, second), *packets(last, point="Ic")]
    assert all(one.size is None for one in datagrams(seen))


def test_each_fragment_is_a_whole_ip_packet() -> None:
    recorded = build("baresip-call-roaming").packets
    found = [one for one in datagrams(recorded) if one.size is not None]
    assert found
    for one in found:
        assert join_frame(split_frame(one.data)) == one.data  # the UDP checksum is that of the whole
        assert one.size is not None
        assert list(cut(one.data, one.size)) == [recorded[number].data for number in one.numbers]
