"""A testbed that misbehaves is found: the right criterion fails, and only it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from conformance.faults.catalogue import Fault, load_catalogue
from conformance.vocabulary.results import CellResult, CriterionResult
from tests.end_to_end.conftest import NETLAB, ROOT, environment

MISBEHAVING = load_catalogue().fault
"""Faults of nodes and of terminals; those of captures are in tests/faults."""
DEADLINE_OF_ALL_S = 900
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


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, Any]]:
    """What `netlab faults` says of every fault of a node or of a terminal; one federation is up for all of them."""
    done = subprocess.run(
        [NETLAB, "faults", "--kind", "node", "--kind", "terminal", "--json"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=DEADLINE_OF_ALL_S,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return {row["fault"]: row for row in json.loads(done.stdout)}


@pytest.mark.parametrize("fault", MISBEHAVING, ids=lambda fault: fault.name)
def test_every_fault_of_a_node_or_a_terminal_is_found_and_nothing_else(
    rows: dict[str, dict[str, Any]], fault: Fault
) -> None:
    row = rows[fault.name]
    assert set(row["found"]) == set(fault.expected)
    assert row["collateral"] == []
    assert row["blamed"] == (str(fault.blamed) if fault.expected else None)
    assert row["ok"]
