"""Captures assembled from messages that are written out."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.faults.frames import split_frame
from conformance.faults.recipe import assemble, read_messages
from conformance.vocabulary.errors import BadInput

PACKETS = """
start_s = 10
points = ["Gm"]
drops = 0
[[packet]]
at_us = 3
point = "Gm"
transport = "tcp"
source = ["192.0.2.1", 5060]
destination = ["192.0.2.2", 5060]
message = "one"
[[packet]]
at_us = 5
point = "Gm"
transport = "tcp"
source = ["192.0.2.1", 5060]
destination = ["192.0.2.2", 5060]
message = "two"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "packets.toml").write_text(PACKETS)
    (tmp_path / "messages.txt").write_text("=== one\nOPTIONS sip:a SIP/2.0\n\n")
    (tmp_path / "other.hex").write_text("# a remark\n=== two\n01 02  # version\n  ff\n")
    return tmp_path


def test_text_ends_its_lines_with_cr_lf_and_hexadecimal_loses_its_remarks(folder: Path) -> None:
    assert read_messages(folder) == {"one": b"OPTIONS sip:a SIP/2.0\r\n\r\n", "two": b"\x01\x02\xff"}


def test_packets_stand_at_their_times_and_segments_follow_each_other(folder: Path) -> None:
    capture = assemble(folder)
    first, second = (split_frame(packet.data) for packet in capture.packets)
    assert [packet.time_ns for packet in capture.packets] == [10_000_003_000, 10_000_005_000]
    assert second.payload == b"\x01\x02\xff"
    step = int.from_bytes(second.transport[4:8], "big") - int.from_bytes(first.transport[4:8], "big")
    assert step == len(first.payload)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("messages.txt", "=== two\nx\n", "is there twice"),
        ("other.hex", "=== two\n0g\n", "expected pairs of hexadecimal digits"),
        ("other.hex", "", "'two' is in none of the message files"),
        ("packets.toml", PACKETS.replace('points = ["Gm"]', "points = []"), "is not among `points`"),
        ("packets.toml", "start_s = ", "packets.toml"),
        ("packets.toml", PACKETS.replace("tcp", "sctp"), "packets.toml"),
    ],
)
def test_a_mistake_is_one_line(folder: Path, file: str, text: str, message: str) -> None:
    (folder / file).write_text(text)
    with pytest.raises(BadInput, match=message) as caught:
        assemble(folder)
    assert "\n" not in str(caught.value)
