"""G.711: 8 bits a sample for speech, A-law and mu-law (ITU-T G.711).

Python 3.13 has lost `audioop`, and 40 lines need no library in its place. Linear samples are of 16 bits, as sound files
have them: the standard's values of 13 bits (A-law, tables 1a and 1b) and 14 bits (mu-law, tables 2a and 2b) stand in
the upper ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Final

RATE_HZ: Final = 8000


class Law(IntEnum):
    """The two laws; the number is the static RTP payload type (RFC 3551 6)."""

    MU = 0
    A = 8


_EVEN_BITS: Final = 0x55
"""A-law inverts the even bits before transmission (table 1a, note 2)."""
_MU_BIAS: Final = 33
_MU_MOST: Final = 8158
_A_MOST: Final = 4095
_SILENCE: Final = {Law.A: b"\xd5", Law.MU: b"\xff"}


def encode(samples: Iterable[int], law: Law = Law.A) -> bytes:
    """Return one octet a sample; what is beyond 16 bits is clipped."""
    table = _CODES[law]
    return bytes(table[(max(-32768, min(32767, sample)) >> 2) & 0x3FFF] for sample in samples)


def decode(octets: bytes, law: Law = Law.A) -> list[int]:
    """Return the linear samples, 16 bits each."""
    table = _VALUES[law]
    return [table[octet] for octet in octets]


def silence(samples: int, law: Law = Law.A) -> bytes:
    """Return that many samples of the smallest positive value."""
    return _SILENCE[law] * samples


def _a_code(value: int) -> int:
    """Return the code of a value of 13 bits with sign."""
    sign, size = (0x80, value) if value >= 0 else (0, ~value)
    size = min(size, _A_MOST)
    segment = max(size.bit_length() - 5, 0)
    step = size >> (segment if segment > 1 else 1) & 0x0F
    return (sign | segment << 4 | step) ^ _EVEN_BITS


def _mu_code(value: int) -> int:
    """Return the code of a value of 14 bits with sign."""
    sign, size = (0x80, value) if value >= 0 else (0, -value)
    size = min(size, _MU_MOST) + _MU_BIAS
    segment = size.bit_length() - 6
    step = size >> (segment + 1) & 0x0F
    return sign | (segment << 4 | step) ^ 0x7F


def _a_value(code: int) -> int:
    code ^= _EVEN_BITS
    segment, step = code >> 4 & 7, code & 0x0F
    size = 2 * step + 1 if segment == 0 else (2 * step + 33) << segment - 1
    return 8 * size if code & 0x80 else -8 * size


def _mu_value(code: int) -> int:
    inverted = code ^ 0x7F
    segment, step = inverted >> 4 & 7, inverted & 0x0F
    size = ((2 * step + _MU_BIAS) << segment) - _MU_BIAS
    return 4 * size if code & 0x80 else -4 * size


_VALUES: Final = {
    Law.A: tuple(_a_value(code) for code in range(256)),
    Law.MU: tuple(_mu_value(code) for code in range(256)),
}
_SIGNED: Final = (*range(0x2000), *range(-0x2000, 0))
"""Values of 14 bits, in the order of their two's complement."""
_CODES: Final = {
    Law.A: bytes(_a_code(value >> 1) for value in _SIGNED),
    Law.MU: bytes(_mu_code(value) for value in _SIGNED),
}
