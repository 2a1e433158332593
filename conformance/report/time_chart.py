"""The chart beside the numbers of a table of times: a box for many times, a ring for each of few.

It shows by shape alone what it shows, and nothing that does not stand in the table as a number, but for the spread.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from math import floor, log10

from conformance.report.distribution import Distribution

WIDTH, MARGIN = 260, 8
FEW = 6
"""So many times are drawn one by one."""
WIDE = 40
"""Above this ratio of the longest time to the shortest median the scale is logarithmic."""


@dataclass(frozen=True)
class Scale:
    """The axis of all charts of a table, in milliseconds."""

    low: float
    high: float
    is_logarithmic: bool

    def x(self, ms: float) -> float:
        """Return where a time is, in units of the drawing; what lies beyond an end is at the end."""
        ms = min(max(ms, self.low), self.high)
        if self.is_logarithmic:
            share = log10(ms / self.low) / log10(self.high / self.low)
        else:
            share = (ms - self.low) / (self.high - self.low)
        return round(MARGIN + share * (WIDTH - 2 * MARGIN), 1)

    @cached_property
    def ticks(self) -> list[tuple[float, str]]:
        """Place and text of each mark."""
        if self.is_logarithmic:
            decades = range(round(log10(self.low)), round(log10(self.high)) + 1)
            return [(self.x(10.0**exponent), _plain(10.0**exponent)) for exponent in decades]
        return [(self.x(self.high * part / 2), _plain(self.high * part / 2)) for part in range(3)]


def scale(drawn: Iterable[Distribution]) -> Scale:
    """Return the axis on which all of these distributions, at least one, can be drawn."""
    drawn = list(drawn)
    longest = max(one.most for one in drawn) or 1.0
    quickest = min(one.median for one in drawn)
    if 0 < quickest * WIDE < longest:
        shortest = max(min(one.share(5) for one in drawn), 0.001)
        return Scale(10.0 ** floor(log10(shortest)), 10.0 ** -floor(-log10(longest)), True)
    return Scale(0.0, _round_up(longest), False)


@dataclass(frozen=True, slots=True)
class Chart:
    """One line of the table, drawn."""

    rings: list[float]
    """Places of the times themselves, where they are few."""
    whisker: tuple[float, float]
    """From 5 % to 95 %."""
    box: tuple[float, float]
    """The middle half."""
    median: float


def chart(times: Distribution, on: Scale) -> Chart:
    """Draw the times on a scale."""
    few = len(times.values) <= FEW
    return Chart(
        rings=[on.x(value) for value in times.values] if few else [],
        whisker=(on.x(times.share(5)), on.x(times.most)),
        box=(on.x(times.share(25)), on.x(times.share(75))),
        median=on.x(times.median),
    )


def _round_up(value: float) -> float:
    """Return the next of 1, 2, 4, 6, 8, 10 times a power of ten."""
    power = 10.0 ** floor(log10(value))
    return next(step * power for step in (1, 2, 4, 6, 8, 10, 20) if step * power >= value)


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:g}"
