"""RTCP, compared with what scapy's layers read."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.rtp import RTP  # noqa: F401  loads the layers that it is bound to

from conformance.protocols.rtcp import (
    Bye,
    Report,
    ReportBlock,
    SenderInfo,
    SourceDescription,
    decode,
    encode,
    ntp_time,
)
from conformance.protocols.rtp import MalformedRtp

BLOCK = ReportBlock(0xDEADBEEF, 12, -3, 0x10007, 42, 0x01020304, 65536)
SENT = SenderInfo(ntp_time(1_700_000_000_500_000_000), 160, 10, 1600)


def test_what_is_written_is_read() -> None:
    packets = [Report(1, (BLOCK,), SENT), SourceDescription({1: "a@192.0.2.1", 2: "b"}), Bye((1, 2), "gone")]
    assert decode(encode(packets)) == packets
    packets = [Report(1, (BLOCK, BLOCK))]
    assert decode(encode(packets)) == packets


def test_a_sender_report_has_the_octets_of_the_standard() -> None:
    octets = encode([Report(1, (BLOCK,), SENT)])
    assert octets[:8] == bytes.fromhex("81c8000c00000001")
    assert octets[28:36] == bytes.fromhex("deadbeef0cfffffd")


def test_time_counts_from_1900_with_a_binary_fraction() -> None:
    assert ntp_time(0) == 2_208_988_800 << 32
    assert ntp_time(500_000_000) & 0xFFFFFFFF == 1 << 31


def test_it_begins_with_a_report() -> None:
    with pytest.raises(MalformedRtp, match="begins with a report"):
        encode([Bye((1,))])


@pytest.mark.parametrize(
    "octets", ["80c8", "40c90001 00000001", "80c90002 00000001", "81c90001 00000001", "82cb0001 00000001"]
)
def test_what_is_malformed_is_told(octets: str) -> None:
    with pytest.raises(MalformedRtp):
        decode(bytes.fromhex(octets))


@given(st.binary(max_size=60), st.integers(200, 204))
def test_any_octets_are_read_or_refused(octets: bytes, kind: int) -> None:
    octets += bytes(-len(octets) % 4)
    with contextlib.suppress(MalformedRtp):
        decode(b"\x81" + bytes([kind]) + (len(octets) // 4).to_bytes(2) + octets)
