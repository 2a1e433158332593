"""What the signs of quirks cost a verdict: `python -m benchmarks.signs [--times N] [--no-write]`.

The same traces are judged in turns in one process, with the signs of the terminal's quirks and without them: two
hand-built registrations that show none, and the registration of a Symbian telephone in the published run. What counts
is processor time, so that a busy machine changes little. Required: no more than a tenth of a verdict.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

from benchmarks.results_file import machine, write_section
from conformance.faults.reference import CAPTURES
from conformance.federation.loader import load_federation
from conformance.judgement import outcome
from conformance.judgement.judge import judge
from conformance.trace.decode import read_trace
from conformance.vocabulary.federation import Federation

ROOT = Path(__file__).resolve().parents[1]
SYMBIAN = ROOT / "reports/sample/cells/test_profile.uc3m@uc3m-symbian-s60-openimscore-adapted/capture.pcapng"
MOST = 0.1
"""Part of a verdict."""


def measure(file: Path, federation: Federation | None, times: int) -> tuple[list[float], list[float], int]:
    """Judge a capture in turns with signs and without.

    Args:
        file: The capture.
        federation: Where its nodes are; None where nobody says.
        times: How often each.

    Returns:
        Processor time with signs and without, milliseconds, and how many quirks the signs show.
    """
    trace = read_trace([file])
    found: tuple[list[float], list[float]] = ([], [])
    shown = 0
    for turn in range(times + 1):
        for signs, column in zip((True, False), found, strict=True):
            quirks = outcome.quirks_of if signs else lambda _: []
            with patch.object(outcome, "quirks_of", quirks):
                before = time.process_time()
                judgement = judge(trace, federation=federation)
                list(judgement.procedures)
                took = (time.process_time() - before) * 1000
            if signs:
                shown = sum(len(procedure.quirks) for procedure in judgement.procedures)
            if turn:  # the first one also imports, and warms caches
                column.append(took)
    return *found, shown


def row(what: str, signs: Sequence[float], bare: Sequence[float], shown: int) -> tuple[str, float]:
    """Return the line of the table, and what the signs cost as a part of a verdict without them."""
    with_signs, without = statistics.median(signs), statistics.median(bare)
    # Pairs stand beside each other in time: their differences tell more than the difference of the medians.
    more = statistics.median(one - other for one, other in zip(signs, bare, strict=True))
    return (
        f"| {what} | {shown} | {with_signs:.2f} | {without:.2f} | {more:.2f} | {more / without:.1%} |",
        more / without,
    )


def main() -> int:
    """Measure, print, write the section; return 1 where the signs cost more than required."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.signs", description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=100, help="verdicts of each, of which the median counts")
    parser.add_argument("--no-write", action="store_true", help="print only, leave RESULTS.md alone")
    options = parser.parse_args()
    hand_built = load_federation(CAPTURES / "ims-b-and-c.toml")
    cases: list[tuple[str, Path, Federation | None]] = [
        ("hand-built, at home", CAPTURES / "handbuilt-registration-home/capture.pcapng", hand_built),
        ("hand-built, visited", CAPTURES / "handbuilt-registration-visited/capture.pcapng", hand_built),
        ("symbian-s60 by the adapter", SYMBIAN, None),
    ]
    rows = [row(what, *measure(file, federation, options.times)) for what, file, federation in cases]
    load = os.getloadavg()[0]
    lines = [
        "| registration | quirks shown | verdict with signs, ms | without, ms | difference, ms | part |",
        "|---|---:|---:|---:|---:|---:|",
        *(line for line, _ in rows),
        "",
        f"Load average of the machine at the end, this benchmark included: {load:.1f}.",
    ]
    print("\n".join(lines))
    if not options.no_write:
        write_section(
            "What the signs of quirks cost",
            f"`python -m benchmarks.signs`: {options.times} verdicts of each in turns, processor time, medians; "
            f"the difference is that of neighbours. {machine()}.\n\n" + "\n".join(lines) + "\n\nRequired: no more than "
            f"{MOST:.0%} of a verdict.",
        )
    return 1 if max(part for _, part in rows) > MOST else 0


if __name__ == "__main__":
    sys.exit(main())
