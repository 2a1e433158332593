"""How far a run is, in numbers and in lines."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.runs.brief import brief
from conformance.runs.progress import LINE_LIMIT, Progress, clock, failing_line
from conformance.vocabulary.results import CellResult, CriterionResult
from conformance.vocabulary.verdicts import Verdict


def test_cells_are_counted_and_those_under_way_named() -> None:
    progress = Progress(started=0.0, total=4)
    for name in "abc":
        progress.begin(name, now=0.0)
    progress.end("a")
    progress.end("b", failed=True, skipped=True)
    assert (progress.done, progress.failing, progress.skipped, progress.left) == (2, 1, 0, 2)
    assert progress.cells_under_way() == "c"
    assert progress.sentence(now=10.0) == "2 of 4 cells, 1 failing, 2 left, 0:10, about 0:10 to go"


def test_nothing_is_estimated_from_the_cell_that_paid_for_bringing_up_the_testbeds() -> None:
    progress = Progress(started=0.0, total=4)
    assert progress.remaining(now=5.0) is None
    progress.end("a")
    assert progress.remaining(now=5.0) is None
    progress.end("b")
    assert progress.remaining(now=6.0) == 6.0


@pytest.mark.parametrize("total", [1, 7, 10, 72, 10_000])
def test_a_heartbeat_each_tenth_at_most(total: int) -> None:
    progress = Progress(started=0.0, total=total)
    told = []
    for number in range(total):
        progress.end(str(number))
        told.append(progress.heartbeat(now=1.0))
    assert len([line for line in told if line]) == min(total, 10)
    assert told[-1] == f"{total} of {total} cells, 0 failing, 0 left, 0:01"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.4, "0:00"), (59.6, "1:00"), (754, "12:34"), (3723, "1:02:03"), (-1, "0:00")]
)
def test_durations(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


def test_the_line_of_a_cell_names_pair_criterion_and_whose(
    make_cell: Callable[..., CellResult], make_criterion: Callable[..., CriterionResult]
) -> None:
    cell = make_cell(
        cell="test_registration[uc3m@stuba-visited]",
        visited="stuba",
        conformance=Verdict.FAIL,
        criteria=[make_criterion(id="REG-18", node="visited-pcscf")],
    )
    assert failing_line(brief(cell)) == (
        "test_registration[uc3m@stuba-visited]: PASS/FAIL, expected PASS/PASS: REG-18 visited-pcscf of stuba"
    )


def test_a_line_is_one_line_without_control_characters_and_bounded(make_cell: Callable[..., CellResult]) -> None:
    cell = make_cell(interoperability=Verdict.ERROR, conformance=Verdict.ERROR, reasons=["\x1b[2J\nno node " * 100])
    line = failing_line(brief(cell))
    assert line.isprintable()
    assert len(line) <= LINE_LIMIT


def test_a_failure_that_was_expected_and_is_gone_is_said(make_cell: Callable[..., CellResult]) -> None:
    line = failing_line(brief(make_cell(expected_conformance=Verdict.FAIL, expected_criteria=["REG-38"])))
    assert line.endswith(
        "PASS/PASS, expected PASS/FAIL: REG-38 should fail and does not: remove its entry from the known deviations"
    )
