"""Which cells became slower or faster than the others did, from one run to another.

A machine is slower on one day than on another, and a single measurement scatters. So durations are compared as ratios,
against the median ratio of all cells, and only what lies far outside of their scatter is told.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from statistics import median

from pydantic import BaseModel, ConfigDict

FEWEST = 8
"""With fewer cells in both runs their scatter is not known, and nothing is told."""
LEAST_FACTOR = 1.5
LEAST_MS = 400.0
"""Smaller changes are not told, however little the others scatter: a busy machine delays a single cell by hundreds of
milliseconds, and a message that is lost costs at least T1, 500 ms."""
DEVIATIONS = 4.0
_NORMAL = 1.4826
"""Standard deviation of a normal distribution by its median absolute deviation."""


class Slower(BaseModel):
    """A cell whose duration changed beyond the noise."""

    model_config = ConfigDict(frozen=True)

    cell: str
    old_ms: float
    new_ms: float
    factor: float
    """New by old duration, the pace of the whole run taken out; below 1 where it became faster."""


def beyond_noise(durations: Iterable[tuple[str, float, float]]) -> tuple[list[Slower], float]:
    """Find the cells whose duration changed more than that of the others.

    Args:
        durations: cell, old and new duration in milliseconds.

    Returns:
        Those cells, the slowest first, and the pace: the median of new by old duration, 1.0 without any cell.
    """
    usable = [(cell, old, new) for cell, old, new in durations if old > 0 and new > 0]
    if not usable:
        return [], 1.0
    logs = [math.log(new / old) for _, old, new in usable]
    centre = median(logs)
    pace = round(math.exp(centre), 3)
    if len(usable) < FEWEST:
        return [], pace
    scatter = _NORMAL * median(abs(one - centre) for one in logs)
    limit = max(DEVIATIONS * scatter, math.log(LEAST_FACTOR))
    found = [
        Slower(cell=cell, old_ms=old, new_ms=new, factor=round(math.exp(one - centre), 2))
        for (cell, old, new), one in zip(usable, logs, strict=True)
        if abs(one - centre) > limit and abs(new - old * math.exp(centre)) > LEAST_MS
    ]
    return sorted(found, key=lambda one: -one.factor), pace
