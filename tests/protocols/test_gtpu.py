"""GTP-U messages, compared with scapy and with tshark."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest
from scapy.contrib.gtp import GTP_U_Header
from scapy.layers.inet import IP, UDP
from scapy.packet import Raw

from conformance.protocols.gtpu import (
    GtpMessage,
    GtpType,
    MalformedGtp,
    echo_request,
    echo_response,
    end_marker,
    erroneous_tunnel,
    error_indication,
    g_pdu,
)
from conformance.protocols.ip_udp import UdpPacket
from conformance.vocabulary.identifiers import Endpoint

INNER = UdpPacket(
    Endpoint("127.43.1.129", 5060, "udp"),
    Endpoint("127.43.1.11", 4060, "udp"),
    b"OPTIONS sip:uc3m.netlab.test SIP/2.0\r\nCSeq: 1 OPTIONS\r\n\r\n",
).encode()
MESSAGES = {
    "G-PDU": g_pdu(0x302, INNER),
    "end marker": end_marker(0x302),
    "echo request": echo_request(7),
    "echo response": echo_response(echo_request(7)),
    "error indication": error_indication(0x303, IPv4Address("127.43.2.16")),
}


@pytest.fixture
def tshark(tmp_path: Path) -> Callable[..., list[str]]:
    """Gives the fields that tshark reads in one GTP-U datagram."""

    def read(octets: bytes, *fields: str) -> list[str]:
        dump, capture = tmp_path / "message.txt", tmp_path / "message.pcap"
        dump.write_text("0000 " + " ".join(f"{octet:02x}" for octet in octets) + "\n")
        subprocess.run(["text2pcap", "-q", "-u", "2152,2152", str(dump), str(capture)], check=True, capture_output=True)
        command = ["tshark", "-r", str(capture), "-T", "fields", "-E", "occurrence=l"]
        command += [word for field in fields for word in ("-e", field)]
        shown = subprocess.run(command, check=True, capture_output=True, text=True)
        return shown.stdout.rstrip("\n").split("\t")

    return read


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_what_is_written_can_be_read(message: GtpMessage) -> None:
    assert GtpMessage.decode(message.encode()) == message


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_tshark_reads_the_same(message: GtpMessage, tshark: Callable[..., list[str]]) -> None:
    kind, teid, sequence, malformed = tshark(
        message.encode(), "gtp.message", "gtp.teid", "gtp.seq_number", "_ws.malformed"
    )
    assert int(kind, 0) == message.type
    assert int(teid, 0) == message.teid
    assert (int(sequence, 0) if sequence else None) == message.sequence
    assert not malformed


def test_tshark_reads_the_inner_packet(tshark: Callable[..., list[str]]) -> None:
    data = MESSAGES["G-PDU"].encode()
    found = tshark(data, "ip.src", "ip.dst", "udp.srcport", "udp.dstport", "sip.Method", "frame.protocols")
    assert found[:5] == ["127.43.1.129", "127.43.1.11", "5060", "4060", "OPTIONS"]
    assert found[5].endswith("gtp:ip:udp:sip")


def test_tshark_reads_an_error_indication_of_ipv6(tshark: Callable[..., list[str]]) -> None:
    octets = error_indication(0x303, IPv6Address("fd4e:1:0:20::16")).encode()
    assert tshark(octets, "gtp.gsn_ipv6") == ["fd4e:1:0:20::16"]


def test_tshark_reads_the_tunnel_of_an_error_indication(tshark: Callable[..., list[str]]) -> None:
    found = tshark(MESSAGES["error indication"].encode(), "gtp.teid_data", "gtp.gsn_ipv4")
    assert (int(found[0], 0), found[1]) == (0x303, "127.43.2.16")


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_scapy_reads_the_same(message: GtpMessage) -> None:
    found = GTP_U_Header(message.encode())
    assert (found.version, found.PT, found.gtp_type, found.teid) == (1, 1, message.type, message.teid)
    assert found.length == len(message.encode()) - 8


def test_what_scapy_writes_can_be_read() -> None:
    inner = IP(src="127.43.1.129", dst="127.43.1.11") / UDP(sport=5060, dport=4060) / Raw(b"x" * 9)
    assert GtpMessage.decode(bytes(GTP_U_Header(teid=9, gtp_type=255) / inner)) == g_pdu(9, bytes(inner))
    numbered = GtpMessage.decode(bytes(GTP_U_Header(teid=9, gtp_type=255, S=1, seq=513) / inner))
    assert (numbered.sequence, numbered.payload) == (513, bytes(inner))


def test_extension_headers_are_passed_over() -> None:
    # PDCP PDU number (0xC0), then a UDP port (0x40), 4 octets each
    data = bytes.fromhex("34ff000e00000009" "000000c0" "01000540" "01123400") + b"ab"  # fmt: skip
    assert GtpMessage.decode(data) == GtpMessage(GtpType.G_PDU, 9, b"ab")


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        ("", "8 octets or more, found 0"),
        ("30ff0000000000", "8 octets or more, found 7"),
        ("50ff000000000001", "first octet 0x50"),  # version 2
        ("20ff000000000001", "first octet 0x20"),  # GTP'
        ("30ff000500000001aa", "length says 5, found 1"),
        ("30ff000000000001aa", "length says 0, found 1"),
        ("32ff000200000001aabb", "ask for 4 more octets"),
        ("34ff00040000000100000085", "extension header of 0 octets"),
        ("34ff0008000000010000008500000000", "extension header of 0 octets"),
        ("34ff0008000000010000008502000000", "extension header of 8 octets, found 4"),
        ("34ff003000000001" + "00000085" + "01000085" * 11, "more than 8 extension headers"),
    ],
)
def test_anything_else_is_refused_in_one_line(octets: str, said: str) -> None:
    with pytest.raises(MalformedGtp, match=said) as refusal:
        GtpMessage.decode(bytes.fromhex(octets))
    assert "\n" not in str(refusal.value)


def test_every_cut_message_is_refused() -> None:
    for message in MESSAGES.values():
        data = message.encode()
        for end in range(len(data)):
            with pytest.raises(MalformedGtp):
                GtpMessage.decode(data[:end])


def test_an_error_indication_names_tunnel_and_receiver() -> None:
    assert erroneous_tunnel(MESSAGES["error indication"]) == (0x303, IPv4Address("127.43.2.16"))
    ipv6 = error_indication(0x303, IPv6Address("fd4e:1:0:20::16"))
    assert erroneous_tunnel(GtpMessage.decode(ipv6.encode())) == (0x303, IPv6Address("fd4e:1:0:20::16"))
    for elements in (b"\x0e\x00", ipv6.payload[:-1], ipv6.payload[:7] + b"\x05" + ipv6.payload[8:]):
        with pytest.raises(MalformedGtp, match="expected Tunnel Endpoint Identifier Data I"):
            erroneous_tunnel(GtpMessage(GtpType.ERROR_INDICATION, 0, elements))
