from __future__ import annotations

import io
import subprocess
from pathlib import Path

from conformance.pcapng.writer import PcapngWriter

# An Ethernet header as on `lo`, then IPv4 and UDP from 127.0.0.1:1 to 127.0.0.1:2 without payload.
FRAME = (
    bytes(12)
    + b"\x08\x00"
    + bytes.fromhex("4500001c000040004011000 07f0000017f000001 0001000200080000".replace(" ", ""))
)


def write(file: Path, *, drops: int | None = 7) -> None:
    stream = io.BytesIO()
    writer = PcapngWriter(stream, "cell a; backend b")
    gm, cx = writer.interface("Gm", 1, "net 127.32.0.0/24"), writer.interface("Cx", 1, "host 127.32.0.1")
    writer.packet(gm, 1_700_000_000_123_456_789, FRAME, len(FRAME))
    writer.packet(cx, 1_700_000_001_000_000_001, FRAME + b"x", 99)
    if drops is not None:
        writer.statistics(gm, 1_700_000_000_000_000_000, 1_700_000_002_000_000_000, 1, drops)
    file.write_bytes(stream.getvalue())


def test_tshark_reads_names_and_nanoseconds(tmp_path: Path) -> None:
    file = tmp_path / "a.pcapng"
    write(file)
    command = ["tshark", "-r", str(file), "-T", "fields", "-E", "separator=/s"]
    for field in ("frame.interface_name", "frame.time_epoch", "frame.cap_len", "frame.len"):
        command += ["-e", field]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert said.splitlines() == ["Gm 1700000000.123456789 42 42", "Cx 1700000001.000000001 43 99"]


def test_capinfos_reads_comment_filter_and_statistics(tmp_path: Path) -> None:
    file = tmp_path / "a.pcapng"
    write(file)
    said = subprocess.run(["capinfos", str(file)], capture_output=True, text=True, check=True, timeout=20).stdout
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert "Capture comment: cell a; backend b" in lines
    assert "Filter string = net 127.32.0.0/24" in lines
    assert lines.count("Number of stat entries = 1") == 1
    assert lines.count("Number of stat entries = 0") == 1
    assert "Strict time order: True" in lines
