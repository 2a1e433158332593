"""Captures read and written byte for byte; tshark's own tool agrees on what was written."""

from __future__ import annotations

import struct
import subprocess
from io import BytesIO
from pathlib import Path

import pytest

from conformance.faults.frames import make_frame
from conformance.faults.pcapfile import Packet, PacketFile, encode_pcapng, read_packets
from conformance.pcapng.writer import PcapngWriter
from conformance.vocabulary.errors import BadInput

FRAME = make_frame("udp", ("192.0.2.1", 5060), ("192.0.2.2", 5060), b"OPTIONS")
TIME = 1_767_607_200_123_456_789
CAPTURE = PacketFile(("Gm", "Mw"), (Packet("Gm", TIME, FRAME), Packet("Mw", TIME + 1, FRAME + b"\0")), 0)


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    path.write_bytes(encode_pcapng(CAPTURE))
    assert read_packets(path) == CAPTURE


def test_loss_that_is_not_known_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    path.write_bytes(encode_pcapng(PacketFile(CAPTURE.points, CAPTURE.packets, None)))
    assert read_packets(path).drops is None


def test_the_same_packets_give_the_same_bytes() -> None:
    assert encode_pcapng(CAPTURE) == encode_pcapng(CAPTURE)


def test_capinfos_sees_the_points_and_the_packets(tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    path.write_bytes(encode_pcapng(CAPTURE))
    shown = subprocess.run(["capinfos", str(path)], capture_output=True, text=True, check=True).stdout
    assert "Name = Gm" in shown
    assert "Name = Mw" in shown
    assert "Number of packets:   2" in shown


@pytest.mark.parametrize(("magic", "tick"), [(0xA1B2C3D4, 1000), (0xA1B23C4D, 1)])
@pytest.mark.parametrize("order", ["<", ">"])
def test_pcap_is_read_in_either_byte_order_and_resolution(tmp_path: Path, magic: int, tick: int, order: str) -> None:
    path = tmp_path / "a.pcap"
    head = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, 1)
    path.write_bytes(head + struct.pack(order + "IIII", 5, 7, len(FRAME), len(FRAME)) + FRAME)
    assert read_packets(path).packets == (Packet("", 5_000_000_000 + 7 * tick, FRAME),)


def test_a_file_that_is_cut_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    path.write_bytes(encode_pcapng(CAPTURE)[:-60])
    with pytest.raises(BadInput, match="does not fit the file"):
        read_packets(path)


def test_what_is_wrong_within_a_file_is_one_line_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    whole = encode_pcapng(CAPTURE)
    place = whole.index(FRAME) - 28
    path.write_bytes(whole[: place + 8] + b"\x07" + whole[place + 9 :])
    with pytest.raises(BadInput, match=f"a.pcapng: byte {place}: packet names interface 7, which is not described$"):
        read_packets(path)
    path.write_bytes(whole + whole)
    with pytest.raises(BadInput, match=f"a.pcapng: byte {len(whole)}: a second section, expected one$"):
        read_packets(path)


def test_another_link_type_is_one_line(tmp_path: Path) -> None:
    path, stream = tmp_path / "a.pcapng", BytesIO()
    PcapngWriter(stream).interface("Gm", 113, "")
    path.write_bytes(stream.getvalue())
    with pytest.raises(BadInput, match=r"link type 113 at byte \d+, expected Ethernet \(1\)"):
        read_packets(path)


@pytest.mark.parametrize("data", [b"", b"x" * 100])
def test_a_file_that_is_no_capture_is_one_line(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(data)
    with pytest.raises(BadInput, match="capture"):
        read_packets(path)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file"):
        read_packets(tmp_path / "none.pcap")
