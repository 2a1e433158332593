from __future__ import annotations

import struct
from collections.abc import Callable

import pytest


def _block(kind: int, body: bytes, order: str = "<") -> bytes:
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def _section(order: str = "<") -> bytes:
    return _block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


@pytest.fixture(scope="session")
def block() -> Callable[..., bytes]:
    """Make a block of a type, a body and a byte order (`<` unless said)."""
    return _block


@pytest.fixture(scope="session")
def section() -> Callable[..., bytes]:
    """Make a section header in a byte order (`<` unless said)."""
    return _section
