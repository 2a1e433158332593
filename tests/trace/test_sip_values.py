from __future__ import annotations

import re

import pytest

from conformance.trace import sip_values
from conformance.trace.sip import Span, Value, read_sip
from conformance.trace.sip_values import (
    Credentials,
    SipUri,
    parse_credentials,
    parse_name_addr,
    parse_parameters,
    parse_uri,
    parse_via,
)


def value(text: str) -> Value:
    return Value(text, Span(100, len(text.encode())), text.encode())


def credentials(line: str) -> Credentials:
    sip = read_sip(f"SIP/2.0 401 No\r\n{line}\r\n\r\n".encode())
    found = parse_credentials(sip.headers[0], sip.raw)
    assert found is not None
    for param in found.params:
        assert sip.raw[param.span.offset : param.span.end].lower().startswith(param.name.encode())
    return found


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("sip:home.test", SipUri("sip", "", "home.test", None, {}, "")),
        (
            "SIP:alice:pw@Home.Test:4060;transport=UDP;lr?a=b",
            SipUri("sip", "alice:pw", "home.test", 4060, {"transport": "UDP", "lr": None}, "a=b"),
        ),
        ("sips:a;p?q@[::1]:5061", SipUri("sips", "a;p?q", "::1", 5061, {}, "")),
        ("tel:+34-91;phone-context=x", SipUri("tel", "+34-91", "", None, {"phone-context": "x"}, "")),
        ("sip:", None),
        ("sip:a@", None),
        ("sip:a@b:99999", None),
        ("home.test", None),
        ("<sip:a@b>", None),
        ("", None),
    ],
)
def test_uris(text: str, uri: SipUri | None) -> None:
    assert parse_uri(text) == uri


def test_name_addr_keeps_the_parameters_of_uri_and_header_apart() -> None:
    found = parse_name_addr(value('"A \\"<x>" <sip:a@b;lr>;tag="t;1";Expires=3'))
    assert found is not None
    assert (found.display, found.uri, found.params) == ('A "<x>', "sip:a@b;lr", {"tag": "t;1", "expires": "3"})
    assert found.uri_span == Span(111, 10)


def test_addr_spec_gives_its_parameters_to_the_header() -> None:
    found = parse_name_addr(value("sip:a@b;tag=1"))
    assert found is not None
    assert (found.uri, found.params, found.uri_span) == ("sip:a@b", {"tag": "1"}, Span(100, 7))


@pytest.mark.parametrize("text", ["", "<>", "<sip:a@b", ";tag=1"])
def test_values_without_a_uri(text: str) -> None:
    assert parse_name_addr(value(text)) is None


def test_via_with_spaces_and_an_ipv6_address() -> None:
    found = parse_via(value("SIP / 2.0 / udp [2001:DB8::9] : 5060 ;branch=z9hG4bK1;rport;received=1.2.3.4"))
    assert found is not None
    assert (found.protocol, found.transport, found.host, found.port) == ("SIP/2.0", "UDP", "2001:db8::9", 5060)
    assert found.params == {"branch": "z9hG4bK1", "rport": None, "received": "1.2.3.4"}


@pytest.mark.parametrize("text", ["", "SIP/2.0/UDP", "SIP/2.0 host", "SIP/2.0/UDP h:99999", "SIP/2.0/UDP a b"])
def test_vias_that_cannot_be_read(text: str) -> None:
    assert parse_via(value(text)) is None


def test_words_with_parameters() -> None:
    assert parse_parameters(value('ipsec-3gpp; alg=hmac-sha-1-96;q="a;b"')) == (
        "ipsec-3gpp",
        {"alg": "hmac-sha-1-96", "q": "a;b"},
    )
    assert parse_parameters(value('"visited.test"')) == ("visited.test", {})
    assert parse_parameters(value("icid-value=1;orig-ioi=a")) == ("", {"icid-value": "1", "orig-ioi": "a"})


