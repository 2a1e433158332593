"""How runs grow: calls with one and two workers, and registrations in federations of more and more testbeds.

    python -m benchmarks.scale [--calls testcases/call] [--testbeds 3 6 9 12] [--no-write]

Run as root: it moves into a network namespace of its own, where no other run can disturb it. The emulated core on
`lo`. Each ordered pair of testbeds is one cell, a registration by the visited access point: 6 cells of 3 testbeds, 132
of 12. Each is a whole run with pytest; what a cell takes is the time from the first cell's begin to the last one's end,
by their number, the deregistration after each included.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.big_federation import federation_file
from benchmarks.results_file import machine, write_section
from benchmarks.whole_run import WholeRun, whole_run

REGISTRATIONS = "testcases/registration/test_visited.py::test_registration"
MOST_GROWTH = 1.5
"""Of what a cell takes, and of memory a testbed, from the smallest federation to the largest: more is not linear."""


def table_of_workers(runs: Sequence[WholeRun]) -> list[str]:
    """Return what one and two workers do."""
    return [
        "| workers | cells | whole run, s | cells a minute | cells alone: cells a minute | peak memory: PSS, MB |",
        "|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {run.workers} | {run.cells} | {run.seconds:.1f} | {60 * run.cells / run.seconds:.0f} "
            f"| {60 * run.cells / run.cells_s:.0f} | {run.memory.pss_mb:.0f} |"
            for run in runs
        ),
    ]


def table_of_testbeds(runs: Sequence[tuple[int, WholeRun]]) -> list[str]:
    """Return how time and memory grow with the federation."""
    return [
        "| testbeds | cells | whole run, s | a cell, ms | processes | peak memory: PSS, MB | a testbed, MB |",
        "|---:|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {testbeds} | {run.cells} | {run.seconds:.1f} | {1000 * run.cells_s / run.cells:.0f} "
            f"| {run.memory.processes} | {run.memory.pss_mb:.0f} | {run.memory.pss_mb / testbeds:.0f} |"
            for testbeds, run in runs
        ),
    ]


def growth(runs: Sequence[tuple[int, WholeRun]]) -> tuple[float, float]:
    """Return by which factor the time of a cell, and the memory of a testbed, grow from the first to the last."""
    (few, small), (many, large) = runs[0], runs[-1]
    return (
        large.cells_s / large.cells / (small.cells_s / small.cells),
        large.memory.pss_mb / many / (small.memory.pss_mb / few),
    )


def main() -> int:
    """Measure, print, write the section; return 1 where something grows faster than the number of cells."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", default="testcases/call", help="test cases of the first part (default: all calls)")
    parser.add_argument("--testbeds", type=int, nargs="+", default=[3, 6, 9, 12], help="sizes (default: 3 6 9 12)")
    parser.add_argument("--no-write", action="store_true", help="print only, leave RESULTS.md alone")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.inside:
        again = [sys.executable, "-m", "benchmarks.scale", *sys.argv[1:], "--inside"]
        return subprocess.run(["unshare", "--net", *again], check=False).returncode
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True, timeout=20)
    folder = Path(tempfile.mkdtemp(prefix="netlab-benchmark-"))
    try:
        calls = [whole_run([options.calls], workers, folder / f"workers-{workers}") for workers in (1, 2)]
        print("\n".join(table_of_workers(calls)), flush=True)
        sizes = []
        for testbeds in sorted(options.testbeds):
            file = folder / f"{testbeds}.toml"
            file.write_text(federation_file(testbeds), encoding="utf-8")
            run = whole_run([REGISTRATIONS, f"--federation={file}"], 1, folder / f"testbeds-{testbeds}")
            sizes.append((testbeds, run))
    finally:
        shutil.rmtree(folder)
    time_factor, memory_factor = growth(sizes)
    lines = [
        *(f"`pytest {options.calls}`:", "", *table_of_workers(calls), ""),
        *("Registrations in federations of more and more testbeds:", "", *table_of_testbeds(sizes), ""),
        f"From {sizes[0][0]} to {sizes[-1][0]} testbeds the time of a cell grows by the factor {time_factor:.2f}, "
        f"the memory of a testbed by {memory_factor:.2f}.",
        f"Load average of the machine at the end, this benchmark included: {os.getloadavg()[0]:.1f}.",
    ]
    print("\n".join(lines[len(calls) + 5 :]))
    if not options.no_write:
        title = "How runs grow"
        body = f"`python -m benchmarks.scale`: the emulated core on `lo`. {machine()}.\n\n" + "\n".join(lines)
        write_section(title, f"{body}\n\nRequired: linear in cells, so neither factor above {MOST_GROWTH}.")
    return 1 if max(time_factor, memory_factor) > MOST_GROWTH else 0


if __name__ == "__main__":
    sys.exit(main())
