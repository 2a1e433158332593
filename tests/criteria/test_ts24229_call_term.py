"""What I-CSCF, S-CSCF and P-CSCF of the callee do to an INVITE (3GPP TS 24.229, TS 29.228)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.criteria.ts24229_call_term import location
from conformance.vocabulary.numbers import Avp
from conformance.vocabulary.points import Point
from tests.criteria.call_lab import AT_HOME, UNKNOWN, UNREGISTERED, call, edit_header, failing, found


def test_an_invite_to_another_scscf_than_the_hss_names_fails() -> None:
    lab = call()
    lab.avp("LIA 1", Avp.SERVER_NAME, "sip:other.ims-c.test:6060")
    result = lab.result("CALL-09")
    assert (result.verdict, result.node) == ("FAIL", "term-icscf")


def test_the_icscf_may_ask_for_the_number_of_a_telephone_uri() -> None:
    lab = call()
    uri = "sip:+421900@ims-c.test;user=phone"
    for entry in lab.entries:
        entry.sip = entry.sip.replace("sip:carol@ims-c.test", uri)
    lab.avp("LIR 1", Avp.PUBLIC_IDENTITY, "tel:+421900")
    assert not failing(lab, ["CALL-09"])
    lab.avp("LIR 1", Avp.PUBLIC_IDENTITY, "tel:+421901")
    assert failing(lab, ["CALL-09"]) == ["CALL-09"]


@pytest.mark.parametrize(("name", "criterion"), [(UNKNOWN, "CALL-10"), (UNREGISTERED, "CALL-38")])
def test_a_refusal_of_the_hss_has_its_own_answer(name: str, criterion: str) -> None:
    assert call(name).result(criterion).verdict == "PASS"
    lab = call(name)
    for key in ("15", "17", "19"):
        line = lab[key].sip.partition("\r\n")[0]
        lab[key].sip = lab[key].sip.replace(line, "SIP/2.0 503 Service Unavailable")
    result = lab.result(criterion)
    assert (result.verdict, result.node) == ("FAIL", "term-icscf")


def test_604_says_the_same_as_404() -> None:
    lab = call(UNKNOWN)
    for key in ("15", "17", "19"):
        lab[key].sip = lab[key].sip.replace("404 Not Found", "604 Does Not Exist Anywhere")
    assert lab.result("CALL-10").verdict == "PASS"


def test_a_request_uri_that_is_not_replaced_fails() -> None:
    lab = call().edit("17 19", "INVITE sip:carol@192.0.2.230:5060", "INVITE sip:carol@ims-c.test")
    assert "CALL-11" in failing(lab)


def test_another_called_party_fails() -> None:
    lab = call().edit("17 19", "Party-ID: <sip:carol@ims-c.test>", "Party-ID: <sip:dora@ims-c.test>")
    assert failing(lab) == ["CALL-11"]


def test_charging_addresses_reach_no_terminal() -> None:
    lab = call()
    lab["19"].sip = lab["19"].sip.replace("Max-", "P-Charging-Function-Addresses: ccf=192.0.2.20\r\nMax-")
    assert failing(lab) == ["CALL-12"]


def test_a_pcscf_that_leaves_record_route_as_it_is_fails() -> None:
    lab = call().edit("19", "<sip:mt@pcscf.ims-c.test;lr>, ", "")
    assert "CALL-12" in failing(lab)


def test_privacy_of_another_kind_hides_no_asserted_identity() -> None:
    lab = edit_header(call(AT_HOME), "1 3 11 15 17 19", "Privacy", "none")
    assert lab.result("CALL-13").verdict == "NOT_APPLICABLE"
    lab = edit_header(call(AT_HOME), "1 3 11 15 17 19", "Privacy", "user; id")
    assert lab.result("CALL-13").verdict == "PASS"


def test_an_icscf_asks_for_each_call_where_its_questions_can_be_seen() -> None:
    lab = call()
    lab.entries = [entry for entry in lab.entries if entry.command == 0]
    assert lab.result("CALL-09").verdict == "NOT_APPLICABLE", "nothing of its Cx was captured"
    one = replace(found(lab), askers=frozenset({"192.0.2.140"}), observed=frozenset(Point))
    assert location(one).verdict == "FAIL"
    assert location(one).by_absence
    assert location(replace(one, lossless=False)).verdict == "NOT_APPLICABLE"
