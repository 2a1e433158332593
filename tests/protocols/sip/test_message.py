import contextlib
import time

import pytest
from sipmessage import Parameters, Request, Response, Via

from conformance.protocols.sip.message import (
    MAX_MESSAGE,
    MalformedMessage,
    forwarded_request,
    forwarded_response,
    make_ack,
    make_response,
    pop_via,
    push_via,
    read_message,
    tag_of,
    top_via,
    write_message,
)

REGISTER = (
    b"REGISTER sip:uc3m.netlab.test SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 127.34.1.128:5060;branch=z9hG4bKa;rport\r\n"
    b"Via: SIP/2.0/UDP 127.34.1.129:5060;branch=z9hG4bKb , SIP/2.0/TCP host.test;branch=z9hG4bKc\r\n"
    b"Max-Forwards: 70\r\n"
    b"From: <sip:alice@uc3m.netlab.test>;tag=f1\r\n"
    b"To: <sip:alice@uc3m.netlab.test>\r\n"
    b"Call-ID: c1\r\n"
    b"CSeq: 7 REGISTER\r\n"
    b"X-Unknown: stays; as=it is\r\n"
    b"Content-Length: 4\r\n"
    b"\r\n"
    b"body"
)


def register() -> Request:
    message = read_message(REGISTER)
    assert isinstance(message, Request)
    return message


def test_octets_beyond_content_length_are_discarded() -> None:
    """RFC 3261 18.3."""
    message = read_message(REGISTER + b"trailing")
    assert message.body == b"body"


def test_compact_forms_folding_and_blanks_before_the_colon_are_read() -> None:
    """RFC 3261 7.3.1 and 7.3.3."""
    message = read_message(
        b"\r\nOPTIONS sip:h.test SIP/2.0\r\nv : SIP/2.0/UDP\r\n 10.0.0.1;branch=z9hG4bKx\r\n"
        b"f: <sip:a@h.test>;tag=1\r\nt: <sip:h.test>\r\ni: x\r\nCSeq:\r\n 1 OPTIONS\r\n\r\n"
    )
    assert top_via(message).host == "10.0.0.1"
    assert message.cseq.method == "OPTIONS"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((b"\r\n\r\n", b"\r\n"), "no empty line"),
        ((b"Call-ID: c1\r\n", b""), "Call-ID is missing"),
        ((b"SIP/2.0\r\nVia", b"SIP/3.0\r\nVia"), "neither request nor response"),
        ((b"CSeq: 7 ", b"CSeq: seven "), "CSeq"),
        ((b"Content-Length: 4", b"Content-Length: 5"), "body has 4"),
        ((b"Content-Length: 4", b"Content-Length: -1"), "Content-Length -1"),
        ((b"Content-Length: 4", b"Content-Length: " + b"9" * 5000), "a line of"),
        ((b"rport\r\n", b"self=1\r\n"), "self"),
        ((b"SIP/2.0/UDP 127.34.1.128:5060", b"garbage"), "Via"),
        ((b"X-Unknown", b"\xff\xfe"), "utf-8"),
        ((b"X-Unknown: stays", b"no colon here"), "unpack"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(change: tuple[bytes, bytes], said: str) -> None:
    with pytest.raises(MalformedMessage) as refusal:
        read_message(REGISTER.replace(*change, 1))
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 200


def test_what_is_too_long_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="at most"):
        read_message(REGISTER + bytes(MAX_MESSAGE))
    with pytest.raises(MalformedMessage, match="header lines"):
        read_message(REGISTER.replace(b"X-Unknown: stays", b"a:\r\n" * 600 + b"b:", 1))
    with pytest.raises(MalformedMessage, match="a line"):
        read_message(REGISTER.replace(b"X-Unknown: stays", b"a: " + b"b" * 5000, 1))


@pytest.mark.parametrize(
    "line",
    [
        "Via: " + '"\\' * 900,
        "Via: SIP/2.0/UDP h" + ';a="' * 400,
        "Via: SIP/2.0/UDP [" + "1:" * 900,
        "Via: SIP/2.0/UDP " + "a-" * 900,
        "Via: SIP/2.0/UDP h" + " ;" * 900,
    ],
)
def test_hostile_lines_cost_no_time(line: str) -> None:
    began = time.process_time()
    with contextlib.suppress(MalformedMessage):
        read_message(REGISTER.replace(b"Via: SIP/2.0/UDP 127.34.1.128:5060;branch=z9hG4bKa;rport", line.encode(), 1))
    assert time.process_time() - began < 0.5


def test_a_request_uri_of_digits_costs_little_time() -> None:
    began = time.process_time()
    with pytest.raises(MalformedMessage):
        read_message(REGISTER.replace(b"sip:uc3m.netlab.test", b"tel:+" + b"1" * 1900 + b"x", 1))
    assert time.process_time() - began < 0.5


def test_writing_sets_the_content_length_and_leaves_the_message_alone() -> None:
    message = register()
    message.body = b"longer body"
    assert b"Content-Length: 11\r\n" in write_message(message)
    assert message.content_length == 4


