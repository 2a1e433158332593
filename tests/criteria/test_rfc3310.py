"""The AKA challenge and its answer: each fault fails its own criterion."""

from __future__ import annotations

from typing import Any

import pytest


def wrong_nonce(lab: Any) -> Any:
    """A terminal that finds AUTN wrong sends no response and no auts (RFC 3310), and is refused."""
    for key in ("s401", "i401", "g401", "gm2", "p2", "i2"):
        lab.edit(key, lab.nonce, "AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    lab.edit("gm2 p2 i2", f'response="{lab.response()}"', 'response=""')
    lab.drop("sar saa")
    for key in ("s200", "i200", "g200"):
        head, _, _ = lab[key].sip.partition("Contact:")
        lab[key].sip = head.replace("200 OK", "403 Forbidden") + "Content-Length: 0\r\n\r\n"
    return lab


CASES = {
    "REG-28 algorithm in quotes": lambda lab: lab.edit(
        "s401 i401 g401", "algorithm=AKAv1-MD5", 'algorithm="AKAv1-MD5"'
    ),
    "REG-28 another algorithm": lambda lab: lab.edit("s401 i401 g401", "algorithm=AKAv1-MD5", "algorithm=MD5"),
    "REG-28 no realm": lambda lab: lab.edit("s401 i401 g401", 'realm="uc3m.test", nonce', "nonce"),
    "REG-29 one bit of the nonce": lambda lab: wrong_nonce(lab),
    "REG-29 another ck": lambda lab: lab.edit("s401 i401", lab.ck.hex(), lab.ik.hex()),
    "REG-34 another response": lambda lab: lab.edit("gm2 p2 i2", lab.response(), "0" * 32),
    "REG-34 another nonce": lambda lab: lab.edit("gm2 p2 i2", lab.nonce, "AAAA" + lab.nonce[4:]),
}


@pytest.mark.parametrize("case", CASES)
def test_one_wrong_thing_fails_one_criterion(lab: Any, case: Any) -> None:
    lab = CASES[case](lab)
    assert lab.failing() == [case.partition(" ")[0]]
    assert lab.judge().conformance == "FAIL"


def test_a_wrong_nonce_leaves_nothing_to_say_of_what_was_not_reached(lab: Any) -> None:
    result = wrong_nonce(lab).judge()
    verdicts = {c.id: c.verdict for c in result.criteria}
    not_reached = ("REG-34", "REG-36", "REG-38", "REG-39", "REG-40", "REG-41", "REG-42")
    assert {verdicts[id] for id in not_reached} == {"NOT_APPLICABLE"}
    assert verdicts["REG-37"] == "PASS"
    assert (result.interoperability, result.conformance) == ("FAIL", "FAIL")
    assert any("second-register" in reason and "403" in reason for reason in result.reasons)


def test_a_resynchronisation_proves_nothing_and_fails_nothing(lab: Any) -> None:
    lab.edit("gm2 p2 i2", f'response="{lab.response()}"', 'response="", auts="AAAAAAAAAAAAAAAAAAA="')
    assert lab.failing() == []


def test_auth_int_verifies(lab: Any) -> None:
    lab.edit("gm2 p2 i2", "qop=auth", "qop=auth-int")
    lab.edit("gm2 p2 i2", lab.response(), lab.response(qop="auth-int"))
    lab.edit("g401", 'qop="auth"', 'qop="auth,auth-int"')
    assert lab.result("REG-34").verdict == "PASS"


def test_without_the_hss_the_response_cannot_be_verified(lab: Any) -> None:
    lab.drop("uar1 uaa1 mar maa uar2 uaa2 sar saa").points = ("Gm", "Mw", "DNS")
    assert lab.failing() == []
    assert lab.result("REG-34").verdict == "INCONCLUSIVE"
    assert lab.result("REG-29").found == "Cx not captured"
