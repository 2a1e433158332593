"""RTP packets, compared with scapy's layer."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.rtp import RTP

from conformance.protocols.rtp import MalformedRtp, RtpPacket

WORD = st.integers(0, 2**32 - 1)
PACKETS = st.builds(
    RtpPacket,
    payload_type=st.integers(0, 127),
    sequence=st.integers(0, 65535),
    timestamp=WORD,
    ssrc=WORD,
    payload=st.binary(max_size=40),
    marker=st.booleans(),
    contributing=st.lists(WORD, max_size=15).map(tuple),
    extension=st.none() | st.tuples(st.integers(0, 65535), st.binary(max_size=8).map(lambda b: b[: len(b) // 4 * 4])),
)


@given(PACKETS)
def test_what_is_written_is_read(packet: RtpPacket) -> None:
    assert RtpPacket.decode(packet.encode()) == packet


@given(PACKETS)
def test_scapy_reads_the_same(packet: RtpPacket) -> None:
    read = RTP(packet.encode())
    assert (read.version, read.payload_type, read.sequence) == (2, packet.payload_type, packet.sequence)
    assert (read.timestamp, read.sourcesync, bool(read.marker)) == (packet.timestamp, packet.ssrc, packet.marker)
    assert tuple(read.sync) == packet.contributing
    assert bool(read.extension) == (packet.extension is not None)


def test_what_scapy_writes_is_read() -> None:
    octets = bytes(RTP(sequence=7, timestamp=160, sourcesync=5, payload_type=8, marker=1, sync=[1, 2]) / b"speech")
    assert RtpPacket.decode(octets) == RtpPacket(8, 7, 160, 5, b"speech", True, (1, 2))


def test_padding_is_taken_off() -> None:
    assert RtpPacket.decode(b"\xa0" + RtpPacket(8, 1, 2, 3, b"abcd\0\0\3").encode()[1:]).payload == b"abcd"


@pytest.mark.parametrize(
    ("octets", "message"),
    [
        (b"\x80\x08", "expected 12 octets"),
        (b"\x40" + bytes(11), "expected version 2, found 1"),
        (b"\x82" + bytes(15), "header of 20 octets, found 16"),
        (b"\x90" + bytes(12), "an extension is announced"),
        (b"\x90" + bytes(11) + b"\0\0\0\2" + bytes(4), "header of 24 octets"),
        (b"\xa0" + bytes(12), "padding of 0 octets"),
        (b"\xa0" + bytes(11) + b"\xff", "found -242"),
    ],
)
def test_what_is_malformed_is_told(octets: bytes, message: str) -> None:
    with pytest.raises(MalformedRtp, match=message):
        RtpPacket.decode(octets)


@given(st.binary(max_size=60))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    with contextlib.suppress(MalformedRtp):
        RtpPacket.decode(b"\x80" + octets)
