"""A SIP proxy between terminal and P-CSCF is neither: what it sends is judged against nobody, nor anybody for it."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.vocabulary.identifiers import Endpoint
from tests.criteria.proxy_lab import by_proxy

PROXY = Endpoint("127.40.1.50", 5060, "udp")
OWN_PATH = "Path: <sip:border.uc3m.test;lr>\r\n"
GM, LEG, CORE = "gm1 gm2 g401 g200", "xgm1 xgm2 xg401 xg200", "p1 i1 p2 i2 s401 i401 s200 i200"


def through_proxy(lab: Any, path: str = "") -> Any:
    """Let a SIP proxy that the federation does not know bring the REGISTERs to the P-CSCF."""
    by_proxy(lab, PROXY, "127.40.1.100", path)
    return lab


def back_to_back(lab: Any) -> Any:
    """Let the proxy be a back-to-back user agent: its Via chain begins anew."""
    for entry in lab.entries:
        if entry.sip and entry.key not in GM.split():
            lines = entry.sip.split("\r\n")
            entry.sip = "\r\n".join(line for line in lines if "UDP 127.40.1.100" not in line)
    return lab


@pytest.mark.parametrize("path", ["", OWN_PATH])
@pytest.mark.parametrize("hides", [False, True])
@pytest.mark.parametrize("known", [False, True])
def test_a_proxy_before_the_pcscf_is_passed_over(
    lab: Any, federation: Any, path: str, hides: bool, known: bool
) -> None:
    lab.federation = federation if known else None
    through_proxy(lab, path)
    result = (back_to_back(lab) if hides else lab).judge()
    assert result.conformance == "PASS"
    assert result.roles["ue"] == ["127.40.1.100:5062/udp"]
    assert result.roles["home-pcscf"] == ["127.40.1.11:4060/udp"]


@pytest.mark.parametrize("lost", [GM, "gm1 xgm1", CORE, f"{GM} {CORE}", "gm1 g401", LEG])
def test_what_was_not_captured_makes_it_no_pcscf(lab: Any, lost: str) -> None:
    assert through_proxy(lab).drop(lost).failing() == []


def test_a_pcscf_behind_it_that_adds_no_path_is_named(lab: Any) -> None:
    through_proxy(lab).edit("p1 i1 p2 i2 s200 i200 g200", lab.path, "")
    assert lab.failing() == ["REG-15"]
    assert lab.judge().roles["home-pcscf"] == ["127.40.1.11:4060/udp"]


def test_what_the_terminal_sends_is_its_own(lab: Any) -> None:
    through_proxy(lab).edit("gm1 gm2", "REGISTER sip:uc3m.test SIP", "REGISTER sip:uc3m.test:5060 SIP")
    assert "REG-02" in lab.failing()


def test_what_the_proxy_sends_is_not_the_terminals(lab: Any) -> None:
    lab.edit("gm1 gm2", "Supported: path\r\n", "Supported: path\r\nUser-Agent: one\r\n")
    through_proxy(lab).edit("xgm1 xgm2", "User-Agent: one\r\n", "X-Proxy: 1\r\nUser-Agent: two\r\n")
    assert lab.failing() == []


def test_a_path_that_a_border_adds_makes_no_pcscf_of_it(lab: Any) -> None:
    lab.edit("p1 p2", lab.path, "")
    assert lab.failing() == ["REG-15"]
    assert lab.judge().roles["home-pcscf"] == ["127.40.1.11:4060/udp"]
