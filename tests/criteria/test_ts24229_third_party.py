"""What application servers are told of a registration (REG-43): who is wrong, what is missing, what is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.numbers import Avp
from conformance.vocabulary.points import Point

SERVER = Endpoint("127.40.1.17", 5060, "udp")
URI = "sip:as.uc3m.test"
SCSCF = "sip:scscf.uc3m.test:6060"
REGISTER = (
    f"REGISTER {URI} SIP/2.0\r\nVia: SIP/2.0/UDP 127.40.1.13:6060;branch=z9hG4bKs9\r\nMax-Forwards: 70\r\n"
    f"From: <{SCSCF}>;tag=s\r\nTo: <sip:alice@uc3m.test>\r\nCall-ID: c9@scscf\r\nCSeq: 7 REGISTER\r\n"
    f"Contact: <{SCSCF}>\r\nExpires: 3600\r\nContent-Length: 0\r\n\r\n"
)


def spt(method: str, kind: int | None = None) -> str:
    extension = "" if kind is None else f"<Extension><RegistrationType>{kind}</RegistrationType></Extension>"
    return f"<SPT><Group>0</Group><Method>{method}</Method>{extension}</SPT>"


def profile(triggers: str, *servers: str) -> str:
    criteria = "".join(
        f"<InitialFilterCriteria><Priority>0</Priority><TriggerPoint><ConditionTypeCNF>0</ConditionTypeCNF>{triggers}"
        f"</TriggerPoint><ApplicationServer><ServerName>{server}</ServerName></ApplicationServer></InitialFilterCriteria>"
        for server in servers
    )
    identities = "".join(
        f"<PublicIdentity><Identity>{identity}</Identity></PublicIdentity>"
        for identity in ("sip:alice@uc3m.test", "tel:+34600000001")
    )
    return f"<IMSSubscription><ServiceProfile>{identities}{criteria}</ServiceProfile></IMSSubscription>"


@pytest.fixture
def told(lab: Any) -> Any:
    """A registration whose profile names an application server, which is told of it; ISC was captured."""
    lab.avp("saa", Avp.USER_DATA, profile(spt("REGISTER", 0), URI))
    entry, source = type(lab["gm1"]), lab["i1"].destination
    answer = REGISTER.replace(f"REGISTER {URI} SIP/2.0", "SIP/2.0 200 OK").replace("Max-Forwards: 70\r\n", "")
    lab.entries += [
        entry("isc", Point.ISC, source, SERVER, REGISTER),
        entry("isc200", Point.ISC, SERVER, source, answer),
    ]
    later = entry("later", Point.DNS, source, Endpoint("127.40.1.15", 53, "udp"), question=("elsewhere.test", "A"))
    later.time_ns = 1_700_000_060_000_000_000
    lab.entries.append(later)
    lab.points = (*lab.points, Point.ISC)
    return lab


def verdict(lab: Any) -> str:
    return str(lab.result("REG-43").verdict)


def test_an_application_server_that_is_told_as_it_should(told: Any) -> None:
    result = told.judge()
    assert {c.id: c.found for c in result.criteria if c.verdict not in ("PASS", "NOT_APPLICABLE")} == {}
    assert (result.flow, result.conformance, verdict(told)) == ("registration-home", "PASS", "PASS")
    assert result.roles["home-as"] == ["127.40.1.17:5060/udp"]
    assert [a.step for a in result.ladder if a.destination == "home-as"] == ["third-party-register"]


DEVIATIONS = {
    "From is the user": lambda lab: lab.edit("isc isc200", f"From: <{SCSCF}>", "From: <sip:alice@uc3m.test>"),
    "Contact is the terminal": lambda lab: lab.edit(
        "isc", f"Contact: <{SCSCF}>", "Contact: <sip:alice@127.40.1.100:5062>"
    ),
    "no Contact": lambda lab: lab.edit("isc", f"Contact: <{SCSCF}>\r\n", ""),
    "another application server": lambda lab: lab.edit("isc", f"REGISTER {URI} ", "REGISTER sip:tv.uc3m.test "),
    "another user": lambda lab: lab.edit("isc isc200", "To: <sip:alice@", "To: <sip:bob@"),
    "nothing at all": lambda lab: lab.drop("isc isc200"),
    "the end of a registration that begins": lambda lab: lab.edit("isc", "Expires: 3600", "Expires: 0"),
    "longer than was granted": lambda lab: lab.edit("isc", "Expires: 3600", "Expires: 600000"),
    "two seconds less": lambda lab: lab.edit("isc", "Expires: 3600", "Expires: 3598"),
    "no time": lambda lab: lab.edit("isc", "Expires: 3600\r\n", ""),
}


@pytest.mark.parametrize("deviation", DEVIATIONS)
def test_a_deviation_fails_it_alone_and_blames_the_scscf(told: Any, deviation: str) -> None:
    lab = DEVIATIONS[deviation](told)
    assert lab.failing() == ["REG-43"]
    assert lab.result("REG-43").node == "home-scscf"


ALLOWED = {
    "another identity of the user": lambda lab: lab.edit("isc isc200", "<sip:alice@uc3m.test>", "<tel:+34600000001>"),
    "the address of the S-CSCF": lambda lab: lab.edit("isc isc200", SCSCF, "sip:127.40.1.13:6060"),
    "a URI of the S-CSCF with a user part": lambda lab: lab.edit(
        "isc", f"Contact: <{SCSCF}", f"Contact: <sip:t@{SCSCF[4:]}"
    ),
    "a parameter of the Request-URI": lambda lab: lab.edit("isc", f"REGISTER {URI} ", f"REGISTER {URI};lr "),
    "the time beside the contact": lambda lab: lab.edit(
        "isc", f"{SCSCF}>\r\nExpires: 3600", f"{SCSCF}>;expires=3600\r\nExpires: 1"
    ),
    "a second that ended in between": lambda lab: lab.edit("isc", "Expires: 3600", "Expires: 3599"),
    "no answer": lambda lab: lab.drop("isc200"),
    "a refusal": lambda lab: lab.edit("isc200", "200 OK", "503 Service Unavailable"),
    "criteria that look at more than the method": lambda lab: lab.avp(
        "saa", Avp.USER_DATA, profile(spt("REGISTER"), URI).replace("</SPT>", "<SIPHeader/></SPT>")
    ),
}


@pytest.mark.parametrize("allowed", ALLOWED)
def test_what_is_allowed_is_not_accused(told: Any, allowed: str) -> None:
    assert ALLOWED[allowed](told).failing() == []


def test_the_end_by_the_network_is_another_matter(told: Any) -> None:
    again = type(told["gm1"])("isc2", Point.ISC, told["isc"].source, SERVER, REGISTER)
    told.entries.append(again)
    told.edit("isc2", "Expires: 3600", "Expires: 0").edit("isc2", "CSeq: 7", "CSeq: 8").edit(
        "isc2", "z9hG4bKs9", "z9hG4bKs10"
    )
    assert verdict(told) == "PASS"


def test_one_of_two_application_servers_is_forgotten(told: Any) -> None:
    told.avp("saa", Avp.USER_DATA, profile(spt("REGISTER", 0), URI, "sip:tv.uc3m.test"))
    result = told.result("REG-43")
    assert (result.verdict, result.expected, result.found) == ("FAIL", "REGISTER sip:tv.uc3m.test", "no REGISTER to it")


@pytest.mark.parametrize("triggers", [spt("INVITE"), spt("REGISTER", 1), spt("REGISTER", 2)])
def test_a_profile_that_asks_for_something_else_asks_for_nothing_here(told: Any, triggers: str) -> None:
    told.avp("saa", Avp.USER_DATA, profile(triggers, URI)).drop("isc isc200")
    assert verdict(told) == "NOT_APPLICABLE"


def test_the_line_that_would_declare_an_application_server_is_named(told: Any, federation: Any) -> None:
    told.federation = federation
    told.avp("saa", Avp.USER_DATA, profile("")).drop("isc isc200")
    assert "testbeds.uc3m.nodes.as would declare one" in told.result("REG-43").found


def test_what_was_not_captured_accuses_nobody(told: Any) -> None:
    told.drop("isc isc200").points = (Point.GM, Point.MW, Point.CX, Point.DNS)
    assert (verdict(told), told.result("REG-43").found) == ("INCONCLUSIVE", "ISC not captured")


def test_a_capture_that_lost_packets_accuses_nobody(told: Any) -> None:
    told.drop("isc isc200").drops = 3
    assert verdict(told) == "INCONCLUSIVE"


def test_a_capture_that_ends_at_once_accuses_nobody(told: Any) -> None:
    assert verdict(told.drop("isc isc200 later")) == "INCONCLUSIVE"


def test_without_a_profile_nobody_knows_whom_it_names(told: Any) -> None:
    assert verdict(told.avp("saa", Avp.USER_DATA, None)) == "INCONCLUSIVE"


@pytest.mark.parametrize("user_data", ["<IMSSubscription", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "<a>" * 100])
def test_a_profile_that_cannot_be_read_is_no_verdict(told: Any, user_data: str) -> None:
    result = told.avp("saa", Avp.USER_DATA, user_data).result("REG-43")
    assert (result.verdict, result.found.startswith("the user profile cannot be read")) == ("INCONCLUSIVE", True)


def test_a_name_that_may_be_the_scscf_is_not_accused(told: Any) -> None:
    assert verdict(told.edit("isc", f"From: <{SCSCF}>", "From: <sip:s1.core.uc3m.test>")) == "INCONCLUSIVE"


def test_an_application_server_inside_the_scscf_is_not_missing(told: Any) -> None:
    told.avp("saa", Avp.USER_DATA, profile(spt("REGISTER"), "sip:scscf.uc3m.test:5070")).drop("isc isc200")
    assert verdict(told) == "INCONCLUSIVE"
