"""Durations that changed more than the others did."""

from __future__ import annotations

from conformance.history.timing import beyond_noise

STEADY = [(f"cell{number}", 1000.0 + number, 1010.0 + 3 * number) for number in range(20)]


def test_noise_is_not_told() -> None:
    assert beyond_noise(STEADY) == ([], 1.029)


def test_a_slower_machine_is_the_pace_of_all_and_of_no_cell() -> None:
    found, pace = beyond_noise((cell, old, 3 * new) for cell, old, new in STEADY)
    assert found == []
    assert pace == 3.086


def test_one_cell_that_became_slower_and_one_that_became_faster() -> None:
    found, _ = beyond_noise([*STEADY, ("slow", 1000.0, 4000.0), ("fast", 1000.0, 200.0)])
    assert [one.cell for one in found] == ["slow", "fast"]
    assert found[0].factor > 3
    assert found[1].factor < 0.25


def test_milliseconds_are_not_told_whatever_their_ratio() -> None:
    assert beyond_noise([*STEADY, ("short", 60.0, 400.0)])[0] == []


def test_a_message_that_was_lost_and_sent_again_is_told() -> None:
    assert [one.cell for one in beyond_noise([*STEADY, ("lost", 60.0, 560.0)])[0]] == ["lost"]


def test_with_few_cells_their_scatter_is_not_known() -> None:
    assert beyond_noise([("a", 100.0, 1000.0)]) == ([], 10.0)
    assert beyond_noise([]) == ([], 1.0)
    assert beyond_noise([("a", 0.0, 1000.0)]) == ([], 1.0)
