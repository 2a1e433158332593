"""Where the IP packet of a frame begins; `test_equivalence` has the frames that Wireshark agrees on."""

from __future__ import annotations

import pytest

from conformance.trace.links import FINDERS, NO_IP, NOT_KNOWN

V4, V6 = b"\x45" + bytes(19), b"\x60" + bytes(39)
TAG = b"\x81\x00\x00\x05"


@pytest.mark.parametrize(
    ("link_type", "frame", "where"),
    [
        (1, bytes(12) + b"\x08\x00" + V4, 14),
        (1, bytes(12) + TAG + TAG + b"\x86\xdd" + V6, 22),
        (1, bytes(12) + b"\x08\x06" + bytes(28), NO_IP),
        (1, bytes(12) + b"\x88\x64" + bytes(28), NOT_KNOWN),
        (1, bytes(12) + b"\x08\x00" + V6, NOT_KNOWN),
        (1, bytes(12) + TAG * 9 + b"\x08\x00" + V4, NOT_KNOWN),
        (1, bytes(12) + b"\x08\x00", NOT_KNOWN),
        (1, b"", NOT_KNOWN),
        (113, bytes(14) + b"\x08\x00" + V4, 16),
        (276, b"\x86\xdd" + bytes(18) + V6, 20),
        (101, V6, 0),
        (101, b"\x00", NOT_KNOWN),
        (0, b"\2\0\0\0" + V4, 4),
        (0, b"\0\0\0\x1e" + V6, 4),
        (0, b"\2\0\0\0" + V6, NOT_KNOWN),
        (108, b"\0\0\0\7" + V4, NOT_KNOWN),
        (108, b"\0\0\0\2", NOT_KNOWN),
    ],
)
def test_the_packet_is_found_or_left_to_tshark(link_type: int, frame: bytes, where: int) -> None:
    before = b"before"
    found = FINDERS[link_type](before + frame + b"\x45", len(before), len(before + frame))
    assert found == (where if where < 0 else where + len(before))
