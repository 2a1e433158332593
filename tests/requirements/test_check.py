"""Each way in which table and code may disagree."""

from typing import Any

from conformance.requirements import Requirement, check
from conformance.vocabulary.verdicts import Level

CASE = "testcases/a/test_b.py::test_c"


def row(**fields: Any) -> Requirement:
    return Requirement(**{"id": "D22-1-01", "source": "D2.2 1", "level": Level.SHALL, "words": "w", **fields})


def test_agreement() -> None:
    rows = [
        row(criteria=("REG-01",), test_cases=(CASE,)),
        row(id="D22-1-02", not_tested_reason="not written yet"),
    ]
    assert check(rows, {"REG-01"}, {CASE}) == []


def test_unknown_criterion() -> None:
    (line,) = check([row(criteria=("REG-01",))], set(), set())
    assert line.startswith("D22-1-01: found unknown criterion REG-01")


def test_unknown_test_case() -> None:
    (line,) = check([row(test_cases=(CASE,))], set(), set())
    assert line.startswith(f"D22-1-01: found unknown test case {CASE}")


def test_neither_coverage_nor_reason() -> None:
    (line,) = check([row()], set(), set())
    assert "found neither coverage nor not_tested_reason" in line


def test_coverage_and_reason() -> None:
    (line,) = check([row(criteria=("REG-01",), not_tested_reason="lazy")], {"REG-01"}, set())
    assert "found coverage and not_tested_reason" in line


def test_criterion_that_no_row_names() -> None:
    (line,) = check([row(criteria=("REG-01",))], {"REG-01", "REG-02"}, set())
    assert line.startswith("REG-02: found a criterion that no requirement names")


def test_test_case_that_no_row_names() -> None:
    (line,) = check([row(not_tested_reason="later")], set(), {CASE})
    assert line.startswith(f"{CASE}: found a test case that no requirement names")


def test_two_rows_of_one_id() -> None:
    (line,) = check([row(not_tested_reason="a"), row(not_tested_reason="b")], set(), set())
    assert line.startswith("D22-1-01: found 2 rows")
