"""A tone whose frequency is the identity of who sends it, and how it is known again.

Frequencies are multiples of 50 Hz: 20 ms hold whole periods then, so that all packets of a tone have the same payload,
and any two such tones are orthogonal over the length of a packet.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from conformance.protocols.g711 import RATE_HZ
from conformance.vocabulary.errors import HarnessFault

SPACING_HZ: Final = 50
LOWEST_HZ: Final = 400
HIGHEST_HZ: Final = 3000
PACKET_SAMPLES: Final = RATE_HZ // SPACING_HZ
_PEAK: Final = 8000
"""Some 12 dB below the loudest that G.711 has."""
_SILENT: Final = 64
"""Root mean square below which nothing is heard: it is the size of a few of G.711's smallest steps."""
_SHARE: Final = 0.5
"""Of the power that must be in the one frequency, for it to be the tone and not a part of noise or speech."""
_LEAST_SAMPLES: Final = 2 * PACKET_SAMPLES
_COARSE_HZ: Final = 25
_COARSE_SAMPLES: Final = 400
_FINER_HZ: Final = 4
_FINER_SAMPLES: Final = 2000
"""The more samples, the nearer a frequency must be to be seen in them, and the longer it takes to look: so few
frequencies are looked for in many samples, and many in few."""


def tone(frequency_hz: int, samples: int = PACKET_SAMPLES) -> list[int]:
    """Return samples of a sine, 16 bits each, beginning at phase 0.

    Raises:
        HarnessFault: a frequency that is no multiple of 50 Hz between 400 and 3000 Hz.
    """
    if frequency_hz % SPACING_HZ or not LOWEST_HZ <= frequency_hz <= HIGHEST_HZ:
        raise HarnessFault(
            f"tone of {frequency_hz} Hz: expected a multiple of {SPACING_HZ} from {LOWEST_HZ} to {HIGHEST_HZ}"
        )
    step = 2 * math.pi * frequency_hz / RATE_HZ
    return [round(_PEAK * math.sin(step * number)) for number in range(samples)]


def power_at(samples: Sequence[int], frequency_hz: float) -> float:
    """Return the share of the samples' power that is at a frequency, 0 to about 1 (Goertzel's algorithm)."""
    energy = sum(sample * sample for sample in samples)
    if not energy:
        return 0.0
    return 2 * _strength(samples, frequency_hz) / (len(samples) * energy)


def dominant(samples: Sequence[int]) -> int | None:
    """Return the frequency in which most of the power is, in Hz.

    Args:
        samples: linear, 16 bits, 8000 a second.

    Returns:
        None for silence, for what is no tone, and for less than 40 ms.
    """
    if len(samples) < _LEAST_SAMPLES:
        return None
    if sum(sample * sample for sample in samples) < _SILENT * _SILENT * len(samples):
        return None
    coarse = range(300, RATE_HZ // 2 - 500, _COARSE_HZ)
    near = _strongest(samples[-_COARSE_SAMPLES:], coarse)
    nearer = _strongest(samples[-_FINER_SAMPLES:], range(near - _COARSE_HZ + 1, near + _COARSE_HZ, _FINER_HZ))
    found = _strongest(samples, range(nearer - _FINER_HZ, nearer + _FINER_HZ + 1))
    return found if power_at(samples, found) >= _SHARE else None


def _strongest(samples: Sequence[int], frequencies: range) -> int:
    return max(frequencies, key=lambda hz: _strength(samples, hz))


def _strength(samples: Sequence[int], frequency_hz: float) -> float:
    factor = 2 * math.cos(2 * math.pi * frequency_hz / RATE_HZ)
    before = last = 0.0
    for sample in samples:
        before, last = last, sample + factor * last - before
    return last * last + before * before - factor * last * before
