"""OpenVPN is known by its first octet, counted, and only the first packet of each kind is kept."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.trace.openvpn import opcode_of

CLIENT, HUB = "198.51.100.2:40000", "198.51.100.1:1194"
SESSION = bytes(range(8))
HELLO = b"\x38" + SESSION + bytes(5)
ANSWER = b"\x40" + SESSION + bytes(17)
CONTROL = b"\x20" + SESSION + bytes(300)
ACK = b"\x28" + SESSION + bytes(13)
DATA = b"\x48\0\0\0" + bytes(60)
DNS = bytes.fromhex("3b01010000010000000000000161047465737400" + "00010001")
"""A query whose identifier begins like a hard reset."""


@pytest.mark.parametrize(
    ("payload", "opcode"),
    [(HELLO, 7), (ANSWER, 8), (CONTROL, 4), (ACK, 5), (DATA, 9), (b"\x30" + bytes(30), 6), (b"\x57" + bytes(30), 10)],
)
def test_the_opcode_is_in_the_upper_five_bits(payload: bytes, opcode: int) -> None:
    assert opcode_of(payload) == opcode


@pytest.mark.parametrize("payload", [b"", b"\x38", HELLO[:13], DATA[:20], b"\x80" + bytes(40), b"\x08" + bytes(40)])
def test_what_is_too_short_or_has_no_such_opcode_is_none_of_it(payload: bytes) -> None:
    assert opcode_of(payload) == 0


def test_a_thousand_packets_are_one_stream_of_a_few_objects(packets: Any) -> None:
    for at, payload, there in [(0, HELLO, True), (1, ANSWER, False), (2, CONTROL, True), (3, CONTROL, False)]:
        ends = (CLIENT, HUB) if there else (HUB, CLIENT)
        packets.add(packets.udp(*ends, payload), at, "VPN")
    for at in range(10, 1010):
        ends = (CLIENT, HUB) if at % 2 else (HUB, CLIENT)
        packets.add(packets.udp(*ends, DATA), at, "VPN")
    trace = packets.trace()
    (stream,) = trace.vpn
    assert dict(stream.counts) == {7: 1, 8: 1, 4: 2, 9: 1000}
    assert len(stream.first) == 6
    assert [str(end) for end in stream.ends] == [f"{CLIENT}/udp", f"{HUB}/udp"]
    hello, data = stream.earliest(7, 10), stream.earliest(6, 9)
    assert hello is not None
    assert data is not None
    assert (hello.frame, hello.raw, data.frame, len(data.raw)) == (1, HELLO, 5, 32)
    assert trace.captures[0].not_read == {"openvpn": 1004}
    assert trace.messages == ()


def test_on_another_port_it_is_known_at_the_outer_interface_alone(packets: Any) -> None:
    other = "198.51.100.1:7777"
    packets.add(packets.udp(CLIENT, other, DATA), 0, "eth0")
    packets.add(packets.udp(CLIENT, other, DATA), 1, "VPN")
    (stream,) = packets.trace().vpn
    assert [packet.frame for packet in stream.first.values()] == [2]


def test_dns_in_clear_is_not_taken_for_it(packets: Any) -> None:
    packets.add(packets.udp("10.0.0.1:40000", "10.0.0.2:53", DNS), 0, "VPN")
    packets.add(packets.udp("10.0.0.1:40000", "10.0.0.2:53", DNS + bytes(30)), 5, "VPN")
    trace = packets.trace()
    assert trace.vpn == ()
    assert [message.question_name for message in trace.dns][:1] == ["a.test"]


def test_sip_in_clear_is_not_taken_for_it(packets: Any) -> None:
    raw = b"OPTIONS sip:a SIP/2.0\r\nCall-ID: 1\r\nContent-Length: 0\r\n\r\n"
    packets.add(packets.udp(CLIENT, HUB, raw), 0, "VPN")
    trace = packets.trace()
    assert trace.vpn == ()
    assert len(trace.messages) == 1
