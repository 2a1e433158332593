"""Where a terminal says where it is."""

from __future__ import annotations

from typing import Any

PLACE = "P-Access-Network-Info: 3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=0010100010000019B\r\n"


def test_the_cell_in_a_first_register_is_a_missed_recommendation(lab: Any) -> None:
    lab.edit("gm1", "Supported: path\r\n", "Supported: path\r\n" + PLACE)
    assert lab.failing() == ["REG-83"]
    assert lab.result("REG-83").level == "SHOULD"
    assert lab.judge().conformance == "PASS"


def test_the_answer_to_the_challenge_may_have_it(lab: Any) -> None:
    lab.edit("gm2", "Supported: path\r\n", "Supported: path\r\n" + PLACE)
    assert lab.result("REG-83").verdict == "PASS"


def test_over_a_security_association_it_is_asked_for(lab: Any) -> None:
    lab.edit("gm1", "Supported: path\r\n", "Supported: path\r\n" + PLACE)
    lab["gm1"].tunnels = ("esp",)
    assert lab.result("REG-83").verdict == "NOT_APPLICABLE"


def test_a_register_that_answers_a_challenge_before_the_capture_is_not_the_first(lab: Any) -> None:
    lab.edit("gm2", "Supported: path\r\n", "Supported: path\r\n" + PLACE)
    lab.entries = lab.entries[lab.entries.index(lab["gm2"]) :]
    assert lab.result("REG-83").verdict == "NOT_APPLICABLE"
