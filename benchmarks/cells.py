"""What a cell costs beyond its signalling, what the test cases of registration take, and how much memory.

    python -m benchmarks.cells [--cells 30] [--no-matrix] [--no-write]

Run as root: it moves into a network namespace of its own, where no other run can disturb it. Cells are driven in this
process, one after the other, without pytest; then the whole matrix with pytest, in one process and with two workers.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.results_file import machine, write_section
from benchmarks.whole_run import WholeRun, whole_run
from conformance.capture.spool_reader import SpoolReader
from conformance.federation import default_federation_path
from conformance.federation.matrix import home_cells
from conformance.judgement import judge
from conformance.pcapng.contents import Packet
from conformance.runs import cell as cell_module
from conformance.runs.bench import Bench
from conformance.runs.cell import CAPTURE_FILE, Cell
from conformance.runs.cell_identity import CellIdentity
from conformance.runs.expected import Expectation
from conformance.runs.folder import RunFolder
from conformance.runs.header import run_header
from conformance.runs.plan import BenchPlan
from conformance.runs.sheet import configuration, read_sheet
from conformance.trace.confirm import second_reading
from conformance.trace.decode import read_trace
from conformance.vocabulary.verdicts import Verdict

WORKER = 45
"""The block 127.46.0.0/16."""
REQUIRED_MS = 100.0
STEPS = {
    "open": "open: checks, capture until its marker is seen",
    "drive": "drive, beyond the signalling: making the terminal, waiting until nothing is under way",
    "close": "close: marker, cutting the capture",
    "decode": "decode",
    "judge": "judge",
    "second": "second reading with pyshark (only where a criterion fails)",
    "write": "write result and node logs",
    "rest": "rest",
}
LEAVE = "leave: deregistration, not captured"


@dataclass
class Measured:
    """One cell, in milliseconds."""

    signalling: float
    whole: float
    steps: dict[str, float] = field(default_factory=dict)

    @property
    def beyond(self) -> float:
        """What the cell took beyond its signalling; the deregistration that tidies up is signalling, too."""
        return self.whole - self.signalling - self.steps["leave"]


class Stopwatch:
    """Takes the time of functions while they are called as ever."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._open: list[str] = []

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Add the time of the block to a step; within `leave` it belongs to that alone."""
        if "leave" in self._open:
            yield
            return
        start = time.perf_counter()
        self._open.append(name)
        try:
            yield
        finally:
            self._open.pop()
            self.spent[name] = self.spent.get(name, 0.0) + (time.perf_counter() - start) * 1000

    def watch(self, owner: Any, name: str, step: str) -> Any:
        """Return a patch with which the time of a function is added to a step."""
        return patch.object(owner, name, self.timed(getattr(owner, name), step))

    def timed(self, function: Callable[..., Any], step: str) -> Callable[..., Any]:
        """Return the function with its time added to a step."""

        def call(*args: Any, **options: Any) -> Any:
            with self.step(step):
                return function(*args, **options)

        return call


def measure(bench: Bench, run: RunFolder, count: int, *, fault: bool, cold: bool) -> list[Measured]:
    """Run registration cells at home, the testbeds in turn.

    Args:
        bench: A bench that is up.
        run: Where the cells are written.
        count: How many.
        fault: The terminal answers with a wrong digest-uri, so that criteria fail and are confirmed.
        cold: Each capture is read by a tshark that is started then.
    """
    squares = home_cells(bench.federation)
    found = []
    for number in range(count):
        square = squares[number % len(squares)]
        identity = CellIdentity(
            name=f"benchmark[{square.id}]-{'fault' if fault else 'cold' if cold else 'warm'}-{number}",
            test_case="benchmark",
            title="A subscriber at home registers.",
            square=square,
            flow="registration-home",
            sheet=read_sheet("benchmark", configuration(square), None),
            expected=Expectation(),
        )
        clock = Stopwatch()
        with ExitStack() as watched:
            for owner, name, step in (
                (bench, "settle", "settled"),
                (bench.sniffers, "close_cell", "close"),
                (cell_module, "write_since", "write"),
                (RunFolder, "add", "write"),
                (Cell, "leave", "leave"),
            ):
                watched.enter_context(clock.watch(owner, name, step))
            if cold:
                watched.enter_context(patch.object(bench.decoder, "read", read_trace))
            watched.enter_context(clock.watch(bench.decoder, "read", "decode"))
            confirmed = partial(judge, confirm=clock.timed(second_reading, "second"))
            watched.enter_context(patch.object(cell_module, "judge", clock.timed(confirmed, "judge")))
            found.append(_cell(identity, bench, run, clock, fault=fault))
    return found


def _cell(identity: CellIdentity, bench: Bench, run: RunFolder, clock: Stopwatch, *, fault: bool) -> Measured:
    start = time.perf_counter()
    with clock.step("open"):
        cell = Cell(identity, bench, run)
    faults = frozenset({"wrong-digest-uri"} if fault else ())
    with clock.step("register"):
        cell.terminal(faults=faults).register()
    with clock.step("finish"):
        result = cell.finish()
    whole = (time.perf_counter() - start) * 1000
    expected = Verdict.FAIL if fault else Verdict.PASS
    if result.conformance is not expected:
        raise SystemExit(f"{identity.name}: conformance {result.conformance}, expected {expected}: {result.reasons}")
    signalling = _signalling_ms(cell.folder / CAPTURE_FILE)
    spent = clock.spent
    steps = {name: spent.get(name, 0.0) for name in (*STEPS, "leave")}
    # What is on its way before the capture closes is waited for; so is what the deregistration sets off.
    steps["drive"] = spent["register"] + spent["settled"] - signalling
    steps["judge"] -= steps["second"]
    steps["rest"] = whole - signalling - sum(steps.values())
    return Measured(signalling, whole, steps)


def _signalling_ms(capture: Path) -> float:
    """Return the time from the first to the last packet of a capture."""
    times = []
    with capture.open("rb") as stream:
        reader = SpoolReader(stream.fileno())
        while (blocks := reader.read()) is not None:
            times += [block.time_ns for block in blocks if isinstance(block, Packet)]
    return (max(times) - min(times)) / 1e6


def peer_ms(captures: Sequence[Path]) -> list[float]:
    """Return how long a tshark that only dissects needs for each capture."""
    found = []
    for capture in captures:
        start = time.perf_counter()
        subprocess.run(
            ["tshark", "-r", str(capture), "-q", "-z", "io,stat,0"], capture_output=True, check=True, timeout=60
        )
        found.append((time.perf_counter() - start) * 1000)
    return found


def table_of_cells(warm: list[Measured], cold: list[Measured], failing: list[Measured]) -> list[str]:
    """Return the table of the steps: median and range of the middle half, in milliseconds."""
    columns = (warm, cold, failing)
    lines = [
        "| step, ms: median (first to third quartile) | warm decoder | cold decoder | a criterion fails, warm |",
        "|---|---:|---:|---:|",
        _row("signalling: first to last packet", [[one.signalling for one in column] for column in columns]),
    ]
    lines += [_row(label, [[one.steps[name] for one in column] for column in columns]) for name, label in STEPS.items()]
    lines.append(_row("**beyond the signalling**: sum", [[one.beyond for one in column] for column in columns]))
    lines.append(_row(LEAVE, [[one.steps["leave"] for one in column] for column in columns]))
    lines.append(_row("all", [[one.whole for one in column] for column in columns]))
    return lines


def _row(label: str, columns: Sequence[Sequence[float]]) -> str:
    return f"| {label} | " + " | ".join(spread(values) for values in columns) + " |"


def spread(values: Sequence[float]) -> str:
    """Return median and quartiles as text."""
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle:.0f} ({low:.0f} to {high:.0f})"


def table_of_matrix(runs: Sequence[WholeRun]) -> list[str]:
    """Return the table of the whole runs."""
    return [
        "| workers | cells | wall, s | cells/s | peak memory of all processes: RSS, MB | PSS, MB | processes |",
        "|---:|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {run.workers} | {run.cells} | {run.seconds:.1f} | {run.cells / run.seconds:.2f} "
            f"| {run.memory.rss_mb:.0f} | {run.memory.pss_mb:.0f} | {run.memory.processes} |"
            for run in runs
        ),
    ]


def run_cells(folder: Path, count: int) -> tuple[list[str], float]:
    """Measure single cells; return the lines and what a cell costs beyond its signalling, in milliseconds."""
    run = RunFolder(folder / "cells")
    plan = BenchPlan(default_federation_path(), WORKER, "scapy")
    bench = Bench(plan, run.path)
    run.begin(run_header(run.run_id, plan, bench.fabric))
    bench.start()
    try:
        measure(bench, run, 3, fault=False, cold=False)  # imports, caches, first connections
        warm = measure(bench, run, count, fault=False, cold=False)
        cold = measure(bench, run, count, fault=False, cold=True)
        failing = measure(bench, run, max(4, count // 3), fault=True, cold=False)
    finally:
        bench.stop()
    load = os.getloadavg()[0]
    captures = sorted(run.path.glob(f"cells/*warm*/{CAPTURE_FILE}"))
    peer = peer_ms(captures[:count])
    beyond = statistics.median(one.beyond for one in warm)
    decode = [statistics.median(one.steps["decode"] for one in column) for column in (warm, cold)]
    bare = statistics.median(peer)
    lines = table_of_cells(warm, cold, failing)
    lines += [
        "",
        f"Bare `tshark -r FILE -q -z io,stat,0` on the same captures: {spread(peer)} ms. Decoding takes "
        f"{decode[0] / bare:.2f} of it with the warm decoder, {decode[1] / bare:.2f} with the cold one; "
        f"all that a cell costs beyond its signalling {beyond / bare:.2f}.",
        "",
        f"Load average of the machine at that time, this benchmark included: {load:.1f}.",
    ]
    return lines, beyond


def main() -> int:
    """Measure, print the tables, write the section; return 1 where a cell costs more than required."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cells", description=__doc__.partition("\n")[0])
    parser.add_argument("--cells", type=int, default=30, help="how many cells (default: 30)")
    parser.add_argument("--no-matrix", action="store_true", help="single cells only")
    parser.add_argument("--no-write", action="store_true", help="print only, leave RESULTS.md alone")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.inside:
        again = [sys.executable, "-m", "benchmarks.cells", *sys.argv[1:], "--inside"]
        return subprocess.run(["unshare", "--net", *again], check=False).returncode
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True, timeout=20)
    folder = Path(tempfile.mkdtemp(prefix="netlab-benchmark-"))
    try:
        lines, beyond = run_cells(folder, max(4, options.cells))
        print("\n".join(lines), flush=True)
        if not options.no_matrix:
            runs = [whole_run(["testcases/registration"], workers, folder / f"workers-{workers}") for workers in (1, 2)]
            table = table_of_matrix(runs)
            print("\n".join(table))
            lines += ["", "`pytest testcases/registration`, whole run with report:", "", *table]
    finally:
        shutil.rmtree(folder)
    if not (options.no_write or options.no_matrix):
        write_section(
            "What a cell costs",
            f"`python -m benchmarks.cells`: {options.cells} registrations at home over UDP, one after the other. "
            f"{machine()}.\n\n" + "\n".join(lines) + f"\n\nRequired: below {REQUIRED_MS:.0f} ms beyond the "
            "signalling with a warm decoder. RSS counts memory that processes share once for each of them, PSS once.",
        )
    return 1 if beyond > REQUIRED_MS else 0


if __name__ == "__main__":
    sys.exit(main())
