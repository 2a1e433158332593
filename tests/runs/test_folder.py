"""The folder of a run: whole lines, a mandatory footer, nothing half-written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.runs.folder import RESULT_FILE, RUN_FILE, RunFolder, named_run, read_run, slug
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.results import CellResult, RunHeader
from conformance.vocabulary.verdicts import Verdict


@pytest.fixture
def run(tmp_path: Path, header: RunHeader) -> RunFolder:
    folder = RunFolder(tmp_path / "reports" / "20261122-120000-1")
    assert folder.begin(header)
    return folder


def add_cell(run: RunFolder, make_cell: Callable[..., CellResult], **changes: object) -> CellResult:
    folder = run.cell_folder("test_registration[uc3m@uc3m]")
    result = make_cell(folder=str(folder.relative_to(run.path)), **changes)
    run.add(result)
    return result


def test_a_finished_run_is_read_as_it_was_written(run: RunFolder, make_cell: Callable[..., CellResult]) -> None:
    good = add_cell(run, make_cell)
    bad = add_cell(run, make_cell, conformance=Verdict.FAIL)
    run.finish(1)

    found = read_run(run.path)

    assert list(found.cells) == [good, bad]
    assert found.footer is not None
    assert (found.footer.cells, found.footer.differing) == (2, [bad.cell])


def test_a_second_worker_does_not_begin_the_run_again(run: RunFolder, header: RunHeader) -> None:
    assert not run.begin(header)


def test_latest_points_at_the_newest_run(run: RunFolder, header: RunHeader) -> None:
    newer = RunFolder(run.path.with_name("20261122-130000-2"))
    newer.begin(header)
    assert (run.path.parent / "latest").resolve() == newer.path


def test_a_killed_run_keeps_its_finished_cells(run: RunFolder, make_cell: Callable[..., CellResult]) -> None:
    add_cell(run, make_cell)
    with (run.path / RUN_FILE).open("a") as file:
        file.write('{"kind": "cell", "cell": "test_regi')  # killed in the middle of a line

    found = read_run(run.path)

    assert len(found.cells) == 1
    assert found.footer is None


def test_two_cells_of_one_name_keep_both_folders(run: RunFolder) -> None:
    first, second = run.cell_folder("test_registration[a]"), run.cell_folder("test_registration[a]")
    assert first != second


def test_slug_keeps_nothing_that_a_path_could_misread() -> None:
    assert slug("test_registration[uc3m@uc3m]") == "test_registration.uc3m@uc3m"
    assert slug("../../etc/passwd") == "etc.passwd"
    assert slug("///") == "cell"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "expected the folder of a run"),
        ("", "has no header line"),
        ("not json\n", ":1: not a line of a run"),
        ('{"kind": "song"}\n', ":1: not a line of a run"),
    ],
)
def test_a_folder_that_is_no_run_gives_one_clear_line(tmp_path: Path, content: str | None, complaint: str) -> None:
    if content is not None:
        (tmp_path / RUN_FILE).write_text(content)
    with pytest.raises(BadInput, match=complaint) as raised:
        read_run(tmp_path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("folder", ["../../elsewhere", "/elsewhere"])
def test_a_cell_that_lies_outside_its_run_is_refused(
    run: RunFolder, make_cell: Callable[..., CellResult], folder: str
) -> None:
    result = add_cell(run, make_cell)
    lines = (run.path / RUN_FILE).read_text()
    (run.path / RUN_FILE).write_text(lines.replace(result.folder, folder))
    with pytest.raises(BadInput, match="expected one inside the run"):
        read_run(run.path)


def test_a_result_that_names_another_folder_is_refused(run: RunFolder, make_cell: Callable[..., CellResult]) -> None:
    result = add_cell(run, make_cell)
    file = run.path / result.folder / RESULT_FILE
    file.write_text(file.read_text().replace(result.folder, "../../elsewhere"))
    with pytest.raises(BadInput, match="says that it lies in"):
        read_run(run.path)


def test_previous_is_the_newest_run_that_latest_does_not_point_at(tmp_path: Path, header: RunHeader) -> None:
    for name in ("a", "b", "c"):
        RunFolder(tmp_path / name).begin(header)
    os.utime(tmp_path / "a" / RUN_FILE, ns=(0, 2**62))  # touched last, for example by a copy
    os.utime(tmp_path / "b" / RUN_FILE, ns=(0, 2**61))
    assert named_run("latest", tmp_path).resolve().name == "c"
    assert named_run("previous", tmp_path).name == "a"
    (tmp_path / "latest").unlink()
    assert named_run("previous", tmp_path).name == "b"
