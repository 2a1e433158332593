"""Roles come from what nodes do, never from ports or well-known addresses."""

from __future__ import annotations

from typing import Any

from conformance.vocabulary.identifiers import Endpoint

ALL_ROLES = {"ue", "home-pcscf", "home-icscf", "home-scscf", "home-hss", "home-dns"}


def move(lab: Any, change: Any) -> Any:
    """Let every message come from and go to other endpoints."""
    for entry in lab.entries:
        entry.source, entry.destination = change(entry.source), change(entry.destination)
    return lab


def test_each_node_has_its_role(lab: Any) -> None:
    roles = lab.judge().roles
    assert set(roles) == ALL_ROLES
    assert roles["ue"] == ["127.40.1.100:5062/udp"]
    assert roles["home-pcscf"] == ["127.40.1.11:4060/udp"]
    assert roles["home-icscf"] == ["127.40.1.12:5060/udp", "127.40.1.12:40001/tcp"]
    assert roles["home-scscf"] == ["127.40.1.13:6060/udp", "127.40.1.13:40002/tcp"]
    assert roles["home-hss"] == ["127.40.1.14:3868/tcp"]
    assert roles["home-dns"] == ["127.40.1.15:53/udp"]


def test_all_cscfs_on_one_address(lab: Any) -> None:
    core = {f"127.40.1.{n}" for n in (11, 12, 13, 14, 15)}
    move(lab, lambda e: Endpoint("127.40.1.50", e.port, e.transport) if e.address in core else e)
    result = lab.judge()
    assert set(result.roles) == ALL_ROLES
    assert result.roles["home-scscf"][0] == "127.40.1.50:6060/udp"
    assert result.conformance == "PASS"


def test_ports_the_other_way_round(lab: Any) -> None:
    ports = {4060: 6060, 6060: 4060, 5060: 5080, 3868: 3870}
    move(lab, lambda e: Endpoint(e.address, ports.get(e.port, e.port), e.transport))
    result = lab.judge()
    assert result.roles["home-pcscf"] == ["127.40.1.11:6060/udp"]
    assert result.roles["home-scscf"][0] == "127.40.1.13:4060/udp"
    assert result.conformance == "PASS"


def test_one_role_on_several_addresses(lab: Any) -> None:
    lab["p2"].source = Endpoint("127.40.1.21", 4060, "udp")
    lab["i200"].destination = lab["p2"].source
    assert lab.judge().roles["home-pcscf"] == ["127.40.1.11:4060/udp", "127.40.1.21:4060/udp"]


def test_the_scscf_is_known_by_its_cx_where_the_request_uri_stays(lab: Any) -> None:
    lab.edit("i1 i2", "REGISTER sip:scscf.uc3m.test:6060", "REGISTER sip:uc3m.test")
    assert lab.judge().roles["home-scscf"][0] == "127.40.1.13:6060/udp"


def test_a_pcscf_that_talks_to_the_scscf_itself(lab: Any) -> None:
    lab.drop("p1 p2 uar1 uaa1 uar2 uaa2 i401 i200 s-q s-r")
    for key, other in (("i1", "s401"), ("i2", "s200")):
        via = "Via: SIP/2.0/UDP 127.40.1.12:5060;branch=z9hG4bKi" + key[1] + "\r\n"
        lab.edit(f"{key} {other}", via, "")
        lab.edit(key, "Max-Forwards: 68", "Max-Forwards: 69")
        lab[key].source = lab[other].destination = Endpoint("127.40.1.11", 4060, "udp")
    roles = lab.judge().roles
    assert roles["home-scscf"] == ["127.40.1.13:6060/udp", "127.40.1.13:40002/tcp"]
    assert "home-icscf" not in roles


def test_the_core_alone(lab: Any) -> None:
    lab.entries = [entry for entry in lab.entries if entry.point != "Gm"]
    lab.points = ("Mw", "Cx", "DNS")
    result = lab.judge()
    assert set(result.roles) == ALL_ROLES - {"ue"}
    assert [c.id for c in result.criteria if c.verdict == "FAIL"] == []
    assert result.interoperability == "INCONCLUSIVE"


def test_a_pcscf_of_another_testbed_is_the_visited_one(lab: Any, federation: Any) -> None:
    lab.federation = federation
    assert "home-pcscf" in lab.judge().roles
    visited = Endpoint("127.40.2.11", 4060, "udp")
    move(lab, lambda e: visited if e.address == "127.40.1.11" and e.port == 4060 else e)
    assert lab.judge().roles["visited-pcscf"] == ["127.40.2.11:4060/udp"]
