"""A test case that hangs is stopped wherever it waits, and says what it was doing."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from conformance.runs.deadline import CellOverdue, deadline, usual_deadline_s
from conformance.terminals.loop import TerminalLoop
from conformance.vocabulary.federation import Timers

HERE = Path(__file__)


def for_ever() -> None:
    while True:
        pass


def in_a_lock() -> None:
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def caught_by_the_test_case() -> None:
    with suppress(Exception):
        for_ever()


def hanging_again_at_the_end() -> None:
    try:
        for_ever()
    finally:
        for_ever()


@pytest.mark.parametrize("hangs", [for_ever, in_a_lock, caught_by_the_test_case, hanging_again_at_the_end])
def test_what_hangs_is_stopped(hangs: Callable[[], None]) -> None:
    started = time.monotonic()
    with pytest.raises(CellOverdue, match=r"within 0\.2 s, stopped it in test_deadline\.py:\d+: "), deadline(0.2, HERE):
        hangs()
    assert time.monotonic() - started < 10


def test_the_wait_of_a_terminal_is_named_and_ended() -> None:
    loop = TerminalLoop()
    ended = threading.Event()

    async def never() -> None:
        import asyncio

        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    try:
        with pytest.raises(CellOverdue, match=r"awaited sip:alice@a\.test: registration"), deadline(0.2, HERE):
            loop.run(never, 60, "sip:alice@a.test: registration")
        assert ended.wait(5)
    finally:
        loop.close()


def test_what_ends_in_time_is_left_alone() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with deadline(60, HERE):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before


def test_what_is_not_the_test_case_is_never_stopped() -> None:
    with deadline(0.01, Path("/elsewhere.py")):
        end = time.monotonic() + 0.2
        while time.monotonic() < end:
            pass


def test_an_error_of_the_test_case_stays_what_it_is() -> None:
    with pytest.raises(AssertionError, match="mine"), deadline(60, HERE):
        raise AssertionError("mine")
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_another_thread_has_no_deadline() -> None:
    seen: list[bool] = []

    def work() -> None:
        with deadline(60, HERE):
            seen.append(signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [True]


def test_the_usual_deadline_follows_the_timers() -> None:
    timers = Timers(procedure_ms=10_000, registration_s=600, proceeding_s=181)
    assert usual_deadline_s(timers) == 300
    assert usual_deadline_s(timers, slow=True) == 1081
