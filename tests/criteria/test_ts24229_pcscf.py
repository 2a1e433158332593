"""The P-CSCF's duties: each fault fails its own criterion and blames the P-CSCF."""

from __future__ import annotations

from typing import Any

import pytest

CASES = {
    "REG-15 no Path": lambda lab: lab.edit("p1 i1 p2 i2 s200 i200 g200", lab.path, ""),
    "REG-15 no lr": lambda lab: lab.edit("p1 i1 p2 i2 s200 i200 g200", ":4060;lr>", ":4060>"),
    "REG-15 nothing added to the terminal's own": lambda lab: lab.edit(
        "gm1 gm2", "Supported: path", lab.path + "Supported: path"
    ),
    "REG-16 no Require": lambda lab: lab.edit("p1 i1", "Require: path\r\n", ""),
    "REG-17 none": lambda lab: lab.edit("p1 i1 p2 i2", 'P-Visited-Network-ID: "uc3m.test"\r\n', ""),
    "REG-18 none": lambda lab: lab.edit(
        "p2 i2", 'P-Charging-Vector: icid-value="a1b2c3";icid-generated-at=127.40.1.11\r\n', ""
    ),
    "REG-18 empty": lambda lab: lab.edit("p2", 'icid-value="a1b2c3"', 'icid-value=""'),
    "REG-19 no integrity-protected": lambda lab: lab.secured().edit("p1 i1", ', integrity-protected="no"', ""),
    "REG-20 Security-Client goes on": lambda lab: lab.secured().edit(
        "p1", "Require: path", lab.security + "Require: path"
    ),
    "REG-20 sec-agree goes on": lambda lab: lab.secured().edit("p1", "Require: path", "Require: sec-agree, path"),
    "REG-30 keys towards the terminal": lambda lab: lab.edit("g401", 'qop="auth"', 'qop="auth"' + lab.keys),
    "REG-30 ik alone": lambda lab: lab.edit("g401", 'qop="auth"', 'qop="auth", ik=""'),
}


@pytest.mark.parametrize("case", CASES)
def test_one_wrong_thing_fails_one_criterion(lab: Any, case: Any) -> None:
    lab = CASES[case](lab)
    assert lab.failing() == [case.partition(" ")[0]]
    assert lab.judge().conformance == "FAIL"


@pytest.mark.parametrize("case", CASES)
def test_the_pcscf_is_blamed(lab: Any, case: Any) -> None:
    found = CASES[case](lab).result(case.partition(" ")[0])
    assert found.node == "home-pcscf"


def test_a_security_agreement_that_is_kept_out(lab: Any) -> None:
    lab.secured()
    assert lab.failing() == []
    assert {lab.result(id).verdict for id in ("REG-19", "REG-20")} == {"PASS"}


def test_a_security_association_that_the_capture_does_not_show(lab: Any) -> None:
    lab.secured().edit("p2 i2", 'integrity-protected="no"', 'integrity-protected="yes"')
    assert lab.failing() == []


def test_a_mark_that_does_not_fit(lab: Any) -> None:
    lab.secured().edit("p1", 'integrity-protected="no"', 'integrity-protected="yes"')
    assert lab.failing() == ["REG-19"]


def test_security_of_the_media_plane_is_another_thing(lab: Any) -> None:
    lab.edit("gm1 gm2", "Supported: path", "Security-Client: sdes-srtp;mediasec\r\nSupported: path")
    assert {lab.result(id).verdict for id in ("REG-19", "REG-20")} == {"NOT_APPLICABLE"}
