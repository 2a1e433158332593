"""Signalling is found in whatever carries it, once, and every copy of it is seen."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.trace.decode import read_trace
from conformance.trace.model import Message, Trace
from conformance.vocabulary.points import Point

if TYPE_CHECKING:
    from conftest import Packets

UE, PCSCF, ICSCF, HSS = "10.1.0.1:5060", "10.1.0.2:4060", "10.1.0.3:40000", "10.1.0.5:3868"
OUTER = ("10.9.0.1", "10.9.0.2")
V6 = ("2001:db8::1", "2001:db8::2")
LONG = b"x" * 2000
Make = Callable[..., bytes]


def both(packets: Packets) -> Trace:
    """Read the capture; tshark alone finds the same messages."""
    file = packets.write()
    trace = read_trace([file])
    assert [message.raw for message in trace.messages] == [
        message.raw for message in read_trace([file], everything_by_tshark=True).messages
    ]
    assert trace.captures[0].problems == ()
    return trace


def places(message: Message) -> list[tuple[int, Point | None, tuple[str, ...]]]:
    return [(sighting.frame, sighting.point, sighting.encapsulation) for sighting in message.sightings]


def test_fragments_of_ipv4(packets: Packets, register: Make) -> None:
    for number, part in enumerate(packets.fragments(packets.udp(UE, PCSCF, register(body=LONG)))):
        packets.add(part, number)
    (message,) = both(packets).messages
    assert (message.raw, places(message)) == (register(body=LONG), [(3, None, ())])


def test_fragments_of_ipv6(packets: Packets, register: Make) -> None:
    raw = register(body=LONG)
    packet = packets.ip6(*V6, 17, struct.pack("!HHHH", 5060, 4060, 8 + len(raw), 0) + raw)
    for number, part in enumerate(packets.fragments6(packet)):
        packets.add(part, number)
    (message,) = both(packets).messages
    assert (message.raw, str(message.source)) == (raw, f"[{V6[0]}]:5060/udp")


def test_fragments_in_any_order(packets: Packets, register: Make) -> None:
    for number, part in enumerate(reversed(packets.fragments(packets.udp(UE, PCSCF, register(body=LONG))))):
        packets.add(part, number)
    assert [message.raw for message in both(packets).messages] == [register(body=LONG)]


def test_segments_of_tcp(packets: Packets, register: Make) -> None:
    raw = register("c1", body=LONG) + register("c2")
    for start in range(0, len(raw), 700):
        packets.add(packets.tcp(UE, PCSCF, 1 + start, raw[start : start + 700]), start)
    assert [message.raw for message in both(packets).messages] == [register("c1", body=LONG), register("c2")]


def test_ip_in_ip_and_gre(packets: Packets, register: Make) -> None:
    packets.add(packets.ip(*OUTER, 4, packets.udp(UE, PCSCF, register("c1"))))
    packets.add(packets.ip(*OUTER, 47, b"\0\0\x08\0" + packets.udp(UE, PCSCF, register("c2"))), 1)
    assert [places(message)[0][2] for message in both(packets).messages] == [("ipip",), ("gre",)]


@pytest.mark.parametrize(
    "header",
    [
        b"\x30\xff%b\0\0\0\x07",
        b"\x32\xff%b\0\0\0\x07\0\x01\0\0",
        b"\x34\xff%b\0\0\0\x07\0\0\0\x85\x01\0\x09\0",
        b"\x36\xff%b\0\0\0\x07\0\x01\0\x85\x01\x10\x09\xc0\x01\x12\x34\0",
    ],
    ids=["plain", "sequence number", "extension header", "two extension headers"],
)
@pytest.mark.parametrize("inner", ["udp", "tcp", "fragments", "ipv6"])
def test_gtp_u(packets: Packets, register: Make, header: bytes, inner: str) -> None:
    raw = register(body=LONG)
    inside = {
        "udp": lambda: [packets.udp(UE, PCSCF, raw)],
        "tcp": lambda: [packets.tcp(UE, PCSCF, 1, raw)],
        "fragments": lambda: packets.fragments(packets.udp(UE, PCSCF, raw)),
        "ipv6": lambda: [packets.ip6(*V6, 17, struct.pack("!HHHH", 5060, 4060, 8 + len(raw), 0) + raw)],
    }[inner]()
    for number, packet in enumerate(inside):
        length = struct.pack("!H", len(header) - 2 + 2 - 8 + len(packet))
        packets.add(packets.udp(f"{OUTER[0]}:2152", f"{OUTER[1]}:2152", header % length + packet), number)
    (message,) = both(packets).messages
    assert (message.raw, message.sightings[0].encapsulation) == (raw, ("gtp",))


def test_media_in_gtp_u_is_passed_over(packets: Packets) -> None:
    rtp = bytes.fromhex("8008000100000001deadbeef") + bytes(160)
    packets.add(packets.gtp(*OUTER, packets.udp("10.1.0.1:40000", "10.1.0.2:50000", rtp)))
    trace = both(packets)
    assert (trace.messages, trace.captures[0].not_read) == ((), {"rtp": 1})


def test_packets_of_no_octets_are_counted_and_not_dissected(packets: Packets, register: Make) -> None:
    packets.add(b"")
    packets.add(packets.udp(UE, PCSCF, register()), 1)
    trace = both(packets)
    assert (len(trace.messages), trace.captures[0].not_read) == (1, {"empty": 1})


def test_esp_without_encryption(packets: Packets, register: Make) -> None:
    packets.add(packets.esp(packets.udp(UE, PCSCF, register())))
    (message,) = both(packets).messages
    assert (message.raw, message.sightings[0].encapsulation) == (register(), ("esp",))


@pytest.mark.parametrize("ports", [("40000", "3868"), ("40000", "3870")])
def test_diameter_over_tcp_and_sctp(packets: Packets, diameter: Make, ports: tuple[str, str]) -> None:
    ends = (f"10.1.0.3:{ports[0]}", f"10.1.0.5:{ports[1]}")
    raw = diameter(1, 1) + diameter(2, 2)
    packets.add(packets.tcp(*ends, 1, raw[:150]))
    packets.add(packets.tcp(*ends, 151, raw[150:]), 1)
    packets.add(packets.sctp("10.1.0.4:40000", f"10.1.0.5:{ports[1]}", 1, diameter(3, 3)), 2)
    found = list(both(packets).diameter)
    assert [message.hop_by_hop for message in found] == [1, 2, 3]
    assert [message.source.transport for message in found] == ["tcp", "tcp", "sctp"]


def test_a_stream_seen_at_two_points_is_seen_twice(packets: Packets, register: Make) -> None:
    """Wireshark alone takes the second for a retransmission, because connections have no interface there."""
    raw = register("c1", body=LONG) + register("c2")
    for start in range(0, len(raw), 700):
        segment = packets.tcp(UE, PCSCF, 1 + start, raw[start : start + 700])
        packets.add(segment, start, on="Gm")
        packets.add(segment, start + 1, on="Mw")
    first, second = both(packets).messages
    assert places(first) == [(7, Point.GM, ()), (8, Point.MW, ())]
    assert places(second) == [(7, Point.GM, ()), (8, Point.MW, ())]
    assert first.retransmission_of is second.retransmission_of is None


@pytest.mark.parametrize("transport", ["tcp", "sctp"])
def test_diameter_seen_at_two_points_is_seen_twice(packets: Packets, diameter: Make, transport: str) -> None:
    packet = packets.tcp(ICSCF, HSS, 1, diameter()) if transport == "tcp" else packets.sctp(ICSCF, HSS, 1, diameter())
    packets.add(packet, 0, on="Cx")
    packets.add(packet, 3, on="Mw")
    (message,) = both(packets).messages
    assert places(message) == [(1, Point.CX, ()), (2, Point.MW, ())]


def test_fragments_seen_at_two_points_are_seen_twice(packets: Packets, register: Make) -> None:
    for number, part in enumerate(packets.fragments(packets.udp(UE, PCSCF, register(body=LONG)))):
        packets.add(part, 2 * number, on="Gm")
        packets.add(part, 2 * number + 1, on="Mw")
    (message,) = both(packets).messages
    assert places(message) == [(5, Point.GM, ()), (6, Point.MW, ())]


def test_a_stream_in_a_tunnel_and_out_of_it_is_one_message(packets: Packets, register: Make) -> None:
    segment = packets.tcp(UE, PCSCF, 1, register())
    packets.add(packets.gtp(*OUTER, segment), 0)
    packets.add(packets.gtp(OUTER[1], "10.9.0.3", segment), 1)
    packets.add(segment, 2)
    (message,) = both(packets).messages
    assert [encapsulation for _, _, encapsulation in places(message)] == [("gtp",), ("gtp",), ()]


def test_a_segment_that_is_lost_at_one_point_is_taken_from_the_other(packets: Packets, register: Make) -> None:
    raw = register(body=LONG)
    for start in range(0, len(raw), 700):
        segment = packets.tcp(UE, PCSCF, 1 + start, raw[start : start + 700])
        if start != 700:
            packets.add(segment, start, on="Gm")
        packets.add(segment, start + 1, on="Mw")
    (message,) = both(packets).messages
    assert message.raw == raw


def test_a_segment_that_is_sent_again_is_no_copy(packets: Packets, register: Make) -> None:
    for at_ms in (0, 100):
        packets.add(packets.tcp(UE, PCSCF, 1, register()), at_ms, on="Gm")
    (message,) = both(packets).messages
    assert places(message) == [(1, Point.GM, ())]


def test_streams_at_the_points_of_two_files_are_seen_twice(packets: Packets, register: Make, tmp_path: Path) -> None:
    segment = packets.tcp(UE, PCSCF, 1, register())
    packets.add(segment, 0, on="Gm")
    other = type(packets)(tmp_path / "other.pcapng")
    other.add(segment, 7_200_000, on="Mw")
    trace = read_trace([packets.write(), other.write()])
    assert [places(message) for message in trace.messages] == [[(1, Point.GM, ()), (1, Point.MW, ())]]


def test_what_is_no_signalling_is_counted_by_name(packets: Packets, register: Make) -> None:
    packets.add(packets.udp(UE, PCSCF, register()))
    packets.add(packets.udp(UE, PCSCF, b"\r\n\r\n"), 1)
    packets.add(packets.ip("10.1.0.1", "10.1.0.2", 1, b"\x08\0\0\0\0\1\0\1"), 2)
    packets.add(packets.ip("10.1.0.1", "10.1.0.2", 89, b"\2\1\0\x2c" + bytes(40)), 3)
    packets.add(packets.ip("10.1.0.1", "10.1.0.2", 50, bytes(range(64))), 4)
    packets.add(packets.ip("10.1.0.1", "10.1.0.2", 253, bytes(64)), 5)
    counts = both(packets).captures[0].not_read
    assert counts["keep-alive"] == counts["icmp"] == counts["ospf"] == counts["esp"] == 1
    assert sum(counts.values()) == 5
