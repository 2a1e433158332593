"""A run that was stopped is finished by another command, and what failed is run once more."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.runs.folder import read_run
from tests.end_to_end.conftest import NETLAB, ROOT, environment, told

WAITS = """
import os
import signal

import pytest

pytestmark = [pytest.mark.registration, pytest.mark.flow("registration-home")]


def test_registration(cell):
    if cell.home.name == "stuba" and (fifo := os.environ.get("NETLAB_TEST_FIFO")):
        with open(fifo, "w") as here:
            here.write("here")
        signal.pause()
    cell.terminal().register()
"""


@pytest.mark.parametrize(
    ("number", "workers"), [(signal.SIGINT, []), (signal.SIGKILL, []), (signal.SIGINT, ["-n", "1"])]
)
def test_a_run_that_was_stopped_is_finished(
    netlab: Callable, tmp_path: Path, own_block: str, number: signal.Signals, workers: list[str]
) -> None:
    file, fifo, reports = tmp_path / "test_waits.py", tmp_path / "fifo", tmp_path / "reports"
    file.write_text(WAITS)
    os.mkfifo(fifo)
    words = ["--reports", str(reports), "--fabric", "loopback", str(file), "-k", "not octopus", own_block, *workers]
    process = subprocess.Popen(
        [NETLAB, "run", *words],
        cwd=ROOT,
        env=environment() | {"NETLAB_TEST_FIFO": str(fifo)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Whoever is started in the background ignores SIGINT, and so would this one.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        assert told(fifo, process) == "here"
        process.send_signal(number)
        process.wait(timeout=60)
    finally:
        process.kill()

    ended = netlab("run", "--reports", str(reports), "--resume")

    assert ended.code == 0, ended.output
    (folder,) = [one for one in reports.iterdir() if one.is_dir() and not one.is_symlink()]
    run = read_run(folder)
    assert [cell.cell for cell in run.cells] == ["test_registration[uc3m@uc3m]", "test_registration[stuba@stuba]"]
    assert run.footer is not None
    assert (run.footer.cells, run.footer.exit_code) == (2, 0)
    page = (folder / "index.html").read_text()
    assert "run was cut short" not in page
    again = netlab("run", "--reports", str(reports), "--resume")
    assert again.code == 2
    assert "none of 1 runs was cut short" in again.output


def test_what_failed_is_run_once_more(run_cells: Callable, netlab: Callable, tmp_path: Path) -> None:
    fault = "--fault=stuba/s-cscf=no-service-route"
    first = run_cells("testcases/registration/test_home.py", "-k", "not tcp", fault)
    assert first.code == 1, first.output
    again = netlab("run", "--reports", str(tmp_path / "reports"), "--rerun-failed")
    assert again.code == 1, again.output
    assert [cell.cell for cell in again.run.cells] == ["test_registration[stuba@stuba]"]
    assert fault in again.run.header.options
