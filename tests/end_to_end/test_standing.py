"""Runs that use testbeds which stand: side by side, each with the verdicts that it has alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.cli import main
from conformance.runs import standing
from conformance.runs.folder import open_run
from conformance.runs.leases import Leases
from tests.blocks import Block

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="testbeds bind ports below 1024: only root may")
CELLS = ["testcases/registration/test_home.py", "testcases/registration/test_event.py::test_registration_event"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where testbeds stand, at addresses of their own."""
    made = tmp_path / "run" / "testbed"
    monkeypatch.setattr(standing, "FOLDER", made)
    file = Block.RUNS_ON_STANDING.federation(tmp_path / "federation.toml")
    assert main(["testbed", "up", "--fabric", "loopback", "--federation", str(file)]) == 0
    yield made
    standing.end(made, standing.read(made))


def verdicts(folder: Path, reports: Path, *words: str) -> dict[str, tuple[str, str]]:
    """Run the cells against what stands; return their verdicts."""
    options = ["--standing", f"--standing-folder={folder}", f"--reports={reports}", "-q"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *CELLS, *options, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    lines = open_run((reports / "latest").resolve()).lines
    return {line.cell: (line.interoperability, line.conformance) for line in lines}


def test_workers_and_one_process_give_the_same_verdicts(folder: Path, tmp_path: Path) -> None:
    alone = verdicts(folder, tmp_path / "one")
    assert len(alone) > 6
    assert verdicts(folder, tmp_path / "two", "-n", "2") == alone
    stands = standing.read(folder)
    assert stands is not None
    assert all(one.lives for one in stands.running)
    leases = Leases(folder / standing.LEASES, "afterwards")
    assert {file.stem for file in (folder / standing.LEASES).iterdir()} >= {"uc3m.alice", "terminals.0", "terminals.1"}
    leases.take(["uc3m.alice", "terminals.0", "terminals.1"], "", 0.05).release()
