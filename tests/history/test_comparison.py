"""What became better or worse between two runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.history.comparison import compare
from conformance.runs.folder import FinishedRun
from conformance.vocabulary.results import CellResult, CriterionResult, ProcedureResult, RunFooter, RunHeader
from conformance.vocabulary.verdicts import Level, Severity, Verdict

PASS, FAIL, INCONCLUSIVE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE
CELL = "test_registration[uc3m@uc3m]"


@pytest.fixture
def run(header: RunHeader) -> Callable[..., FinishedRun]:
    def make(name: str, *cells: CellResult, cut_short: bool = False) -> FinishedRun:
        footer = None if cut_short else RunFooter(finished_ns=1, cells=len(cells), differing=[], exit_code=0)
        return FinishedRun(Path("/reports") / name, header, cells, footer)

    return make


@pytest.fixture
def cell(make_cell: Callable[..., CellResult]) -> Callable[..., CellResult]:
    def make(conformance: Verdict = PASS, *failing: str, name: str = CELL, **changes: object) -> CellResult:
        criteria = [
            CriterionResult(
                id=id,
                verdict=FAIL,
                level=Level.SHALL,
                severity=Severity.BLOCKING,
                clause="RFC 3608",
                statement="-",
                node="home-scscf",
                expected="-",
                found="-",
            )
            for id in failing
        ]
        procedure = ProcedureResult(
            flow="registration-home",
            subject=["sip:alice@uc3m.netlab.test"],
            cell=name,
            roles={},
            frames=[],
            interoperability=PASS,
            conformance=conformance,
            criteria=criteria,
            reasons=["a reason"],
        )
        values = {"reasons": [], **changes}
        return make_cell(cell=name, conformance=conformance, procedures=[procedure], **values)

    return make


@pytest.mark.parametrize(
    ("old", "new", "list_name", "worse"),
    [
        (PASS, PASS, None, False),
        (PASS, FAIL, "new_failures", True),
        (FAIL, PASS, "fixed", False),
        (FAIL, FAIL, "still_failing", False),
        (PASS, INCONCLUSIVE, "newly_inconclusive", True),
        (FAIL, INCONCLUSIVE, "newly_inconclusive", True),
        (INCONCLUSIVE, INCONCLUSIVE, "still_failing", False),
        (INCONCLUSIVE, FAIL, "new_failures", True),
        (INCONCLUSIVE, PASS, "fixed", False),
        (PASS, Verdict.ERROR, "new_failures", True),
    ],
)
def test_a_cell_stands_in_one_list(
    run: Callable[..., FinishedRun],
    cell: Callable[..., CellResult],
    old: Verdict,
    new: Verdict,
    list_name: str | None,
    worse: bool,
) -> None:
    found = compare(run("a", cell(old)), run("b", cell(new)))
    lists = ("new_failures", "newly_inconclusive", "still_failing", "fixed", "no_longer_run", "newly_run")
    assert {name for name in lists if getattr(found, name)} == ({list_name} if list_name else set())
    assert found.same == (0 if list_name else 1)
    assert found.worse is worse


def test_a_change_names_the_criteria_that_fail_now_and_the_reasons(
    run: Callable[..., FinishedRun], cell: Callable[..., CellResult]
) -> None:
    found = compare(run("a", cell(FAIL, "REG-38")), run("b", cell(FAIL, "REG-38", "REG-39")))
    (change,) = found.still_failing
    assert change.criteria == ["REG-39 home-scscf"]
    assert change.reasons == ["a reason"]
    assert (change.old, change.new, change.expected) == ("PASS/FAIL", "PASS/FAIL", "PASS/PASS")


def test_an_expected_failure_that_is_mended_is_news(
    run: Callable[..., FinishedRun], cell: Callable[..., CellResult]
) -> None:
    expected = {"expected_conformance": FAIL, "expected_criteria": ["REG-38"]}
    found = compare(run("a", cell(FAIL, "REG-38", **expected)), run("b", cell(PASS, **expected)))
    assert [change.expected for change in found.new_failures] == ["PASS/FAIL"]


def test_cells_of_one_run_alone(run: Callable[..., FinishedRun], cell: Callable[..., CellResult]) -> None:
    gone, fresh = cell(name="test_gone[a]"), cell(name="test_fresh[a]")
    broken = cell(FAIL, "REG-38", name="test_broken[a]")
    found = compare(run("a", gone), run("b", fresh, broken))
    assert [change.cell for change in found.no_longer_run] == ["test_gone[a]"]
    assert [change.cell for change in found.newly_run] == ["test_fresh[a]"]
    assert [change.cell for change in found.new_failures] == ["test_broken[a]"]


def test_what_a_run_that_was_cut_short_did_not_reach_is_worse(
    run: Callable[..., FinishedRun], cell: Callable[..., CellResult]
) -> None:
    assert not compare(run("a", cell()), run("b")).worse
    found = compare(run("a", cell()), run("b", cut_short=True))
    assert found.cut_short == ["b"]
    assert found.worse


def test_a_cell_that_was_run_again_counts_as_it_ended(
    run: Callable[..., FinishedRun], cell: Callable[..., CellResult]
) -> None:
    found = compare(run("a", cell()), run("b", cell(FAIL, "REG-38"), cell()))
    assert (found.same, found.worse) == (1, False)
