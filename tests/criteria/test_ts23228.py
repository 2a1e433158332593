"""Access points: whose address, whose P-CSCF, whose network."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.vocabulary.identifiers import Endpoint

ROAMING = ("DISC-01", "DISC-02", "DISC-03", "DNS-06", "REG-17", "REG-21", "REG-42")


def verdicts(lab: Any, *ids: str) -> list[str]:
    found = {c.id: c.verdict.value for c in lab.judge().criteria}
    return [found[id] for id in ids]


def test_at_home(lab: Any, federation: Any) -> None:
    lab.federation = federation
    assert lab.failing() == []
    assert verdicts(lab, "DISC-01", "DISC-02", "DISC-03", "DNS-06") == ["PASS", *["NOT_APPLICABLE"] * 3]


def test_visited_access_point(lab: Any, federation: Any) -> None:
    lab.abroad().federation = federation
    result = lab.judge()
    assert (result.flow, result.interoperability, result.conformance) == ("registration-visited", "PASS", "PASS")
    assert lab.failing() == []
    assert set(verdicts(lab, *ROAMING)) == {"PASS", "NOT_APPLICABLE"}
    assert verdicts(lab, "DISC-02", "DNS-06", "REG-17", "REG-21") == ["PASS"] * 4
    assert not any("the flow was left" in reason for reason in result.reasons[:1])
    assert list(result.roles)[:2] == ["ue", "visited-pcscf"]
    assert {"visited-dns", "home-dns"} <= set(result.roles)


def test_visited_access_point_without_a_federation(lab: Any) -> None:
    result = lab.abroad().judge()
    assert (result.flow, result.interoperability) == ("registration-visited", "PASS")
    assert lab.failing() == []
    assert "visited-pcscf" in result.roles


def test_home_access_point(lab: Any, federation: Any) -> None:
    lab.tunnel().federation = federation
    result = lab.judge()
    assert (result.flow, result.conformance) == ("registration-home-access", "PASS")
    assert lab.failing() == []
    assert verdicts(lab, "DISC-02", "DISC-03") == ["NOT_APPLICABLE", "PASS"]


VISITED = {
    "DISC-01 the P-CSCF of another network": lambda lab: (
        [
            setattr(lab[key], end, Endpoint(lab["gm1"].source.address.replace(".2.", ".1."), 5062, "udp"))
            for key, end in (("gm1", "source"), ("gm2", "source"), ("g401", "destination"), ("g200", "destination"))
        ]
        and lab.edit("gm1 gm2 p2 i2 g200", "127.40.2.100:5062>", "127.40.1.100:5062>")
    ),
    "DISC-02 Path at home": lambda lab: lab.edit(
        "p1 i1 p2 i2 s200 i200 g200", "term@pcscf.stuba.test", "term@pcscf.uc3m.test"
    ),
    "REG-17 the home network's identifier": lambda lab: lab.edit("p1 i1", 'ID: "stuba.test"', 'ID: "uc3m.test"'),
    "REG-21 the own I-CSCF": lambda lab: (
        [
            setattr(lab[key], end, Endpoint("127.40.2.12", 5060, "udp"))
            for key, end in (("p1", "destination"), ("i401", "source"), ("p2", "destination"), ("i200", "source"))
        ]
        and lab
    ),
    "DNS-06 another address than DNS gives": lambda lab: lab.records("a-r", lab.host(address="127.40.1.99")),
}


@pytest.mark.parametrize("case", VISITED)
def test_one_wrong_thing_at_the_visited_access_point(lab: Any, federation: Any, case: Any) -> None:
    lab.abroad().federation = federation
    lab = VISITED[case](lab)
    id = case.partition(" ")[0]
    assert id in lab.failing()
    assert lab.result(id).node == ("ue" if id == "DISC-01" else "visited-pcscf")


@pytest.mark.parametrize(("end", "blamed"), [("source", "ue"), ("destination", "home-pcscf")])
def test_a_visited_cscf_has_no_part_in_home_access(lab: Any, federation: Any, end: str, blamed: str) -> None:
    lab.tunnel().federation = federation
    stray = lab["gm1"]
    copy = type(stray)("stray", stray.point, getattr(stray, end), Endpoint("127.40.2.11", 4060, "udp"), stray.sip)
    lab.entries.insert(3, copy)
    assert "DISC-03" in lab.failing()
    assert lab.result("DISC-03").node == blamed


def test_dns_out_of_a_cache_accuses_nobody(lab: Any, federation: Any) -> None:
    lab.abroad().federation = federation
    lab.entries = [entry for entry in lab.entries if not entry.question[0]]
    assert lab.failing() == []
    assert lab.result("DNS-06").verdict == "NOT_APPLICABLE"


def test_addresses_that_the_federation_does_not_know_accuse_nobody(lab: Any, federation: Any) -> None:
    lab.federation = federation
    for entry in lab.entries:
        for end in ("source", "destination"):
            endpoint = getattr(entry, end)
            setattr(entry, end, endpoint._replace(address=endpoint.address.replace("127.40.1.", "10.9.8.")))
        entry.sip = entry.sip.replace("127.40.1.", "10.9.8.")
    assert lab.failing() == []


def test_another_target_may_come_out_of_a_cache(lab: Any, federation: Any) -> None:
    lab.abroad().federation = federation
    lab.records("srv-r", lab.srv(), lab.srv("icscf2.uc3m.test")).records(
        "a-r", lab.host("icscf2.uc3m.test", "127.40.1.99")
    )
    assert "DNS-06" not in lab.failing()


def test_a_p_cscf_at_an_address_that_nobody_declares(lab: Any, federation: Any) -> None:
    lab.abroad().federation = federation
    for entry in lab.entries:
        entry.sip = entry.sip.replace("127.40.2.11", "10.9.8.7")
        for end in ("source", "destination"):
            endpoint = getattr(entry, end)
            if endpoint.address == "127.40.2.11":
                setattr(entry, end, endpoint._replace(address="10.9.8.7"))
    result = lab.judge()
    assert result.flow == "registration-visited"
    assert lab.failing() == []
    lab.entries = [entry for entry in lab.entries if entry.point != "Gm"]
    lab.points = ("Mw", "Ic", "Cx", "DNS")
    assert lab.failing() == []


def led(lab: Any, port: int, address: str | None) -> Any:
    """Let the visited P-CSCF send REGISTERs with a port in the Request-URI to its own I-CSCF."""
    lab.abroad()
    lab.drop("naptr-q naptr-r srv-q srv-r")
    lab.edit("gm1 gm2 p1 p2", "REGISTER sip:uc3m.test SIP", f"REGISTER sip:uc3m.test:{port} SIP")
    if address is None:
        lab.drop("a-q a-r")
    else:
        for key in ("a-q", "a-r"):
            lab[key].question = ("uc3m.test", "A")
        lab.records("a-r", lab.host("uc3m.test", address))
    own = Endpoint("127.40.2.12", 5060, "udp")
    lab["p1"].destination = lab["p2"].destination = lab["i401"].source = lab["i200"].source = own
    return lab


@pytest.mark.parametrize(
    ("port", "address", "verdict"),
    [
        (5060, "127.40.2.12", "NOT_APPLICABLE"),
        (5060, None, "NOT_APPLICABLE"),
        (5060, "127.40.1.12", "FAIL"),
        (5070, None, "FAIL"),
    ],
)
def test_a_port_excuses_only_who_follows_it(
    lab: Any, federation: Any, port: int, address: str | None, verdict: str
) -> None:
    lab.federation = federation
    assert led(lab, port, address).result("REG-21").verdict == verdict
