"""Benign changes: other octets, the same meaning, whole frames, and copies that stay copies."""

from __future__ import annotations

import pytest
import sipmessage

from conformance.faults.benign import BENIGN, apply, words_of
from conformance.faults.frames import join_frame, split_frame
from conformance.faults.pcapfile import PacketFile
from conformance.faults.reference import build
from conformance.faults.rewrite import contents
from conformance.faults.sip_bytes import is_sip, name_of, parameters_of, split_text, value_of

BASE = build("handbuilt-registration-home")
TUNNELLED = build("handbuilt-registration-home-access")


def sip(capture: PacketFile) -> list[bytes]:
    payloads = [split_frame(packet.data).payload for packet in capture.packets]
    return [payload for payload in payloads if is_sip(payload)]


@pytest.mark.parametrize("name", BENIGN)
def test_each_changes_the_capture_and_leaves_every_frame_whole(name: str) -> None:
    changed = next(one for seed in range(5, 15) if (one := apply(name, BASE, seed)) != BASE)
    assert changed.points == BASE.points
    for packet in changed.packets:
        assert join_frame(split_frame(packet.data)) == packet.data
    times = [packet.time_ns for packet in changed.packets]
    assert times == sorted(times)


@pytest.mark.parametrize("name", BENIGN)
def test_the_same_seed_gives_the_same_octets(name: str) -> None:
    assert apply(name, BASE, 5) == apply(name, BASE, 5)


@pytest.mark.parametrize("name", BENIGN)
def test_each_says_what_it_does(name: str) -> None:
    assert len(words_of(name)) > 20


@pytest.mark.parametrize("name", ["header-order", "compact-forms", "letter-case", "joined-lists"])
def test_another_library_reads_the_same_headers(name: str) -> None:
    for before, after in zip(sip(BASE), sip(apply(name, BASE, 5)), strict=True):
        one, other = (sipmessage.Message.parse(message) for message in (before, after))
        assert (one.from_address, one.to_address, one.call_id, one.cseq) == (
            other.from_address,
            other.to_address,
            other.call_id,
            other.cseq,
        )
        assert [str(via) for via in one.via] == [str(via) for via in other.via]


def test_headers_of_one_name_keep_their_order() -> None:
    for before, after in zip(sip(BASE), sip(apply("header-order", BASE, 5)), strict=True):
        for name in (b"via", b"path"):
            fields = [[f for f in split_text(m).fields if name_of(f) == name] for m in (before, after)]
            assert fields[0] == fields[1]


def test_identifiers_are_renamed_alike_in_all_messages() -> None:
    def calls(capture: PacketFile) -> list[bytes]:
        return [f for message in sip(capture) for f in split_text(message).fields if name_of(f) == b"call-id"]

    before, after = calls(BASE), calls(apply("other-identifiers", BASE, 5))
    assert set(before) & set(after) == set()
    assert len(set(before)) == len(set(after))
    branches = [
        dict(parameters_of(split_text(m).fields[0])).get("branch", b"")
        for m in sip(apply("other-identifiers", BASE, 5))
    ]
    assert all(branch.startswith(b"z9hG4bK") for branch in branches if branch)


def test_a_tag_that_is_a_part_of_another_word_leaves_that_word_alone() -> None:
    watched = build("handbuilt-presence-list")
    before, after = sip(watched), sip(apply("other-identifiers", watched, 5))
    assert any(b"tag=list" in message for message in before)
    assert not any(b"tag=list" in message for message in after)
    assert sum(b"eventlist" in message for message in before) == sum(b"eventlist" in message for message in after) > 0


def test_no_old_address_is_left() -> None:
    changed = apply("other-addresses", BASE, 5)
    for packet in changed.packets:
        assert b"192.0.2." not in packet.data
        assert bytes((192, 0, 2)) not in packet.data[14:]  # Ethernet addresses stay


def test_a_tunnelled_copy_stays_a_copy() -> None:
    changed = apply("unknown-headers", TUNNELLED, 5)
    (first, second, plain) = (packet.data for packet in changed.packets[:3])
    inner = split_frame(plain)
    assert first.endswith(inner.ip[12:] + inner.transport + inner.payload)
    assert second.endswith(inner.payload)
    assert b"P-Future-Header" in inner.payload


def test_a_message_in_fragments_is_renamed_with_the_rest() -> None:
    fragmented = build("baresip-call-roaming")

    def calls(capture: PacketFile) -> set[bytes]:
        found = [split_text(frame.payload) for _, frame in contents(capture) if is_sip(frame.payload)]
        return {value_of(field) for text in found for field in text.fields if name_of(field) == b"call-id"}

    before, after = calls(fragmented), calls(apply("other-identifiers", fragmented, 5))
    assert len(before) == len(after) > 1
    assert {name.partition(b"@")[0] for name in before} & {name.partition(b"@")[0] for name in after} == set()


@pytest.mark.parametrize("seed", range(8))
def test_no_pace_keeps_an_invite_waiting_longer_than_a_proxy_may(seed: int) -> None:
    # 180, the first answer of a terminal, comes behind 151 ms: two and a half times that would be too late.
    changed = apply("other-pace", build("handbuilt-call-forked"), seed)
    asked: dict[bytes, int] = {}
    waits: dict[bytes, int] = {}
    for time_ns, frame in contents(changed):
        text = split_text(frame.payload) if is_sip(frame.payload) else None
        branch = dict(parameters_of(text.fields[0])).get("branch", b"") if text else b""
        if frame.payload.startswith(b"INVITE "):
            asked[branch] = time_ns
        elif branch in asked:
            waits.setdefault(branch, time_ns - asked[branch])
    assert len(waits) == len(asked) > 6
    assert max(waits.values()) <= 200_000_000
