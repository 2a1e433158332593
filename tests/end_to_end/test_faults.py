"""A testbed that misbehaves is found: the right criterion fails, and only it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.faults.catalogue import TERMINAL, Fault, FaultKind, load_catalogue
from conformance.vocabulary.results import CellResult, CriterionResult

EVENT = "testcases/registration/test_event.py"
SHOWN_BY = {
    "registration-home": ("testcases/registration/test_home.py", "-k", "test_registration and not tcp and not digest"),
    "registration-event": (EVENT, "-k", "test_registration_event and not visited"),
    "deregistration-network": (EVENT, "-k", "test_network_deregistration"),
}
"""Test cases in which the faults of a flow are seen, each once for a home network."""
TESTBEDS = ("uc3m", "stuba", "octopus")
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
        ("uc3m/i-cscf=no-second-uar", "REG-37", "PASS/FAIL"),
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


def batches() -> list[tuple[Fault, ...]]:
    """All faults of nodes that break a criterion, flow by flow and three in a run: each testbed has one of them."""
    found = []
    for flow in SHOWN_BY:
        of_nodes = [fault for fault in load_catalogue().fault if fault.kind is FaultKind.NODE and fault.expected]
        faults = [fault for fault in of_nodes if fault.flow == flow]
        found += [tuple(faults[start : start + len(TESTBEDS)]) for start in range(0, len(faults), len(TESTBEDS))]
    return found


def test_every_fault_that_breaks_a_criterion_is_shown_somewhere() -> None:
    assert {fault.flow for fault in load_catalogue().fault if fault.expected} == set(SHOWN_BY)


@pytest.mark.parametrize("faults", batches(), ids=lambda faults: ",".join(fault.name for fault in faults))
def test_every_fault_of_a_node_is_found_and_nothing_else(run_cells: Callable, faults: tuple[Fault, ...]) -> None:
    placed = dict(zip(TESTBEDS, faults, strict=False))
    options = [f"--fault={testbed}/{fault.applies_to}={fault.name}" for testbed, fault in placed.items()]

    ended = run_cells(*SHOWN_BY[faults[0].flow], *options)

    found = {cell.home: {(c.id, c.node) for c in failures(cell)} for cell in ended.run.cells}
    expected = {
        testbed: {(criterion, str(placed[testbed].blamed)) for criterion in placed[testbed].expected}
        if testbed in placed
        else set()
        for testbed in TESTBEDS
    }
    assert found == expected, ended.output


@pytest.mark.parametrize(
    "fault", [fault for fault in load_catalogue().of(TERMINAL) if fault.expected], ids=lambda fault: fault.name
)
def test_every_fault_of_a_terminal_is_found_and_nothing_else(run_cells: Callable, fault: Fault) -> None:
    ended = run_cells(*SHOWN_BY[fault.flow], "--home", "uc3m", f"--fault=terminal={fault.name}")
    (cell,) = ended.run.cells
    assert {(c.id, c.node) for c in failures(cell)} == {(name, str(fault.blamed)) for name in fault.expected}


def test_no_fault_is_named_in_what_was_judged(run_cells: Callable) -> None:
    ended = run_cells(*ONE_CELL, "--fault", "uc3m/s-cscf=no-service-route")
    (cell,) = ended.run.cells
    assert "no-service-route" not in cell.model_dump_json()
