"""A testbed that misbehaves is found: the right criterion fails, and only it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

ONE_CELL = ("testcases/registration/test_home.py", "-k", "test_registration and uc3m and not tcp")


def test_a_testbed_that_behaves_passes(run_cells: Callable) -> None:
    ended = run_cells(*ONE_CELL)
    assert ended.code == 0, ended.output
    (cell,) = ended.run.cells
    assert str(cell.pair) == "PASS/PASS"
    inconclusive = [c.id for p in cell.procedures for c in p.criteria if c.verdict == "INCONCLUSIVE"]
    assert inconclusive == []


@pytest.mark.parametrize(
    ("fault", "criterion", "pair"),
    [
        ("uc3m/s-cscf=no-service-route", "REG-38", "PASS/FAIL"),
        ("uc3m/s-cscf=wrong-nonce", "REG-29", "FAIL/FAIL"),
        ("terminal=wrong-digest-uri", "REG-08", "PASS/FAIL"),
        ("uc3m/i-cscf=no-second-uar", "REG-37", "PASS/FAIL"),
    ],
)
def test_a_fault_fails_its_criterion_and_no_other(run_cells: Callable, fault: str, criterion: str, pair: str) -> None:
    ended = run_cells(*ONE_CELL, "--fault", fault)
    assert ended.code == 1, ended.output
    assert ended.failed_criteria == {criterion}
    (cell,) = ended.run.cells
    assert str(cell.pair) == pair
    (result,) = (c for p in cell.procedures for c in p.criteria if c.verdict == "FAIL")
    assert result.evidence
    assert all(evidence.confirmed for evidence in result.evidence), "Wireshark was not asked"


def test_no_fault_is_named_in_what_was_judged(run_cells: Callable) -> None:
    ended = run_cells(*ONE_CELL, "--fault", "uc3m/s-cscf=no-service-route")
    (cell,) = ended.run.cells
    assert "no-service-route" not in cell.model_dump_json()
