"""What is read fast is read as the careful reader reads it, whatever came."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.trace import sip
from conformance.trace.sip import SipText, read_sip
from conformance.trace.sip_careful import read_carefully

PIECES = (
    b"REGISTER sip:home.test SIP/2.0\r\n",
    b"SIP/2.0 200 OK\r\n",
    b"SIP/2.0 200 \r\n",
    b"Via: SIP/2.0/UDP 127.31.0.1;branch=z9hG4bK1, SIP/2.0/TCP [::1]:5060\r\n",
    b"v : SIP/2.0/UDP 127.31.0.2\r\n",
    b"Call-ID:  c1@home \t\r\n",
    b"i:\r\n",
    b"CSeq: 7 REGISTER\r\n",
    b"CSeq: 7\r\n",
    b"CSeq: 36893488147419103232 REGISTER\r\n",
    b"CSeq: 00000000000007 REGISTER\r\n",
    b"Content-Length: 4\r\n",
    b"Content-Length: many\r\n",
    b"X-Own\r\n",
    b"Subject: gr\xc3\xbc\xc3\x9fe\r\n",
    b"Subject: \xff\r\n",
    b" folded\r\n",
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"\x1c",
    b"body",
)
DEFINED = [PIECES[0], PIECES[3], PIECES[5], PIECES[7], PIECES[9], b"\r\n", b"body"]


def seen(text: SipText) -> tuple[object, ...]:
    start = (text.is_request, text.request_uri, text.request_uri_span, text.status, text.reason, text.start_span)
    return (*start, text.headers, text.body_span, text.call_id, text.cseq_number, text.cseq_method, text.problems)


def expected(raw: bytes) -> tuple[object, ...]:
    read = read_carefully(raw)
    line = read.line
    start = (line.is_request, line.uri, line.uri_span, line.status, line.reason, read.start_span)
    return (*start, read.headers, read.body_span, read.call_id, read.cseq_number, read.cseq_method, read.problems)


@settings(max_examples=400)
@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_pieces_in_any_order_are_read_alike(pieces: list[bytes]) -> None:
    raw = b"".join(pieces)
    assert seen(read_sip(raw)) == expected(raw)


@settings(max_examples=400)
@given(st.integers(0, 200), st.sampled_from(PIECES), st.integers(0, 3))
def test_a_message_with_something_in_the_middle_is_read_alike(place: int, piece: bytes, less: int) -> None:
    whole = b"".join(DEFINED)
    raw = whole[:place] + piece + whole[place + less :]
    assert seen(read_sip(raw)) == expected(raw)


def test_a_message_as_it_should_be_needs_no_careful_reader() -> None:
    text = read_sip(b"".join(DEFINED))
    assert text._read_fast() is not None


def test_headers_are_forgotten_and_read_again() -> None:
    text = read_sip(b"".join(DEFINED))
    before = text.headers
    for number in range(sip.KEPT):
        assert read_sip(b"".join(DEFINED).replace(b"c1", b"%d" % number)).first("i") is not None
    assert text._headers is None
    assert (text.headers, text.call_id) == (before, "c1@home")
