"""A run in brief says what the whole results say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.runs.brief import brief, read_brief, read_cell
from conformance.runs.folder import RunFolder
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.results import CellResult, CriterionResult, RunHeader
from conformance.vocabulary.verdicts import Level, Verdict


@pytest.mark.parametrize("expected", [Verdict.PASS, Verdict.FAIL])
@pytest.mark.parametrize("criteria", [[], ["REG-38"], ["REG-38", "REG-39"]])
def test_a_brief_agrees_with_the_result(
    make_cell: Callable[..., CellResult],
    make_criterion: Callable[..., CriterionResult],
    expected: Verdict,
    criteria: list[str],
) -> None:
    result = make_cell(
        conformance=Verdict.FAIL if criteria else Verdict.PASS,
        criteria=[make_criterion(id=id) for id in criteria],
        expected_conformance=expected,
        expected_criteria=["REG-38"],
    )
    short = brief(result)
    assert (short.pair, short.expected_pair) == (result.pair, result.expected_pair)
    assert short.as_expected is result.as_expected
    assert {finding.criterion for finding in short.findings} == result.failed_criteria


def test_only_a_shall_that_fails_is_a_finding_and_its_node_is_named(
    make_cell: Callable[..., CellResult], make_criterion: Callable[..., CriterionResult]
) -> None:
    criteria = [
        make_criterion(id="REG-1", node="visited-pcscf"),
        make_criterion(id="REG-2", node=None),
        make_criterion(id="REG-3", level=Level.SHOULD),
        make_criterion(id="REG-4", verdict=Verdict.PASS),
    ]
    short = brief(make_cell(home="uc3m", visited="stuba", criteria=criteria))
    assert [str(finding) for finding in short.findings] == ["REG-1 visited-pcscf of stuba", "REG-2 unknown node"]


def test_a_run_is_read_and_a_run_that_was_stopped_is_cut_short(
    tmp_path: Path, header: RunHeader, make_cell: Callable[..., CellResult]
) -> None:
    run = RunFolder(tmp_path / "run")
    run.begin(header)
    folder = str(run.cell_folder("a").relative_to(run.path))
    result = make_cell(folder=folder)
    run.add(result)
    assert read_brief(run.path).cut_short
    run.finish(0)
    found = read_brief(run.path)
    assert list(found.cells) == [brief(result)]
    assert not found.cut_short
    assert found.footer is not None
    assert replace(found, footer=found.footer.model_copy(update={"exit_code": 2})).cut_short


def test_what_is_no_result_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    file.write_text('{"cell": "a"}')
    with pytest.raises(BadInput, match="cannot be read as a cell's result"):
        read_cell(file)
