"""UDP in ESP without encryption, checked by Wireshark with the key."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from conformance.faults.edits import EDITS
from conformance.faults.esp import protect
from conformance.faults.frames import join_frame, make_frame, split_frame
from conformance.faults.mutate import mutate
from conformance.faults.pcapfile import Packet, PacketFile, encode_pcapng

KEY = bytes(range(20))
PLAIN = make_frame("udp", ("192.0.2.1", 5060), ("192.0.2.2", 5060), b"OPTIONS")


@pytest.mark.parametrize("size", range(8))
def test_what_is_protected_ends_on_four_octets_and_the_check_value_has_twelve(size: int) -> None:
    frame = split_frame(make_frame("udp", ("192.0.2.1", 1), ("192.0.2.2", 2), b"x" * size))
    protected = protect(frame, (5062, 5064), 1, 1, KEY)
    assert (len(protected.payload) - 12) % 4 == 0
    padding, following = protected.payload[-14], protected.payload[-13]
    assert following == 17
    assert protected.payload[-14 - padding : -14] == bytes(range(1, padding + 1))


def test_wireshark_finds_the_check_value_right_and_the_datagram_inside(tmp_path: Path) -> None:
    edits = EDITS.validate_python(
        [{"kind": "protect", "frames": [1], "ports": [5062, 5064], "spi": 9, "sequence": 3, "key": KEY.hex()}]
    )
    path = tmp_path / "a.pcapng"
    path.write_bytes(encode_pcapng(mutate(PacketFile(("Gm",), (Packet("Gm", 1, PLAIN),), 0), edits)))
    association = f'uat:esp_sa:"IPv4","*","*","*","NULL","","HMAC-SHA-1-96 [RFC2404]","0x{KEY.hex()}"'
    options = ["esp.enable_encryption_decode:TRUE", "esp.enable_authentication_check:TRUE", association]
    fields = ["esp.spi", "esp.sequence", "esp.icv_good", "udp.srcport", "udp.dstport", "udp.payload"]
    command = ["tshark", "-r", str(path), "-T", "fields"]
    command += [word for option in options for word in ("-o", option)]
    command += [word for field in fields for word in ("-e", field)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().split("\t")
    assert shown == ["0x00000009", "3", "1", "5062", "5064", b"OPTIONS".hex()]


def test_a_protected_frame_has_a_right_ip_header() -> None:
    data = join_frame(protect(split_frame(PLAIN), (5062, 5064), 1, 1, KEY))
    assert data[23] == 50
    assert int.from_bytes(data[16:18], "big") == len(data) - 14
