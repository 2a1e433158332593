"""Runs corrupted captures through child processes, with a deadline for each, and collects what they say."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.robustness.cases import make_case
from tests.robustness.child import Result, Task

SECONDS_AT_MOST = 120.0
"""Deadline of one capture."""
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Outcome:
    """What became of one case."""

    name: str
    exit_code: int
    seconds: float
    memory: int
    faults: list[str]


class Child:
    """One process that judges; it is started anew where it ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def judge(self, task: Task) -> Result:
        """Have one capture judged; a process that ends, or does not answer in time, is a fault of the capture."""
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Event()
        watch = threading.Timer(SECONDS_AT_MOST, lambda: (late.set(), self._kill()))
        watch.start()
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(asdict(task)) + "\n")
            process.stdin.flush()
        line = process.stdout.readline()
        watch.cancel()
        if line.endswith("\n"):
            result = Result(**json.loads(line))
            if result.faults:
                self.close()  # what it has in memory or has left behind must not be told of the next one, too
            return result
        why = f"not ready after {SECONDS_AT_MOST:.0f} s" if late.is_set() else f"the process ended: {process.wait()}"
        self.close()
        return Result(-1, SECONDS_AT_MOST, 0, [why])

    def close(self) -> None:
        """End the process."""
        self._kill()
        if self._process is not None:
            for pipe in (self._process.stdin, self._process.stdout):
                with suppress(BrokenPipeError):
                    if pipe is not None:
                        pipe.close()
        self._process = None

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.robustness.child"],
                cwd=_ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        return self._process

    def _kill(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)  # its tsharks, too
            self._process.wait()


def judge_all(seed: int, numbers: Iterable[int], processes: int) -> Iterator[Outcome]:
    """Yield what became of each case, as they are ready.

    Args:
        seed: of the set.
        numbers: which cases of it.
        processes: how many judge at the same time.
    """
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    ready: queue.SimpleQueue[Outcome | None] = queue.SimpleQueue()
    for number in numbers:
        waiting.put(number)

    def work(folder: Path) -> None:
        child = Child()
        try:
            while True:
                ready.put(_judge(child, seed, waiting.get_nowait(), folder))
        except queue.Empty:
            pass
        finally:
            child.close()
            ready.put(None)

    with tempfile.TemporaryDirectory(prefix="netlab-robustness-") as folder:
        workers = [threading.Thread(target=work, args=(Path(folder),), daemon=True) for _ in range(processes)]
        for worker in workers:
            worker.start()
        running = len(workers)
        while running:
            outcome = ready.get()
            if outcome is None:
                running -= 1
            else:
                yield outcome
        for worker in workers:
            worker.join()


def _judge(child: Child, seed: int, number: int, folder: Path) -> Outcome:
    case = make_case(seed, number)
    file = folder / f"{number:04}.capture"
    file.write_bytes(case.octets)
    beside, federation = (None if path is None else str(path) for path in (case.beside, case.federation))
    try:
        result = child.judge(Task(str(file), beside, federation, as_json=number % 4 > 1))
    finally:
        file.unlink()
    return Outcome(case.name, result.exit_code, result.seconds, result.memory, result.faults)
