from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.trace.sip import MAX_PROBLEMS, Header, SipText, Span, looks_like_sip, read_sip
from conformance.trace.sip_values import parse_credentials, parse_name_addr, parse_parameters, parse_uri, parse_via

REQUEST = (
    b"REGISTER sip:home.test SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 127.31.0.1:5060;branch=z9hG4bK1\r\n"
    b"From: <sip:alice@home.test>;tag=a\r\n"
    b"To: <sip:alice@home.test>\r\n"
    b"Call-ID: c1\r\n"
    b"CSeq: 7 REGISTER\r\n"
    b"Content-Length: 5\r\n\r\nhello"
)


def cut(sip: SipText, span: Span) -> bytes:
    return sip.raw[span.offset : span.end]


def header(sip: SipText, name: str) -> Header:
    found = sip.first(name)
    assert found is not None
    return found


def problems(raw: bytes) -> list[str]:
    return [problem.what for problem in read_sip(raw).problems]


def with_line(line: bytes) -> bytes:
    return REQUEST.replace(b"Call-ID", line + b"\r\nCall-ID")


def test_a_request_is_read_with_all_its_offsets() -> None:
    sip = read_sip(REQUEST)
    assert (sip.is_request, sip.method, sip.request_uri, sip.status) == (True, "REGISTER", "sip:home.test", None)
    assert (sip.call_id, sip.cseq_number, sip.cseq_method, sip.body) == ("c1", 7, "REGISTER", b"hello")
    assert cut(sip, sip.request_uri_span) == b"sip:home.test"
    assert cut(sip, sip.start_span) == b"REGISTER sip:home.test SIP/2.0"
    assert cut(sip, sip.body_span) == b"hello"
    assert [h.name for h in sip.headers] == ["Via", "From", "To", "Call-ID", "CSeq", "Content-Length"]
    for one in sip.headers:
        assert cut(sip, one.span) == f"{one.raw_name}: {one.value}".encode()
        assert cut(sip, one.value_span) == one.value.encode()
    assert sip.problems == ()


def test_a_response_takes_its_method_from_the_cseq() -> None:
    sip = read_sip(b"SIP/2.0 401 Not yet\r\nCSeq: 2 REGISTER\r\n\r\n")
    assert (sip.is_request, sip.status, sip.reason, sip.method) == (False, 401, "Not yet", "REGISTER")
    assert sip.problems == ()


def test_compact_forms_and_letter_case_give_the_long_name() -> None:
    sip = read_sip(b"SIP/2.0 200 OK\r\ni: c9\r\nv: x\r\nCSEQ: 1 REGISTER\r\nx-own: 1\r\n\r\n")
    assert [h.name for h in sip.headers] == ["Call-ID", "Via", "CSeq", "x-own"]
    assert [h.raw_name for h in sip.headers] == ["i", "v", "CSEQ", "x-own"]
    assert sip.call_id == "c9"
    assert sip.first("I") is sip.first("call-id") is sip.headers[0]
    assert sip.all("X-Own") == (sip.headers[3],)


def test_a_folded_header_is_unfolded_and_keeps_its_bytes() -> None:
    sip = read_sip(with_line(b'Authorization: Digest username="a",\r\n realm="b"\r\n\t, nonce="" '))
    found = header(sip, "Authorization")
    assert found.value == 'Digest username="a", realm="b" , nonce=""'
    assert cut(sip, found.value_span) == b'Digest username="a",\r\n realm="b"\r\n\t, nonce=""'
    assert header(sip, "Call-ID").value == "c1"


def test_a_value_may_begin_behind_a_fold() -> None:
    found = header(read_sip(with_line(b"Subject:\r\n  later")), "Subject")
    assert (found.value, found.value_span.length) == ("later", 5)


def test_spaces_before_the_colon_are_allowed() -> None:
    sip = read_sip(with_line(b"Subject \t : x"))
    assert (header(sip, "s").raw_name, header(sip, "s").value, sip.problems) == ("Subject", "x", ())


@pytest.mark.parametrize(("end", "kind"), [(b"\n", "LF"), (b"\r", "CR")])
def test_bare_line_ends_are_read_and_noted_once(end: bytes, kind: str) -> None:
    sip = read_sip(REQUEST.replace(b"\r\n", end))
    assert (sip.call_id, sip.body, len(sip.headers)) == ("c1", b"hello", 6)
    assert problems(sip.raw) == [f"a bare {kind} ends a line (8 times)"]
    assert cut(sip, sip.problems[0].span) == end


