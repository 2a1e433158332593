"""A dynamic payload type has the name that the receiver's own session description gives it."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from conformance.trace.media_codecs import codec_of, described

if TYPE_CHECKING:
    from conftest import Packets

ALICE, BOB = "10.0.0.1:40000", "10.0.0.2:50000"


def rtp(number: int, kind: int) -> bytes:
    return struct.pack("!BBHII", 0x80, kind, number, 160 * number, kind) + bytes(20)


def invite(address: str, port: int, *codecs: str) -> bytes:
    kinds = " ".join(codec.partition(" ")[0] for codec in codecs)
    lines = "".join(f"a=rtpmap:{codec}\r\n" for codec in codecs)
    body = f"v=0\r\nc=IN IP4 {address}\r\nt=0 0\r\nm=audio {port} RTP/AVP {kinds}\r\n{lines}"
    return (
        f"INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK{port}\r\n"
        f"Call-ID: {port}\r\nCSeq: 1 INVITE\r\n"
        f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def test_names_are_static_or_those_of_the_description(packets: Packets) -> None:
    packets.add(packets.udp("10.0.0.1:5060", "10.0.0.2:5060", invite("10.0.0.1", 40_000, "96 AMR/8000")), 0)
    packets.add(packets.udp("10.0.0.2:5060", "10.0.0.1:5060", invite("10.0.0.2", 50_000, "96 AMR-WB/16000")), 1)
    for kind in (8, 96, 97):
        for number in range(3):
            packets.add(packets.udp(ALICE, BOB, rtp(number, kind)), 100 + number)
            packets.add(packets.udp("10.0.0.9:40000", "10.0.0.8:50000", rtp(number, kind)), 100 + number)
    trace = packets.trace()
    names = described(trace.sip)
    found = {(str(one.destination), one.ssrc): codec_of(one, names) for one in trace.media}
    assert found == {
        (f"{BOB}/udp", 8): "PCMA",
        (f"{BOB}/udp", 96): "AMR-WB",
        (f"{BOB}/udp", 97): "unknown",
        ("10.0.0.8:50000/udp", 8): "PCMA",
        ("10.0.0.8:50000/udp", 96): "AMR",
        ("10.0.0.8:50000/udp", 97): "unknown",
    }
