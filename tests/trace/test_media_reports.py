"""RTCP of any kind is read or passed over; the newest report of each receiver is kept."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from conformance.trace.media_reports import ReportReader
from conformance.vocabulary.identifiers import Endpoint

BOB = Endpoint("10.0.0.2", 50_001, "udp")


def block(ssrc: int, lost: int, fraction: int = 0) -> bytes:
    return struct.pack("!IIIIII", ssrc, fraction << 24 | lost & 0xFFFFFF, 19, 80, 0, 0)


def test_sender_and_receiver_reports_of_a_compound_packet_are_read() -> None:
    reader = ReportReader(3)
    sender = struct.pack("!BBHI", 0x82, 200, 18, 7) + bytes(20) + block(1, 5, 64) + block(2, -1)
    names = struct.pack("!BBHI", 0x81, 202, 2, 7) + bytes(4)
    receiver = struct.pack("!BBHI", 0x81, 201, 7, 8) + block(1, 6)
    reader.read(sender + names + receiver, BOB, 12)
    reader.read(receiver, BOB, 13)
    assert [
        (one.reporter, one.ssrc, one.lost, one.fraction_lost, one.frame, one.reports) for one in reader.reports
    ] == [
        (7, 1, 5, 0.25, 12, 1),
        (7, 2, -1, 0, 12, 1),
        (8, 1, 6, 0, 13, 2),
    ]
    assert {(one.capture, one.jitter, one.source) for one in reader.reports} == {(3, 80, BOB)}


@given(st.binary(max_size=80), st.integers(200, 201))
def test_any_report_is_read_or_passed_over(octets: bytes, kind: int) -> None:
    reader = ReportReader(0)
    octets += bytes(-len(octets) % 4)
    compound = b"\x9f" + bytes([kind]) + (len(octets) // 4).to_bytes(2) + octets
    reader.read(compound, BOB, 1)
    assert len(reader.reports) <= len(octets) // 24
