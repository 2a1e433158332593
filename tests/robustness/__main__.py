"""Three thousand corrupted captures through `netlab validate`: no traceback, no hang, not more than 1 GiB.

    python -m tests.robustness                       # all of them, some 40 minutes on two processors
    python -m tests.robustness --only 1234           # one of them, and its file is kept
    python -m tests.robustness --count 300 --seed 7  # others

The exit code is 1 where a capture broke a promise; each such capture is named with what was wrong.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

from tests.robustness.cases import make_case
from tests.robustness.watch import Outcome, judge_all

SEED = 1
COUNT = 3_000


def main() -> int:
    """Run the set, print what was wrong as it is found, and a summary."""
    parser = argparse.ArgumentParser(prog="python -m tests.robustness", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--count", type=int, default=COUNT, help="how many captures")
    parser.add_argument("--first", type=int, default=0, help="number of the first one")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="this one alone; its file is written here")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    numbers = range(arguments.first, arguments.first + arguments.count)
    if arguments.only is not None:
        numbers = range(arguments.only, arguments.only + 1)
        case = make_case(arguments.seed, arguments.only)
        Path(case.name).write_bytes(case.octets)
        print(f"written: {case.name}; judged with {case.federation} and {case.beside}")
    results: list[Outcome] = []
    for result in judge_all(arguments.seed, numbers, arguments.processes):
        results.append(result)
        for fault in result.faults:
            print(f"{result.name}: {fault}", flush=True)
        if len(results) % 100 == 0:
            print(f"{len(results)} of {len(numbers)} captures", flush=True)
    return _summary(results)


def _summary(results: list[Outcome]) -> int:
    wrong = [one for one in results if one.faults]
    codes = Counter(one.exit_code for one in results)
    slowest = sorted(results, key=lambda one: -one.seconds)[:3]
    print(f"{len(results)} captures, {len(wrong)} with faults")
    print("exit codes: " + ", ".join(f"{code}: {count}" for code, count in sorted(codes.items())))
    print("slowest: " + ", ".join(f"{one.name} {one.seconds:.1f} s" for one in slowest))
    print(f"memory at most: {max((one.memory for one in results), default=0) >> 20} MiB")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
