"""Comparing values: what is the same thing in another spelling, and what is not."""

from __future__ import annotations

import pytest

from conformance.criteria.values import (
    address,
    asked_expiry,
    authorization,
    cite_header,
    clip,
    digests,
    in_domain,
    is_numeric,
    octets_of_nonce,
    same_contact,
    same_host,
    same_identity,
    same_uri,
    seconds,
)
from conformance.trace.model import Sighting, SipMessage
from conformance.trace.sip import read_sip
from conformance.vocabulary.identifiers import Endpoint

HERE = Endpoint("127.0.0.1", 5060, "udp")


def message(*headers: str) -> SipMessage:
    raw = "\r\n".join(["REGISTER sip:uc3m.test SIP/2.0", *headers, "", ""]).encode()
    return SipMessage((Sighting(0, 1, 0, None, HERE, HERE),), raw, sip=read_sip(raw))


# RFC 3261 19.1.4 gives most of these pairs.
@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtlanTa.CoM;Transport=tcp", True),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", True),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5", True),
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", False),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", False),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", False),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", False),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", False),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", False),
        ("sip:a.test", "sips:a.test", False),
        ("sip:[2001:db8::1]", "sip:[2001:DB8:0::1]", True),
        ("tel:+34-600-000-001", "tel:+34600000001", True),
        ("no uri", "no uri", True),
        ("no uri", "sip:a.test", False),
    ],
)
def test_same_uri(one: str, other: str, same: bool) -> None:
    assert same_uri(one, other) is same
    assert same_uri(other, one) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("sip:alice@a.test;user=phone", "sip:alice@A.test", True),
        ("sip:alice@a.test:5060", "sip:alice@a.test", True),
        ("sip:Alice@a.test", "sip:alice@a.test", False),
        ("tel:+1(2)3", "tel:+123", True),
        ("tel:+123", "sip:+123@a.test", False),
    ],
)
def test_same_identity(one: str, other: str, same: bool) -> None:
    assert same_identity(one, other) is same


def test_a_proxys_parameters_make_no_other_binding() -> None:
    assert same_contact("sip:192.0.2.2:5060;alias=192.0.2.2~5060~1", "sip:192.0.2.2")
    assert not same_contact("sip:192.0.2.2:5062", "sip:192.0.2.2")


def test_hosts_and_domains() -> None:
    assert same_host("UC3M.test.", "uc3m.test")
    assert same_host("::1", "0:0::1")
    assert in_domain("scscf.UC3M.test", "uc3m.test")
    assert in_domain("uc3m.test", "uc3m.test")
    assert not in_domain("evil-uc3m.test", "uc3m.test")
    assert is_numeric("[::1]")
    assert is_numeric("127.0.0.1")
    assert not is_numeric("127.0.0.1.test")


def test_the_credentials_of_the_realm_are_chosen() -> None:
    found = message(
        'Authorization: Digest username="a", realm="one"',
        'Authorization: Digest username="b", realm="two"',
        "Authorization: Basic abc",
    )
    assert len(digests(found, "Authorization")) == 2
    assert authorization(found, "two").value("username") == "b"
    assert authorization(found, "three").value("username") == "a"
    assert authorization(None) is None


@pytest.mark.parametrize(
    ("headers", "expiry"),
    [
        (["Contact: <sip:a@b>;expires=5", "Expires: 9"], 5),
        (["m: <sip:a@b>", "Expires: 9"], 9),
        (["Contact: <sip:a@b;expires=5>"], None),
        (["Contact: sip:a@b;expires=7"], 7),
        (["Contact: <sip:a@b>;expires=soon"], None),
    ],
)
def test_the_expiry_that_is_asked_for(headers: list[str], expiry: int | None) -> None:
    found = message(*headers)
    assert asked_expiry(found, address(found, "Contact")) == expiry


def test_numbers_and_nonces() -> None:
    assert seconds(" 70 ") == 70
    assert seconds("-1") is None
    assert seconds("9" * 5000) is None
    assert octets_of_nonce("AAAA") == bytes(3)
    assert octets_of_nonce("not base64!") is None


def test_a_claim_has_nothing_that_wireshark_shows_otherwise() -> None:
    found = message("Subject: caf\u00e9 \\ and more")
    citation = cite_header(found, found.sip.first("Subject"))
    assert citation.claims[0].values == ("caf",)


def test_clip() -> None:
    assert clip("x" * 200) == "x" * 119 + "…"
    assert clip("short") == "short"
