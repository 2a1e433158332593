"""What terminals warn of while a fault is shown: part of the fault, so it belongs to its row and not between rows."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

_MOST = 20
"""Warnings of one fault that are kept."""


class _Ear(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if len(self.heard) < _MOST:
            self.heard.append(record.getMessage())


@contextmanager
def overheard() -> Iterator[list[str]]:
    """Yield a list that gets what the harness's own terminals and clients warn of until the end of the block."""
    ear, log = _Ear(), logging.getLogger("conformance")
    log.addHandler(ear)
    try:
        yield ear.heard
    finally:
        log.removeHandler(ear)
