"""Reads capture after capture without waiting for tshark to start: the next one is always waiting.

Each capture has a tshark of its own, so nothing of one can reach another.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from conformance.trace.decode import read_trace
from conformance.trace.model import Trace
from conformance.trace.tshark import Tshark
from conformance.vocabulary.errors import NotPermitted

AHEAD = 2
"""How many tsharks wait: a short cell is over before one that was started with it has come up."""


class Decoder:
    """`read_trace` with a tshark that is started ahead of time. A context manager; to be used from one thread.

    Each tshark that waits has about 160 MB of memory, half of it shared with every other tshark.
    """

    def __init__(self) -> None:
        self._waiting: deque[Tshark] = deque()
        self._killed: Tshark | None = None

    @property
    def waiting(self) -> int | None:
        """Process id of the tshark that has waited longest; None where there is none."""
        return self._waiting[0].pid if self._waiting else None

    def prepare(self) -> None:
        """Start tsharks for the next captures, as many as shall wait; return at once.

        Raises:
            NotPermitted: tshark is missing.
        """
        while len(self._waiting) < AHEAD:
            self._waiting.append(Tshark(None))

    def read(self, files: Sequence[Path]) -> Trace:
        """Read captures as `read_trace` does, the first with a tshark that waits; then start the next one.

        Args:
            files: Captures in any format that tshark reads; only those that are pcap or pcapng need not wait.

        Returns:
            The same trace.

        Raises:
            BadInput: A file is missing, empty, unreadable, or no capture.
            NotPermitted: tshark is missing or too old.
        """
        waiting = self._waiting.popleft() if self._waiting else None
        try:
            return read_trace(files, waiting=waiting)
        finally:
            # Killed now and waited for later: the kernel takes longer to free its memory than it took to read a cell.
            self._forget_killed()
            if waiting is not None and waiting.is_fed:
                waiting.kill()
                self._killed = waiting
            elif waiting is not None:
                self._waiting.appendleft(waiting)  # nothing of the capture was for tshark
            with suppress(NotPermitted):  # whoever reads next is told
                self.prepare()

    def close(self) -> None:
        """End the tsharks that wait. May be called more than once."""
        self._forget_killed()
        while self._waiting:
            self._waiting.popleft().close()

    def _forget_killed(self) -> None:
        if self._killed is not None:
            self._killed.close()
            self._killed = None

    def __enter__(self) -> Decoder:
        self.prepare()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
