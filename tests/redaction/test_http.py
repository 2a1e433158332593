"""HTTP of XCAP in a bundle: identities, credentials and bodies."""

from __future__ import annotations

import pytest

from conformance.redaction.http import http_length, is_http
from conformance.redaction.payloads import Redactor

RULES = b'<one id="sip:alice@uc3m.test"/><!-- my friend --><sub-handling>allow</sub-handling><note>at home</note>'
PUT = (
    b"PUT /xcap-root/pres-rules/users/sip:alice@uc3m.test/index HTTP/1.1\r\nHost: xdms.uc3m.test\r\n"
    b'Authorization: Digest username="alice@uc3m.test", realm="uc3m.test", nonce="c2VjcmV0bm9uY2U=", '
    b'uri="/xcap-root/pres-rules/users/sip:alice@uc3m.test/index", response="0123456789abcdef0123456789abcdef"\r\n'
    b"X-Unknown: alice\r\nContent-Type: application/auth-policy+xml\r\n"
    b"Content-Length: " + str(len(RULES)).encode() + b"\r\n\r\n" + RULES
)
ANSWER = b'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: 0\r\n\r\n'


def test_who_writes_what_is_not_there_any_more(redactor: Redactor) -> None:
    found = redactor.http.message(PUT)
    assert len(found) == len(PUT)
    for secret in (b"alice", b"c2VjcmV0bm9uY2U=", b"0123456789abcdef", b"friend", b"at home"):
        assert secret not in found
    assert b"<sub-handling>allow</sub-handling>" in found
    assert found.startswith(b"PUT /xcap-root/pres-rules/users/sip:")


def test_an_escaped_name_is_overwritten(redactor: Redactor) -> None:
    found = redactor.http.message(PUT.replace(b"sip:alice@uc3m.test/index HTTP", b"sip%3Aalice%40uc3m.test/i HTTP"))
    assert b"alice" not in found
    assert found.partition(b"\r\n")[0].endswith(b" HTTP/1.1")


def test_a_stream_of_messages_is_redacted_one_by_one(redactor: Redactor) -> None:
    stream = PUT + PUT
    out, found = redactor.stream(stream, [0], (40000, 8080))
    assert found == [(0, len(PUT)), (len(PUT), 2 * len(PUT))]
    assert out == redactor.http.message(PUT) * 2


@pytest.mark.parametrize(
    ("stream", "length"),
    [
        (ANSWER + b"more", len(ANSWER)),
        (PUT[:-1], None),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nx", 58),
        (b"HTTP/1.1 200 OK\r\n", None),
    ],
)
def test_where_a_message_ends(stream: bytes, length: int | None) -> None:
    assert is_http(stream)
    assert http_length(stream, 0) == length


def test_chunks_are_overwritten(redactor: Redactor) -> None:
    found = redactor.http.message(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nalice\r\n0\r\n\r\n")
    assert b"alice" not in found


def test_a_list_is_redacted_part_by_part(redactor: Redactor) -> None:
    body = (
        b'--b\r\nContent-Type: application/rlmi+xml\r\n\r\n<list uri="sip:alice@uc3m.test"/>\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n"
    )
    notify = (
        b"NOTIFY sip:bob@stuba.test SIP/2.0\r\nContent-Type: multipart/related;boundary=b\r\nContent-Length: "
        + str(len(body)).encode()
        + b"\r\n\r\n"
        + body
    )
    found = redactor.sip.message(notify)
    assert len(found) == len(notify)
    assert b"alice" not in found
    assert b"hello" not in found
    assert b"<list uri=" in found
