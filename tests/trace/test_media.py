"""Nothing but RTP is passed over: whatever else may hold signalling is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.trace.media import MEDIA, NEVER_MEDIA, like_dns

if TYPE_CHECKING:
    from conftest import Packets

RAW = MEDIA[101]
ENDS = ("10.0.0.1:40000", "10.0.0.2:50000")
RTP = bytes.fromhex("8008000100000001deadbeef") + bytes(20)
V6 = ("2001:db8::1", "2001:db8::2")


def passed_over(packet: bytes) -> bool:
    return RAW.match(packet) is not None


def test_rtp_is_passed_over_as_it_is_and_in_gtp_u(packets: Packets) -> None:
    datagram = packets.udp(*ENDS, RTP)
    assert passed_over(datagram)
    assert passed_over(packets.gtp("10.9.0.1", "10.9.0.2", datagram))
    assert passed_over(packets.ip6(*V6, 17, datagram[20:]))
    assert MEDIA[1].match(bytes(12) + b"\x08\0" + datagram)
    assert MEDIA[1].match(bytes(12) + b"\x81\0\0\5\x08\0" + datagram)
    assert MEDIA[113].match(bytes(14) + b"\x08\0" + datagram)
    assert MEDIA[276].match(b"\x08\0" + bytes(18) + datagram)


@pytest.mark.parametrize(
    "payload",
    [
        b"REGISTER sip:a SIP/2.0\r\n\r\n",
        b"\x80\xc8" + RTP[2:],  # RTCP
        b"\x80\x08\x01\0\0\1\0\0\0\0\0\0" + bytes(20),  # a DNS query with the identifier 0x8008
        b"\x01" + RTP[1:],
        RTP[:11],
        b"",
    ],
)
def test_what_is_no_rtp_is_looked_at(packets: Packets, payload: bytes) -> None:
    assert not passed_over(packets.udp(*ENDS, payload))


@pytest.mark.parametrize("port", sorted({53, 500, 1023} | NEVER_MEDIA))
def test_ports_of_services_and_tunnels_are_looked_at(packets: Packets, port: int) -> None:
    assert not passed_over(packets.udp(ENDS[0], f"10.0.0.2:{port}", RTP))
    assert not passed_over(packets.udp(f"10.0.0.1:{port}", ENDS[1], RTP))


def test_fragments_and_streams_are_looked_at(packets: Packets) -> None:
    assert not any(passed_over(part) for part in packets.fragments(packets.udp(*ENDS, RTP), 16)[:1])
    assert not passed_over(packets.tcp(*ENDS, 1, RTP))


def test_counts_of_a_dns_header_are_known(packets: Packets) -> None:
    assert like_dns(bytes.fromhex("800881800001000200000001"), 0)
    assert not like_dns(RTP, 0)
