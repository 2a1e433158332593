"""`netlab run` and the fabric that it chooses: a lab for each worker, and none that a killed run leaves behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.fabric import registry
from conformance.fabric.netns import PREFIX, named
from conformance.fabric.probe import why_no_lab
from tests.end_to_end.conftest import NETLAB, ROOT, Ended, environment, told

CELLS = ("testcases/registration/test_home.py", "-k", "test_registration and not tcp")
WAITS = '''
import os, signal
import pytest

@pytest.mark.flow("registration-home")
def test_waits(cell):
    """A cell in which the run is killed."""
    with open(os.environ["NETLAB_TEST_FIFO"], "w") as fifo:
        fifo.write("here")
    signal.pause()
'''


@pytest.fixture
def allowed() -> None:
    """Skips where the machine allows no lab."""
    if reason := why_no_lab():
        pytest.skip(f"no lab here: {reason}")


@pytest.mark.usefixtures("allowed")
def test_where_the_machine_allows_it_each_worker_has_a_lab(netlab: Callable[..., Ended], tmp_path: Path) -> None:
    ended = netlab("run", "--reports", str(tmp_path / "reports"), "-n", "2", *CELLS)
    assert ended.code == 0, ended.output
    header = ended.run.header
    assert header.fabric == "namespaces"
    assert "--fabric=namespaces" in header.options
    assert not any("was chosen" in limit for limit in header.limits)
    folder = (tmp_path / "reports" / "latest").resolve()
    hubs = sorted(folder.glob("nodes/worker-*/vpn/hub.log"))
    assert [hub.parts[-3] for hub in hubs] == ["worker-0", "worker-1"]
    captures = sorted(folder.glob("cells/*/capture.pcapng"))
    assert captures
    for capture in captures:
        said = subprocess.run(["capinfos", str(capture)], capture_output=True, text=True, check=True, timeout=20).stdout
        assert {"Gm", "Ic", "VPN"} <= set(re.findall(r"Name = (\w+)", said))


def test_a_backend_that_sees_one_namespace_gets_loopback_and_the_report_says_why(
    netlab: Callable[..., Ended], tmp_path: Path
) -> None:
    words = ("--capture-backend", "pyshark", *CELLS, "--home", "uc3m")
    ended = netlab("run", "--reports", str(tmp_path / "reports"), *words)
    assert ended.code == 0, ended.output
    assert ended.run.header.fabric == "loopback"
    assert "leave --capture-backend out" in ended.run.header.limits[0]


@pytest.mark.usefixtures("allowed")
def test_the_lab_of_a_killed_run_is_gone_with_the_next_one(run_cells: Callable[..., Ended], tmp_path: Path) -> None:
    file, fifo = tmp_path / "test_waits.py", tmp_path / "fifo"
    file.write_text(WAITS)
    os.mkfifo(fifo)
    before = set(registry.known())
    process = subprocess.Popen(
        [NETLAB, "run", "--reports", str(tmp_path / "other"), "--fabric", "namespaces", str(file), "-k", "uc3m"],
        cwd=ROOT,
        env={**environment(), "NETLAB_TEST_FIFO": str(fifo)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert told(fifo, process) == "here"
    labs = {lab for lab in set(registry.known()) - before if f'"pid": {process.pid},' in _owner(lab)}
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=20)
    (lab,) = labs  # its namespaces are there, unless somebody who makes a lab just now has removed them

    ended = run_cells(*CELLS, "--home", "uc3m")  # on loopback

    assert ended.code == 0, ended.output
    assert named(f"{PREFIX}{lab}-") == []
    assert lab not in registry.known()


def _owner(lab: str) -> str:
    try:
        return (registry.REGISTRY / f"{lab}.json").read_text()
    except FileNotFoundError:  # somebody else's, gone meanwhile
        return ""