def test_credentials_are_read_with_their_quotes() -> None:
    found = credentials('Authorization: Digest username="a@b",realm="x, \\"y\\"" , nc=00000001,URI="sip:a"')
    assert found.scheme == "Digest"
    assert [(p.name, p.value, p.quoted) for p in found.params] == [
        ("username", "a@b", True),
        ("realm", 'x, "y"', True),
        ("nc", "00000001", False),
        ("uri", "sip:a", True),
    ]
    assert found.problems == ()
    assert found.get("Username") is found.params[0]
    assert found.get("qop") is None


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ('a="1" b="2"', "no comma between parameters"),
        ('a="1",,b="2"', "a comma that separates nothing"),
        ('a="1",', "a comma behind the last parameter"),
        ('a="1", b="2', "the quoted string of b is not closed"),
        ('a="1", b', "b has no value"),
        ('a="1", b=', "b has no value"),
        ('a="1", ="2"', "no name before the value"),
        ('a="1", A="2"', "a appears more than once"),
    ],
)
def test_malformed_credentials_are_read_as_far_as_they_go(params: str, problem: str) -> None:
    found = credentials(f"Authorization: Digest {params}")
    assert [p.what for p in found.problems] == [problem]
    assert found.params[0].value == "1"


def test_a_folded_header_with_a_break_in_the_middle() -> None:
    found = credentials('WWW-Authenticate: Digest\r\n realm="a",\r\n\tnonce="b"')
    assert [p.value for p in found.params] == ["a", "b"]


def test_authentication_info_has_no_scheme() -> None:
    found = credentials('Authentication-Info: nextnonce="1", qop=auth')
    assert (found.scheme, [p.name for p in found.params]) == ("", ["nextnonce", "qop"])


def test_a_header_without_a_scheme_is_none() -> None:
    sip = read_sip(b"SIP/2.0 401 No\r\nAuthorization: \r\n\r\n")
    assert parse_credentials(sip.headers[0], sip.raw) is None


@pytest.mark.parametrize(
    "value",
    [
        'Digest realm="a.test", nonce="", algorithm=AKAv1-MD5,qop="auth" , nc=00000001',
        'Digest Realm=" a b ", uri="sip:a.test;x=1,2", response="{}"',
        'Digest realm="a.test" nonce="no comma"',
        'Digest realm="a.test", realm="again"',
        'Digest realm="a.test", ',
        'Digest realm="quoted \\" pair", nonce=x',
        'Digest realm="a.test",\r\n nonce="folded"',
        'Digest realm="a.test", =x, nonce',
        "Digest",
    ],
)
def test_credentials_of_the_usual_form_are_read_like_all_others(value: str) -> None:
    raw = f"REGISTER sip:a.test SIP/2.0\r\nAuthorization: {value}\r\n\r\n".encode()
    sip = read_sip(raw)
    header = sip.all("Authorization")[0]
    read = parse_credentials(header, raw)
    span = header.value_span
    params, problems = sip_values._auth_params(raw, span.offset + len("Digest"), span.end)
    assert read is not None
    assert (read.params, read.problems) == (tuple(params), tuple(problems))


@pytest.mark.parametrize(
    "text",
    [
        "<sip:a@b.test>;tag=x;flag",
        "<sip:a@b.test;lr>",
        "<tel:+34-600;phone-context=x>;expires=7",
        "<sip:a@b.test>;tag=x; y=z",
        '"A" <sip:a@b.test>',
        "<>;tag=x",
        "<sip:a@b.test>tag=x",
        "*",
    ],
)
def test_addresses_of_the_usual_form_are_read_like_all_others(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = parse_name_addr(value(text))
    monkeypatch.setattr(sip_values, "_PLAIN_ADDR", re.compile(rb"(?!)"))
    assert parse_name_addr(value(text)) == usual


@pytest.mark.parametrize(
    "text",
    [
        "SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1;rport",
        "SIP/2.0/TCP Host.Test",
        "SIP/2.0/UDP 10.0.0.1:99999;branch=x",
        "SIP/2.0/UDP 10.0.0.1 ;branch=x",
        "SIP / 2.0 / UDP 10.0.0.1;branch=x",
        "SIP/2.0/UDP [2001:db8::1]:5060;branch=x",
        'SIP/2.0/UDP a.test;branch="x;y"',
    ],
)
def test_vias_of_the_usual_form_are_read_like_all_others(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = parse_via(value(text))
    monkeypatch.setattr(sip_values, "_PLAIN_VIA", re.compile(r"(?!)"))
    assert parse_via(value(text)) == usual
