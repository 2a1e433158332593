"""How much memory a process and all its descendants take together, at the worst moment."""

from __future__ import annotations

import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

INTERVAL_S = 0.1


@dataclass(frozen=True)
class PeakMemory:
    """Maxima over the samples."""

    rss_mb: float
    pss_mb: float
    processes: int


def memory(process: subprocess.Popen[str] | subprocess.Popen[bytes], deadline: float) -> PeakMemory:
    """Watch a process until it ends.

    Args:
        process: The root of the tree.
        deadline: When it must have ended, on the monotonic clock.

    Raises:
        TimeoutExpired: it still runs at the deadline.
    """
    rss = pss = processes = 0
    while True:
        tree = descendants(process.pid)
        sizes = [size for size in map(_sizes, tree) if size is not None]
        rss = max(rss, sum(size[0] for size in sizes))
        pss = max(pss, sum(size[1] for size in sizes))
        processes = max(processes, len(sizes))
        with suppress(subprocess.TimeoutExpired):
            process.wait(INTERVAL_S)
            return PeakMemory(rss / 1024, pss / 1024, processes)
        if time.monotonic() > deadline:
            raise subprocess.TimeoutExpired(process.args, deadline)


def descendants(pid: int) -> list[int]:
    """Return a process and all that descend from it, as far as they run now."""
    found, waiting = [], [pid]
    while waiting:
        current = waiting.pop()
        found.append(current)
        with suppress(OSError):  # a thread or process that ends meanwhile
            for task in Path(f"/proc/{current}/task").iterdir():
                with suppress(OSError):
                    waiting += map(int, (task / "children").read_text().split())
    return found


def _sizes(pid: int) -> tuple[int, int] | None:
    """Return resident and proportional size in KB; None for a process that has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return None
    sizes = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:] if ":" in line}
    return sizes.get("Rss", 0), sizes.get("Pss", 0)
