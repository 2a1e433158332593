"""What it costs to judge many registrations, beside what tshark needs, and whether time grows with the trace.

    python -m benchmarks.judging [--users 25000]

Processor time is compared and not the clock: it says the same on a busy machine. A quarter of the users shows whether a
message costs the same in a larger trace. The exit code is 1 where it costs half as much again.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from benchmarks.traffic import registrations, write_capture

JUDGE = """
import resource, sys
from conformance import validate
found = validate(sys.argv[1], workers=int(sys.argv[2]))
usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(found.verdict, len(found.procedures), *(one.ru_utime + one.ru_stime for one in usage), usage[0].ru_maxrss // 1024)
"""
TSHARK = """
import resource, subprocess, sys
subprocess.run(["tshark", "-n", "-r", sys.argv[1], "-q", "-z", "io,stat,0"], check=True, capture_output=True)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(usage.ru_utime + usage.ru_stime)
"""
MESSAGES = 4
"""Of one registration at Gm."""


class Cost(NamedTuple):
    """What judging a capture costs."""

    own_s: float
    """Processor time of the process itself: reading, taking apart, collecting."""
    workers_s: float
    """Processor time of the processes that it started."""
    memory_mb: int

    @property
    def total_s(self) -> float:
        """Processor time of all."""
        return self.own_s + self.workers_s


def _output(program: str, *arguments: str) -> list[str]:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def _judge(file: Path, users: int, workers: int) -> Cost:
    _, procedures, own, others, memory = _output(JUDGE, str(file), str(workers))
    if int(procedures) != users:
        raise RuntimeError(f"{procedures} procedures were found, expected {users}")
    return Cost(float(own), float(others), int(memory))


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=25_000)
    users: int = parser.parse_args().users
    with tempfile.TemporaryDirectory() as folder:
        file, quarter = Path(folder, "all.pcapng"), Path(folder, "quarter.pcapng")
        write_capture(file, registrations(users))
        write_capture(quarter, registrations(users // 4))
        tshark = float(_output(TSHARK, str(file))[0])
        small = _judge(quarter, users // 4, 1)
        one, two = _judge(file, users, 1), _judge(file, users, 2)
    print(f"tshark: {tshark:.2f} s of processor time for {users * MESSAGES} SIP messages")
    for name, cost in (("one process", one), ("two workers", two)):
        each = cost.total_s / users / MESSAGES * 1e6
        print(
            f"{name}: {cost.total_s:.2f} s ({cost.own_s:.2f} s in the first process), "
            f"{cost.total_s / tshark:.1f} times tshark, {each:.0f} us a message, "
            f"{cost.memory_mb} MB at most in the first process"
        )
    growth = one.total_s / users / (small.total_s / (users // 4))
    print(f"a message of four times as many costs {growth:.2f} times as much")
    return 0 if growth < 1.5 else 1


if __name__ == "__main__":
    sys.exit(main())
