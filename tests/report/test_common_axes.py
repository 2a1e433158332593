"""The fewest axis values that tell the differing cells from the others."""

from __future__ import annotations

from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.report.common_axes import MOST_TERMS, Common, in_common

AXES = {"home": ("uc3m", "stuba"), "visited": ("uc3m", "stuba", "octopus"), "access": ("visited", "home")}
CELLS = [dict(zip(AXES, values, strict=True)) for values in product(*AXES.values())]


def of(*wanted: dict[str, str]) -> Common | None:
    """What the cells in which one of these holds have in common."""
    return in_common(CELLS, [any(one.items() <= cell.items() for one in wanted) for cell in CELLS])


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ([{"visited": "stuba"}], "every cell with visited = stuba; no other cell"),
        (
            [{"visited": "stuba", "access": "visited"}],
            "every cell with visited = stuba and access = visited; no other cell",
        ),
        (
            [{"visited": "stuba", "access": "visited"}, {"home": "uc3m"}],
            "every cell with home = uc3m; and every cell with visited = stuba and access = visited; no other cell",
        ),
    ],
)
def test_the_sentence_says_which_cells(wanted: list[dict[str, str]], sentence: str) -> None:
    found = of(*wanted)
    assert found is not None
    assert found.sentence == sentence


def test_what_others_share_too_is_said_to_be_shared() -> None:
    same = {"visited": "stuba", "home": "uc3m"}
    found = in_common([same, same, {**same, "visited": "uc3m"}], [True, False, False])
    assert found is not None
    assert found.sentence == "all of them have visited = stuba; 1 other cell has this and is as expected"


@pytest.mark.parametrize("differing", [[False] * 12, [True] * 12])
def test_nothing_to_tell_apart(differing: list[bool]) -> None:
    assert in_common(CELLS, differing) is None


@given(st.lists(st.booleans(), min_size=len(CELLS), max_size=len(CELLS)))
def test_an_exact_answer_holds_for_the_differing_cells_and_no_others(differing: list[bool]) -> None:
    found = in_common(CELLS, differing)
    if found is None or not found.exact:
        return
    held = [any(all(cell[axis] == value for axis, value in term) for term in found.terms) for cell in CELLS]
    assert held == differing
    assert len(found.terms) <= MOST_TERMS


@given(st.sampled_from([1, 2, 3]).flatmap(lambda size: st.sampled_from(list(combinations(AXES, size)))), st.data())
def test_one_term_is_found_and_none_is_shorter(axes: tuple[str, ...], data: st.DataObject) -> None:
    term = {axis: data.draw(st.sampled_from(AXES[axis])) for axis in axes}
    found = of(term)
    assert found is not None
    assert found.exact
    assert [dict(one) for one in found.terms] == [term]
