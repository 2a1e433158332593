"""The last lines of `netlab run`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.commands.run import exit_code
from conformance.commands.run_summary import FIRST, print_summary, summary_lines
from conformance.runs.brief import RunBrief, brief
from conformance.vocabulary.errors import Exit
from conformance.vocabulary.results import CellResult, RunFooter, RunHeader
from conformance.vocabulary.verdicts import Verdict

FAIL, NOT_APPLICABLE = Verdict.FAIL, Verdict.NOT_APPLICABLE


@pytest.fixture
def run(header: RunHeader) -> Callable[..., RunBrief]:
    def make(*cells: CellResult, code: int = 0) -> RunBrief:
        footer = RunFooter(finished_ns=header.started_ns + 19 * 10**9, cells=0, differing=[], exit_code=code)
        return RunBrief(Path("/reports/a"), header, [brief(cell) for cell in cells], footer)

    return make


def test_all_as_expected_is_one_line(run: Callable[..., RunBrief], make_cell: Callable[..., CellResult]) -> None:
    assert summary_lines(run(make_cell(), make_cell())) == ["2 cells in 0:19, all as expected"]


def test_the_first_that_differ_are_named(run: Callable[..., RunBrief], make_cell: Callable[..., CellResult]) -> None:
    broken = [make_cell(cell=f"test_a[{number}]", conformance=FAIL) for number in range(9)]
    lines = summary_lines(run(make_cell(), *broken))
    assert lines[:2] == [
        "10 cells in 0:19, 9 differ from what was expected",
        "interoperability/conformance: 9 PASS/FAIL, 1 PASS/PASS",
    ]
    assert lines[2].startswith("  test_a[0]: PASS/FAIL, expected PASS/PASS")
    assert lines[2 + FIRST :] == ["  and 4 more"]


def test_what_was_not_run_is_counted_apart(run: Callable[..., RunBrief], make_cell: Callable[..., CellResult]) -> None:
    idle = make_cell(
        interoperability=Verdict.INCONCLUSIVE, conformance=Verdict.INCONCLUSIVE, not_run="test_first[uc3m@uc3m]"
    )
    assert summary_lines(run(make_cell(), idle))[0] == "2 cells in 0:19, 1 not run"


def test_what_was_not_judged_is_no_failure(run: Callable[..., RunBrief], make_cell: Callable[..., CellResult]) -> None:
    cells = [
        make_cell(interoperability=NOT_APPLICABLE, conformance=NOT_APPLICABLE),
        make_cell(conformance=Verdict.INCONCLUSIVE),
    ]
    assert summary_lines(run(*cells))[0] == "2 cells in 0:19, 1 not applicable, 1 inconclusive"


def test_testbeds_that_are_down_are_told_once(
    run: Callable[..., RunBrief], make_cell: Callable[..., CellResult]
) -> None:
    down = make_cell(interoperability=Verdict.ERROR, conformance=Verdict.ERROR, reasons=["port 53 is in use"])
    assert summary_lines(run(down, down))[-1] == "none could be judged: port 53 is in use"


def test_a_run_that_was_stopped_says_what_it_lacks(
    run: Callable[..., RunBrief], make_cell: Callable[..., CellResult]
) -> None:
    stopped = run(make_cell(), code=2)
    assert summary_lines(stopped, planned=72)[0] == "The run was cut short before 71 of 72 cells."
    assert exit_code(stopped) is Exit.BROKEN


def test_the_place_of_the_report_comes_last(
    run: Callable[..., RunBrief],
    make_cell: Callable[..., CellResult],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = tmp_path / "index.html"
    report.touch()
    print_summary(run(make_cell()), report)
    assert capsys.readouterr().out.splitlines()[-1] == f"report: {report}"
