"""A bounded table whose entries leave when nobody has used them for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class IdleTable(Generic[K, V]):
    """Entries by key. To be used in a running event loop.

    Args:
        at_most: how many entries there may be.
        idle_s: after how many seconds without use an entry leaves.
        on_leave: called with each entry that leaves, whatever the reason.
    """

    def __init__(self, at_most: int, idle_s: float, on_leave: Callable[[K, V], None]) -> None:
        self._at_most = at_most
        self._idle_s = idle_s
        self._on_leave = on_leave
        self._entries: dict[K, V] = {}
        self._alarms: dict[K, asyncio.TimerHandle] = {}

    def __iter__(self) -> Iterator[K]:
        return iter(tuple(self._entries))  # entries may leave meanwhile

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def full(self) -> bool:
        """True where no other key can be added."""
        return len(self._entries) >= self._at_most

    def use(self, key: K) -> V | None:
        """Return an entry, which begins its idle time anew; None where there is none."""
        if key not in self._entries:
            return None
        self._arm(key)
        return self._entries[key]

    def put(self, key: K, value: V) -> bool:
        """Add or replace an entry; False where the table is full."""
        if self.full and key not in self._entries:
            return False
        self._entries[key] = value
        self._arm(key)
        return True

    def remove(self, key: K) -> None:
        """Let an entry leave, where there is one."""
        if key in self._entries:
            self._alarms.pop(key).cancel()
            self._on_leave(key, self._entries.pop(key))

    def clear(self) -> None:
        """Let all entries leave."""
        for key in self:
            self.remove(key)

    def _arm(self, key: K) -> None:
        if key in self._alarms:
            self._alarms[key].cancel()
        self._alarms[key] = asyncio.get_running_loop().call_later(self._idle_s, self.remove, key)
