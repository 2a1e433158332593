"""Who asks for rport is told port and address (RFC 3581 4)."""

from __future__ import annotations

from typing import Any

import pytest

BEHIND = "p1 i1 s401 i401 g401 p2 i2 s200 i200 g200"
NOTED = ";received=127.40.1.100;rport=5062"


def test_a_conforming_pcscf_says_both(lab: Any) -> None:
    result = lab.result("VPN-04")
    assert (result.verdict, result.found) == ("PASS", "rport=5062, received=127.40.1.100")


@pytest.mark.parametrize(
    ("noted", "found"),
    [
        (";rport", "rport without a value, no received"),
        (";rport=5062", "rport=5062, no received"),
        (";received=127.40.1.100;rport", "rport without a value, received=127.40.1.100"),
        (";received=127.40.1.100;rport=high", "rport=high, received=127.40.1.100"),
    ],
)
def test_one_of_both_is_missing(lab: Any, noted: str, found: str) -> None:
    result = lab.edit(BEHIND, NOTED, noted).result("VPN-04")
    assert (result.verdict, result.node, result.found) == ("FAIL", "home-pcscf", found)
    assert lab.failing() == ["VPN-04"]


def test_another_port_is_wrong_where_no_translator_can_be(lab: Any, federation: Any) -> None:
    lab.edit(BEHIND, NOTED, ";received=127.40.1.100;rport=40000")
    assert lab.result("VPN-04").verdict == "PASS"
    lab.federation = federation
    assert lab.result("VPN-04").verdict == "FAIL"


def test_who_does_not_ask_is_told_nothing(lab: Any) -> None:
    lab.edit("gm1 gm2", ";rport", "").edit(BEHIND, NOTED, "")
    assert lab.result("VPN-04").verdict == "NOT_APPLICABLE"


def test_a_port_that_nobody_asked_for_is_not_held_against_it(lab: Any) -> None:
    lab.edit("gm1 gm2", ";rport", "").edit(BEHIND, NOTED, ";rport=5062")
    assert lab.result("VPN-04").verdict == "NOT_APPLICABLE"
