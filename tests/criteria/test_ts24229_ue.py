"""The terminal's own duties of 3GPP TS 24.229: each fault fails its own criterion."""

from __future__ import annotations

from typing import Any

import pytest


def cseq(lab: Any, number: Any) -> Any:
    """Give the second REGISTER another CSeq number on all hops."""
    return lab.edit("gm2 p2 i2 s200 i200 g200", "CSeq: 2", f"CSeq: {number}")


CASES = {
    "REG-03 another From": lambda lab: lab.edit("gm1 p1 i1 s401 i401 g401", "From: <sip:alice@", "From: <sip:bob@"),
    "REG-03 no From tag": lambda lab: lab.edit("gm2", ";tag=f2", ""),
    "REG-03 a To tag": lambda lab: lab.edit("gm2", "To: <sip:alice@uc3m.test>", "To: <sip:alice@uc3m.test>;tag=x"),
    "REG-06 CSeq two more": lambda lab: cseq(lab, 3),
    "REG-06 CSeq not counted": lambda lab: cseq(lab, 1),
    "REG-06 another Call-ID": lambda lab: lab.edit("gm2 p2 i2 s200 i200 g200", "Call-ID: c1@ue", "Call-ID: c2@ue"),
    "REG-07 no credentials": lambda lab: lab.edit("gm1 p1 i1", lab.empty, ""),
    "REG-07 no uri": lambda lab: lab.edit("gm1", ', uri="sip:uc3m.test"', ""),
    "REG-07 a stale nonce": lambda lab: lab.edit("gm1 p1 i1", 'nonce=""', 'nonce="c3RhbGU="'),
    "REG-11 no Supported": lambda lab: lab.edit("gm1", "Supported: path\r\n", ""),
    "REG-11 something else": lambda lab: lab.edit("gm2 p2 i2", "Supported: path", "Supported: pathos"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_wrong_thing_fails_one_criterion(lab: Any, case: Any) -> None:
    lab = CASES[case](lab)
    assert lab.failing() == [case.partition(" ")[0]]
    assert lab.judge().conformance == "FAIL"


def test_a_port_in_the_request_uri_fails_even_where_the_core_takes_it(lab: Any) -> None:
    lab.edit("gm1 gm2", "REGISTER sip:uc3m.test", "REGISTER sip:uc3m.test:4060;transport=UDP")
    lab.edit("gm1 p1 i1 gm2 p2 i2", 'uri="sip:uc3m.test"', 'uri="sip:uc3m.test:4060;transport=UDP"')
    lab.edit("gm2 p2 i2", lab.response(), lab.response("sip:uc3m.test:4060;transport=UDP"))
    result = lab.judge()
    assert [(c.id, c.level) for c in result.criteria if c.verdict == "FAIL"] == [("REG-02", "SHALL")]
    assert (result.interoperability, result.conformance) == ("PASS", "FAIL")


def test_a_gap_in_cseq_needs_a_capture_that_lost_nothing(lab: Any) -> None:
    lab.drops = None
    found = cseq(lab, 3).result("REG-06")
    assert found.verdict == "INCONCLUSIVE"
    assert "lost packets" in found.found


def test_what_a_proxy_changes_is_not_the_terminals(lab: Any) -> None:
    # The I-CSCF puts the S-CSCF's name into the Request-URI: REG-01, REG-02 and REG-08 look at Gm only.
    for id in ("REG-01", "REG-02", "REG-08"):
        assert {evidence.frame for evidence in lab.result(id).evidence} == {1, 19}


def test_release_before_path(lab: Any) -> None:
    assert lab.result("REG-11").verdict == "PASS"


def test_a_contact_behind_a_translator(lab: Any) -> None:
    lab.edit("gm1 gm2", "alice@127.40.1.100:5062>", "alice@192.168.1.7:5062>")
    assert "REG-12" in lab.failing()
    assert "sent from 127.40.1.100" in lab.result("REG-12").found


def test_a_contact_with_a_name_is_not_compared(lab: Any) -> None:
    lab.edit("gm1 gm2 p1 p2 i1 i2 g200 s200 i200", "alice@127.40.1.100:5062>", "alice@phone.uc3m.test:5062>")
    assert lab.failing() == []


def test_another_expiry_is_a_deviation_that_does_not_count(lab: Any) -> None:
    lab.edit("gm1 gm2", ";expires=600000", ";expires=3600")
    assert lab.failing() == ["REG-12"]
    assert lab.judge().conformance == "PASS"


ACCESS = "P-Access-Network-Info: "


@pytest.mark.parametrize(
    "value", ["IEEE-802.11b", "3GPP-UTRAN-FDD;utran-cell-id-3gpp=214010001A2B3", "ADSL;dsl-location=x"]
)
def test_access_networks(lab: Any, value: Any) -> None:
    lab.edit("gm2", "Supported: path", f"{ACCESS}{value}\r\nSupported: path")
    assert lab.failing() == []
    assert lab.result("REG-14").verdict == "PASS"


@pytest.mark.parametrize("value", ["", "two words", ";utran-cell-id-3gpp=1"])
def test_access_networks_that_cannot_be_read(lab: Any, value: Any) -> None:
    lab.edit("gm2", "Supported: path", f"{ACCESS}{value}\r\nSupported: path")
    assert lab.failing() == ["REG-14"]


def over_the_association(lab: Any) -> Any:
    lab.secured()["gm2"].tunnels = ("esp",)
    return lab.edit("p2 i2", 'integrity-protected="no"', 'integrity-protected="yes"')


def test_over_the_association_the_access_network_is_named(lab: Any, federation: Any) -> None:
    over_the_association(lab).federation = federation
    assert lab.result("REG-14").verdict == "FAIL"


def test_a_terminal_that_may_not_know_its_access_network_is_not_accused(lab: Any) -> None:
    over_the_association(lab)
    assert lab.failing() == []
    assert lab.result("REG-14").verdict == "NOT_APPLICABLE"
