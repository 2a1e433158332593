"""G.711 with the values of the standard's tables."""

from __future__ import annotations

import math

import pytest

from conformance.protocols.g711 import Law, decode, encode, silence

DIGITAL_MILLIWATT = {Law.A: "342121 34b4a1 a1b4", Law.MU: "1e0b0b1e9e8b8b9e"}
"""One period of 1 kHz at 0 dBm0: G.711 tables 5 and 6."""
A_DECISIONS = {1: 0, 17: 32, 33: 64, 49: 128, 65: 256, 81: 512, 97: 1024, 113: 2048, 128: 3968}
"""Table 1a: the lower decision value of the positive output values with that number (13 bits)."""
A_OUTPUT = {1: 1, 17: 33, 33: 66, 49: 132, 65: 264, 81: 528, 97: 1056, 113: 2112, 128: 4032}
MU_OUTPUT = {0: 0, 1: 2, 16: 33, 32: 99, 48: 231, 64: 495, 80: 1023, 96: 2079, 112: 4191, 127: 8031}
"""Table 2a: output values by number (14 bits)."""


@pytest.mark.parametrize("law", Law)
def test_the_digital_milliwatt_survives_and_has_the_level_of_its_standard(law: Law) -> None:
    octets = bytes.fromhex(DIGITAL_MILLIWATT[law]) * 1000
    samples = decode(octets, law)
    assert encode(samples, law) == octets
    # The overload points are +3.14 dBm0 and +3.17 dBm0 (G.711 4.1 and 4.2).
    full = 8 * 4096 if law is Law.A else 4 * 8159
    power = sum(sample * sample for sample in samples) / len(samples) / (full * full / 2)
    assert 10 * math.log10(power) == pytest.approx(-3.14 if law is Law.A else -3.17, abs=0.03)


@pytest.mark.parametrize("number", A_OUTPUT)
def test_a_law_has_the_values_of_table_1a(number: int) -> None:
    code = bytes([(0x80 | number - 1) ^ 0x55])
    assert decode(code) == [8 * A_OUTPUT[number]]
    assert encode([8 * A_DECISIONS[number]]) == code
    assert decode(bytes([code[0] ^ 0x80])) == [-8 * A_OUTPUT[number]]


@pytest.mark.parametrize("number", MU_OUTPUT)
def test_mu_law_has_the_values_of_table_2a(number: int) -> None:
    code = bytes([0xFF - number])
    assert decode(code, Law.MU) == [4 * MU_OUTPUT[number]]
    assert encode([4 * MU_OUTPUT[number]], Law.MU) == code


@pytest.mark.parametrize("law", Law)
def test_every_code_comes_back_and_loud_samples_are_clipped(law: Law) -> None:
    codes = bytes(code for code in range(256) if (law, code) != (Law.MU, 0x7F))  # minus zero
    assert encode(decode(codes, law), law) == codes
    assert encode([100_000, -100_000], law) == encode([32_767, -32_768], law)
    assert max(map(abs, decode(silence(10, law), law))) <= 8


@pytest.mark.parametrize("law", Law)
def test_the_error_is_half_a_step_of_the_segment_at_most(law: Law) -> None:
    for sample in range(-32_000, 32_000, 37):
        (heard,) = decode(encode([sample], law), law)
        assert abs(heard - sample) <= max(8, (abs(sample) + 4 * 33) / 32 + 4)
