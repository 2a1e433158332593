"""A testbed that misbehaves is found: the right criterion fails, and only it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.vocabulary.results import CellResult, CriterionResult

ONE_CELL = ("testcases/registration/test_home.py", "-k", "test_registration and uc3m and not tcp")


def failures(cell: CellResult) -> list[CriterionResult]:
    return [c for p in cell.procedures for c in p.criteria if c.verdict == "FAIL"]


def test_a_testbed_that_behaves_passes(run_cells: Callable) -> None:
    ended = run_cells(*ONE_CELL)
    assert ended.code == 0, ended.output
    (cell,) = ended.run.cells
    assert str(cell.pair) == "PASS/PASS"
    inconclusive = [c.id for p in cell.procedures for c in p.criteria if c.verdict == "INCONCLUSIVE"]
    assert inconclusive == []


def test_the_other_capture_backend_gives_the_same_verdicts(run_cells: Callable) -> None:
    ended = run_cells(*ONE_CELL, "--capture-backend", "pyshark")
    assert ended.code == 0, ended.output
    (cell,) = ended.run.cells
    assert str(cell.pair) == "PASS/PASS"
    assert [capture.drops for capture in cell.captures] == [0]


@pytest.mark.parametrize(
    ("fault", "criterion", "pair"),
    [
        ("uc3m/s-cscf=no-service-route", "REG-38", "PASS/FAIL"),
        ("uc3m/s-cscf=wrong-nonce", "REG-29", "FAIL/FAIL"),
        ("terminal=wrong-digest-uri", "REG-08", "PASS/FAIL"),
    ],
)
def test_a_fault_fails_its_criterion_and_no_other(run_cells: Callable, fault: str, criterion: str, pair: str) -> None:
    ended = run_cells(*ONE_CELL, "--fault", fault)
    assert ended.code == 1, ended.output
    assert ended.failed_criteria == {criterion}
    (cell,) = ended.run.cells
    assert str(cell.pair) == pair
    (result,) = failures(cell)
    assert result.evidence
    assert all(evidence.confirmed for evidence in result.evidence), "Wireshark was not asked"
    assert fault.partition("=")[2] not in cell.model_dump_json(), "who judges must not know of the fault"
