"""REGISTERs of S-CSCFs to application servers: told from those of terminals, and given to the right registration."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.judgement import judge
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.numbers import Avp
from conformance.vocabulary.points import Point

SERVER = Endpoint("127.40.1.17", 5060, "udp")
PROFILE = (
    "<IMSSubscription><ServiceProfile><PublicIdentity><Identity>sip:alice@uc3m.test</Identity></PublicIdentity>"
    "<InitialFilterCriteria><TriggerPoint><ConditionTypeCNF>0</ConditionTypeCNF><SPT><Group>0</Group>"
    "<Method>REGISTER</Method></SPT></TriggerPoint><ApplicationServer><ServerName>sip:as.uc3m.test</ServerName>"
    "</ApplicationServer></InitialFilterCriteria></ServiceProfile></IMSSubscription>"
)


def tell(
    lab: Any, *, sender: str = "sip:scscf.uc3m.test:6060", to: str = "sip:alice@uc3m.test", number: int = 1
) -> Any:
    """Let the S-CSCF tell an application server, behind the registration."""
    text = (
        f"REGISTER sip:as.uc3m.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.40.1.13:6060;branch=z9hG4bKs{number}\r\n"
        f"From: <{sender}>;tag=s\r\nTo: <{to}>\r\nCall-ID: c9@scscf\r\nCSeq: {number} REGISTER\r\n"
        "Contact: <sip:scscf.uc3m.test:6060>\r\nExpires: 3600\r\nContent-Length: 0\r\n\r\n"
    )
    lab.entries.append(type(lab["gm1"])(f"isc{number}", Point.ISC, lab["i1"].destination, SERVER, text))
    lab.points = (*lab.points, Point.ISC)
    return lab.avp("saa", Avp.USER_DATA, PROFILE) if any(entry.key == "saa" for entry in lab.entries) else lab


@pytest.mark.parametrize("sender", ["sip:scscf.uc3m.test:6060", "sip:alice@uc3m.test"])
def test_it_is_no_registration_of_its_own_whoever_it_comes_from(lab: Any, sender: str) -> None:
    (found,) = judge(tell(lab, sender=sender).trace(), confirm=None).procedures
    assert found.flow == "registration-home"
    assert found.interoperability == "PASS"
    assert len(found.frames) == len(lab.entries)
    assert found.roles["home-as"] == ["127.40.1.17:5060/udp"]


def test_without_cx_the_sender_in_from_still_tells_it(lab: Any) -> None:
    lab = tell(lab).drop("uar1 uaa1 uar2 uaa2 mar maa sar saa")
    (found,) = judge(lab.trace(), confirm=None).procedures
    assert "home-as" in found.roles


@pytest.mark.parametrize("point", [Point.ISC, Point.MW])
def test_alone_it_is_nobodys_registration(lab: Any, point: Point) -> None:
    alone = tell(lab)
    alone.entries = [entry for entry in alone.entries if entry.key == "isc1"]
    alone["isc1"].point = point
    assert judge(alone.trace(), confirm=None).procedures == []


def test_an_identity_that_came_with_the_registered_one_belongs_to_it(lab: Any) -> None:
    (found,) = judge(tell(lab, to="tel:+34600000001").trace(), confirm=None).procedures
    assert "home-as" in found.roles


def test_a_user_who_did_not_register_here_belongs_to_nobody(lab: Any) -> None:
    (found,) = judge(tell(lab, to="sip:somebody@uc3m.test").trace(), confirm=None).procedures
    assert "home-as" not in found.roles


def test_it_belongs_to_the_registration_that_was_accepted_last(lab: Any, another_lab: Any, together: Any) -> None:
    again = another_lab()
    for entry in again.entries:
        entry.sip = entry.sip.replace("c1@ue", "c2@ue").replace("branch=z9hG4bK", "branch=z9hG4bKagain")
        entry.time_ns = 1_700_000_060_000_000_000 + 1_000_000 * again.entries.index(entry)
    tell(again)
    again["isc1"].time_ns = 1_700_000_061_000_000_000
    found = judge(together(lab, again), confirm=None).procedures
    assert [("home-as" in one.roles) for one in found] == [False, True]


def test_a_refused_registration_has_none(lab: Any) -> None:
    lab.drop("sar saa").edit("s200 i200 g200", "200 OK", "403 Forbidden")
    (found,) = judge(tell(lab).trace(), confirm=None).procedures
    assert "home-as" not in found.roles
