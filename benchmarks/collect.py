"""What it costs to collect 10,000 cells of a federation of 50 testbeds, against no-op tests of plain pytest.

    python -m benchmarks.collect [--rounds 3] [--no-write]

The cells are selected with options from all test cases: `--collect-only -q -m registration --access visited` and so
many visited networks that 10,000 are left. The no-op tests are as many, made by one `parametrize`, in a folder of their
own where no plugin of ours is loaded. Both commands are timed from start to end, in turns, with the bytecode that an
earlier start has left.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.big_federation import federation_file
from benchmarks.results_file import machine, write_section

ROOT = Path(__file__).resolve().parents[1]
TESTBEDS, VISITED = 50, 35
"""Testbeds of the federation, and those of them that are visited: 35 x 49 pairs in each of six test cases."""
REQUIRED_S = 10.0
DEADLINE_S = 300
_NO_OPS = """import pytest


@pytest.mark.parametrize("number", range({count}), ids=lambda number: f"t{{number:05d}}@t{{number:05d}}-visited")
def test_nothing(number):
    pass
"""


@dataclass(frozen=True)
class Collected:
    """One command that has ended."""

    selected: int
    made: int
    """Tests that were made, those included that were deselected."""
    wall_s: float
    processor_s: float


def collect(folder: Path, bytecode: Path, *words: str) -> Collected:
    """Run `pytest --collect-only -q` and return what it found and cost."""
    environment = {**os.environ, "COLUMNS": "200", "PYTHONPYCACHEPREFIX": str(bytecode)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = re.search(r"(\d+)(?:/(\d+))? tests collected", done.stdout)
    if done.returncode or found is None:
        raise SystemExit(f"pytest --collect-only ended with {done.returncode}: {(done.stdout + done.stderr)[-500:]}")
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    selected = int(found[1])
    return Collected(selected, int(found[2] or selected), wall, processor)


def measure(folder: Path, rounds: int) -> tuple[list[Collected], list[Collected]]:
    """Return what our cells and the no-op tests cost, in turns."""
    file = folder / "fifty.toml"
    file.write_text(federation_file(TESTBEDS), encoding="utf-8")
    visited = [f"--visited=t{number:02}" for number in range(1, VISITED + 1)]
    words = [str(ROOT / "testcases"), f"--federation={file}", "-m", "registration", "--access=visited", *visited]
    bytecode = folder / "bytecode"
    ours, plain = [collect(ROOT, bytecode, *words)], []
    bare = folder / "plain"
    bare.mkdir()
    (bare / "test_nothing.py").write_text(_NO_OPS.format(count=ours[0].selected), encoding="utf-8")
    (bare / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    collect(bare, bytecode)  # both have their bytecode now
    ours.clear()
    for _ in range(rounds):
        ours.append(collect(ROOT, bytecode, *words))
        plain.append(collect(bare, bytecode))
    return ours, plain


def table(ours: list[Collected], plain: list[Collected]) -> list[str]:
    """Return the figures in Markdown: medians."""
    rows = ["| what | cells | made | wall, s | processor, s |", "|---|---:|---:|---:|---:|"]
    times = []
    for name, found in (("our test cases", ours), ("no-op tests, plain pytest", plain)):
        wall, processor = median(one.wall_s for one in found), median(one.processor_s for one in found)
        times.append((wall, processor))
        rows.append(f"| {name} | {found[0].selected} | {found[0].made} | {wall:.2f} | {processor:.2f} |")
    ratios = " | ".join(f"{one / other:.1f}" for one, other in zip(*times, strict=True))
    return [*rows, f"| ratio | | | {ratios} |"]


def main() -> int:
    """Measure, print, write the section; return 1 where it takes longer than required."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.collect", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="how often each is done (default: 3)")
    parser.add_argument("--no-write", action="store_true", help="print only, leave RESULTS.md alone")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="netlab-benchmark-") as folder:
        ours, plain = measure(Path(folder), options.rounds)
    load = os.getloadavg()[0]
    lines = [*table(ours, plain), "", f"Load average of the machine at the end, this benchmark included: {load:.1f}."]
    print("\n".join(lines))
    wall = median(one.wall_s for one in ours)
    if not options.no_write:
        write_section(
            "Collecting 10,000 cells",
            f"`python -m benchmarks.collect`: {TESTBEDS} testbeds, {options.rounds} rounds in turns, medians. "
            f"{machine()}.\n\n" + "\n".join(lines) + f"\n\nRequired: below {REQUIRED_S:.0f} s from start to end.",
        )
    return 1 if wall > REQUIRED_S else 0


if __name__ == "__main__":
    sys.exit(main())
