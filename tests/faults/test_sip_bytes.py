"""One header field or parameter is changed, and every other octet of the message stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.faults.sip_bytes import (
    add_header,
    get_header,
    name_of,
    parameters_of,
    remove_header,
    remove_parameter,
    set_header,
    set_parameter,
    split_text,
)
from conformance.vocabulary.errors import BadInput

AUTHORIZATION = b'Authorization: Digest username="a;b, c",realm="x", nonce="" ,\r\n uri="sip:x", qop=auth\r\n'
MESSAGE = (
    b"REGISTER sip:x SIP/2.0\r\n"
    b"v: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport\r\n"
    b"Path: <sip:one;lr>\r\n"
    b"From: <sip:a@x>;tag=1\r\n" + AUTHORIZATION + b"PATH: <sip:two;lr;x=y>\r\n"
    b"Content-Length: 2\r\n\r\nPath: no"
)


def test_a_message_is_put_together_as_it_was() -> None:
    assert split_text(MESSAGE).encode() == MESSAGE


def test_all_header_fields_of_a_name_go() -> None:
    assert remove_header(MESSAGE, "path") == MESSAGE.replace(b"Path: <sip:one;lr>\r\n", b"").replace(
        b"PATH: <sip:two;lr;x=y>\r\n", b""
    )


def test_a_compact_name_is_its_long_one_and_folded_lines_go_together() -> None:
    assert b"branch" not in remove_header(MESSAGE, "Via")
    assert remove_header(MESSAGE, "Authorization") == MESSAGE.replace(AUTHORIZATION, b"")
    assert name_of(b"K : path\r\n") == b"supported"


def test_a_value_is_changed_and_a_field_is_added() -> None:
    assert set_header(MESSAGE, "From", b"<sip:b@x>") == MESSAGE.replace(b"<sip:a@x>;tag=1", b"<sip:b@x>")
    assert add_header(MESSAGE, "X", b"1") == MESSAGE.replace(b"\r\n\r\n", b"\r\nX: 1\r\n\r\n")
    assert get_header(MESSAGE, "f") == b"<sip:a@x>;tag=1"


@pytest.mark.parametrize(
    ("header", "parameter", "old", "new"),
    [
        ("Via", "branch", b";branch=z9hG4bK1", b""),
        ("Via", "rport", b";rport", b""),
        ("Path", "lr", b"<sip:one;lr>", b"<sip:one>"),
        ("Path", "x", b";x=y", b""),
        ("Authorization", "username", b'username="a;b, c",', b""),
        ("Authorization", "nonce", b', nonce=""', b""),
        ("Authorization", "qop", b", qop=auth", b""),
        ("Authorization", "uri", b',\r\n uri="sip:x"', b""),
    ],
)
def test_a_parameter_goes_with_its_separator(header: str, parameter: str, old: bytes, new: bytes) -> None:
    assert remove_parameter(MESSAGE, header, parameter) == MESSAGE.replace(old, new)


def test_a_parameter_gets_another_value_with_the_quotation_marks_that_were_asked_for() -> None:
    assert b"branch=other;rport" in set_parameter(MESSAGE, "Via", "branch", b"other")
    assert b",\r\n uri=sip:y, qop" in set_parameter(MESSAGE, "Authorization", "uri", b"sip:y")


def test_parameters_are_listed_as_they_are_written() -> None:
    assert parameters_of(b'Path: <sip:two;lr;x=y>;a="b;c"\r\n') == [("lr", b""), ("x", b"y"), ("a", b'"b;c"')]
    assert [name for name, _ in parameters_of(AUTHORIZATION)] == ["username", "realm", "nonce", "uri", "qop"]


@pytest.mark.parametrize("message", [b"", b"\x00\x01", b"REGISTER sip:x SIP/2.0\r\nTo: x\r\n"])
def test_what_is_no_whole_header_is_refused(message: bytes) -> None:
    with pytest.raises(BadInput):
        remove_header(message, "To")


def test_what_is_not_there_is_refused() -> None:
    with pytest.raises(BadInput, match="no header field Route"):
        set_header(MESSAGE, "Route", b"")
    with pytest.raises(BadInput, match="no parameter q"):
        remove_parameter(MESSAGE, "From", "q")


@given(st.binary(max_size=80))
def test_any_header_is_put_together_as_it_was_or_refused(lines: bytes) -> None:
    message = b"SIP/2.0 200 OK\r\nA: b\r\n" + lines + b"\r\n\r\n"
    text = split_text(message)
    assert text.start == b"SIP/2.0 200 OK\r\n"
    assert all(field in message for field in text.fields)
