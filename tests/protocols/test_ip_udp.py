"""The packet inside a tunnel, compared with scapy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, UDP, fragment
from scapy.layers.inet6 import IPv6
from scapy.packet import Raw

from conformance.protocols.ip_udp import MalformedPacket, UdpPacket, checksum
from conformance.vocabulary.identifiers import Endpoint

ONE, OTHER = Endpoint("127.43.1.129", 5060, "udp"), Endpoint("127.43.1.11", 4060, "udp")
PACKET = UdpPacket(ONE, OTHER, b"REGISTER sip:uc3m.netlab.test SIP/2.0\r\n").encode()


def altered(offset: int, octet: int) -> bytes:
    return PACKET[:offset] + bytes([octet]) + PACKET[offset + 1 :]


@given(payload=st.binary(max_size=200), port=st.integers(0, 65535))
def test_scapy_builds_the_same_packet(payload: bytes, port: int) -> None:
    packet = UdpPacket(ONE, Endpoint("127.43.1.11", port, "udp"), payload).encode()
    layers = IP(src=ONE.address, dst=OTHER.address, flags="DF", id=0) / UDP(sport=5060, dport=port) / Raw(payload)
    assert packet == bytes(layers)
    assert UdpPacket.decode(packet) == UdpPacket(ONE, Endpoint("127.43.1.11", port, "udp"), payload)


def test_a_sum_of_zero_is_sent_as_all_ones() -> None:
    total = checksum(UdpPacket(ONE, OTHER, b"\0\0").encode()[26:28])  # payload 0000 gives this checksum
    packet = UdpPacket(ONE, OTHER, (total ^ 0xFFFF).to_bytes(2)).encode()
    assert packet[26:28] == b"\xff\xff"
    assert UdpPacket.decode(packet).payload == (total ^ 0xFFFF).to_bytes(2)


def test_a_datagram_without_checksum_and_with_options_and_padding_is_read() -> None:
    layers = IP(src=ONE.address, dst=OTHER.address, options=b"\x01\x01\x01\x00") / UDP(sport=1, dport=2, chksum=0)
    assert UdpPacket.decode(bytes(layers / Raw(b"text")) + b"padding").payload == b"text"


def test_what_fits_into_no_packet_is_refused() -> None:
    with pytest.raises(MalformedPacket, match="at most 65507 octets, found 65508"):
        UdpPacket(ONE, OTHER, b"x" * 65508).encode()
    assert len(UdpPacket(ONE, OTHER, b"x" * 65507).encode()) == 65535


@pytest.mark.parametrize(
    ("packet", "said"),
    [
        (b"", "20 octets or more"),
        (PACKET[:30], "do not fit 30"),
        (altered(0, 0x75), "version 7"),
        (altered(0, 0x44), "header of 16"),
        (altered(8, 1), "header's checksum"),
        (altered(30, 0), "UDP: the checksum"),
        (bytes(IP(src=ONE.address, dst=OTHER.address) / ICMP()), "found protocol 1"),
        (bytes(IP(src=ONE.address, dst=OTHER.address, proto=17) / Raw(b"1234567")), "8 octets or more, found 7"),
        (bytes(IP(src=ONE.address, dst=OTHER.address) / UDP(len=9) / Raw(b"ab")), "length says 9, found 10"),
    ],
)
def test_anything_else_is_refused_in_one_line(packet: bytes, said: str) -> None:
    with pytest.raises(MalformedPacket, match=said) as refusal:
        UdpPacket.decode(packet)
    assert "\n" not in str(refusal.value)


def test_fragments_are_refused() -> None:
    layers = IP(src=ONE.address, dst=OTHER.address) / UDP(sport=1, dport=2) / Raw(b"x" * 3000)
    for piece in fragment(layers, fragsize=1400):
        with pytest.raises(MalformedPacket, match="found a fragment"):
            UdpPacket.decode(bytes(piece))


# --- IPv6 --------------------------------------------------------------------------------------------------------

ONE_6, OTHER_6 = Endpoint("fd4e:1:0:11::2", 5060, "udp"), Endpoint("fd4e:1:0:10::11", 4060, "udp")
PACKET_6 = UdpPacket(ONE_6, OTHER_6, b"REGISTER").encode()


@given(payload=st.binary(max_size=200))
def test_scapy_builds_the_same_packet_of_ipv6(payload: bytes) -> None:
    packet = UdpPacket(ONE_6, OTHER_6, payload).encode()
    layers = IPv6(src=ONE_6.address, dst=OTHER_6.address) / UDP(sport=5060, dport=4060) / Raw(payload)
    assert packet == bytes(layers)
    assert UdpPacket.decode(packet + b"padding") == UdpPacket(ONE_6, OTHER_6, payload)


@pytest.mark.parametrize(
    ("packet", "said"),
    [
        (PACKET_6[:39], "40 octets or more, found 39"),
        (PACKET_6[:-1], "payload of 16 octets does not fit 55"),
        (PACKET_6[:6] + b"\x3a" + PACKET_6[7:], "found next header 58"),
        (PACKET_6[:6] + b"\x2c" + PACKET_6[7:], "found next header 44"),
        (PACKET_6[:46] + b"\0\0" + PACKET_6[48:], "no checksum, which IPv6 asks for"),
        (PACKET_6[:-1] + b"x", "the checksum is wrong"),
    ],
)
def test_anything_else_of_ipv6_is_refused_in_one_line(packet: bytes, said: str) -> None:
    with pytest.raises(MalformedPacket, match=said):
        UdpPacket.decode(packet)


def test_one_packet_has_addresses_of_one_kind() -> None:
    with pytest.raises(MalformedPacket, match="not of one kind"):
        UdpPacket(ONE, OTHER_6, b"").encode()


def test_the_longest_packet_of_ipv6() -> None:
    with pytest.raises(MalformedPacket, match="at most 65527 octets, found 65528"):
        UdpPacket(ONE_6, OTHER_6, b"x" * 65528).encode()
    assert len(UdpPacket.decode(UdpPacket(ONE_6, OTHER_6, b"x" * 65527).encode()).payload) == 65527


@pytest.mark.parametrize("ends", [(ONE, OTHER), (ONE_6, OTHER_6)], ids=["IPv4", "IPv6"])
def test_the_codepoint_stands_in_the_header(ends: tuple[Endpoint, Endpoint]) -> None:
    packet = UdpPacket(*ends, b"speech", 46).encode()
    assert int.from_bytes(packet[:2]) >> (6 if packet[0] >> 4 == 6 else 2) & 0x3F == 46
    assert UdpPacket.decode(packet).dscp == 46
