"""A cover holds every pair of values, is small, and is always the same."""

from __future__ import annotations

from itertools import combinations, permutations, product

import pytest

from conformance.federation.cover import pairwise

Row = tuple[str, ...]


def pairs(rows: list[Row]) -> set[tuple[int, int, str, str]]:
    return {(a, b, row[a], row[b]) for row in rows for a, b in combinations(range(len(row)), 2)}


@pytest.mark.parametrize("networks", ["abc", "abcd", "abcdefgh"])
def test_every_pair_of_three_networks_is_held(networks: str) -> None:
    triples = list(permutations(networks, 3))
    found = pairwise(triples, tuple)
    assert pairs(found) == pairs(triples)
    least = len(networks) * (len(networks) - 1)
    assert least <= len(found) <= 1.5 * least


def test_another_axis_of_two_values_costs_next_to_nothing() -> None:
    rows = [(*triple, kind) for triple in permutations("abcdefgh", 3) for kind in ("udp", "tcp")]
    found = pairwise(rows, tuple)
    assert pairs(found) == pairs(rows)
    assert len(found) < len(rows) / 8


def test_what_makes_no_sense_is_not_made_up() -> None:
    rows = [row for row in product("ab", "ab", "xy") if row != ("a", "b", "x")]
    found = pairwise(rows, tuple)
    assert set(found) <= set(rows)
    assert pairs(found) == pairs(rows)


def test_the_order_is_kept_and_the_same_comes_out_again() -> None:
    triples = list(permutations("abcdef", 3))
    found = pairwise(triples, tuple)
    assert found == sorted(found, key=triples.index)
    assert found == pairwise(triples, tuple)


@pytest.mark.parametrize("rows", [[], [("a",)], [("a", "b")], [("a", "x"), ("b", "x")]])
def test_little_is_taken_whole(rows: list[Row]) -> None:
    assert pairwise(rows, tuple) == (rows if not rows or len(rows[0]) > 1 else [])
