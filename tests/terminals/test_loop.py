from __future__ import annotations

import asyncio
import signal
import threading

import pytest

from conformance.terminals.loop import TerminalLoop, shared_loop
from conformance.vocabulary.errors import HarnessFault


async def _name() -> str:
    return threading.current_thread().name


async def _fail() -> None:
    raise TimeoutError("its own")


async def _forever() -> None:
    await asyncio.Event().wait()


def test_work_is_done_in_the_loops_thread(loop: TerminalLoop) -> None:
    assert loop.run(_name, 5, "the name") == "netlab-terminals"


def test_errors_come_through(loop: TerminalLoop) -> None:
    with pytest.raises(TimeoutError, match="its own"):
        loop.run(_fail, 5, "the error")


def test_a_deadline_says_what_was_awaited(loop: TerminalLoop) -> None:
    with pytest.raises(HarnessFault, match=r"the event: expected an end within 0\.05 s"):
        loop.run(_forever, 0.05, "the event")


def test_its_own_thread_may_not_wait_for_itself(loop: TerminalLoop) -> None:
    async def nested() -> None:
        loop.run(_name, 5, "itself")

    with pytest.raises(HarnessFault, match="another thread"):
        loop.run(nested, 5, "nested work")


def test_closing_ends_the_thread_and_what_runs_in_it() -> None:
    loop = TerminalLoop()
    loop.run(_start_something, 5, "a task")
    loop.close()
    loop.close()
    assert not loop._thread.is_alive()


_TASKS: set[asyncio.Task[None]] = set()


async def _start_something() -> None:
    task = asyncio.get_running_loop().create_task(_forever())
    _TASKS.add(task)
    task.add_done_callback(_TASKS.discard)


def test_the_process_has_one() -> None:
    assert shared_loop() is shared_loop()


def test_a_loop_that_is_blocked_says_so_at_once_and_another_one_takes_its_place() -> None:
    first = shared_loop()
    release = threading.Event()

    async def block() -> None:
        release.wait()

    with pytest.raises(HarnessFault, match="the block: expected an end"):
        first.run(block, 0.05, "the block")
    assert first.is_blocked
    with pytest.raises(HarnessFault, match="blocked by an earlier procedure"):
        first.run(_name, 60, "the name")
    second = shared_loop()
    assert second is not first
    assert second.run(_name, 5, "the name") == "netlab-terminals"
    release.set()
    first.close()


def test_who_interrupts_a_wait_learns_what_was_awaited(loop: TerminalLoop) -> None:
    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(KeyboardInterrupt) as stopped:
            loop.run(_forever, 60, "the event")
    finally:
        signal.signal(signal.SIGALRM, before)
    assert stopped.value.__notes__ == ["awaited the event"]
    assert loop.run(_name, 5, "the name") == "netlab-terminals"
