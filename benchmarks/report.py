"""What the report of a run of ten thousand cells costs: seconds, memory, the size of its pages, and how fast it opens.

    python -m benchmarks.report [--from reports/latest] [--cells 10000] [--no-write]

The run is made from the results of a real one: as many testbeds as it takes, every pair by both access points; the
results of its cells are used again with other names. Who visits one of the testbeds fails, and so does one cell in a
hundred elsewhere.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median

from playwright.sync_api import sync_playwright

from benchmarks.process_tree import memory
from benchmarks.results_file import machine, write_section
from conformance.runs.folder import RESULT_FILE, RUN_FILE, slug
from conformance.vocabulary.results import CellResult, RunCell

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = shutil.which("chromium")
REQUIRED_S, REQUIRED_MB, REQUIRED_PAGE_MB, REQUIRED_OPEN_S = 30.0, 500.0, 2.0, 2.0
DEADLINE_S = 600
MISBEHAVING = 7
"""Number of the testbed whose access point breaks every visitor."""
ELSEWHERE = 101
"""One cell in so many differs wherever it is."""


@dataclass(frozen=True)
class Pattern:
    """A real result that is used again."""

    text: str
    cell: CellResult
    folder: Path

    def named(self, home: str, visited: str, access: str, number: int) -> tuple[str, RunCell]:
        """Return the result with other names, and its line in `run.jsonl`."""
        away = "" if access == "none" else f"-{access}"
        name = f"{self.cell.cell.partition('[')[0]}[{home}@{visited}{away}]"
        folder = f"cells/{number:05d}.{slug(name)}"
        text = self.text.replace(f"{self.cell.home}.", f"{home}.").replace(f"{self.cell.visited}.", f"{visited}.")
        values = json.loads(text)
        values |= {"cell": name, "home": home, "visited": visited, "access_point": access, "folder": folder}
        made = {"kind": "cell", "cell": name, "folder": folder, "as_expected": self.cell.as_expected}
        made |= {"interoperability": self.cell.interoperability, "conformance": self.cell.conformance}
        return json.dumps(values), RunCell.model_validate(made)


def patterns(run: Path) -> tuple[list[Pattern], list[Pattern]]:
    """Return the results of a run that are as expected, and those that are not."""
    found = []
    for file in sorted(run.glob(f"cells/*/{RESULT_FILE}")):
        text = file.read_text(encoding="utf-8")
        found.append(Pattern(text, CellResult.model_validate_json(text), file.parent))
    good, bad = ([one for one in found if one.cell.as_expected is wanted] for wanted in (True, False))
    if not good or not bad:
        raise SystemExit(
            f"{run}: found {len(good)} cells as expected and {len(bad)} others, expected some of each; "
            "make such a run: ./netlab run --fault stuba/p-cscf=no-charging-vector"
        )
    return good, bad


def squares(testbeds: int) -> Iterator[tuple[int, int, str]]:
    """Yield home, visited and access point for ever: every pair by both access points, then the same once more."""
    while True:
        for home in range(testbeds):
            for visited in range(testbeds):
                for access in ("none",) if home == visited else ("visited", "home"):
                    yield home, visited, access


def make_run(source: Path, folder: Path, cells: int) -> int:
    """Write a run of so many cells; return how many octets its results have."""
    good, bad = patterns(source)
    testbeds = max(2, round((cells / 4) ** 0.5))  # two access points, two test cases a square
    names = [f"net{number:02d}" for number in range(testbeds)]
    header = json.loads((source / RUN_FILE).read_text(encoding="utf-8").partition("\n")[0])
    header |= {"run": folder.name, "testbeds": {name: f"{name}.netlab.test" for name in names}}
    size, differing = 0, []
    folder.mkdir(parents=True)
    with (folder / RUN_FILE).open("w", encoding="utf-8") as lines:
        lines.write(json.dumps(header) + "\n")
        for number, (home, visited, access) in enumerate(islice(squares(testbeds), cells)):
            differs = (visited == MISBEHAVING and access == "visited") or number % ELSEWHERE == 0
            kind = bad if differs else good
            pattern = kind[number % len(kind)]
            text, line = pattern.named(names[home], names[visited], access, number)
            place = folder / line.folder
            place.mkdir(parents=True)
            (place / RESULT_FILE).write_text(text, encoding="utf-8")
            for capture in pattern.cell.captures:
                (place / capture.file).symlink_to(pattern.folder / capture.file)
            lines.write(line.model_dump_json() + "\n")
            size += len(text.encode())
            differing += [] if line.as_expected else [line.cell]
        footer = {"kind": "footer", "finished_ns": time.time_ns(), "cells": cells, "differing": differing}
        lines.write(json.dumps(footer | {"exit_code": 1}) + "\n")
    return size


@dataclass(frozen=True)
class Published:
    """What writing the report took."""

    seconds: float
    processor_s: float
    rss_mb: float
    pss_mb: float


def published(run: Path) -> Published:
    """Write the report with the command that a user has, in a process of its own."""
    before = os.times()
    start = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "conformance.cli", "report", str(run)], cwd=ROOT, stdout=subprocess.DEVNULL
    ) as process:
        peak = memory(process, start + DEADLINE_S)
        seconds = time.monotonic() - start
    if process.returncode != 0:
        raise SystemExit(f"netlab report {run}: exit code {process.returncode}")
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return Published(seconds, spent, peak.rss_mb, peak.pss_mb)


def peer_seconds(run: Path) -> float:
    """Return how long `json.loads` alone takes for all results, in one process."""
    start = time.monotonic()
    for file in run.glob(f"cells/*/{RESULT_FILE}"):
        json.loads(file.read_bytes())
    return time.monotonic() - start


def opens_s(pages: Sequence[Path]) -> list[float]:
    """Return how long Chromium takes until a page is laid out and its script has run, for each the median of five."""
    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for page in pages:
            times = []
            for _ in range(5):
                window = browser.new_context().new_page()
                start = time.monotonic()
                window.goto(page.as_uri(), wait_until="load")
                window.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
                times.append(time.monotonic() - start)
                window.context.close()
            found.append(median(times))
        browser.close()
    return found


def main() -> int:
    """Measure, print the table, write the section; return 1 where something is not as required."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__.partition("\n")[0])
    parser.add_argument("--from", dest="source", type=Path, default=ROOT / "reports" / "latest", metavar="RUN")
    parser.add_argument("--cells", type=int, default=10_000, help="how many cells (default: 10000)")
    parser.add_argument("--keep", type=Path, help="make the run there and leave it")
    parser.add_argument("--no-write", action="store_true", help="print only, leave RESULTS.md alone")
    options = parser.parse_args()
    if CHROMIUM is None:
        raise SystemExit("chromium is not installed: apt-get install chromium")
    scratch = options.keep or Path(tempfile.mkdtemp(prefix="netlab-benchmark-"))
    try:
        run = scratch / "run"
        size = make_run(options.source.resolve(), run, options.cells)
        took = published(run)
        peer = peer_seconds(run)
        pages = sorted(run.rglob("*.html"), key=lambda page: page.stat().st_size)
        opened = [run / "index.html", pages[-1]]
        seconds = opens_s(opened)
        whole = sum(page.stat().st_size for page in pages) / 1e6
        sizes = [page.stat().st_size / 1e6 for page in opened]
        rest = len(pages) - 1
    finally:
        if options.keep is None:
            shutil.rmtree(scratch)
    lines = [
        "| what | figure | required |",
        "|---|---:|---:|",
        f"| results of {options.cells:,} cells, MB | {size / 1e6:.0f} | |",
        f"| written in, s | {took.seconds:.1f} | {REQUIRED_S:.0f} |",
        f"| `json.loads` of the same results, one process, s | {peer:.1f} | |",
        f"| ratio to that | {took.seconds / peer:.2f} | |",
        f"| processor time, s (ratio) | {took.processor_s:.1f} ({took.processor_s / peer:.2f}) | |",
        f"| memory of all processes: RSS, MB | {took.rss_mb:.0f} | |",
        f"| the same, PSS: what is shared counts once, MB | {took.pss_mb:.0f} | {REQUIRED_MB:.0f} |",
        f"| first page, MB | {sizes[0]:.2f} | {REQUIRED_PAGE_MB:.0f} |",
        f"| largest page, MB | {sizes[1]:.2f} | {REQUIRED_PAGE_MB:.0f} |",
        f"| all {rest + 1:,} pages, MB | {whole:.0f} | |",
        f"| first page opens in, s | {seconds[0]:.2f} | {REQUIRED_OPEN_S:.0f} |",
        f"| largest page opens in, s | {seconds[1]:.2f} | {REQUIRED_OPEN_S:.0f} |",
    ]
    lines += ["", f"Load average of the machine at the end, this benchmark included: {os.getloadavg()[0]:.1f}."]
    print("\n".join(lines))
    if not options.no_write:
        write_section(
            "The report of a large run",
            f"`python -m benchmarks.report`: made from {len(list(options.source.glob('cells/*')))} cells of a real run "
            f"in which one P-CSCF misbehaves. {machine()}.\n\n" + "\n".join(lines),
        )
    met = (
        took.seconds <= REQUIRED_S
        and took.pss_mb <= REQUIRED_MB
        and max(sizes) <= REQUIRED_PAGE_MB
        and max(seconds) <= REQUIRED_OPEN_S
    )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
