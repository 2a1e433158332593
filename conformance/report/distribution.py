"""What a table says of many times: median, 95 %, and what a chart needs beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median


@dataclass(frozen=True, slots=True)
class Distribution:
    """Many times, in milliseconds."""

    values: Sequence[float]
    """Ascending, at least one."""
    median: float

    def share(self, percent: float) -> float:
        """Return the smallest of the times that so many percent of them do not exceed.

        It is always one that was measured (nearest rank): of less than twenty times 95 % is the longest.
        """
        return self.values[max(0, ceil(len(self.values) * percent / 100) - 1)]

    @property
    def most(self) -> float:
        """What 95 % do not exceed."""
        return self.share(95)


def distribution(times: Sequence[float]) -> Distribution:
    """Return the distribution of at least one time."""
    return Distribution(sorted(times), median(times))


def milliseconds(value: float) -> str:
    """Return a time as people read it: `4.13`, `41.3`, `413`, `41,300`."""
    if value < 10:
        return f"{value:.2f}"
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"
