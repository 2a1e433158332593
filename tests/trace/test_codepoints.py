"""Codepoints of messages and of data packets of a tunnel are read, by whichever way a frame goes (RFC 2474)."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.faults.edits import EDITS
from conformance.faults.frames import make_frame
from conformance.faults.mutate import mutate
from conformance.faults.pcapfile import Packet, PacketFile, encode_pcapng
from conformance.trace.decode import read_trace

A, B = ("192.0.2.1", 5060), ("192.0.2.2", 5060)
SIP = b"OPTIONS sip:a SIP/2.0\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("everything_by_tshark", [False, True])
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_message_has_the_codepoint_of_its_packet(tmp_path: Path, transport: str, everything_by_tshark: bool) -> None:
    frame = make_frame(transport, A, B, SIP, sequence=1, acknowledge=1, dscp=26)
    file = tmp_path / "one.pcapng"
    file.write_bytes(encode_pcapng(PacketFile(("Gm",), (Packet("Gm", 10**18, frame),), 0)))
    (message,) = read_trace([file], everything_by_tshark=everything_by_tshark).messages
    assert message.sightings[0].dscp == 26


def test_data_packets_of_a_tunnel_are_counted_by_length_and_codepoint(tmp_path: Path) -> None:
    stream = {
        "kind": "add-stream", "behind": 1, "delay_us": 0, "point": "VPN", "source": ("198.51.100.2", 40000),
        "destination": ("198.51.100.1", 1194), "ssrc": 1, "octets": 160, "inside": True,
    }  # fmt: skip
    edits = [{**stream, "dscp": 46, "packets": 5}, {**stream, "dscp": 0, "packets": 3, "octets": 80}]
    base = PacketFile(("Gm",), (Packet("Gm", 10**18, make_frame("udp", A, B, SIP)),), 0)
    file = tmp_path / "tunnel.pcapng"
    file.write_bytes(encode_pcapng(mutate(base, EDITS.validate_python(edits))))
    (tunnel,) = read_trace([file]).vpn
    assert dict(tunnel.sizes) == {(True, 24 + 200, 46): 5, (True, 24 + 120, 0): 3}
    assert {key: packet.frame for key, packet in tunnel.sized.items()} == {(True, 224, 46): 2, (True, 144, 0): 3}
