"""A SIP proxy between terminal and P-CSCF is neither: what it sends is judged against nobody, nor anybody for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conformance.vocabulary.identifiers import Endpoint

PROXY = Endpoint("127.40.1.50", 5060, "udp")
NOTED = "Via: SIP/2.0/UDP 127.40.1.100:5062;branch=z9hG4bKue{n};received=127.40.1.100;rport=5062\r\n"
PLAIN = "Via: SIP/2.0/UDP 127.40.1.100:5062;branch=z9hG4bKue{n};rport\r\n"
VIA = "Via: SIP/2.0/UDP 127.40.1.50:5060;branch=z9hG4bKx{n}\r\n"
OWN_PATH = "Path: <sip:border.uc3m.test;lr>\r\n"
GM, LEG, CORE = "gm1 gm2 g401 g200", "x1 x2 x401 x200", "p1 i1 p2 i2 s401 i401 s200 i200"


def through_proxy(lab: Any, path: str = "") -> Any:
    """Let a SIP proxy that the federation does not know bring the REGISTERs to the P-CSCF."""
    pcscf = lab["gm1"].destination
    entries = []
    for entry in lab.entries:
        n = "1" if entry.key.endswith(("1", "401")) else "2"
        noted = NOTED.format(n=n)
        via = VIA.format(n=n)
        if entry.key in ("gm1", "gm2"):
            sip = entry.sip.replace(PLAIN.format(n=n), via + noted).replace("Forwards: 70", "Forwards: 69")
            sip = sip.replace("Content-Length", path + "Content-Length")
            entries += [replace(entry, destination=PROXY)]
            entries += [replace(entry, key=f"x{n}", source=PROXY, destination=pcscf, sip=sip)]
        elif entry.key in ("g401", "g200"):
            sip = entry.sip.replace(noted, via + noted)
            entries += [replace(entry, key=f"x{entry.key[1:]}", source=pcscf, destination=PROXY, sip=sip)]
            entries += [replace(entry, source=PROXY)]
        elif entry.sip:
            sip = entry.sip.replace(noted, via + noted).replace("Forwards: 68", "Forwards: 67")
            sip = sip.replace("Forwards: 69", "Forwards: 68").replace(lab.path, lab.path + path)
            entries.append(replace(entry, sip=sip))
        else:
            entries.append(entry)
    lab.entries = entries
    return lab


def back_to_back(lab: Any) -> Any:
    """Let the proxy be a back-to-back user agent: its Via chain begins anew."""
    for entry in lab.entries:
        if entry.sip and entry.key not in GM.split():
            for n in "12":
                entry.sip = entry.sip.replace(NOTED.format(n=n), "")
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


@pytest.mark.parametrize("lost", [GM, "gm1 x1", CORE, f"{GM} {CORE}", "gm1 g401", LEG])
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
    through_proxy(lab).edit("x1 x2", "User-Agent: one\r\n", "X-Proxy: 1\r\nUser-Agent: two\r\n")
    assert lab.failing() == []


def test_a_path_that_a_border_adds_makes_no_pcscf_of_it(lab: Any) -> None:
    lab.edit("p1 p2", lab.path, "")
    assert lab.failing() == ["REG-15"]
    assert lab.judge().roles["home-pcscf"] == ["127.40.1.11:4060/udp"]
