"""What differing cells have in common: as short as it can be, and never more than is true."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import combinations, product

from hypothesis import given
from hypothesis import strategies as st

from conformance.report.common_axes import MAX_CLAUSES, Clause, Condition, Row, common_axes

AXES = ("home", "visited", "access", "test case")
NAMES = ("uc3m", "stuba", "octopus")


def matrix(differs: object) -> list[Row]:
    """Every pair of three testbeds by both access points and two test cases; `differs` decides by the values."""
    rows = []
    for home, visited, access, case in product(NAMES, NAMES, ("visited", "home"), ("register", "refuse")):
        values = {"home": home, "visited": visited, "access": access, "test case": case}
        assert callable(differs)
        rows.append(Row(values, bool(differs(values))))
    return rows


def holds(clauses: Sequence[Clause], row: Row) -> bool:
    return any(all(row.values[one.axis] == one.value for one in clause) for clause in clauses)


def test_nothing_is_said_where_nothing_differs() -> None:
    assert common_axes(matrix(lambda v: False), AXES) is None
    assert common_axes([], AXES) is None


def test_two_values_explain_a_visited_network() -> None:
    found = common_axes(matrix(lambda v: v["visited"] == "stuba" and v["access"] == "visited"), AXES)
    assert found is not None
    assert found.is_exact
    assert list(found.clauses) == [(Condition("visited", "stuba"), Condition("access", "visited"))]


def test_where_all_cells_differ_no_value_is_needed() -> None:
    found = common_axes(matrix(lambda v: True), AXES)
    assert found is not None
    assert list(found.clauses) == [()]
    assert found.is_exact


def test_two_causes_give_two_clauses() -> None:
    found = common_axes(
        matrix(
            lambda v: v["home"] == "uc3m" or (v["visited"], v["access"]) == ("stuba", "visited"),
        ),
        AXES,
    )
    assert found is not None
    assert found.is_exact
    assert set(found.clauses) == {
        (Condition("home", "uc3m"),),
        (Condition("visited", "stuba"), Condition("access", "visited")),
    }


def test_what_is_common_is_said_although_other_cells_have_it_too() -> None:
    several = {("uc3m", "visited", "refuse"), ("stuba", "home", "register"), ("stuba", "visited", "refuse")}
    several |= {("uc3m", "home", "register"), ("octopus", "home", "register")}
    rows = matrix(lambda v: v["home"] == "uc3m" and (v["visited"], v["access"], v["test case"]) in several)
    found = common_axes(rows, AXES)
    assert found is not None
    assert (found.matched, found.unmatched) == (5, 0)
    assert list(found.clauses) == [(Condition("home", "uc3m"),)] or found.is_exact


def test_of_equally_short_statements_the_earlier_axis_is_taken() -> None:
    rows = [Row({"home": "a", "visited": "x"}, True), Row({"home": "b", "visited": "y"}, False)]
    found = common_axes(rows, ("visited", "home"))
    assert found is not None
    assert list(found.clauses) == [(Condition("visited", "x"),)]


def test_single_cells_that_share_nothing_are_not_listed_as_a_cause() -> None:
    rows = matrix(
        lambda v: (
            tuple(v.values()) in {("uc3m", "stuba", "home", "register"), ("stuba", "octopus", "visited", "refuse")}
        )
    )
    assert common_axes(rows, AXES) is None


def test_ten_thousand_cells_take_no_time() -> None:
    names = [f"t{number}" for number in range(50)]
    rows = [
        Row(
            {"home": home, "visited": visited, "access": access, "test case": case},
            (hash_of := sum(map(ord, home + visited + case))) % 29 == 0 or (visited == "t7" and hash_of % 2 == 0),
        )
        for home, visited, access, case in product(names, names, ("visited", "home"), ("register", "refuse"))
    ]
    start = time.process_time()
    common_axes(rows, AXES)
    assert time.process_time() - start < 3


def test_a_value_that_every_cell_has_explains_nothing() -> None:
    rows = [
        Row(values | {"terminal": "standard"}, differs)
        for values, differs in (
            ({"home": "a", "visited": "x"}, True),
            ({"home": "b", "visited": "y"}, True),
            ({"home": "a", "visited": "y"}, False),
            ({"home": "b", "visited": "x"}, False),
        )
    ]
    assert common_axes(rows, ("terminal", "home", "visited")) is None


VALUES = st.sampled_from(["a", "b", "c"])
ROWS = st.dictionaries(st.tuples(VALUES, VALUES, VALUES), st.booleans(), min_size=1, max_size=14).map(
    lambda found: [Row(dict(zip("xyz", values, strict=True)), differs) for values, differs in found.items()]
)


def exact_clauses(rows: Sequence[Row]) -> list[Clause]:
    """Every clause of three axes that matches exactly what differs, found by trying all."""
    clauses = [
        tuple(Condition(axis, value) for axis, value in zip(axes, values, strict=True))
        for length in range(4)
        for axes in combinations("xyz", length)
        for values in product("abc", repeat=length)
    ]
    return [clause for clause in clauses if all(holds([clause], row) == row.differs for row in rows)]


@given(ROWS)
def test_one_clause_is_found_where_there_is_one_and_none_is_shorter(rows: list[Row]) -> None:
    exact = exact_clauses(rows)
    found = common_axes(rows, "xyz")
    if not any(row.differs for row in rows):
        assert found is None
    elif exact:
        assert found is not None
        assert found.clauses[0] in exact
        assert len(found.clauses) == 1
        assert len(found.clauses[0]) == min(map(len, exact))
    else:
        assert found is None or len(found.clauses) > 1 or not found.is_exact


@given(ROWS)
def test_what_is_said_is_true(rows: list[Row]) -> None:
    found = common_axes(rows, "xyz")
    if found is None:
        return
    matched = [holds(found.clauses, row) for row in rows]
    assert found.matched == sum(m and row.differs for m, row in zip(matched, rows, strict=True))
    assert found.unmatched == sum(not m and row.differs for m, row in zip(matched, rows, strict=True))
    assert list(found.beside) == [n for n, (m, row) in enumerate(zip(matched, rows, strict=True)) if m > row.differs]
    assert 1 <= len(found.clauses) <= MAX_CLAUSES
    assert not (found.unmatched and found.beside)  # too little or too much, never both
