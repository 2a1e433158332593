"""How speech would sound, estimated by the E-model (ITU-T G.107) in its short form: delay, loss, codec.

All that is not known of the terminals has the default of G.107 table 3, which gives R = 93.2; echo is taken to be
cancelled. An estimate says what a network does to speech and nothing of what somebody heard.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

DEFAULT_R: Final = 93.2
"""With all defaults (G.107 7.7)."""
_MOST_IMPAIRMENT: Final = 95.0
_DELAY_LEAST_MS: Final = 100.0
"""Delay below which G.107 counts none (equation 7-27)."""


@dataclass(frozen=True, slots=True)
class Codec:
    """What a narrow-band codec costs (ITU-T G.113 appendix I)."""

    impairment: float
    """Ie: without loss."""
    robustness: float
    """Bpl: against random loss."""


CODECS: Final = {
    "PCMA": Codec(0, 25.1),
    "PCMU": Codec(0, 25.1),
    "G729": Codec(11, 19.0),
    "G723": Codec(15, 16.1),
    "GSM-EFR": Codec(5, 10.0),
    "AMR": Codec(5, 10.0),
}
"""By the name of its RTP payload format. G.711 with concealment of losses; AMR as its mode of 12.2 kbit/s. Wide-band
codecs have a scale of their own (G.107.1) and no estimate here."""


def rating(codec: Codec, loss: float, delay_ms: float) -> float:
    """Return the transmission rating R.

    Args:
        codec: how the speech is encoded.
        loss: share of packets that are lost at random, 0 to 1.
        delay_ms: from mouth to ear.
    """
    percent = 100 * loss
    lossy = codec.impairment + (_MOST_IMPAIRMENT - codec.impairment) * percent / (percent + codec.robustness)
    return max(0.0, min(100.0, DEFAULT_R - _delay_impairment(delay_ms) - lossy))


def opinion_score(r: float) -> float:
    """Return the mean opinion score of a rating (G.107 annex B)."""
    if r <= 0:
        return 1.0
    if r >= 100:
        return 4.5
    return max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)


def _delay_impairment(delay_ms: float) -> float:
    """Return Idd (equations 7-27 and 7-28)."""
    if delay_ms <= _DELAY_LEAST_MS:
        return 0.0
    x = math.log2(delay_ms / 100)
    return 25 * (math.pow(1 + x**6, 1 / 6) - 3 * math.pow(1 + (x / 3) ** 6, 1 / 6) + 2)
