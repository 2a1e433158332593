from __future__ import annotations

from dataclasses import replace

from conformance.trace.merge import COPY_WINDOW_NS, Seen, group_sightings
from conformance.trace.model import Sighting
from conformance.vocabulary.identifiers import Endpoint

A, B = Endpoint("127.31.0.1", 5060, "udp"), Endpoint("127.31.0.2", 4060, "udp")
MS = 1_000_000
FIRST = Seen(Sighting(0, 1, 0, None, A, B), b"REGISTER", "SIP", 0, "a>b", 0, False)


def later(
    ms: float, *, outer: str = "a>b", interface: int = 0, ip_id: int = 0, capture: int = 0, everywhere: bool = False
) -> Seen:
    sighting = replace(FIRST.sighting, time_ns=int(ms * MS), capture=capture)
    return replace(FIRST, sighting=sighting, outer=outer, interface=interface, ip_id=ip_id, many_interfaces=everywhere)


def sizes(*seen: Seen) -> list[int]:
    return [len(group.seen) for group in group_sightings(seen)]


def test_the_same_bytes_in_a_tunnel_are_a_copy() -> None:
    assert sizes(FIRST, later(1, outer="x,a>y,b")) == [2]


def test_the_same_bytes_on_another_interface_or_in_another_capture_are_a_copy() -> None:
    assert sizes(FIRST, later(1, interface=1), later(2, capture=1)) == [3]


def test_the_same_bytes_at_the_same_place_are_a_retransmission() -> None:
    groups = group_sightings([FIRST, later(100), later(300)])
    assert [len(group.seen) for group in groups] == [1, 1, 1]
    assert [group.retransmission_of for group in groups] == [None, groups[0], groups[0]]


def test_a_capture_of_all_interfaces_sees_one_packet_several_times_at_once() -> None:
    first = replace(FIRST, many_interfaces=True)
    assert sizes(first, later(1, everywhere=True), later(500, everywhere=True)) == [2, 1]


def test_copies_of_retransmissions_find_their_own_message() -> None:
    order = [FIRST, later(10, interface=1), later(50), later(60, interface=1)]
    assert sizes(*order) == [2, 2]


def test_what_is_late_is_no_copy() -> None:
    assert sizes(FIRST, later(COPY_WINDOW_NS / MS + 1, interface=1)) == [1, 1]


def test_the_identification_of_the_packet_decides_where_there_is_one() -> None:
    first = replace(FIRST, ip_id=7)
    assert sizes(first, later(1, ip_id=7)) == [2]
    assert sizes(first, later(1, ip_id=8, interface=1)) == [1, 1]


def test_other_addresses_or_other_bytes_are_another_message() -> None:
    back = replace(FIRST, sighting=replace(FIRST.sighting, source=B, destination=A))
    groups = group_sightings([FIRST, back, replace(FIRST, raw=b"REGISTER.")])
    assert [group.retransmission_of for group in groups] == [None, None, None]


def test_a_flood_of_equal_messages_stays_linear() -> None:
    assert sum(sizes(*(later(number / 1000) for number in range(20_000)))) == 20_000
