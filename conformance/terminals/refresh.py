"""Begins anew, in good time, what a network has granted for a while: a publication, a subscription.

Lives in the terminals' event loop; nothing here waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from sipmessage import Response

_LONG_S = 1200
_BEFORE_S = 600
"""Before the end of what lasts longer than `_LONG_S`; of less, half (3GPP TS 24.229 5.1.1.4.1, of registrations)."""


def refresh_after(granted_s: int) -> float:
    """Return after how many seconds something is refreshed that was granted for so many."""
    return granted_s - _BEFORE_S if granted_s > _LONG_S else granted_s / 2


def seconds_in(response: Response, name: str) -> int | None:
    """Return a number of seconds of an answer, `Expires` or `Min-Expires`; None where it has none."""
    text = (response.headers.get(name) or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


class Refresh:
    """The clock of one thing that is granted for a while.

    Args:
        again: refreshes it once, and calls `granted` where that went well.
    """

    def __init__(self, again: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._again = again
        self._clock: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def granted(self, seconds: int) -> None:
        """Set the clock anew: from now on it is granted for so long; 0: it is over."""
        self._unset()
        if seconds > 0:
            self._clock = asyncio.get_running_loop().call_later(refresh_after(seconds), self._begin)

    def stop(self) -> None:
        """Refresh it no more, and give up what is under way."""
        self._unset()
        if self._task is not None:
            self._task.cancel()

    def _unset(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _begin(self) -> None:
        self._clock = None
        self._task = asyncio.get_running_loop().create_task(self._again())
