"""The security agreement: each fault fails its own criterion."""

from __future__ import annotations

from typing import Any

import pytest

CASES = {
    "REG-13 no spi-s": lambda lab: lab.edit("gm1 gm2", "spi-s=2222; ", ""),
    "REG-13 nothing required of the proxy": lambda lab: lab.edit("gm1", "Proxy-Require: sec-agree\r\n", ""),
    "REG-13 nothing required": lambda lab: lab.edit("gm1 gm2", "\r\nRequire: sec-agree", ""),
    "REG-31 no Security-Server": lambda lab: lab.edit("g401", lab.server, ""),
    "REG-31 no port-s": lambda lab: lab.edit("g401", "; port-s=4061", "").edit("gm2", "; port-s=4061", ""),
    "REG-32 in clear to the first port": lambda lab: setattr(lab["gm2"], "destination", lab["gm1"].destination) or lab,
    "REG-33 another SPI": lambda lab: lab.edit("gm2", "spi-s=4444", "spi-s=4445"),
    "REG-33 no Security-Verify": lambda lab: lab.edit("gm2", lab.verify, ""),
    "REG-33 Security-Client changed": lambda lab: lab.edit("gm2", "spi-c=1111", "spi-c=1112"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_wrong_thing_fails_its_criterion(lab: Any, case: Any) -> None:
    lab = CASES[case](lab.secured())
    id = case.partition(" ")[0]
    also = {"REG-31 no port-s": ["REG-32"]}.get(case, [])
    assert lab.failing() == [id, *also]
    assert lab.result(id).node == ("home-pcscf" if id == "REG-31" else "ue")


def test_an_agreement_that_holds(lab: Any) -> None:
    lab.secured()
    assert lab.failing() == []
    assert {lab.result(id).verdict for id in ("REG-13", "REG-31", "REG-32", "REG-33")} == {"PASS"}


def test_inside_esp_the_port_does_not_matter(lab: Any) -> None:
    lab.secured()["gm2"].tunnels = ("esp",)
    lab["gm2"].destination = lab["gm1"].destination
    assert lab.result("REG-32").verdict == "PASS"


def test_order_case_and_space_of_parameters_do_not_matter(lab: Any) -> None:
    lab.secured().edit("gm2", "spi-c=3333; spi-s=4444", "SPI-C=3333;spi-s=4444")
    assert lab.failing() == []


def test_what_would_declare_it(lab: Any, federation: Any) -> None:
    lab.federation = federation
    for id in ("REG-13", "REG-19", "REG-20", "REG-31", "REG-32", "REG-33"):
        found = lab.result(id)
        assert found.verdict == "NOT_APPLICABLE"
        assert found.found.endswith('testbeds.uc3m.features.access_security = "ipsec-3gpp" would declare it')
    lab.federation = None
    assert lab.result("REG-13").found == "the terminal offers no security association"


def test_a_network_that_does_not_declare_it_need_not_agree(lab: Any, federation: Any) -> None:
    lab.secured().edit("g401", lab.server, "").edit("gm2", lab.verify, "").federation = federation
    assert lab.failing() == []
    assert lab.result("REG-31").found.startswith("the network does not declare security associations")


def test_a_network_that_authenticates_by_password_makes_no_association(md5_lab: Any) -> None:
    md5_lab.edit("gm1", "Supported: path", f"{md5_lab.security}Supported: path")
    assert md5_lab.result("REG-31").verdict == "NOT_APPLICABLE"
