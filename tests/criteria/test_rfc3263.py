"""DNS: each fault fails its own criterion."""

from __future__ import annotations

from typing import Any

import pytest

CASES = {
    "DNS-01 ENUM service": lambda lab: lab.records("naptr-r", lab.naptr("E2U+sip", "u")),
    "DNS-01 no such service": lambda lab: lab.records("naptr-r", lab.naptr("E2T+sip")),
    "DNS-01 flag u": lambda lab: lab.records("naptr-r", lab.naptr("SIP+D2U", "u")),
    "DNS-01 no replacement": lambda lab: lab.records("naptr-r", lab.naptr(replacement=".")),
    "DNS-02 no such name": lambda lab: lab.records("a-r", rcode=3),
    "DNS-03 SRV for a name with port": lambda lab: lab.ask("i1", "icscf", "_sip._udp.scscf.uc3m.test", "SRV"),
    "DNS-03 NAPTR for a name with port": lambda lab: lab.ask("i1", "icscf", "scscf.uc3m.test", "NAPTR"),
    "DNS-04 a query for an address": lambda lab: (
        lab.edit("i1 i2", "REGISTER sip:scscf.uc3m.test:6060", "REGISTER sip:127.40.1.13:6060")
        .edit("s200 i200 g200", "orig@scscf.uc3m.test", "orig@127.40.1.13")
        .name_scscf("sip:127.40.1.13:6060")
        .ask("i1", "icscf", "127.40.1.13", "A")
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_one_wrong_thing_fails_one_criterion(lab: Any, case: Any) -> None:
    assert CASES[case](lab).failing() == [case.partition(" ")[0]]


def test_a_should_of_dns_leaves_conformance_alone(lab: Any) -> None:
    assert CASES["DNS-03 SRV for a name with port"](lab).judge().conformance == "PASS"


def test_the_asker_is_blamed(lab: Any) -> None:
    found = CASES["DNS-03 SRV for a name with port"](lab).result("DNS-03")
    assert (found.verdict, found.node) == ("FAIL", "home-icscf")


def test_a_question_of_somebody_else_accuses_nobody(lab: Any) -> None:
    found = lab.ask("i1", "stranger", "_sip._udp.scscf.uc3m.test", "SRV").result("DNS-03")
    assert found.verdict == "INCONCLUSIVE"
    assert "127.40.1.77" in found.found


def test_records_of_other_applications_are_left_alone(lab: Any) -> None:
    lab.records("naptr-r", lab.naptr(), lab.naptr("AAA+D2S", "s", "_diameter._sctp.uc3m.test"))
    assert lab.failing() == []


def test_addresses_that_come_along_count(lab: Any) -> None:
    lab.records("srv-r", lab.srv(), lab.host()).drop("a-q a-r")
    assert lab.result("DNS-02").verdict == "PASS"


def test_an_empty_answer_for_one_family_is_no_refusal(lab: Any) -> None:
    lab.records("a-r")
    assert lab.result("DNS-02").verdict == "NOT_APPLICABLE"


def test_without_the_point_nothing_is_known(lab: Any) -> None:
    lab.entries = [entry for entry in lab.entries if entry.point != "DNS"]
    lab.points = ("Gm", "Mw", "Cx")
    assert {lab.result(id).verdict for id in ("DNS-01", "DNS-02", "DNS-03")} == {"INCONCLUSIVE"}


def test_a_captured_point_without_queries_is_no_fault(lab: Any) -> None:
    lab.entries = [entry for entry in lab.entries if entry.point != "DNS"]
    assert {lab.result(id).verdict for id in ("DNS-01", "DNS-02", "DNS-03")} == {"NOT_APPLICABLE"}
    assert lab.judge().conformance == "PASS"