def test_latin_1_is_read_where_a_header_is_not_utf_8() -> None:
    assert header(read_sip(with_line(b"Subject: caf\xc3\xa9")), "Subject").value == "café"
    raw = with_line(b"Subject: caf\xe9 ok")
    assert header(read_sip(raw), "Subject").value == "café ok"
    assert problems(raw) == ["a header is not UTF-8, read as Latin-1"]
    assert cut(read_sip(raw), read_sip(raw).problems[0].span) == b"\xe9"


def test_repeated_and_interleaved_headers_keep_their_order() -> None:
    sip = read_sip(b"SIP/2.0 200 OK\r\nVia: a, b\r\nRoute: <sip:r;lr>\r\nv: c\r\nCSeq: 1 REGISTER\r\n\r\n")
    assert [h.name for h in sip.headers] == ["Via", "Route", "Via", "CSeq"]
    assert [v.text for v in sip.values("Via")] == ["a", "b", "c"]
    assert [cut(sip, v.span) for v in sip.values("Via")] == [b"a", b"b", b"c"]


def test_commas_in_quotes_and_brackets_separate_nothing() -> None:
    line = b'Contact: "A, \\", B" <sip:a,b@c>;q=1 ,, <sip:d@e> ,\r\n <sip:f@g>'
    sip = read_sip(with_line(line))
    assert [v.text for v in sip.values("m")] == ['"A, \\", B" <sip:a,b@c>;q=1', "<sip:d@e>", "<sip:f@g>"]


def test_credentials_are_one_value() -> None:
    sip = read_sip(with_line(b'Authorization: Digest a="1", b=2') + b"")
    assert [v.text for v in sip.values("Authorization")] == ['Digest a="1", b=2']


@pytest.mark.parametrize("blank", [b"\r\n", b"\r\n\r\n", b"\n\r\n\r\n\r\n"])
def test_empty_lines_before_the_start_line_are_skipped(blank: bytes) -> None:
    sip = read_sip(blank + REQUEST)
    assert (sip.method, sip.start_span.offset, sip.body) == ("REGISTER", len(blank), b"hello")
    assert "empty lines before the start line" in problems(sip.raw)
    assert looks_like_sip(blank + REQUEST)


def test_a_cut_body_and_bytes_behind_the_body_are_noted() -> None:
    assert problems(REQUEST[:-2]) == ["the body is cut: 3 bytes of 5"]
    assert read_sip(REQUEST[:-2]).body == b"hel"
    assert problems(REQUEST + b"..") == ["2 bytes behind the body"]
    assert read_sip(REQUEST + b"..").body == b"hello"


def test_without_content_length_the_body_is_all_the_rest() -> None:
    sip = read_sip(REQUEST.replace(b"Content-Length: 5\r\n", b"") + b" world")
    assert (sip.body, sip.problems) == (b"hello world", ())


@pytest.mark.parametrize("length", [b"five", b"-1", b"", b"9" * 5000, "٥".encode()])
def test_an_unreadable_content_length_is_noted(length: bytes) -> None:
    raw = REQUEST.replace(b"Content-Length: 5", b"Content-Length: " + length)
    assert problems(raw) == ["Content-Length is not a number of bytes"]
    assert read_sip(raw).body == b"hello"


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"no colon here", "a header line without a colon"),
        (b"bad name: x", "the name of a header is not a token"),
        (b"Subject: a\x00b", "a control character in a header"),
        (b"Call-ID: again", "Call-ID appears more than once"),
    ],
)
def test_what_is_wrong_with_a_header_is_noted_and_the_rest_is_read(line: bytes, what: str) -> None:
    sip = read_sip(with_line(line))
    assert what in [problem.what for problem in sip.problems]
    assert header(sip, "CSeq").value == "7 REGISTER"


def test_a_fold_behind_the_start_line_is_noted() -> None:
    assert "a folded line that follows no header" in problems(b"SIP/2.0 200 OK\r\n x\r\nCSeq: 1 A\r\n\r\n")


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"REGISTER  sip:home.test SIP/2.0", "the spaces of the request line are not single"),
        (b"REGISTER sip:home .test SIP/2.0", "white space in the Request-URI"),
        (b"REGISTER sip:home.test SIP/3.0", "the version is not SIP/2.0"),
        (b"REG<>STER sip:home.test SIP/2.0", "the method is not a token"),
        (b"SIP/2.0  200 OK", "the spaces of the status line are not single"),
        (b"SIP/2.0 200", "the spaces of the status line are not single"),
        (b"SIP/2.0 2000 OK", "the status code is not three digits"),
        (b"REGISTER sip:home.test", "the first line is neither a request line nor a status line"),
    ],
)
def test_what_is_wrong_with_the_start_line_is_noted(start: bytes, what: str) -> None:
    raw = start + REQUEST[REQUEST.index(b"\r\n") :]
    assert what in problems(raw)
    assert read_sip(raw).call_id == "c1"


