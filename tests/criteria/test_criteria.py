"""The catalogue, and the conforming registration that no criterion may accuse."""

from __future__ import annotations

import re
from typing import Any

import pytest

from conformance.criteria import all_criteria
from conformance.vocabulary.numbers import Avp


def test_ids_are_sorted_and_unique() -> None:
    ids = [criterion.id for criterion in all_criteria()]
    assert ids == sorted(set(ids))
    assert all(re.fullmatch(r"(CALL|REG|DNS|DISC|MSG|PRES|VPN|QOS)-[0-9]{2}", id) for id in ids)


@pytest.mark.parametrize("criterion", all_criteria(), ids=lambda criterion: criterion.id)
def test_words_are_for_a_reader(criterion: Any) -> None:
    assert criterion.statement.endswith(".")
    assert criterion.statement[0].isupper()
    assert criterion.check.__doc__
    assert criterion.points


def test_a_conforming_registration_passes(lab: Any) -> None:
    result = lab.judge()
    assert {c.id: c.found for c in result.criteria if c.verdict not in ("PASS", "NOT_APPLICABLE")} == {}
    assert (result.interoperability, result.conformance) == ("PASS", "PASS")


def test_a_conforming_registration_is_judged_by_nearly_all(lab: Any) -> None:
    skipped = {c.id for c in lab.judge().criteria if c.verdict == "NOT_APPLICABLE"}
    security = {"REG-13", "REG-14", "REG-19", "REG-20", "REG-31", "REG-32", "REG-33"}
    refusals = {"REG-24", "REG-49", "REG-50", "REG-51", "REG-52"}
    only_with_a_federation = {"DISC-01", "DISC-02", "DISC-03", "DNS-06", "REG-21", "CALL-35", "CALL-36", "CALL-37"}
    only_between_hosts = {"VPN-01", "VPN-02", "VPN-05"}
    assert skipped == {"DNS-04", "REG-35", "REG-43", *security, *refusals, *only_with_a_federation, *only_between_hosts}


# RFC 3261 7.3.1 and 25.1: what may be written in several ways is written in the other one here.
OTHER_SPELLINGS = {
    "compact and odd case": lambda lab: lab.edit("gm1 gm2", "Supported: path", "k : PATH"),
    "lists in one header": lambda lab: lab.edit("gm1 gm2", "Supported: path", "SUPPORTED: gruu , Path"),
    "several headers": lambda lab: lab.edit("gm1", "Supported: path", "Supported: gruu\r\nSupported: path"),
    "folded credentials": lambda lab: lab.edit("gm2", ", qop=auth", ",\r\n qop=auth"),
    "no space between parameters": lambda lab: lab.edit("gm1", ", realm", ",realm"),
    "space around equals": lambda lab: lab.edit("gm2", 'realm="uc3m.test"', 'realm = "uc3m.test"'),
    "other order of parameters": lambda lab: lab.edit(
        "gm1", 'nonce="", uri="sip:uc3m.test"', 'uri="sip:uc3m.test", nonce=""'
    ),
    "display names": lambda lab: lab.edit("gm1", "From: <sip", 'From: "Alice, tag=1" <sip'),
    "addr-spec without brackets": lambda lab: lab.edit("gm1", "To: <sip:alice@uc3m.test>", "To: sip:alice@uc3m.test"),
    "escaped user": lambda lab: lab.edit("gm1", "To: <sip:alice@", "To: <sip:%61lice@"),
    "host in upper case": lambda lab: lab.edit("gm1 gm2", 'uri="sip:uc3m.test"', 'uri="sip:uc3m.test"').edit(
        "p1", "Path: <sip:term@pcscf", "Path: <sip:term@PCSCF"
    ),
    "Expires header": lambda lab: lab.edit("gm2 p2 i2", "5062>;expires=600000\r\n", "5062>\r\nExpires: 600000\r\n"),
    "token as visited network": lambda lab: lab.edit("p1 i1 p2 i2", '"uc3m.test"\r\nP-Ch', "uc3m.test\r\nP-Ch"),
    "Path as a list": lambda lab: lab.edit(
        "p2 i2 s200 i200 g200", "Path: <sip:term@pcscf.uc3m.test:4060;lr>", "Path:<sip:term@pcscf.uc3m.test:4060;lr=on>"
    ),
    "a default port in the binding": lambda lab: lab.edit("g200", "5062>;expires", "5062;ob>;expires"),
    "keys in capitals": lambda lab: lab.edit("s401 i401", lab.ck.hex(), lab.ck.hex().upper()),
    "scheme unknown": lambda lab: lab.avp("mar", Avp.SIP_AUTH_DATA_ITEM, [(Avp.SIP_AUTHENTICATION_SCHEME, "unknown")]),
}


@pytest.mark.parametrize("spelling", OTHER_SPELLINGS)
def test_other_spellings_are_not_accused(lab: Any, spelling: Any) -> None:
    result = OTHER_SPELLINGS[spelling](lab).judge()
    assert {c.id: c.found for c in result.criteria if c.verdict not in ("PASS", "NOT_APPLICABLE")} == {}
    assert result.conformance == "PASS"


def test_a_password_registration_passes(md5_lab: Any) -> None:
    result = md5_lab.judge()
    assert {c.id: c.found for c in result.criteria if c.verdict not in ("PASS", "NOT_APPLICABLE")} == {}
    assert result.conformance == "PASS"
    password = next(c for c in result.criteria if c.id == "REG-35")
    assert (password.verdict, password.level) == ("PASS", "INFORMATION")
    assert "MD5 instead of AKA" in password.found
