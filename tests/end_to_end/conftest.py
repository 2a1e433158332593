"""Runs the real thing: pytest on the test cases, in a process of its own, on an address block of its own."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from conformance.runs.folder import FinishedRun, read_run
from tests.blocks import Block

ROOT = Path(__file__).parents[2]
NETLAB = str(Path(sys.executable).with_name("netlab"))
BLOCK = f"gw{Block.RUNS.number}"
"""As which worker these runs run, so that they never meet a run of the person at the keyboard."""
DEADLINE_S = 120


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    output: str
    reports: Path

    @property
    def run(self) -> FinishedRun:
        """The run that it wrote."""
        return read_run(self.reports / "latest")

    @property
    def failed_criteria(self) -> set[str]:
        """Ids of all criteria that fail anywhere in the run."""
        return {
            criterion.id
            for cell in self.run.cells
            for procedure in cell.procedures
            for criterion in procedure.criteria
            if criterion.verdict == "FAIL"
        }


def told(fifo: Path, process: subprocess.Popen[bytes]) -> str:
    """Return what a process writes into a FIFO; an AssertionError where it ends, or takes too long, before that."""
    descriptor = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)  # with a writer of our own there is no end of file
    try:
        deadline = time.monotonic() + DEADLINE_S
        while True:
            ready, _, _ = select.select([descriptor], [], [], 0.1)
            if ready:
                return os.read(descriptor, 100).decode()
            assert process.poll() is None, f"the process ended with {process.returncode} and wrote nothing"
            assert time.monotonic() < deadline, f"awaited a word of the process for {DEADLINE_S} s"
    finally:
        os.close(descriptor)


@pytest.fixture
def own_block(tmp_path: Path) -> str:
    """`--federation` of a file whose block no other run has, for runs with workers: each has its own number again."""
    return f"--federation={Block.RUNS_WITH_WORKERS.federation(tmp_path / 'own-block.toml')}"


def environment() -> dict[str, str]:
    return {**os.environ, "PYTEST_XDIST_WORKER": BLOCK, "COLUMNS": "200"}


@pytest.fixture
def netlab(tmp_path: Path) -> Callable[..., Ended]:
    """Runs `netlab` with these words and returns what came of it."""

    def execute(*words: str, **changes: str) -> Ended:
        done = subprocess.run(
            [NETLAB, *words],
            cwd=ROOT,
            env=environment() | changes,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        return Ended(done.returncode, done.stdout, tmp_path / "reports")

    return execute


@pytest.fixture
def run_cells(netlab: Callable[..., Ended], tmp_path: Path) -> Callable[..., Ended]:
    """Runs test cases with `netlab run` and returns what came of it."""

    def execute(*words: str, **changes: str) -> Ended:
        return netlab("run", "--reports", str(tmp_path / "reports"), "--fabric", "loopback", *words, **changes)

    return execute
