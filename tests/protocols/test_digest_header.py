"""Digest challenges and credentials (RFC 2617 3.2, RFC 3310 3, 3GPP TS 24.229 7.2A)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.protocols.sip.digest_header import DigestHeader


def test_a_challenge_quotes_all_but_algorithm() -> None:
    challenge = DigestHeader.challenge(realm="home", nonce="a==", algorithm="AKAv1-MD5", qop="auth,auth-int", ik="00")
    assert str(challenge) == 'Digest realm="home", nonce="a==", algorithm=AKAv1-MD5, qop="auth,auth-int", ik="00"'


def test_credentials_leave_algorithm_qop_and_nc_bare() -> None:
    credentials = DigestHeader.credentials(username="a", algorithm="MD5", qop="auth", nc="00000001", cnonce="c")
    assert str(credentials) == 'Digest username="a", algorithm=MD5, qop=auth, nc=00000001, cnonce="c"'


def test_what_a_phone_sends_without_blanks_is_read() -> None:
    value = 'Digest username="alice@a.test",realm="a.test",nonce="",uri="sip:a.test:4060;transport=UDP",response=""'
    credentials = DigestHeader.parse(value)
    assert credentials.get("uri") == "sip:a.test:4060;transport=UDP"
    assert credentials.get("response", "absent") == ""
    assert credentials.get("auts", "absent") == "absent"


def test_commas_and_escapes_in_quoted_values() -> None:
    challenge = DigestHeader.parse(r'Digest realm="a, \"b\"", qop="auth,auth-int"')
    assert challenge.get("realm") == 'a, "b"'
    assert str(challenge) == r'Digest realm="a, \"b\"", qop="auth,auth-int"'


def test_a_proxy_that_removes_and_adds_changes_nothing_else() -> None:
    value = 'DIGEST Realm="r", algorithm="AKAv1-MD5", qop=auth, CK="11", nonce=bare, ik="22"'
    changed = DigestHeader.parse(value).without("ck", "ik").adding("integrity-protected", "no")
    assert str(changed) == ('Digest Realm="r", algorithm="AKAv1-MD5", qop=auth, nonce=bare, integrity-protected="no"')


@pytest.mark.parametrize(
    "value",
    ["", "Digest", "Digest ", "Basic YTpi", 'Digest username="open', "Digest =x", 'Digest a="b" c="d"', "Digest a"],
)
def test_what_is_no_digest(value: str) -> None:
    with pytest.raises(ValueError, match="digest: expected"):
        DigestHeader.parse(value)


def test_the_complaint_shows_nothing_of_the_value() -> None:
    with pytest.raises(ValueError, match="digest") as complaint:
        DigestHeader.parse('Digest realm="r", ck=secret" ik')
    assert "secret" not in str(complaint.value)


def test_a_value_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="digest: expected"):
        DigestHeader.parse("Digest " + "a=b, " * 10_000)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for value in (text, f"Digest {text}", f'Digest a="{text}"'):
        try:
            parsed = DigestHeader.parse(value)
        except ValueError:
            continue
        assert DigestHeader.parse(str(parsed)) == parsed
