"""Looking at the packets of a cell while it is still open, for whoever waits for one."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence

from conformance.capture.growth import Growth
from conformance.capture.spool_reader import SpoolReader
from conformance.pcapng.contents import Packet
from conformance.vocabulary.points import Point

_AGAIN_S = 1.0
"""So often it is asked whether the capture still runs."""


class CellWatch:
    """The packets of one open cell, from its beginning on. To be used by the thread that opened the cell.

    Args:
        points: those of the spool's interfaces, in their order.
        spool: descriptor of the growing spool.
        growth: tells when it grows.
        check: raises what ended the capture, if something did.
    """

    def __init__(self, points: Sequence[Point], spool: int, growth: Growth, check: Callable[[], None]) -> None:
        self._points = tuple(points)
        self._reader = SpoolReader(spool)
        self._growth = growth
        self._check = check
        self._waiting: deque[tuple[Point, bytes]] = deque()

    def next(self, deadline: float) -> tuple[Point, bytes] | None:
        """Return the next packet: where it was seen, and its octets from the link layer on.

        Args:
            deadline: monotonic clock, seconds.

        Returns:
            None where there was none until the deadline.
        """
        while not self._waiting:
            while (contents := self._reader.read()) is not None:
                self._waiting += [
                    (self._points[one.interface], one.data) for one in contents if isinstance(one, Packet)
                ]
            if self._waiting:
                break
            if (left := deadline - time.monotonic()) <= 0:
                return None
            self._check()
            self._growth.wait(min(left, _AGAIN_S))
        return self._waiting.popleft()
