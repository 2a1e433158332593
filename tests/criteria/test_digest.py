"""Digest responses against the published examples."""

from __future__ import annotations

from conformance.criteria.digest import ha1, response


def test_rfc2617_3_5() -> None:
    secret = ha1("Mufasa", "testrealm@host.com", b"Circle Of Life")
    assert secret == "939e7578ed9e3c518a452acee763bce9"
    found = response(
        secret,
        nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",
        method="GET",
        uri="/dir/index.html",
        qop="auth",
        nc="00000001",
        cnonce="0a4f113b",
    )
    assert found == "6629fae49393a05397450978507c4ef1"


def test_the_form_of_rfc2069() -> None:
    secret = ha1("Mufasa", "testrealm@host.com", b"CircleOfLife")
    found = response(secret, nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", method="GET", uri="/dir/index.html")
    assert found == "1949323746fe6a43ef61f9606e7febea"  # the example of RFC 2069 2.4 as corrected


def test_auth_int_hashes_the_body() -> None:
    secret = ha1("Mufasa", "testrealm@host.com", b"Circle Of Life")
    common = {"nonce": "n", "method": "REGISTER", "uri": "sip:a", "nc": "00000001", "cnonce": "c"}
    found = {response(secret, qop="auth-int", body=body, **common) for body in (b"", b"x")} | {
        response(secret, qop="auth", body=b"x", **common)
    }
    assert len(found) == 3


def test_aka_of_a_real_server() -> None:
    # RES of a Kamailio 5.6.3 lab as the password (RFC 3310); the octets are not text.
    secret = ha1("alice@ims-a.test", "ims-a.test", bytes.fromhex("e95d24f3e3c3717b"))
    found = response(
        secret,
        nonce="YGjhDaXDDkkm2tkpXAPgEoW8EZRJw4AAye3nFnOJyKk=",
        method="REGISTER",
        uri="sip:ims-a.test",
        qop="auth",
        nc="00000001",
        cnonce="60153009b39f",
    )
    assert found == "485e816cb811202b13ddec7a069f517f"