def test_unknown_header_fields_pass_unchanged() -> None:
    assert b"X-Unknown: stays; as=it is\r\n" in write_message(register())


def test_only_the_topmost_via_is_touched() -> None:
    message = register()
    below = ["SIP/2.0/UDP 127.34.1.129:5060;branch=z9hG4bKb", "SIP/2.0/TCP host.test;branch=z9hG4bKc"]
    push_via(message, Via(transport="TCP", host="10.0.0.9", port=5060))
    assert top_via(message).host == "10.0.0.9"
    pop_via(message)
    pop_via(message)
    assert message.headers.getlist("Via") == below
    pop_via(message)
    assert [via.host for via in message.via] == ["host.test"]


def test_a_comma_in_quotes_parts_no_via() -> None:
    message = read_message(REGISTER.replace(b";rport", b';x="a, \\"b"', 1))
    assert top_via(message).parameters["branch"] == "z9hG4bKa"
    assert len(message.headers.getlist("Via")) == 2
    pop_via(message)
    assert top_via(message).host == "127.34.1.129"


def test_a_response_copies_what_rfc_3261_8_2_6_names() -> None:
    request = register()
    response = make_response(request, 401)
    assert response.phrase == "Unauthorized"
    assert response.headers.getlist("Via") == request.headers.getlist("Via")
    for name in ("From", "Call-ID", "CSeq"):
        assert response.headers[name] == request.headers[name]
    assert tag_of(response.headers["To"]) is not None
    assert response.headers.get("X-Unknown") is None


def test_a_100_has_no_tag_and_an_existing_tag_stays() -> None:
    request = register()
    assert tag_of(make_response(request, 100).headers["To"]) is None
    request.headers.set("To", "<sip:alice@uc3m.netlab.test>;tag=t9")
    assert make_response(request, 200).headers["To"] == "<sip:alice@uc3m.netlab.test>;tag=t9"


def test_a_tag_parameter_of_the_uri_is_no_tag() -> None:
    assert tag_of("<sip:a@h.test;tag=uri>") is None
    assert tag_of("sip:a@h.test;TAG = x") == "x"


@pytest.mark.parametrize(("before", "after"), [("70", "69"), ("1", "0"), ("0", "0"), (None, "70")])
def test_forwarding_counts_max_forwards_down(before: str | None, after: str) -> None:
    request = register()
    request.headers.remove("Max-Forwards")
    if before is not None:
        request.headers.set("Max-Forwards", before)
    assert forwarded_request(request).headers["Max-Forwards"] == after


def test_a_forwarded_response_lacks_our_via_and_the_original_keeps_it() -> None:
    response = make_response(register(), 200)
    assert top_via(forwarded_response(response)).host == "127.34.1.129"
    assert top_via(response).host == "127.34.1.128"


def test_the_ack_of_a_failure_belongs_to_the_invite() -> None:
    """RFC 3261 17.1.1.3: same top Via alone, same Request-URI, Route and CSeq number, To of the response."""
    invite = read_message(REGISTER.replace(b"REGISTER", b"INVITE"))
    assert isinstance(invite, Request)
    invite.headers.setlist("Route", ["<sip:one.test;lr>", "<sip:two.test;lr>"])
    response = make_response(invite, 486, to_tag="t2")
    assert isinstance(response, Response)
    ack = make_ack(invite, response)
    assert (ack.method, ack.uri) == ("ACK", invite.uri)
    assert [via.parameters["branch"] for via in ack.via] == ["z9hG4bKa"]
    assert ack.headers.getlist("Route") == ["<sip:one.test;lr>", "<sip:two.test;lr>"]
    assert (ack.cseq.sequence, ack.cseq.method) == (7, "ACK")
    assert tag_of(ack.headers["To"]) == "t2"


@pytest.mark.parametrize("received", ["fd00::9", "[fd00::9]"])
def test_received_of_ipv6_is_read_with_brackets_and_without(received: str) -> None:
    """RFC 5118 4.5: an implementation accepts both; it writes the form of the grammar, without."""
    via = f"SIP/2.0/UDP [fd00::1]:5060;received={received};branch=z9hG4bKa"
    message = read_message(REGISTER.replace(b"SIP/2.0/UDP 127.34.1.128:5060;branch=z9hG4bKa;rport", via.encode()))
    found = top_via(message)
    assert (found.host, found.port, found.parameters["received"]) == ("[fd00::1]", 5060, "fd00::9")
    push_via(message, found)
    assert message.headers.getlist("Via")[0] == "SIP/2.0/UDP [fd00::1]:5060;received=fd00::9;branch=z9hG4bKa"


def test_nothing_but_an_address_is_written_unescaped() -> None:
    message = register()
    push_via(message, Via("UDP", "h", parameters=Parameters(received="::1\r\nX: y", branch="z9hG4bKa")))
    assert message.headers.getlist("Via")[0] == "SIP/2.0/UDP h;received=%3A%3A1%0D%0AX%3A%20y;branch=z9hG4bKa"
