"""What each criterion of RFC 3261 catches, and that it alone does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.criteria.registration_lab import VIA_NOTED as NOTED

CASES = {
    "REG-01 a user in the Request-URI": lambda lab: (
        lab.edit("gm1 p1 gm2 p2", "REGISTER sip:uc3m", "REGISTER sip:alice@uc3m")
        .edit("gm1 p1 i1 gm2 p2 i2", 'uri="sip:uc3m.test"', 'uri="sip:alice@uc3m.test"')
        .edit("gm2 p2 i2", lab.response(), lab.response("sip:alice@uc3m.test"))
    ),
    "REG-01 no SIP URI": lambda lab: (
        lab.edit("gm1 gm2 p1 p2", "REGISTER sip:uc3m", "REGISTER tel:uc3m")
        .edit("gm1 p1 i1 gm2 p2 i2", 'uri="sip:uc3m.test"', 'uri="tel:uc3m.test"')
        .edit("gm2 p2 i2", lab.response(), lab.response("tel:uc3m.test"))
    ),
    "REG-04 no magic cookie": lambda lab: lab.edit("gm1 p1 i1 s401 i401 g401", "branch=z9hG4bKue1", "branch=1"),
    "REG-04 the same branch twice": lambda lab: lab.edit(
        "gm2 p2 i2 s200 i200 g200", "branch=z9hG4bKue2", "branch=z9hG4bKue1"
    ),
    "REG-05 a proxy takes nothing off": lambda lab: lab.edit("i1", "Max-Forwards: 68", "Max-Forwards: 69"),
    "REG-05 none at the terminal": lambda lab: lab.edit("gm1", "Max-Forwards: 70\r\n", ""),
    "REG-08 another uri": lambda lab: lab.edit("gm2 p2 i2", 'uri="sip:uc3m.test"', 'uri="sip:stuba.test"').edit(
        "gm2 p2 i2", lab.response(), lab.response("sip:stuba.test")
    ),
    "REG-08 a port more": lambda lab: lab.edit("gm2 p2 i2", 'uri="sip:uc3m.test"', 'uri="sip:uc3m.test:4060"').edit(
        "gm2 p2 i2", lab.response(), lab.response("sip:uc3m.test:4060")
    ),
    "REG-08 in the first REGISTER": lambda lab: lab.edit("gm1 p1 i1", 'uri="sip:uc3m.test"', 'uri="sip:stuba.test"'),
    "REG-41 longer than asked": lambda lab: lab.edit("s200 i200 g200", "expires=3600", "expires=600001"),
    "REG-41 no expires": lambda lab: lab.edit("s200 i200 g200", ";expires=3600", ""),
    "REG-41 another contact": lambda lab: lab.edit(
        "s200 i200 g200", "alice@127.40.1.100:5062>;exp", "alice@127.40.1.99:5062>;exp"
    ),
    "REG-41 no Contact": lambda lab: lab.edit(
        "s200 i200 g200", "Contact: <sip:alice@127.40.1.100:5062>;expires=3600\r\n", ""
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_one_wrong_thing_fails_one_criterion(lab: Any, case: Any) -> None:
    lab = CASES[case](lab)
    assert lab.failing() == [case.partition(" ")[0]]
    assert lab.judge().conformance == "FAIL"


def test_max_forwards_blames_the_node_that_did_it(lab: Any) -> None:
    found = lab.edit("i1", "Max-Forwards: 68", "Max-Forwards: 69").result("REG-05")
    assert (found.node, found.found) == ("home-icscf", "69 became 69, expected 68")


def test_a_fail_cites_bytes(lab: Any) -> None:
    lab.edit("gm2 p2 i2", 'uri="sip:uc3m.test"', 'uri="sip:stuba.test"')
    evidence = lab.result("REG-08").evidence[0]
    raw = lab["gm2"].sip.encode()
    assert raw[evidence.offset : evidence.offset + evidence.length] == b'uri="sip:stuba.test"'
    assert evidence.excerpt.marked == 'uri="sip:stuba.test"'
    assert evidence.excerpt.before.endswith(", ")


def test_a_registration_over_one_hop_says_what_it_did_not_see(lab: Any) -> None:
    lab.entries = [entry for entry in lab.entries if entry.point == "Gm"]
    lab.points = ("Gm",)
    result = lab.judge()
    assert {c.id for c in result.criteria if c.verdict == "FAIL"} == set()
    assert result.conformance == "INCONCLUSIVE"
    assert any(reason.endswith("Cx not captured") for reason in result.reasons)


def test_a_pcscf_that_is_a_user_agent_towards_the_core_counts_from_where_it_likes(lab: Any) -> None:
    for n in (1, 2):
        via = NOTED.format(n=n)
        lab.edit(f"p{n} i{n}", via, "")
        lab.edit(f"p{n}", "Max-Forwards: 69", "Max-Forwards: 70").edit(f"i{n}", "Max-Forwards: 68", "Max-Forwards: 69")
    lab.edit("s401 i401", NOTED.format(n=1), "")
    lab.edit("s200 i200", NOTED.format(n=2), "")
    assert lab.result("REG-05").verdict == "PASS"
    lab.edit("i1", "Max-Forwards: 69", "Max-Forwards: 70")
    assert (lab.result("REG-05").verdict, lab.result("REG-05").node) == ("FAIL", "home-icscf")
