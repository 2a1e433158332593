from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def wireshark(tmp_path: Path) -> Callable[[bytes], str]:
    """Gives what tshark says of one Diameter message over TCP, as its -V text."""

    def dissect(octets: bytes) -> str:
        dump, capture = tmp_path / "message.txt", tmp_path / "message.pcap"
        dump.write_text("0000 " + " ".join(f"{octet:02x}" for octet in octets) + "\n")
        subprocess.run(
            ["text2pcap", "-q", "-T", "40000,3868", str(dump), str(capture)], check=True, capture_output=True
        )
        shown = subprocess.run(
            ["tshark", "-r", str(capture), "-Y", "diameter", "-O", "diameter,_ws.malformed,_ws.expert", "-V"],
            check=True,
            capture_output=True,
            text=True,
        )
        return shown.stdout

    return dissect
