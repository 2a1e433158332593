"""The I-CSCF's duties: each fault fails its own criterion and blames the I-CSCF."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.vocabulary.numbers import Avp

CASES = {
    "REG-25 as received": lambda lab: lab.edit("i1 i2", "REGISTER sip:scscf.uc3m.test:6060", "REGISTER sip:uc3m.test"),
    "REG-25 another server": lambda lab: lab.edit(
        "i2", "REGISTER sip:scscf.uc3m.test:6060", "REGISTER sip:scscf2.uc3m.test:6060"
    ),
    "REG-37 no second UAR": lambda lab: lab.drop("uar2 uaa2"),
    "REG-37 no first UAR": lambda lab: lab.drop("uar1 uaa1"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_wrong_thing_fails_one_criterion(lab: Any, case: Any) -> None:
    lab = CASES[case](lab)
    assert lab.failing() == [case.partition(" ")[0]]
    assert lab.judge().conformance == "FAIL"


def test_no_second_uar_is_degraded_and_the_service_works(lab: Any) -> None:
    lab.drop("uar2 uaa2")
    found, result = lab.result("REG-37"), lab.judge()
    assert (found.severity, found.node) == ("degraded", "home-icscf")
    assert found.found == "REGISTER 2 was forwarded without UAR"
    assert (result.interoperability, result.conformance) == ("PASS", "FAIL")
    assert result.reasons[0] == "the flow was left at second-query: UAR from home-icscf to home-hss was not seen"


@pytest.mark.parametrize("drops", [None, 3])
def test_a_missing_uar_needs_a_capture_that_lost_nothing(lab: Any, drops: Any) -> None:
    lab.drop("uar2 uaa2").drops = drops
    assert lab.result("REG-37").verdict == "INCONCLUSIVE"
    assert lab.judge().conformance == "INCONCLUSIVE"


def test_an_uar_behind_the_register_is_too_late(lab: Any) -> None:
    uar = [lab["uar2"], lab["uaa2"]]
    lab.drop("uar2 uaa2")
    place = lab.entries.index(lab["sar"])
    lab.entries[place:place] = uar
    assert lab.failing() == ["REG-37"]


def refused_by_hss(lab: Any, code: int, status: str) -> Any:
    """Let the HSS refuse the first REGISTER."""
    keep = ("gm1", "p1", "uar1", "uaa1", "i401", "g401")
    lab.entries = [entry for entry in lab.entries if entry.key in keep or entry.question[0] == "uc3m.test"]
    for key in ("i401", "g401"):
        _, _, rest = lab[key].sip.partition("\r\n")
        headers = [line for line in rest.split("\r\n") if not line.startswith("WWW-Authenticate")]
        lab[key].sip = f"SIP/2.0 {status}\r\n" + "\r\n".join(headers)
    lab.avp("uaa1", Avp.SERVER_NAME, None)
    return lab.avp("uaa1", Avp.EXPERIMENTAL_RESULT, [(Avp.VENDOR_ID, 10415), (Avp.EXPERIMENTAL_RESULT_CODE, code)])


@pytest.mark.parametrize("code", [5001, 5002, 5004])
def test_who_is_not_authorised_gets_403(lab: Any, code: Any) -> None:
    result = refused_by_hss(lab, code, "403 Forbidden").judge()
    assert (result.flow, result.conformance) == ("registration-refused", "PASS")
    assert lab.result("REG-24").verdict == "PASS"
    assert not [c.id for c in result.criteria if c.verdict == "INCONCLUSIVE"]


@pytest.mark.parametrize("status", ["404 Not Found", "500 Server Internal Error"])
def test_who_is_not_authorised_gets_another_answer(lab: Any, status: Any) -> None:
    assert refused_by_hss(lab, 5004, status).failing() == ["REG-24"]
    assert lab.result("REG-24").node == "home-icscf"


def test_other_refusals_of_the_hss_are_not_judged(lab: Any) -> None:
    assert refused_by_hss(lab, 5005, "480 Temporarily Unavailable").failing() == []
    assert lab.result("REG-24").verdict == "NOT_APPLICABLE"


def test_a_name_that_the_hss_offers_may_be_that_of_the_domain(lab: Any) -> None:
    lab.edit("i1", "REGISTER sip:scscf.uc3m.test:6060", "REGISTER sip:uc3m.test")
    lab.avp("uaa1", Avp.SERVER_NAME, None)
    assert lab.result("REG-25").verdict == "FAIL"
    lab.avp("uaa1", Avp.SERVER_CAPABILITIES, [(Avp.SERVER_NAME, "sip:uc3m.test")])
    assert lab.result("REG-25").verdict == "PASS"


def test_an_uar_before_the_first_hop_that_was_captured_belongs_to_it(lab: Any) -> None:
    lab.drop("gm1 p1 i401 g401 gm2 p2 i200 g200")
    assert lab.result("REG-37").verdict != "FAIL"


def test_a_capture_that_begins_behind_the_uar_accuses_nobody(lab: Any) -> None:
    lab.entries = lab.entries[lab.entries.index(lab["i1"]) :]
    assert lab.failing() == []
    assert "may have begun behind the UAR" in lab.result("REG-37").found
