"""Refusals that must say what is wrong."""

from __future__ import annotations

from typing import Any


def refused(lab: Any, status: str, headers: str = "") -> Any:
    lab.drop("sar saa")
    for key in ("s200", "i200", "g200"):
        start, _, rest = lab[key].sip.partition("\r\n")
        assert start == "SIP/2.0 200 OK"
        lab[key].sip = f"SIP/2.0 {status}\r\n" + rest.replace("Content-Length", headers + "Content-Length")
    return lab


def test_an_interval_that_is_too_brief(lab: Any) -> None:
    assert refused(lab, "423 Interval Too Brief", "Min-Expires: 3600\r\n").failing() == []
    assert lab.result("REG-49").verdict == "PASS"
    lab.edit("s200 i200 g200", "Min-Expires: 3600\r\n", "")
    assert lab.failing() == ["REG-49"]
    assert lab.result("REG-49").node == "home-scscf"


def test_an_extension_that_is_not_supported(lab: Any) -> None:
    assert refused(lab, "420 Bad Extension", "Unsupported: path\r\n").failing() == []
    assert lab.result("REG-50").verdict == "PASS"
    lab.edit("s200 i200 g200", "Unsupported: path", "Unsupported: gruu")
    assert lab.failing() == ["REG-50"]
    lab.edit("s200 i200 g200", "Unsupported: gruu\r\n", "")
    assert lab.failing() == ["REG-50"]
    assert lab.result("REG-50").node == "home-scscf"


def test_an_agreement_that_is_asked_for(lab: Any) -> None:
    assert refused(lab, "494 Security Agreement Required", lab.server).failing() == []
    lab.edit("s200 i200 g200", lab.server, "")
    assert lab.failing() == ["REG-50"]


def test_other_refusals_have_nothing_to_say(lab: Any) -> None:
    refused(lab, "403 Forbidden")
    assert {lab.result(id).verdict for id in ("REG-49", "REG-50")} == {"NOT_APPLICABLE"}
