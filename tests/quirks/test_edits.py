"""Quirks of spelling change the octets that they speak of, and no others."""

from __future__ import annotations

import pytest

from conformance.quirks.catalogue import all_quirks
from conformance.quirks.edits import EDITS, edit_of

FIRST = (
    b"REGISTER sip:h.test SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1;rport\r\n"
    b"To: <sip:a@h.test>\r\n"
    b'Authorization: Digest username="a@h.test", realm="h.test", nonce="", uri="sip:h.test", response="", '
    b"algorithm=AKAv1-MD5\r\n"
    b"Content-Length: 0\r\n\r\n"
)
ANSWER = (
    FIRST.replace(b'nonce=""', b'nonce="bm9uY2U="')
    .replace(b'response=""', b'response="ab"')
    .replace(b"AKAv1-MD5\r\n", b'AKAv1-MD5, qop=auth, cnonce="1", nc=00000001\r\n')
)
BECOMES = {
    "Q3": (b'username="a@h.test",realm="h.test",nonce="",uri="sip:h.test",response="",algorithm', None),
    "Q4c": (b'uri="sip:h.test, response=', b'uri="sip:h.test, response='),
    "Q4d": (b'Digest username=a@h.test, realm="h.test"', b'Digest username=a@h.test, realm="h.test"'),
    "Q4e": (b'algorithm="AKAv1-MD5"\r\n', b'algorithm="AKAv1-MD5", qop="auth", cnonce="1", nc="00000001"\r\n'),
    "Q4f": (b'nonce="", response=""', b'nonce="bm9uY2U=", response="ab"'),
    "Q4g": (b"Authorization: ", b"Authorization: "),
    "Q4h": (b',\r\n nonce="", uri', b',\r\n nonce="bm9uY2U=", uri'),
    "Q17": (b"To: <sip:a@h.test>;nat_traversal_required\r\n", b"To: <sip:a@h.test>;nat_traversal_required\r\n"),
}
"""What stands in the first REGISTER and in the answer to a challenge; None: the message stays as it is."""


def edited(message: bytes, *ids: str) -> bytes:
    edit = edit_of(ids)
    assert edit is not None
    return edit(message)


def test_the_table_shows_every_edit_and_the_catalogue_has_each() -> None:
    assert set(BECOMES) == set(EDITS)
    assert set(EDITS) <= set(all_quirks())


@pytest.mark.parametrize("id", EDITS)
def test_one_quirk(id: str) -> None:
    for message, expected in zip((FIRST, ANSWER), BECOMES[id], strict=True):
        changed = edited(message, id)
        if expected is None:
            assert changed == message
        else:
            assert expected in changed
            assert expected not in message or changed.count(expected) == 2
        # nothing but the line that the quirk speaks of
        kept = [line for line in message.split(b"\r\n") if not line.startswith((b"Authorization", b"To"))]
        assert all(line in changed.split(b"\r\n") for line in kept)


def test_the_same_header_field_twice_is_the_same_to_the_last_octet() -> None:
    lines = [line for line in edited(ANSWER, "Q4e", "Q4g").split(b"\r\n") if line.startswith(b"Authorization")]
    assert len(lines) == 2
    assert lines[0] == lines[1]


@pytest.mark.parametrize("id", EDITS)
def test_other_messages_are_left_alone(id: str) -> None:
    response = FIRST.replace(b"REGISTER sip:h.test SIP/2.0", b"SIP/2.0 401 Unauthorized")
    for message in (response, FIRST.replace(b"REGISTER", b"PUBLISH"), b"", b"\r\n\r\n"):
        assert edited(message, id) == message


def test_a_fault_comes_behind_and_sees_every_message() -> None:
    edit = edit_of(("Q17", "Q1"), then=lambda message: message + b"!")
    assert edit is not None
    assert edit(b"x") == b"x!"
    assert edit(FIRST).endswith(b"!")
    assert edit_of(()) is None
    assert edit_of(("Q1",)) is None
