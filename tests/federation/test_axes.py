"""Axes of the matrix: names of cells, transports that make sense, the cover of three networks."""

from __future__ import annotations

from itertools import permutations

import pytest

from conformance.federation.axes import AXES, covered, with_transports
from conformance.federation.matrix import Callee, Cell


def call(home: str, visited: str, third: str) -> Cell:
    return Cell(home, visited, "visited", "alice", Callee(third, third, "bob"))


def test_a_cell_has_all_axes() -> None:
    cell = call("a", "b", "c")._replace(transport="tcp")
    assert [getattr(cell, axis) for axis in AXES] == ["a", "b", "c", "tcp"]
    assert Cell("a", "a", "none", "alice").third == ""


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        (Cell("a", "a", "none", "alice"), "a@a"),
        (Cell("a", "b", "visited", "alice", transport="tcp"), "a@b-visited-tcp"),
        (call("a", "b", "c"), "a@b-visited-to-c"),
        (call("a", "b", "c")._replace(transport="tcp"), "a@b-visited-to-c-tcp"),
    ],
)
def test_names_are_short_and_tell_what_is_not_usual(cell: Cell, name: str) -> None:
    assert cell.id == name


def test_a_tunnel_carries_no_tcp() -> None:
    cells = [Cell("a", "b", "visited", "alice"), Cell("a", "b", "home", "alice")]
    assert [cell.id for cell in with_transports(cells, ("udp", "tcp"))] == [
        "a@b-visited",
        "a@b-visited-tcp",
        "a@b-home",
    ]


def test_three_networks_are_covered_and_each_pair_is_there() -> None:
    cells = [call(*names) for names in permutations("abcdefgh", 3)]
    found = covered(cells)
    assert len(found) < len(cells) / 3
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert len({(getattr(one, AXES[first]), getattr(one, AXES[second])) for one in found}) == 8 * 7
