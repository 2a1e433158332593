"""What passes between partners is in the tunnel, the tunnel is up, and addresses lead somewhere (D2.2 2.8)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conformance.judgement import judge
from conformance.trace.model import Message, Sighting, Trace, VpnPacket, VpnStream
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.points import Point
from conformance.vocabulary.results import CriterionResult

CLIENT, HUB = Endpoint("198.51.100.2", 40000, "udp"), Endpoint("198.51.100.1", 1194, "udp")
START_NS = 1_700_000_000_000_000_000
HANDSHAKE = (7, 8, 4, 5, 9)


def stream(*steps: tuple[int, float], port: int = 40000) -> VpnStream:
    """Make a stream of opcodes, each first seen so many milliseconds behind the start."""
    client = CLIENT._replace(port=port)
    made = VpnStream((client, HUB))
    for opcode, at_ms in steps:
        ends = (HUB, client) if opcode == 8 else (client, HUB)
        sighting = Sighting(0, 900, START_NS + int(at_ms * 1_000_000), Point.VPN, *ends)
        made.counts[opcode] += 1
        made.first[opcode != 8, opcode] = VpnPacket((sighting,), bytes([opcode << 3]), opcode=opcode)
    return made


def handshake(at_ms: float, port: int = 40000) -> VpnStream:
    return stream(*((opcode, at_ms + index / 100) for index, opcode in enumerate(HANDSHAKE)), port=port)


def judged(lab: Any, id: str, *streams: VpnStream, clear: str = "", points: bool = True) -> CriterionResult:
    """Judge a roaming registration with those streams; what stands in the entry `clear` is seen at the gateway."""
    if points:
        lab.points = (*lab.points, Point.VPN)
    trace = lab.trace()
    messages: tuple[Message, ...] = trace.messages
    if clear:
        place = lab.entries.index(lab[clear])
        message = messages[place]
        again = replace(message.sightings[0], point=Point.VPN, frame=800)
        messages = tuple(replace(m, sightings=(*m.sightings, again)) if m is message else m for m in messages)
    (found,) = judge(Trace(trace.captures, messages, streams), federation=lab.federation, confirm=None).procedures
    return next(criterion for criterion in found.criteria if criterion.id == id)


@pytest.fixture
def roaming(lab: Any, federation: Any) -> Any:
    lab.federation = federation
    return lab.abroad()


def first_between(lab: Any) -> int:
    """Return in which millisecond the first SIP between the partners is seen."""
    return int(lab.entries.index(lab["p1"])) + 1


@pytest.mark.parametrize("id", ["VPN-01", "VPN-02"])
def test_without_the_outer_interface_or_at_home_nothing_is_said(lab: Any, federation: Any, id: str) -> None:
    assert judged(lab, id, points=False).found == "the outer interface of no VPN gateway was captured"
    lab.federation = federation
    assert judged(lab, id, handshake(-50)).found == "nothing passes between two partners"


def test_what_is_in_the_tunnel_is_not_seen(roaming: Any) -> None:
    result = judged(roaming, "VPN-01", handshake(-50))
    assert (result.verdict, result.found) == ("PASS", "4 messages between partners, none of them in clear")


@pytest.mark.parametrize(
    ("key", "words", "node"),
    [("p1", "SIP REGISTER", "visited-pcscf"), ("i200", "SIP 200", "home-icscf"), ("mar", "Diameter", "home-scscf")],
)
def test_what_is_seen_at_the_gateway_is_not_in_the_tunnel(roaming: Any, key: str, words: str, node: str) -> None:
    result = judged(roaming, "VPN-01", handshake(-50), clear=key)
    assert (result.verdict, result.node, result.evidence[0].frame) == ("FAIL", node, 800)
    assert result.found.startswith(f"{words} in clear")


def test_esp_is_not_in_clear(roaming: Any) -> None:
    roaming["p1"].tunnels = ("esp",)
    assert judged(roaming, "VPN-01", handshake(-50), clear="p1").verdict == "PASS"


def test_the_handshake_before_the_first_register(roaming: Any) -> None:
    result = judged(roaming, "VPN-02", handshake(-50))
    assert (result.verdict, len(result.evidence)) == ("PASS", 4)


def test_the_first_register_before_the_handshake(roaming: Any) -> None:
    at = first_between(roaming)
    result = judged(roaming, "VPN-02", handshake(at + 0.5))
    assert (result.verdict, result.node, result.evidence[0].frame) == ("FAIL", "visited-pcscf", at)
    late = stream((7, -5), (8, at + 1), (4, at + 2), (9, at + 3))
    assert "P_CONTROL_HARD_RESET_SERVER_V2" in judged(roaming, "VPN-02", late).found


def test_a_tunnel_that_was_up_before_the_capture_has_no_handshake(roaming: Any) -> None:
    assert judged(roaming, "VPN-02", stream((9, -5))).found.startswith("up before the capture began: data")
    behind = first_between(roaming) + 1
    assert judged(roaming, "VPN-02", stream((9, behind))).verdict == "PASS"
    roaming.drops = 1
    assert judged(roaming, "VPN-02", stream((9, behind))).verdict == "INCONCLUSIVE"


def test_a_tunnel_that_comes_back_was_up_before(roaming: Any) -> None:
    assert judged(roaming, "VPN-02", stream((9, -5), (7, 100), (8, 101), (4, 102))).verdict == "PASS"
    assert judged(roaming, "VPN-02", handshake(100, port=41000), handshake(-50)).verdict == "PASS"


@pytest.mark.parametrize("steps", [(), ((7, -5.0),), ((7, -5.0), (9, -4.0)), ((7, -5.0), (8, -4.0), (4, -3.0))])
def test_a_part_of_it_proves_nothing(roaming: Any, steps: tuple[tuple[int, float], ...]) -> None:
    streams = [stream(*steps)] if steps else []
    assert judged(roaming, "VPN-02", *streams).verdict == "INCONCLUSIVE"


def test_data_between_the_steps_is_no_handshake(roaming: Any) -> None:
    mixed = stream((7, -9), (9, -8), (8, -7), (4, -6))
    assert judged(roaming, "VPN-02", mixed).verdict == "INCONCLUSIVE"


PATH, CONTACT = "Path: <sip:term@pcscf.uc3m.test:4060;lr>", "Contact: <sip:alice@127.40.1.100:5062>"


@pytest.mark.parametrize(
    ("keys", "old", "new", "node"),
    [
        ("p1 i1 p2 i2", PATH, PATH.replace("pcscf.uc3m.test", "10.0.0.11"), "home-pcscf"),
        ("p1 i1 p2 i2", PATH, PATH.replace("pcscf.uc3m.test", "127.0.0.1"), "home-pcscf"),
        ("s200 i200 g200", "scscf.uc3m.test:6060;lr", "192.168.1.13:6060;lr", "home-scscf"),
    ],
)
def test_an_address_that_was_not_agreed_on(lab: Any, federation: Any, keys: str, old: str, new: str, node: str) -> None:
    lab.edit(keys, old, new).federation = federation
    assert (lab.result("VPN-06").verdict, lab.result("VPN-06").node) == ("FAIL", node)


def test_on_one_host_without_a_federation_nothing_is_wrong(lab: Any) -> None:
    assert (
        lab.edit("p1 i1 p2 i2", PATH, PATH.replace("pcscf.uc3m.test", "127.0.0.1")).result("VPN-06").verdict == "PASS"
    )


def test_without_a_federation_an_address_of_one_host_alone_is_wrong(lab: Any) -> None:
    for entry in lab.entries:
        entry.source, entry.destination = (
            end._replace(address=end.address.replace("127.40.1.", "10.9.8."))
            for end in (entry.source, entry.destination)
        )
    result = lab.result("VPN-06")
    assert (result.verdict, result.node, result.found) == ("FAIL", "ue", "Contact: 127.40.1.100")
