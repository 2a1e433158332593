"""Drawings of times: on one scale, inside of it, as boxes or rings."""

from __future__ import annotations

import pytest

from conformance.report.distribution import distribution
from conformance.report.time_chart import FEW, MARGIN, WIDTH, Scale, chart, scale

LINEAR = Scale(0.0, 400.0, False)


def test_a_scale_begins_at_zero_and_ends_at_a_round_number() -> None:
    found = scale([distribution([90.0, 160.0, 332.0])])
    assert (found.low, found.high, found.is_logarithmic) == (0.0, 400.0, False)
    assert found.ticks == [(MARGIN, "0"), (WIDTH / 2, "200"), (WIDTH - MARGIN, "400")]


def test_where_some_take_very_much_longer_it_is_logarithmic() -> None:
    found = scale([distribution([40.0]), distribution([32_000.0])])
    assert found.is_logarithmic
    assert [text for _, text in found.ticks] == ["10", "100", "1,000", "10,000", "100,000"]
    assert found.x(40) < found.x(400) < found.x(32_000) < WIDTH - MARGIN


@pytest.mark.parametrize("times", [[0.0], [0.0, 0.0, 90.0], [0.95], [9.7], [1e-6, 1e9]])
def test_every_time_has_a_place_in_the_drawing(times: list[float]) -> None:
    every = distribution(times)
    on = scale([every])
    assert all(MARGIN <= on.x(value) <= WIDTH - MARGIN for value in times)
    assert len(on.ticks) > 1


def test_few_times_are_rings_and_many_a_box() -> None:
    few = chart(distribution([100.0] * FEW), LINEAR)
    many = chart(distribution([float(n) for n in range(1, 201)]), LINEAR)
    assert few.rings == [LINEAR.x(100)] * FEW
    assert many.rings == []
    assert many.whisker == (LINEAR.x(10), LINEAR.x(190))
    assert many.box == (LINEAR.x(50), LINEAR.x(150))
    assert many.median == LINEAR.x(100.5)
