"""Display filters, as the installed Wireshark reads them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from conformance.report.wireshark import frames_filter

CAPTURE = next(iter(sorted(Path(__file__).parents[2].glob("captures/REG-*/*.pcap*"))))


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([], ""),
        ([8], "frame.number == 8"),
        ([9, 8, 8], "frame.number in {8, 9}"),
        ([3, 4, 5], "frame.number in {3..5}"),
        ([1, 3, 4, 5, 9, 10], "frame.number in {1, 3..5, 9, 10}"),
    ],
)
def test_frames_are_named_shortly(frames: list[int], expected: str) -> None:
    assert frames_filter(frames) == expected


@pytest.mark.parametrize("frames", [[2], [1, 3], [1, 2, 3, 5]])
def test_wireshark_shows_exactly_these_frames(frames: list[int]) -> None:
    command = ["tshark", "-n", "-r", str(CAPTURE), "-Y", frames_filter(frames), "-T", "fields", "-e", "frame.number"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert [int(line) for line in shown.split()] == frames
