"""What became better or worse between two runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.history.comparison import compare
from conformance.runs.brief import RunBrief, brief
from conformance.vocabulary.results import CellResult, CriterionResult, ProcedureResult, RunFooter, RunHeader
from conformance.vocabulary.verdicts import Level, Severity, Verdict

PASS, FAIL, INCONCLUSIVE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE
CELL = "test_registration[uc3m@uc3m]"


@pytest.fixture
def run(header: RunHeader) -> Callable[..., RunBrief]:
    def make(name: str, *cells: CellResult, cut_short: bool = False, **changes: object) -> RunBrief:
        footer = None if cut_short else RunFooter(finished_ns=1, cells=len(cells), differing=[], exit_code=0)
        return RunBrief(
            Path("/reports") / name, header.model_copy(update=changes), [brief(cell) for cell in cells], footer
        )

    return make


@pytest.fixture
def cell(make_cell: Callable[..., CellResult]) -> Callable[..., CellResult]:
    def make(
        conformance: Verdict = PASS, *failing: str, name: str = CELL, node: str = "home-scscf", **changes: object
    ) -> CellResult:
        criteria = [
            CriterionResult(
                id=id,
                verdict=FAIL,
                level=Level.SHALL,
                severity=Severity.BLOCKING,
                clause="RFC 3608",
                statement="-",
                node=node,
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
        (Verdict.ERROR, FAIL, "new_failures", True),
        (Verdict.ERROR, PASS, "fixed", False),
        (FAIL, Verdict.ERROR, "still_failing", True),
        (Verdict.ERROR, Verdict.ERROR, "still_failing", False),
    ],
)
def test_a_cell_stands_in_one_list(
    run: Callable[..., RunBrief],
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
    run: Callable[..., RunBrief], cell: Callable[..., CellResult]
) -> None:
    found = compare(run("a", cell(FAIL, "REG-38")), run("b", cell(FAIL, "REG-38", "REG-39")))
    (change,) = found.still_failing
    assert change.criteria == ["REG-39 home-scscf"]
    assert change.reasons == ["a reason"]
    assert [(one.criterion, one.new) for one in change.failing] == [("REG-39", True), ("REG-38", False)]
    assert (change.old, change.new, change.expected) == ("PASS/FAIL", "PASS/FAIL", "PASS/PASS")


def test_an_expected_failure_that_is_mended_is_news(
    run: Callable[..., RunBrief], cell: Callable[..., CellResult]
) -> None:
    expected = {"expected_conformance": FAIL, "expected_criteria": ["REG-38"]}
    found = compare(run("a", cell(FAIL, "REG-38", **expected)), run("b", cell(PASS, **expected)))
    assert [change.expected for change in found.new_failures] == ["PASS/FAIL"]


def test_cells_of_one_run_alone(run: Callable[..., RunBrief], cell: Callable[..., CellResult]) -> None:
    gone, fresh = cell(name="test_gone[a]"), cell(name="test_fresh[a]")
    broken = cell(FAIL, "REG-38", name="test_broken[a]")
    found = compare(run("a", gone), run("b", fresh, broken))
    assert [change.cell for change in found.no_longer_run] == ["test_gone[a]"]
    assert [change.cell for change in found.newly_run] == ["test_fresh[a]"]
    assert [change.cell for change in found.new_failures] == ["test_broken[a]"]


def test_what_a_run_that_was_cut_short_did_not_reach_is_worse(
    run: Callable[..., RunBrief], cell: Callable[..., CellResult]
) -> None:
    assert not compare(run("a", cell()), run("b")).worse
    found = compare(run("a", cell()), run("b", cut_short=True))
    assert found.cut_short == ["b"]
    assert found.worse


def test_a_cell_that_was_run_again_counts_as_it_ended(
    run: Callable[..., RunBrief], cell: Callable[..., CellResult]
) -> None:
    found = compare(run("a", cell()), run("b", cell(FAIL, "REG-38"), cell()))
    assert (found.same, found.worse) == (1, False)


def test_failing_by_another_criterion_or_another_node_is_worse(
    run: Callable[..., RunBrief], cell: Callable[..., CellResult]
) -> None:
    old = run("a", cell(FAIL, "REG-38"))
    (other_criterion,) = compare(old, run("b", cell(FAIL, "REG-39"))).worse_failures
    assert (other_criterion.criteria, other_criterion.mended) == (["REG-39 home-scscf"], ["REG-38 home-scscf"])
    found = compare(old, run("b", cell(FAIL, "REG-38", node="visited-pcscf")))
    assert [change.criteria for change in found.worse_failures] == [["REG-38 visited-pcscf"]]
    assert found.worse


def test_fewer_failing_criteria_are_not_worse(run: Callable[..., RunBrief], cell: Callable[..., CellResult]) -> None:
    found = compare(run("a", cell(FAIL, "REG-38", "REG-39")), run("b", cell(FAIL, "REG-38")))
    assert not found.worse
    assert [change.mended for change in found.still_failing] == [["REG-39 home-scscf"]]


def test_a_user_who_loses_the_service_is_news_although_the_cell_failed_before(
    run: Callable[..., RunBrief], cell: Callable[..., CellResult]
) -> None:
    found = compare(run("a", cell(FAIL, "REG-38")), run("b", cell(FAIL, "REG-38", interoperability=FAIL)))
    assert [change.new for change in found.new_failures] == ["FAIL/FAIL"]


def test_what_is_only_declared_a_known_deviation_is_not_fixed(
    run: Callable[..., RunBrief], cell: Callable[..., CellResult]
) -> None:
    expected = {"expected_conformance": FAIL, "expected_criteria": ["REG-38"]}
    for before in (cell(FAIL, "REG-38"), cell()):
        found = compare(run("a", before), run("b", cell(FAIL, "REG-38", **expected)))
        assert (len(found.newly_known), found.fixed, found.same, found.worse) == (1, [], 0, False)


def test_a_deviation_that_is_not_expected_any_more_is_told_as_such(
    run: Callable[..., RunBrief], cell: Callable[..., CellResult]
) -> None:
    expected = {"expected_conformance": FAIL, "expected_criteria": ["REG-38"]}
    (change,) = compare(run("a", cell(FAIL, "REG-38", **expected)), run("b", cell(FAIL, "REG-38"))).new_failures
    assert change.note == "It fails as before; that was expected then, and is not any more."
    (change,) = compare(run("a", cell(FAIL, "REG-38", **expected)), run("b", cell(**expected))).new_failures
    assert change.note.startswith("It passes although a failure is expected")
    worse = cell(FAIL, "REG-38", "REG-39", **expected)
    (change,) = compare(run("a", cell(FAIL, "REG-38", **expected)), run("b", worse)).new_failures
    assert change.note == "Only REG-38 is expected to fail."


def test_what_was_not_run_is_no_longer_run_and_is_not_passed(
    run: Callable[..., RunBrief], cell: Callable[..., CellResult]
) -> None:
    idle = cell(INCONCLUSIVE, interoperability=INCONCLUSIVE, not_run="test_first[uc3m@uc3m]")
    found = compare(run("a", cell()), run("b", idle))
    assert len(found.no_longer_run) == 1
    assert not found.new_failures
    assert not found.newly_inconclusive
    assert len(compare(run("a", idle), run("b", cell())).newly_run) == 1


def test_what_does_not_apply_is_not_run_and_not_failing(
    run: Callable[..., RunBrief], cell: Callable[..., CellResult]
) -> None:
    nothing = cell(Verdict.NOT_APPLICABLE, interoperability=Verdict.NOT_APPLICABLE)
    assert compare(run("a", nothing), run("b", nothing)).not_applicable == 1
    assert [change.new for change in compare(run("a", cell()), run("b", nothing)).no_longer_run] == [
        "NOT_APPLICABLE/NOT_APPLICABLE"
    ]
    assert len(compare(run("a", nothing), run("b", cell())).newly_run) == 1


def test_causes_join_the_cells_of_one_function(run: Callable[..., RunBrief], cell: Callable[..., CellResult]) -> None:
    broken = [
        cell(FAIL, "REG-18", node="home-pcscf", name="test_a[uc3m@uc3m]"),
        cell(FAIL, "REG-18", node="visited-pcscf", name="test_b[uc3m@uc3m]"),
        cell(FAIL, "REG-38", name="test_c[uc3m@uc3m]"),
    ]
    old = run("a", *(cell(name=one.cell) for one in broken))
    causes = compare(old, run("b", *broken)).causes
    assert [(one.criterion, one.whose, one.cells) for one in causes] == [
        ("REG-18", "pcscf of uc3m", 2),
        ("REG-38", "scscf of uc3m", 1),
    ]


def test_runs_that_were_made_differently_say_so(run: Callable[..., RunBrief], cell: Callable[..., CellResult]) -> None:
    new = run("b", cell(), core="kamailio", options=["--fault=uc3m/hss=late"], started_ns=1)
    found = compare(run("a", cell(), core="emulated", started_ns=2), new)
    assert found.unlike == ["core: emulated, then kamailio", "options: none, then --fault=uc3m/hss=late"]
    assert found.new_is_older


def test_a_run_that_somebody_stopped_is_cut_short(
    run: Callable[..., RunBrief], cell: Callable[..., CellResult]
) -> None:
    stopped = run("b")
    stopped = replace(stopped, footer=RunFooter(finished_ns=1, cells=0, differing=[], exit_code=2))
    found = compare(run("a", cell()), stopped)
    assert (found.cut_short, found.worse) == (["b"], True)
