"""One run of test cases with pytest, report included: how long, how many cells, how much memory of all processes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.process_tree import PeakMemory, memory
from conformance.runs.folder import read_run

ROOT = Path(__file__).resolve().parents[1]
DEADLINE_S = 1800


@dataclass(frozen=True)
class WholeRun:
    """A run that has ended."""

    workers: int
    seconds: float
    """From start to end: testbeds up, cells, report."""
    cells: int
    cells_s: float
    """From the first cell's begin to the last one's end."""
    memory: PeakMemory


def whole_run(words: Sequence[str], workers: int, folder: Path) -> WholeRun:
    """Run test cases.

    Args:
        words: for pytest: which test cases, which options.
        workers: processes that share them.
        folder: where the run is written.

    Raises:
        SystemExit: they are not green.
    """
    command = [sys.executable, "-m", "pytest", *words, "-q", "--reports", str(folder), "--run-id", "run"]
    command += ["-n", str(workers)] if workers > 1 else []
    start = time.monotonic()
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=subprocess.STDOUT) as process,
    ):
        try:
            peak = memory(process, start + DEADLINE_S)
        except BaseException:
            process.terminate()
            raise
        seconds = time.monotonic() - start
        said.seek(0)
        lines = said.read().splitlines()
    if process.returncode != 0:
        raise SystemExit("\n".join([*lines[-15:], f"pytest with {workers} workers: exit code {process.returncode}"]))
    cells = read_run(folder / "run").cells
    begun = min(cell.started_ns for cell in cells)
    ended = max(cell.started_ns + cell.duration_ms * 1e6 for cell in cells)
    return WholeRun(workers, seconds, len(cells), (ended - begun) / 1e9, peak)
