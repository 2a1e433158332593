"""Spreads independent work over processes that are forked from this one: they have all that it has read."""

from __future__ import annotations

import gc
import multiprocessing
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import TypeVar

from conformance.vocabulary.errors import HarnessFault

_T = TypeVar("_T")


def spread(work: Callable[[int], _T], count: int, workers: int) -> list[_T]:
    """Do a piece of work for each number, and return the results in the order of the numbers.

    Args:
        work: Gets a number; pure, and what it returns can be pickled.
        count: Numbers go from 0 to this one, exclusive.
        workers: How many processes work; 1: this one. A process with several threads does all by itself, because a
            fork may copy a lock that another thread holds.

    Raises:
        HarnessFault: A process ended before its work was done.
    """
    workers = min(workers, count)
    if workers < 2 or threading.active_count() > 1:
        return [work(number) for number in range(count)]
    context = multiprocessing.get_context("fork")
    gc.freeze()  # what is there stays where it is, and is shared with the processes
    pending: dict[Connection, int] = {}
    processes = []
    found: dict[int, _T] = {}
    try:
        for first in range(workers):
            here, there = context.Pipe(duplex=False)
            process = context.Process(target=_run, args=(work, range(first, count, workers), there), daemon=True)
            process.start()
            there.close()
            processes.append(process)
            pending[here] = len(range(first, count, workers))
        while pending:
            for ready in wait(list(pending)):
                assert isinstance(ready, Connection)
                try:
                    number, result = ready.recv()
                except EOFError as error:
                    raise HarnessFault(
                        "a process that judges a part of the capture ended before it was done"
                    ) from error
                if isinstance(result, _Raised):
                    raise result.error
                found[number] = result
                pending[ready] -= 1
                if not pending[ready]:
                    del pending[ready]
                    ready.close()
    finally:
        gc.unfreeze()
        for process in processes:
            if pending:
                process.kill()
            process.join()
    return [found[number] for number in range(count)]


@dataclass(frozen=True, slots=True)
class _Raised:
    """What work raised in another process."""

    error: Exception


def _run(work: Callable[[int], _T], numbers: range, results: Connection) -> None:
    gc.disable()  # this process ends with its work
    for number in numbers:
        try:
            result: _T | _Raised = work(number)
        except Exception as error:  # noqa: BLE001 - raised again where the result is waited for
            result = _Raised(error)
        results.send((number, result))
    results.close()
