"""Grammar of credentials: each fault fails its own criterion."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.criteria.digest import ha1, response, session_ha1

CASES = {
    "REG-09 algorithm in quotes": lambda lab: lab.edit("gm2", "algorithm=AKAv1-MD5", 'algorithm="AKAv1-MD5"'),
    "REG-09 qop in quotes": lambda lab: lab.edit("gm2", "qop=auth", 'qop="auth"'),
    "REG-09 nc in quotes": lambda lab: lab.edit("gm2", "nc=00000001", 'nc="00000001"'),
    "REG-09 nc too short": lambda lab: lab.edit("gm2", "nc=00000001", "nc=1").edit(
        "gm2", lab.response(), lab.response(nc="1")
    ),
    "REG-09 username without quotes": lambda lab: lab.edit(
        "gm2", 'username="alice@uc3m.test"', "username=alice@uc3m.test"
    ),
    "REG-09 uri without quotes": lambda lab: lab.edit("gm2", 'uri="sip:uc3m.test"', "uri=sip:uc3m.test"),
    "REG-09 response in capitals": lambda lab: lab.edit("gm2", lab.response(), lab.response().upper()),
    "REG-10 qop without cnonce": lambda lab: lab.edit("gm2", ', cnonce="0a4f113b"', "").edit(
        "gm2", lab.response(), lab.response(cnonce="")
    ),
    "REG-10 cnonce without an offer": lambda lab: (
        lab.edit("s401 i401 g401", ', qop="auth"', "")
        .edit("gm2", ", qop=auth", "")
        .edit("gm2", lab.response(), lab.response(qop=None))
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_one_wrong_thing_fails_one_criterion(lab: Any, case: Any) -> None:
    lab = CASES[case](lab)
    assert lab.failing() == [case.partition(" ")[0]]
    assert lab.judge().conformance == "FAIL"


def test_an_unterminated_quote_is_a_fault_of_grammar(lab: Any) -> None:
    found = lab.edit("gm1", 'response=""', 'response="').result("REG-09")
    assert found.verdict == "FAIL"
    assert "not closed" in found.found


def test_a_password_that_does_not_verify_is_information(md5_lab: Any) -> None:
    key = md5_lab["gm2"].sip.partition('response="')[2][:32]
    result = md5_lab.edit("gm2", key, "0" * 32).judge()
    assert [c.id for c in result.criteria if c.verdict == "FAIL"] == ["REG-35"]
    assert result.conformance == "PASS"


def test_an_unknown_password_leaves_conformance_alone(md5_lab: Any) -> None:
    result = md5_lab.drop("mar maa").judge()
    assert next(c for c in result.criteria if c.id == "REG-35").verdict == "INCONCLUSIVE"
    assert not any("REG-35" in reason for reason in result.reasons)


ELSEWHERE = 'WWW-Authenticate: Digest realm="other.test", nonce="abc", algorithm=MD5{qop}\r\n'


def offer_two(lab: Any, qop: str = "") -> Any:
    """Let the 401 have a challenge of another realm in front of its own."""
    return lab.edit("s401 i401 g401", "WWW-Authenticate", ELSEWHERE.format(qop=qop) + "WWW-Authenticate")


def without_qop(lab: Any) -> Any:
    """Let the terminal answer in the form of RFC 2069."""
    nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c0"
    known = {"password": b"Circle Of Life", "nonce": nonce}
    lab.edit("gm2 p2 i2", lab.response(**known), lab.response(**known, qop=None))
    return lab.edit("gm2 p2 i2", ', qop=auth, nc=00000001, cnonce="0a4f113b"', "")


def test_credentials_are_held_against_the_challenge_that_they_answer(md5_lab: Any) -> None:
    assert offer_two(md5_lab).failing() == []
    assert md5_lab.result("REG-91").verdict == "PASS"


def test_a_challenge_of_another_realm_that_has_qop_asks_for_none(md5_lab: Any) -> None:
    md5_lab.edit("s401 i401 g401", ', qop="auth"', "")
    offer_two(md5_lab, ', qop="auth"')
    assert without_qop(md5_lab).failing() == []


def test_an_answer_without_qop_is_found_behind_another_challenge(md5_lab: Any) -> None:
    assert without_qop(offer_two(md5_lab)).failing() == ["REG-91"]


def test_an_answer_to_each_of_two_challenges_accuses_nobody(md5_lab: Any) -> None:
    other = (
        'Authorization: Digest username="alice@uc3m.test", realm="other.test", nonce="abc", uri="sip:uc3m.test", '
        f'response="{"0" * 32}", algorithm=MD5\r\n'
    )
    offer_two(md5_lab).edit("gm2 p2 i2", "Authorization:", f"{other}Authorization:")
    assert md5_lab.failing() == []
    assert md5_lab.result("REG-35").verdict == "PASS"


def test_a_session_hash_is_recomputed(md5_lab: Any) -> None:
    nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c0"
    plain = md5_lab.response(password=b"Circle Of Life", nonce=nonce)
    md5_lab.edit("s401 i401 g401 gm2 p2 i2", "algorithm=MD5", "algorithm=MD5-sess")
    assert md5_lab.result("REG-35").verdict == "FAIL"
    inner = ha1("alice@uc3m.test", "uc3m.test", b"Circle Of Life")
    known = {"nonce": nonce, "cnonce": "0a4f113b"}
    right = response(
        session_ha1(inner, **known), method="REGISTER", uri="sip:uc3m.test", qop="auth", nc="00000001", **known
    )
    md5_lab.edit("gm2 p2 i2", plain, right)
    assert md5_lab.result("REG-35").verdict == "PASS"


def test_a_hash_that_is_not_computed_is_no_wrong_one(md5_lab: Any) -> None:
    md5_lab.edit("s401 i401 g401 gm2 p2 i2", "algorithm=MD5", "algorithm=SHA-256")
    assert md5_lab.result("REG-35").verdict == "INCONCLUSIVE"
