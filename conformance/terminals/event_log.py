"""What terminals observed, in order of time: kept in memory and written to `events.jsonl` at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from conformance.vocabulary.events import EventKind, TerminalEvent

Record = Callable[[EventKind, int | None, str], None]
"""Writes down what one terminal observed: what, status code, one line for a person."""


class EventLog:
    """Collects the events of the terminals of one cell; safe to use from several threads.

    Args:
        path: file that each event is appended to as one line of JSON; None keeps events in memory alone.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._events: list[TerminalEvent] = []
        self._lock = threading.Lock()
        self._watchers: list[Callable[[TerminalEvent], None]] = []

    def record(self, terminal: str, kind: EventKind, status: int | None = None, detail: str = "") -> None:
        """Add one observation, stamped with the wall clock.

        Args:
            terminal: public user identity that the terminal uses.
            kind: what was observed.
            status: SIP status code where it was an answer.
            detail: one line for a person, never a secret.
        """
        event = TerminalEvent(time_ns=time.time_ns(), terminal=terminal, kind=kind, status=status, detail=detail[:400])
        with self._lock:
            self._events.append(event)
            if self.path is not None:
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(event.model_dump_json() + "\n")
        for watcher in list(self._watchers):
            watcher(event)

    @contextmanager
    def watched(self, watcher: Callable[[TerminalEvent], None]) -> Iterator[None]:
        """Call somebody at each event meanwhile. The terminal goes on when the call returns."""
        self._watchers.append(watcher)
        try:
            yield
        finally:
            self._watchers.remove(watcher)

    @property
    def events(self) -> list[TerminalEvent]:
        """All events so far, oldest first."""
        with self._lock:
            return list(self._events)
