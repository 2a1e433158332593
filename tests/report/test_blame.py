"""Who is to blame for a cell, and why."""

from __future__ import annotations

from collections.abc import Callable

from conformance.report.blame import blamed, causes
from conformance.vocabulary.difference import Difference
from conformance.vocabulary.results import CellResult, CriterionResult
from conformance.vocabulary.verdicts import Verdict


def changed(cell: CellResult, **changes: object) -> CellResult:
    (procedure,) = cell.procedures
    return cell.model_copy(update={"procedures": [procedure.model_copy(update=changes)]})


def test_each_node_is_named_once(
    make_cell: Callable[..., CellResult], make_criterion: Callable[..., CriterionResult]
) -> None:
    failing = [make_criterion(), make_criterion(id="REG-39"), make_criterion(id="REG-15", node="visited-pcscf")]
    cell = make_cell(conformance=Verdict.FAIL, criteria=failing, visited="stuba")
    assert blamed(cell) == ["home-scscf of uc3m", "visited-pcscf of stuba"]


def test_without_a_failing_criterion_it_is_who_left_the_flow(make_cell: Callable[..., CellResult]) -> None:
    left = Difference(flow="registration-home", sentence="Expected next UAR.", node="home-icscf", why="never sent UAR")
    cell = changed(make_cell(conformance=Verdict.FAIL), difference=left, departure="after register-1 no UAR came")
    assert blamed(cell) == ["home-icscf of uc3m"]
    assert causes(cell) == ["after register-1 no UAR came"]


def test_nobody_is_blamed_for_a_cell_that_is_right(make_cell: Callable[..., CellResult]) -> None:
    assert blamed(make_cell()) == []
    assert causes(make_cell()) == []