def test_the_request_uri_of_an_old_terminal_is_kept_as_it_is() -> None:
    sip = read_sip(b"REGISTER sip:open-ims.test:4060;transport=UDP SIP/2.0\r\n\r\n")
    assert sip.request_uri == "sip:open-ims.test:4060;transport=UDP"


def test_a_cseq_that_cannot_be_read_is_noted() -> None:
    sip = read_sip(REQUEST.replace(b"7 REGISTER", b"seven"))
    assert (sip.cseq_number, sip.cseq_method) == (None, "")
    assert "CSeq is not a number and a method" in problems(sip.raw)


@pytest.mark.parametrize(("digits", "number"), [("0000000000000000009", 9), ("4294967296", 4294967296)])
def test_a_cseq_number_may_have_zeros_before_it(digits: str, number: int) -> None:
    sip = read_sip(REQUEST.replace(b"7 REGISTER", f"{digits} REGISTER".encode()))
    assert (sip.cseq_number, sip.cseq_method, sip.problems) == (number, "REGISTER", ())


@pytest.mark.parametrize("digits", ["36893488147419103232", "9" * 50_000])
def test_a_cseq_number_that_is_too_large_hides_no_method(digits: str) -> None:
    sip = read_sip(REQUEST.replace(b"7 REGISTER", f"{digits} REGISTER".encode()))
    assert (sip.cseq_number, sip.cseq_method) == (None, "REGISTER")
    assert [problem.what for problem in sip.problems] == ["the CSeq number has more than 10 digits"]


def test_the_end_without_an_empty_line_is_noted() -> None:
    assert problems(REQUEST[: REQUEST.index(b"\r\n\r\n")])[0] == "no empty line behind the headers"


def test_problems_are_bounded() -> None:
    sip = read_sip(b"SIP/2.0 200 OK\r\n" + b"no colon\r\n" * 10_000 + b"\r\n")
    assert len(sip.problems) == MAX_PROBLEMS


@pytest.mark.parametrize("raw", [b"", b"\r\n\r\n", b"\x00\x01", b"GET / HTTP/1.1\r\n", b"SIP/2.0", b"OPTIONS"])
def test_what_is_no_sip_does_not_look_like_it(raw: bytes) -> None:
    assert not looks_like_sip(raw)
    assert read_sip(raw).status is None


WORDS = (b"SIP/2.0", b"200", b"Via", b"Content-Length", b"CSeq", b"Authorization", b"Digest", b"REGISTER", b"sip:a@b")
SIGNS = (b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b",", b";", b'"', b"<", b">", b"\\", b"=", b"@", b"\xff", b"\x00")
FRAGMENTS = st.sampled_from(WORDS + SIGNS)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.lists(FRAGMENTS, max_size=60).map(b"".join)))
def test_no_bytes_make_a_reader_raise_and_every_span_lies_in_the_message(raw: bytes) -> None:
    for sip in (read_sip(raw), read_sip(b"REGISTER sip:a SIP/2.0\r\nContact: " + raw)):
        looks_like_sip(sip.raw)
        parse_uri(sip.request_uri)
        for one in sip.headers:
            assert cut(sip, one.span).startswith(one.raw_name.encode("latin-1")) or not one.raw_name.isascii()
            parse_credentials(one, sip.raw)
            for value in sip.values(one.name):
                assert cut(sip, value.span) == value.raw
                parse_via(value)
                parse_parameters(value)
                address = parse_name_addr(value)
                assert address is None or 0 < address.uri_span.end <= len(sip.raw)
        assert sip.body == cut(sip, sip.body_span)
        assert all(0 <= problem.span.offset <= problem.span.end <= len(sip.raw) for problem in sip.problems)


@pytest.mark.parametrize(
    "raw",
    [
        b"A" + b" " * 60_000,
        b"SIP/2.0 200" + b" " * 60_000 + b"x y",
        b"A b SIP/2.0\r\nX: " + b" " * 60_000 + b"\r\n b",
        b"A b SIP/2.0\r\n" + b"\r\n ".join([b"X: y"] * 10_000),
        b'A b SIP/2.0\r\nm: "' + b"\\" * 60_000,
        b"A b SIP/2.0\r\nm: " + b"<" * 60_000,
        b"A b SIP/2.0\r\nAuthorization: Digest " + b'"=' * 30_000,
    ],
    ids=range(7),
)
def test_hostile_lengths_cost_one_pass(raw: bytes) -> None:
    # A quadratic reader would need minutes here, and the run has a limit.
    sip = read_sip(raw)
    looks_like_sip(raw)
    for one in sip.headers:
        parse_credentials(one, raw)
        assert len(sip.values(one.name)) <= 20_000
    assert sip.raw is raw
