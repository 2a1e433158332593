"""Messages of which single lines are changed, and no byte else (RFC 3261 7.3.1)."""

from __future__ import annotations

import pytest

from conformance.cores.emulated.header_lines import HeaderLines
from conformance.protocols.sip.message import MAX_MESSAGE, MalformedMessage

ODD = b"INVITE sip:a@b SIP/2.0\r\nVia : 1,\r\n\t2\r\nno colon\r\nX:\xe9\x00\r\nv: 3\r\n\r\n\r\nbody\xff\r\n"


def test_what_is_not_touched_keeps_every_byte() -> None:
    assert bytes(HeaderLines(ODD)) == ODD
    assert HeaderLines(b"\r\n" + ODD).method == "INVITE"


def test_fields_are_found_by_their_names_and_unfolded() -> None:
    message = HeaderLines(ODD)
    assert message.values("via", "v") == ["1, 2", "3"]
    assert message.take_first("via", "v") == (0, "1, 2")
    assert message.take_first("to") is None


def test_single_fields_are_changed() -> None:
    message = HeaderLines(ODD)
    message.rewrite(0, "9")
    message.rewrite(3, "")
    message.push("Via", "8")
    message.replace("x", [("X", "7"), ("X", "6")])
    message.replace("new", [("New", "5")])
    head = b"Via: 8\r\nVia: 9\r\nno colon\r\nX: 7\r\nX: 6\r\nNew: 5\r\n\r\n"
    assert bytes(message) == ODD[: ODD.index(b"Via")] + head + b"\r\nbody\xff\r\n"


@pytest.mark.parametrize("data", [b"", b"INVITE", b"a\r\n" * 600 + b"\r\n", b"a" * MAX_MESSAGE + b"\r\n\r\n"])
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        HeaderLines(data)
