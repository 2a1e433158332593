"""A tone is known again, also after G.711; silence, noise and speech are none."""

from __future__ import annotations

import random

import pytest

from conformance.protocols.g711 import Law, decode, encode, silence
from conformance.protocols.tone import dominant, power_at, tone
from conformance.vocabulary.errors import HarnessFault


@pytest.mark.parametrize("law", Law)
@pytest.mark.parametrize("frequency", [400, 650, 1000, 1950, 3000])
def test_a_tone_is_known_again_after_coding(frequency: int, law: Law) -> None:
    packet = encode(tone(frequency), law)
    assert dominant(decode(packet * 50, law)) == frequency
    assert dominant(decode(packet * 3, law)) == pytest.approx(frequency, abs=3)


def test_a_packet_holds_whole_periods() -> None:
    assert tone(650, 320)[160:] == pytest.approx(tone(650), abs=1)
    assert power_at(tone(650, 160), 700) < 1e-6
    assert power_at(tone(650, 160), 650) == pytest.approx(1, abs=1e-6)


def test_a_frequency_between_is_found_to_the_hertz() -> None:
    whole = [a + b for a, b in zip(tone(1000, 8000), tone(2000, 8000), strict=True)]
    assert dominant([round(0.1 * a + b) for a, b in zip(whole, tone(1500, 8000), strict=True)]) == 1500


def test_silence_noise_and_too_little_are_no_tone() -> None:
    noise = random.Random(7)
    assert dominant([]) is None
    assert dominant(decode(silence(8000))) is None
    assert dominant(tone(1000, 160)) is None
    assert dominant([noise.randrange(-8000, 8000) for _ in range(4000)]) is None


@pytest.mark.parametrize("frequency", [0, 350, 1004, 3050])
def test_other_frequencies_are_refused(frequency: int) -> None:
    with pytest.raises(HarnessFault, match="expected a multiple of 50 from 400 to 3000"):
        tone(frequency)
