"""From the verdicts of a cell to the outcome of its test."""

from __future__ import annotations

import inspect
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from conformance.plugin.stash import ALLURE_FOLDER, FEDERATION, RUN
from conformance.report.allure_results import attach_result
from conformance.report.junit_properties import junit_properties
from conformance.requirements.covered import requirements_of
from conformance.runs.cell import Cell
from conformance.runs.cell_identity import MANUAL
from conformance.runs.cell_verdicts import JUDGED
from conformance.runs.deadline import deadline, usual_deadline_s
from conformance.runs.outcome import Outcome, explain, outcome
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.results import CellResult


class CellError(Exception):
    """A cell that could not be judged: our fault, or a testbed that is down."""


class CellWithoutTestbed(CellError):
    """A cell that could not be judged because a testbed is down; Allure's categories know it by this name."""


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    """Judge the cell when its test case has returned or was stopped, and turn the verdicts into an outcome."""
    opened = pyfuncitem.funcargs.get("cell")
    if not isinstance(opened, Cell):
        return (yield)
    stopped_by: Exception | None = None
    try:
        with deadline(_deadline_s(pyfuncitem), Path(inspect.unwrap(pyfuncitem.function).__code__.co_filename)):
            yield
    except Exception as error:  # noqa: BLE001 - judged below; what is not ours to judge is raised again
        stopped_by = error
    result = opened.finish(stopped_by)
    describe(pyfuncitem, result)
    if stopped_by is not None and not isinstance(stopped_by, JUDGED):
        raise stopped_by
    match outcome(result, strict=pyfuncitem.config.getoption("--inconclusive") == "fail"):
        case Outcome.PASSED:
            return True
        case Outcome.SKIPPED:
            pytest.skip(explain(result))
        case Outcome.FAILED:
            pytest.fail(explain(result), pytrace=False)
        case Outcome.ERROR:
            is_down = isinstance(stopped_by, TestbedDown) or result.node_logs
            raise (CellWithoutTestbed if is_down else CellError)(explain(result))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Report an ERROR as pytest reports everything that kept a test from being held: as an error, not a failure."""
    report = yield
    stopped_by = call.excinfo.value if call.excinfo is not None else None
    if isinstance(stopped_by, CellError):
        report.when = "setup"
        report.longrepr = str(stopped_by)
    elif call.when == "call" and isinstance(stopped_by, Exception) and _has_cell(item):
        report.when = "setup"  # the test case itself is wrong: its author needs the traceback
    return report


def describe(item: pytest.Item, result: CellResult) -> None:
    """Tell JUnit and Allure of a cell, whatever its outcome."""
    item.user_properties += junit_properties(result)
    if item.config.getoption(ALLURE_FOLDER, None):
        folder = item.config.stash[RUN].path / result.folder
        attach_result(result, folder, requirements_of(result.test_case))


def _deadline_s(item: pytest.Item) -> float:
    asked: float | None = item.config.getoption("--cell-deadline")
    slow = item.get_closest_marker("slow") is not None
    person_s: float = item.config.getoption("--manual-deadline") if item.get_closest_marker(MANUAL) else 0.0
    return asked or usual_deadline_s(item.config.stash[FEDERATION].timers, slow=slow) + person_s


def _has_cell(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and isinstance(item.funcargs.get("cell"), Cell)
