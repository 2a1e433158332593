"""Secrets of TLS connections that nodes note while a cell runs: its capture carries them, so that it can be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

_MOST = 16 << 20
"""Octets that a cell may have: those of some 80,000 connections."""


class KeyLogs:
    """What grows in key logs during a cell.

    Args:
        files: tells which files there are; a file may begin to exist during the cell.
    """

    def __init__(self, files: Callable[[], Iterable[Path]] = tuple) -> None:
        self._files = files
        self._marks: dict[Path, int] = {}

    def mark(self) -> None:
        """A cell begins."""
        self._marks = {file: file.stat().st_size for file in self._files() if file.exists()}

    def grown(self) -> bytes:
        """Return the lines that were written since `mark`."""
        found = []
        for file in self._files():
            if file.exists():
                with file.open("rb") as log:
                    log.seek(self._marks.get(file, 0))
                    found.append(log.read(_MOST))
        return b"".join(found)
