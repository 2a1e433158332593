"""What keeps a run from being held: one clear line, the right exit code, no traceback, nothing lost."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.federation import default_federation_path, load_federation
from tests.end_to_end.conftest import BLOCK, told

NETLAB = str(Path(sys.executable).with_name("netlab"))
ONE_CELL = ("testcases/registration/test_home.py", "-k", "test_registration and uc3m and not tcp")

HSS_STOPS = '''
import pytest

@pytest.mark.flow("registration-home")
def test_first(cell, bench):
    """The HSS of one testbed is killed in the middle of a cell."""
    if cell.home.name == "uc3m":
        bench.core.stop_node("uc3m/hss")
    cell.terminal().register()

@pytest.mark.flow("registration-home")
def test_later(cell):
    """Cells that follow."""
    cell.terminal().register()

@pytest.mark.flow("registration-visited", access="visited")
def test_roaming(cell):
    """Cells that follow, away from home."""
    cell.terminal().register()
'''

WAITS_TO_BE_KILLED = '''
import os
import pytest

@pytest.mark.flow("registration-home")
def test_finished(cell):
    """A cell that is finished before the run is killed."""
    cell.terminal().register()

@pytest.mark.flow("registration-home")
def test_unfinished(cell):
    """A cell in which the run is killed."""
    with open(os.environ["NETLAB_TEST_FIFO"], "w") as fifo:
        fifo.write("here")
    cell.terminal().register()
    signal = __import__("signal")
    signal.pause()
'''


def assert_no_traceback(output: str) -> None:
    assert "Traceback" not in output
    assert "\nE  " not in output


def test_an_hss_that_dies_makes_one_error_and_its_testbed_is_not_run_any_more(
    run_cells: Callable, tmp_path: Path
) -> None:
    file = tmp_path / "test_stops.py"
    file.write_text(HSS_STOPS)

    ended = run_cells(str(file))

    assert ended.code == 4, ended.output
    assert_no_traceback(ended.output)
    pairs = {cell.cell: str(cell.pair) for cell in ended.run.cells}
    assert pairs == {
        "test_first[uc3m@uc3m]": "ERROR/ERROR",
        "test_first[stuba@stuba]": "PASS/PASS",
        "test_first[octopus@octopus]": "PASS/PASS",
        "test_later[uc3m@uc3m]": "INCONCLUSIVE/INCONCLUSIVE",
        "test_later[stuba@stuba]": "PASS/PASS",
        "test_later[octopus@octopus]": "PASS/PASS",
        "test_roaming[uc3m@stuba-visited]": "INCONCLUSIVE/INCONCLUSIVE",
        "test_roaming[uc3m@octopus-visited]": "INCONCLUSIVE/INCONCLUSIVE",
        "test_roaming[stuba@uc3m-visited]": "PASS/PASS",
        "test_roaming[stuba@octopus-visited]": "PASS/PASS",
        "test_roaming[octopus@uc3m-visited]": "PASS/PASS",
        "test_roaming[octopus@stuba-visited]": "PASS/PASS",
    }
    first = next(cell for cell in ended.run.cells if cell.cell == "test_first[uc3m@uc3m]")
    assert first.node_logs["uc3m/hss"], "the last log lines of the HSS are shown"
    idle = [cell for cell in ended.run.cells if str(cell.pair) == "INCONCLUSIVE/INCONCLUSIVE"]
    assert {cell.not_run for cell in idle} == {first.cell}
    assert {tuple(cell.reasons) for cell in idle} == {
        ("uc3m/hss went down before: test_first[uc3m@uc3m] tells of it and has the log",)
    }
    assert "1 differs from what was expected, 3 not run" in ended.output
    assert "uc3m/hss" in (ended.reports / "latest" / "index.html").read_text()


def test_a_port_in_use_is_named(run_cells: Callable) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.41.1.15", 53))
        ended = run_cells(*ONE_CELL)
    assert ended.code == 4, ended.output
    assert_no_traceback(ended.output)
    assert "127.41.1.15" in ended.output
    assert "53" in ended.output


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root and setpriv to drop rights"
)
@pytest.mark.parametrize(("capability", "words"), [("net_raw", "capture"), ("net_bind_service", "53")])
def test_missing_permission_is_named(run_cells: Callable, tmp_path: Path, capability: str, words: str) -> None:
    done = subprocess.run(
        ["setpriv", f"--bounding-set=-{capability},-net_admin", NETLAB, "run",
         "--reports", str(tmp_path / "reports"), "--fabric", "loopback", *ONE_CELL],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTEST_XDIST_WORKER": BLOCK},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )  # fmt: skip
    output = done.stdout + done.stderr
    assert done.returncode == 4, output
    assert_no_traceback(output)
    assert words in output


def secrets_left_in(reports: Path) -> list[str]:
    """Files that hold a key or a password of the federation, in any spelling."""
    federation = load_federation(default_federation_path())
    secrets = [
        secret.reveal()
        for testbed in federation.testbeds.values()
        for subscriber in testbed.subscribers
        for secret in (subscriber.k, subscriber.opc, subscriber.password)
        if secret is not None
    ]
    spellings = {text for secret in secrets for text in (secret, secret.hex().encode(), secret.hex().upper().encode())}
    files = [file for file in reports.rglob("*") if file.is_file()]
    return [str(file) for file in files if any(text in file.read_bytes() for text in spellings)]


def fake_tshark(folder: Path, version: str) -> str:
    program = folder / "tshark"
    program.write_text(f"#!/bin/sh\necho 'TShark (Wireshark) {version}'\n")
    program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_a_tshark_that_is_too_old_is_named(run_cells: Callable, tmp_path: Path) -> None:
    ended = run_cells(*ONE_CELL, PATH=fake_tshark(tmp_path, "2.6.20"))
    assert ended.code == 4, ended.output
    assert_no_traceback(ended.output)
    assert "2.6.20" in ended.output


def test_a_missing_tshark_is_named(run_cells: Callable, tmp_path: Path) -> None:
    ended = run_cells(*ONE_CELL, PATH=str(tmp_path))
    assert ended.code == 4, ended.output
    assert_no_traceback(ended.output)
    assert "apt-get install" in ended.output


def test_a_killed_run_keeps_what_was_finished_and_the_next_one_starts(
    netlab: Callable, run_cells: Callable, tmp_path: Path
) -> None:
    file, fifo, reports = tmp_path / "test_killed.py", tmp_path / "fifo", tmp_path / "reports"
    file.write_text(WAITS_TO_BE_KILLED)
    os.mkfifo(fifo)
    process = subprocess.Popen(
        [NETLAB, "run", "--reports", str(reports), "--fabric", "loopback", str(file), "-k", "uc3m"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTEST_XDIST_WORKER": BLOCK, "NETLAB_TEST_FIFO": str(fifo)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert told(fifo, process) == "here"  # waits until the second cell is under way
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=20)
    killed = (reports / "latest").resolve()

    ended = run_cells(*ONE_CELL)  # the same addresses, at once

    assert ended.code == 0, ended.output
    assert (reports / "latest").resolve() != killed
    assert "This run was cut short." in (killed / "index.html").read_text()
    assert "test_finished" in (killed / "index.html").read_text()
    assert not (killed / "spool").exists()
    assert secrets_left_in(reports) == []


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (("port = 4060", "port = 70000"), "testbeds.uc3m.nodes.p-cscf.port"),
        (("release = 7 ", "relaese = 7 "), "testbeds.uc3m.relaese"),
    ],
)
def test_a_mistake_in_the_federation_file_is_one_line(
    run_cells: Callable, tmp_path: Path, change: tuple[str, str], key: str
) -> None:
    original = (Path(__file__).parents[2] / "conformance/federation/emulated.toml").read_text()
    assert change[0] in original
    file = tmp_path / "federation.toml"
    file.write_text(original.replace(*change, 1))
    ended = run_cells("--federation", str(file), *ONE_CELL)
    assert ended.code == 2, ended.output
    assert_no_traceback(ended.output)
    (line,) = [line for line in ended.output.splitlines() if key in line]
    assert str(file) in line
    assert "expected" in line


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("uc3m/s-cscf", "expected NODE=FAULT"),
        ("uc3m/x-cscf=no-path", "no node uc3m/x-cscf"),
        ("uc3m/s-cscf=no-such-fault", "no-such-fault"),
        ("uc3m/s-cscf=no-path", "expected at a p-cscf"),
    ],
)
def test_a_mistake_in_a_fault_is_one_line(run_cells: Callable, fault: str, words: str) -> None:
    ended = run_cells(*ONE_CELL, "--fault", fault)
    assert ended.code == 2, ended.output
    assert_no_traceback(ended.output)
    assert [line for line in ended.output.splitlines() if words in line]


def test_an_unknown_testbed_in_the_selection_is_one_line(run_cells: Callable) -> None:
    ended = run_cells(*ONE_CELL, "--home=uc4m")
    assert ended.code == 2, ended.output
    assert_no_traceback(ended.output)
    assert "--home uc4m: no such testbed; expected one of uc3m, stuba, octopus" in ended.output
