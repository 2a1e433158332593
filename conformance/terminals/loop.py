"""One event loop in a background thread, shared by all terminals of a process.

Test cases are plain functions in the main thread, where pyshark insists on being; terminals are asyncio.
"""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from conformance.fabric.netns import enter, inside
from conformance.vocabulary.errors import HarnessFault

T = TypeVar("T")

_JOIN_S = 5.0
_ANSWER_S = 2.0
"""A loop that does not answer for so long is blocked."""
GRACE_S = 5.0
"""Beyond a procedure's own deadline: when that did not work, it is our bug."""


class TerminalLoop:
    """An event loop that runs in a thread of its own until `close`.

    Args:
        namespace: network namespace in which all its sockets are; empty for that of the process.

    Raises:
        TestbedDown, NotPermitted: the namespace cannot be entered.
    """

    def __init__(self, namespace: str = "") -> None:
        self._namespace = namespace
        with inside(namespace):  # found out here, where somebody can be told
            pass
        self.is_blocked = False
        """Whether something in the loop never gives it back; then nothing can be run in it any more."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="netlab-terminals", daemon=True)
        self._thread.start()

    @property
    def is_here(self) -> bool:
        """Whether this is the loop's own thread."""
        return threading.current_thread() is self._thread

    def run(self, work: Callable[[], Coroutine[Any, Any, T]], deadline_s: float, awaited: str) -> T:
        """Run a coroutine in the loop and wait for its result.

        Args:
            work: makes the coroutine; called in the loop's thread.
            deadline_s: seconds; the coroutine is meant to end by itself before, so this is a second line.
            awaited: what is awaited, for the message.

        Returns:
            What the coroutine returns; what it raises is raised here.

        Raises:
            HarnessFault: called from the loop's own thread, or the deadline passed.

        Whoever interrupts the wait ends the coroutine; what was awaited becomes a note of the exception.
        """
        if self.is_here:
            raise HarnessFault(f"terminal: {awaited}: expected a call from another thread than the loop's own")
        if self.is_blocked:
            raise HarnessFault(f"terminal: {awaited}: its event loop is blocked by an earlier procedure")
        future: Future[T] = asyncio.run_coroutine_threadsafe(work(), self._loop)
        try:
            return future.result(deadline_s)
        except TimeoutError:
            if future.done():
                raise
            future.cancel()
            self.is_blocked = not self._answers()
            raise HarnessFault(f"terminal: {awaited}: expected an end within {deadline_s:g} s") from None
        except BaseException as stopped:
            if future.cancel():  # somebody interrupts the wait, not the coroutine its caller
                stopped.add_note(f"awaited {awaited}")
            raise

    def _answers(self) -> bool:
        answered = threading.Event()
        self._loop.call_soon_threadsafe(answered.set)
        return answered.wait(_ANSWER_S)

    def close(self) -> None:
        """Cancel what still runs, stop the loop and end the thread; a second call does nothing."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_JOIN_S)

    def _serve(self) -> None:
        enter(self._namespace)
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            left = asyncio.all_tasks(self._loop)
            for task in left:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        finally:
            self._loop.close()


_shared: TerminalLoop | None = None
_lock = threading.Lock()


def shared_loop() -> TerminalLoop:
    """Return the loop of this process; it is made on the first call, or where it is blocked, and closed at exit."""
    global _shared
    with _lock:
        if _shared is None or _shared.is_blocked:
            _shared = TerminalLoop()
            atexit.register(_shared.close)
        return _shared
