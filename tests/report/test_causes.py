"""What is behind the cells that differ, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conformance.report.causes import Causes, causes
from conformance.report.cell_summary import summary
from conformance.report.cell_view import cell_view
from conformance.vocabulary.verdicts import Level, Verdict

Make = Callable[..., Any]


@pytest.fixture
def of(make_cell: Make, make_criterion: Make) -> Callable[..., Causes]:
    """Causes of a run with a cell for each (home, visited, access point, test case, wrong)."""

    def found(*cells: tuple[str, str, str, str, bool]) -> Causes:
        made = []
        for number, (home, visited, access, test, wrong) in enumerate(cells):
            node = "visited-pcscf" if access == "visited" else "home-pcscf"
            words = {"criteria": [make_criterion(node=node)], "conformance": Verdict.FAIL} if wrong else {}
            cell = make_cell(
                cell=f"{test}[{home}@{visited}]",
                folder=f"cells/{number}",
                home=home,
                visited=visited,
                access_point=access,
                **words,
            )
            made.append(summary(cell_view(cell)))
        return causes(made)

    return found


HOME = ("stuba", "stuba", "none", "test_a")
AWAY = ("uc3m", "stuba", "visited", "test_a")
OTHER = ("uc3m", "uc3m", "none", "test_a")


def test_one_node_in_two_roles_is_one_cause(of: Callable[..., Causes]) -> None:
    found = of((*HOME, True), (*AWAY, True), (*OTHER, False))
    (cause,) = found.causes
    assert (cause.finding.id, cause.finding.function, cause.cells) == ("REG-38", "P-CSCF of stuba", 2)
    assert found.in_all is cause
    assert found.sentence == "Every cell with visited = stuba differs; no other cell does."


def test_what_has_the_same_and_is_as_expected_is_named(of: Callable[..., Causes]) -> None:
    found = of((*HOME, True), (*AWAY, True), (*AWAY[:3], "test_b", False), (*OTHER[:3], "test_a", False))
    assert found.sentence.startswith("Every cell with visited = stuba and test case = test_a differs")


def test_the_test_cases_that_are_as_expected_are_named(of: Callable[..., Causes]) -> None:
    rows = [(*HOME[:3], test, test in "abc") for test in "abcdef"]
    others = [(*OTHER[:3], test, False) for test in "abcdef"]
    found = of(*rows, *others, (*HOME[:3], "d", False))
    assert found.sentence == (
        "All 3 cells that differ have visited = stuba, but 4 other cells with this are as expected: d (2 cells), e, f."
    )


def test_a_single_cell_needs_no_explanation(of: Callable[..., Causes]) -> None:
    assert of((*HOME, True), (*OTHER, False)).sentence == "One cell alone differs."


def test_every_cell(of: Callable[..., Causes]) -> None:
    assert of((*HOME, True), (*OTHER, True)).sentence == "Every cell differs."


def test_what_counts_for_no_verdict_or_was_expected_is_no_cause(make_cell: Make, make_criterion: Make) -> None:
    weak = make_criterion(id="REG-12", level=Level.SHOULD)
    known = make_criterion(id="REG-34")
    new = make_criterion(id="REG-18")
    cell = make_cell(
        criteria=[weak, known, new],
        conformance=Verdict.FAIL,
        expected_conformance=Verdict.FAIL,
        expected_criteria=["REG-34"],
    )
    line = summary(cell_view(cell))
    assert [(one.id, one.note) for one in line.findings] == [
        ("REG-18", ""),
        ("REG-34", "expected"),
        ("REG-12", "SHOULD, counts for no verdict"),
    ]
    assert [one.finding.id for one in causes([line]).causes] == ["REG-18"]


def test_a_cell_that_differs_without_a_broken_criterion_is_counted(make_cell: Make) -> None:
    cell = make_cell(interoperability=Verdict.INCONCLUSIVE, reasons=["the capture lost packets"])
    assert causes([summary(cell_view(cell))]).unexplained == 1
