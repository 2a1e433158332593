"""Median and 95 % of times."""

from __future__ import annotations

import pytest

from conformance.report.distribution import distribution, milliseconds


def test_95_percent_is_a_time_that_was_measured() -> None:
    hundred = distribution([float(n) for n in range(100, 0, -1)])
    assert (hundred.median, hundred.most, hundred.share(5)) == (50.5, 95.0, 5.0)


@pytest.mark.parametrize("count", [1, 2, 19])
def test_of_less_than_twenty_it_is_the_longest(count: int) -> None:
    assert distribution([float(n) for n in range(count)]).most == count - 1


def test_one_in_twenty_may_be_longer() -> None:
    assert distribution([1.0] * 19 + [900.0]).most == 1.0


@pytest.mark.parametrize(
    ("value", "words"), [(0.0, "0.00"), (4.128, "4.13"), (41.28, "41.3"), (412.8, "413"), (32_012.5, "32,012")]
)
def test_three_digits_are_enough(value: float, words: str) -> None:
    assert milliseconds(value) == words
