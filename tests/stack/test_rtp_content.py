"""What sessions carry: each content knows its own kind again, and nothing else."""

from __future__ import annotations

from conformance.protocols.h263 import picture
from conformance.stack.rtp_content import Pictures, Tone


def test_a_tone_is_known_by_its_frequency_in_either_law() -> None:
    for law in (0, 8):
        payloads = Tone(700).payloads(law)
        assert Tone(900).recognised([(payloads(number), law) for number in range(10)]) == 700


def test_other_payload_types_are_passed_over() -> None:
    assert Tone(700).recognised([(Tone(700).payloads(8)(0), 96)] * 10) is None


def test_pictures_are_known_by_their_shade_and_differ_in_their_number() -> None:
    payloads = Pictures(70).payloads(34)
    assert payloads(0) != payloads(1)
    assert Pictures(20).recognised([(payloads(0), 34), (payloads(1), 34)]) == 70


def test_one_picture_and_two_of_different_shades_tell_nothing() -> None:
    assert Pictures(20).recognised([(picture(70, 0), 34)]) is None
    assert Pictures(20).recognised([(picture(70, 0), 34), (picture(80, 3), 34)]) is None
