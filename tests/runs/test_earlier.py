"""What a run takes from an earlier one: what is done, what failed, and whether the set-up is the same."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.runs.earlier import (
    Earlier,
    digest,
    require_same,
    rerun_failed,
    resumed,
    unfinished_run,
    words_to_repeat,
)
from conformance.runs.folder import PROCESS_FILE, RUN_FILE, RunFolder, open_run
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.results import CellResult, RunHeader
from conformance.vocabulary.verdicts import Verdict

GONE = 2**22 + 1
"""No process has this number: it is beyond the kernel's limit."""
AddCell = Callable[..., CellResult]


@pytest.fixture
def add(make_cell: Callable[..., CellResult]) -> AddCell:
    def write(run: RunFolder, name: str, **changes: object) -> CellResult:
        folder = run.cell_folder(name)
        result = make_cell(cell=name, folder=str(folder.relative_to(run.path)), **changes)
        run.add(result)
        return result

    return write


def begun(reports: Path, header: RunHeader, run_id: str = f"20261122-120000-{GONE}") -> RunFolder:
    run = RunFolder(reports / run_id)
    run.begin(header)
    return run


def test_a_cell_with_a_line_is_not_run_again(tmp_path: Path, header: RunHeader, add: AddCell) -> None:
    run = begun(tmp_path, header)
    done = add(run, "test_registration[uc3m@uc3m]")
    found = resumed(unfinished_run("", tmp_path))
    assert found.resumed
    assert not found.wants((done.test_case, done.cell))
    assert found.wants(("registration/other/test_registration", done.cell))  # the same name in another file


def test_failing_cells_are_run_once_more_and_no_others(tmp_path: Path, header: RunHeader, add: AddCell) -> None:
    run = begun(tmp_path, header)
    both = {"interoperability": Verdict.ERROR, "conformance": Verdict.ERROR}
    nothing = {"interoperability": Verdict.INCONCLUSIVE, "conformance": Verdict.INCONCLUSIVE}
    na = {"interoperability": Verdict.NOT_APPLICABLE, "conformance": Verdict.NOT_APPLICABLE}
    failed = [
        add(run, "test_differs", conformance=Verdict.FAIL),
        add(run, "test_error", **both),
        add(run, "test_not_run", **nothing, not_run="test_error"),
    ]
    fine = [add(run, "test_fine"), add(run, "test_not_applicable", **na)]
    run.finish(1)
    found = rerun_failed(run.path)
    assert all(found.wants((cell.test_case, cell.cell)) for cell in failed)
    assert not any(found.wants((cell.test_case, cell.cell)) for cell in fine)


def test_nothing_failed_is_said(tmp_path: Path, header: RunHeader, add: AddCell) -> None:
    run = begun(tmp_path, header)
    add(run, "test_fine")
    with pytest.raises(BadInput, match="nothing to run once more"):
        rerun_failed(run.path)


def test_the_newest_run_that_was_cut_short_is_found(tmp_path: Path, header: RunHeader) -> None:
    stopped = begun(tmp_path, header)
    stopped.finish(2)  # Ctrl-C
    complete = begun(tmp_path, header, f"20261122-130000-{GONE}")
    complete.finish(0)
    assert unfinished_run("", tmp_path) == stopped.path
    with pytest.raises(BadInput, match="came to its end"):
        unfinished_run(complete.run_id, tmp_path)


def test_no_run_was_cut_short(tmp_path: Path, header: RunHeader) -> None:
    begun(tmp_path, header).finish(0)
    with pytest.raises(BadInput, match="none of 1 runs was cut short"):
        unfinished_run("", tmp_path)


def test_a_run_that_is_under_way_is_left_alone(tmp_path: Path, header: RunHeader) -> None:
    begun(tmp_path, header, f"20261122-120000-{os.getppid()}")
    with pytest.raises(BadInput, match="still under way"):
        unfinished_run("", tmp_path)


def test_a_run_that_is_taken_up_belongs_to_this_process_and_ends_once(
    tmp_path: Path, header: RunHeader, add: AddCell
) -> None:
    run = begun(tmp_path, header)
    add(run, "test_fine")
    with (run.path / RUN_FILE).open("a") as file:
        file.write('{"kind": "cell", "ce')  # killed in the middle of a line
    assert not run.is_under_way
    run.take_up()
    assert run.is_under_way
    assert (tmp_path / "latest").resolve() == run.path
    add(run, "test_later")
    run.finish(0)
    assert not (run.path / PROCESS_FILE).exists()
    found = open_run(run.path)
    assert [line.cell for line in found.lines] == ["test_fine", "test_later"]
    assert not found.cut_short


def test_the_last_footer_counts(tmp_path: Path, header: RunHeader) -> None:
    run = begun(tmp_path, header)
    run.finish(2)
    run.finish(0)
    footer = open_run(run.path).footer
    assert footer is not None
    assert footer.exit_code == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"federation_digest": "b"}, "federation file has changed"),
        ({"options": ["--fabric=namespaces"]}, "now with --fabric=namespaces"),
        ({"commit": "c" * 40}, "the checkout is at cccccccccccc"),
    ],
)
def test_another_set_up_is_refused(header: RunHeader, change: dict[str, object], said: str) -> None:
    require_same(header, header)
    with pytest.raises(BadInput, match=said):
        require_same(header, header.model_copy(update=change))


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (["testcases", "-m", "call", "-n2"], ["testcases", "-m", "call", "-n2"]),
        (["--reports", "x", "--run-id=y", "-q", "--junitxml=z"], ["-q"]),
        (["--rerun-failed=latest", "--home=uc3m", "--resume"], ["--home=uc3m"]),
    ],
)
def test_words_of_one_run_are_not_repeated(words: list[str], kept: list[str]) -> None:
    assert words_to_repeat(words) == kept


def test_workers_are_told_the_same() -> None:
    earlier = Earlier(frozenset({("a", "b")}), frozenset({("c", "d")}), resumed=True)
    assert Earlier.from_json(earlier.to_json()) == earlier
    assert Earlier.from_json(Earlier().to_json()) == Earlier()


def test_a_changed_file_has_another_digest(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text("a")
    before = digest(file)
    file.write_text("b")
    assert digest(file) != before
