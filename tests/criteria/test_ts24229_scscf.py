"""What the 200 has to bring: each fault fails its own criterion."""

from __future__ import annotations

from typing import Any

import pytest

CASES = {
    "REG-38 no Service-Route": lambda lab: lab.edit("s200 i200 g200", lab.service_route, ""),
    "REG-38 no lr": lambda lab: lab.edit("s200 i200 g200", ":6060;lr>", ":6060>"),
    "REG-38 lost on the way": lambda lab: lab.edit("g200", lab.service_route, ""),
    "REG-39 none": lambda lab: lab.edit("s200 i200 g200", lab.associated, ""),
    "REG-40 no Path": lambda lab: lab.edit("s200 i200 g200", lab.path, ""),
    "REG-40 another Path": lambda lab: lab.edit("s200 i200 g200", "Path: <sip:term@pcscf.", "Path: <sip:term@other."),
}


@pytest.mark.parametrize("case", CASES)
def test_one_wrong_thing_fails_one_criterion(lab: Any, case: Any) -> None:
    lab = CASES[case](lab)
    assert lab.failing() == [case.partition(" ")[0]]
    assert lab.judge().conformance == "FAIL"


def test_without_service_route_its_content_is_not_judged(lab: Any) -> None:
    lab.edit("s200 i200 g200", lab.service_route, "")
    assert lab.result("REG-42").verdict == "NOT_APPLICABLE"
    assert lab.judge().interoperability == "PASS"


def test_who_lost_the_service_route(lab: Any) -> None:
    assert lab.edit("g200", lab.service_route, "").result("REG-38").node == "home-pcscf"
    assert lab.edit("i200", lab.service_route, "").result("REG-38").node == "home-icscf"
    assert lab.edit("s200", lab.service_route, "").result("REG-38").node == "home-scscf"


def test_without_a_federation_nobody_knows_whose_domain_it_is(lab: Any) -> None:
    lab.edit("s200 i200 g200", "orig@scscf.uc3m.test", "orig@scscf.stuba.test")
    assert lab.failing() == []
    assert lab.result("REG-42").verdict == "INCONCLUSIVE"


def test_who_asks_for_the_bindings_and_makes_none_accuses_nobody(lab: Any) -> None:
    lab.edit("gm1 p1 i1 gm2 p2 i2", "Contact: <sip:alice@127.40.1.100:5062>;expires=600000\r\n", "").drop("sar saa")
    lab.edit("s200 i200 g200", lab.service_route, "").edit("s200 i200 g200", lab.associated, "")
    assert lab.failing() == []
    assert {lab.result(id).verdict for id in ("REG-12", "REG-36", "REG-38", "REG-39")} == {"NOT_APPLICABLE"}
    assert "makes none" in lab.result("REG-36").found
