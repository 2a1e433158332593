from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.capture.markers import LINK_HEADER_LENGTH, Marker, MarkerSender, marker_payload
from conformance.capture.points import ObservationPoint
from conformance.protocols.ip_udp import UdpPacket
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.points import Point

ADDRESS = IPv4Address("127.32.255.1").packed


def packet(
    payload: bytes,
    *,
    destination: bytes = ADDRESS,
    port: int = 9,
    link: int = 14,
    options: bytes = b"",
    protocol: int = 17,
) -> bytes:
    """An IPv4 packet with UDP behind a link header; checksums are nobody's concern on `lo`."""
    ip = bytes([0x40 | 5 + len(options) // 4]) + bytes(8) + bytes([protocol, 0, 0]) + bytes(4) + destination + options
    return bytes(link) + ip + struct.pack("!HHHH", 4711, port, 8 + len(payload), 0) + payload


def test_two_markers_of_one_cell_are_never_the_same() -> None:
    assert Marker.make("open", "cell") != Marker.make("open", "cell")


def test_the_payload_begins_as_the_architecture_says_and_stays_short() -> None:
    marker = Marker.make("close", "test_registration[uc3m@stuba-visited]" * 100)
    assert marker.payload.startswith(b"netlab-marker close ")
    assert len(marker.payload) < 300


@pytest.mark.parametrize(("link_type", "length"), LINK_HEADER_LENGTH.items())
def test_a_marker_is_known_behind_every_link_header(link_type: int, length: int) -> None:
    assert marker_payload(packet(b"netlab-marker x", link=length), link_type, ADDRESS, 9) == b"netlab-marker x"


def test_ip_options_do_not_hide_it() -> None:
    assert marker_payload(packet(b"netlab-marker x", options=bytes(8)), 1, ADDRESS, 9) == b"netlab-marker x"


@pytest.mark.parametrize(
    "data",
    [
        packet(b"netlab-marker", destination=IPv4Address("127.32.255.2").packed),
        packet(b"netlab-marker", port=5060),
        packet(b"netlab-marker", protocol=6),
        packet(b"SIP/2.0 200 OK netlab-marker"),
        packet(b"netlab-marker")[:40],
        b"",
    ],
    ids=["other address", "other port", "not UDP", "other payload", "cut short", "empty"],
)
def test_everything_else_is_evidence(data: bytes) -> None:
    assert marker_payload(data, 1, ADDRESS, 9) is None


@given(st.binary(max_size=80), st.sampled_from(sorted(LINK_HEADER_LENGTH)))
def test_no_octets_make_it_raise(data: bytes, link_type: int) -> None:
    length = LINK_HEADER_LENGTH[link_type]
    marker_payload(data, link_type, ADDRESS, 9)
    marker_payload(data[: length + 16] + ADDRESS + data[length + 20 :], link_type, ADDRESS, 9)


def test_an_address_that_is_not_ours_is_reported() -> None:
    foreign = ObservationPoint(Point.GM, "lo", "udp", Endpoint("192.0.2.1", 9, "udp"))
    with pytest.raises(TestbedDown, match=r"capture at Gm: could not send the marker to 192\.0\.2\.1:9/udp"):
        MarkerSender(foreign).send(Marker.make("open", ""))


MARKER_6, ADDRESS_6 = Endpoint("fd4e:1:0:ffff::1", 9, "udp"), IPv6Address("fd4e:1:0:ffff::1").packed


@pytest.mark.parametrize(("link_type", "length"), LINK_HEADER_LENGTH.items())
def test_a_marker_of_ipv6_is_known_behind_every_link_header(link_type: int, length: int) -> None:
    data = bytes(length) + UdpPacket(MARKER_6, MARKER_6, b"netlab-marker x").encode()
    assert marker_payload(data, link_type, ADDRESS_6, 9) == b"netlab-marker x"
    assert marker_payload(data, link_type, ADDRESS_6, 5060) is None
    assert marker_payload(data, link_type, IPv6Address("fd4e:1:0:ffff::2").packed, 9) is None
    assert marker_payload(data, link_type, ADDRESS, 9) is None
    assert marker_payload(packet(b"netlab-marker x", link=length), link_type, ADDRESS_6, 9) is None
    for end in range(length, length + 48):
        assert marker_payload(data[:end], link_type, ADDRESS_6, 9) is None
