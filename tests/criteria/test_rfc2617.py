"""Grammar of credentials: each fault fails its own criterion."""

from __future__ import annotations

from typing import Any

import pytest

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
