"""Mutations by chance: drawn from the capture, carried on by later hops, the same for the same seed."""

from __future__ import annotations

from collections import Counter

import pytest

from conformance.faults.chance import OPERATORS, Drawn, draw
from conformance.faults.frames import join_frame, split_frame
from conformance.faults.pcapfile import PacketFile
from conformance.faults.reference import build
from conformance.faults.sip_bytes import is_sip
from conformance.vocabulary.errors import HarnessFault

BASE = build("handbuilt-registration-home")
DRAWN = list(draw(BASE, "3", 150))


def test_every_way_to_mutate_is_drawn() -> None:
    assert set(Counter(drawn.kind for drawn, _ in DRAWN)) == set(OPERATORS)


def test_no_two_are_alike_and_each_changes_the_capture() -> None:
    assert len({drawn.edits for drawn, _ in DRAWN}) == len(DRAWN)
    assert all(changed != BASE for _, changed in DRAWN)


def test_what_was_changed_has_right_lengths_and_checksums() -> None:
    for _, changed in DRAWN:
        for packet in changed.packets:
            assert join_frame(split_frame(packet.data)) == packet.data


def test_the_same_seed_gives_the_same() -> None:
    assert list(draw(BASE, "3", 20)) == DRAWN[:20]
    assert [drawn for drawn, _ in draw(BASE, "4", 20)] != [drawn for drawn, _ in DRAWN[:20]]


def test_a_field_is_carried_on_by_later_hops_and_not_by_earlier_ones() -> None:
    several = [drawn for drawn, _ in DRAWN if drawn.kind == "remove-header" and len(drawn.places) > 1]
    assert several
    for drawn in several:
        frames = [place.frame for place in drawn.places]
        assert frames == sorted(frames)


def text(place_of: Drawn) -> bytes:
    place = place_of.places[0]
    payload = split_frame(BASE.packets[place.frame - 1].data).payload
    assert place.offset is not None
    return payload[place.offset : place.offset + place.length]


def test_places_are_those_of_the_fields() -> None:
    headers = [drawn for drawn, _ in DRAWN if drawn.kind in ("remove-header", "set-header")]
    assert all(text(drawn).partition(b":")[0].decode() == drawn.field for drawn in headers)
    parameters = [drawn for drawn, _ in DRAWN if drawn.kind == "set-parameter"]
    assert all(text(drawn).startswith(drawn.field.partition(": ")[2].encode() + b"=") for drawn in parameters)
    avps = [drawn for drawn, _ in DRAWN if drawn.kind in ("remove-avp", "set-avp")]
    assert all(int.from_bytes(text(drawn)[:4], "big") == int(drawn.field.removeprefix("AVP ")) for drawn in avps)


def test_the_start_line_keeps_its_form() -> None:
    changed = [capture for drawn, capture in DRAWN if drawn.kind == "set-start-line"]
    assert changed
    for capture in changed:
        payloads = [split_frame(packet.data).payload for packet in capture.packets]
        assert sum(map(is_sip, payloads)) == sum(is_sip(split_frame(p.data).payload) for p in BASE.packets)


def test_words_say_what_was_changed() -> None:
    assert all("frame" in drawn.words and len(drawn.words) <= 300 for drawn, _ in DRAWN)


def test_a_capture_that_gives_too_few_is_told() -> None:
    with pytest.raises(HarnessFault, match="ask for fewer"):
        list(draw(PacketFile(BASE.points, BASE.packets[1:2], 0), "1", 1000))  # a query of DNS has no fields to change
