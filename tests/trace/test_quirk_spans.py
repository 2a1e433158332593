"""What old terminals write otherwise than the standards ask is seen as it stands, with the place of its octets.

Each REGISTER is written by hand; the quirks are those of Symbian S60 and of Java terminals (JSR 180), Q1 to Q17.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.trace.sip import Header, SipText, Span, looks_like_sip, read_sip
from conformance.trace.sip_values import (
    AuthParam,
    Credentials,
    parse_credentials,
    parse_name_addr,
    parse_parameters,
    parse_uri,
    parse_via,
)

LINES = (
    "REGISTER sip:open-ims.test SIP/2.0",
    "Via: SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bK1;rport",
    "Max-Forwards: 70",
    "From: <sip:alice@open-ims.test>;tag=a1",
    "To: <sip:alice@open-ims.test>",
    "Call-ID: c1",
    "CSeq: 1 REGISTER",
    "Contact: <sip:alice@10.0.0.7:5060>;expires=600000",
    "Supported: path",
    'Authorization: Digest username="alice@open-ims.test",realm="open-ims.test",nonce="",uri="sip:open-ims.test"'
    ',response=""',
    "Content-Length: 0",
)
ANSWER = (
    'Authorization: Digest username="alice@open-ims.test",realm="open-ims.test",nonce="abc",uri="sip:open-ims.test"'
    ',response="0123456789abcdef0123456789abcdef"'
)


def register(*changes: str, without: str = "") -> SipText:
    """Read a REGISTER in which each change takes the place of the line of the same header.

    Args:
        changes: whole lines; one that begins with `REGISTER` is the request line, one that begins with `+` is a
            further line.
        without: what the line that is left out begins with.
    """
    lines = [line for line in LINES if not without or not line.startswith(without)]
    for change in changes:
        name = change.partition(" ")[0]
        places = [number for number, line in enumerate(lines) if line.startswith(name)]
        if change.startswith("+"):
            lines.insert(-1, change[1:])
        else:
            lines[places[0]] = change
    return read_sip("".join(f"{line}\r\n" for line in [*lines, ""]).encode())


def cut(sip: SipText, span: Span) -> str:
    return sip.raw[span.offset : span.end].decode()


def header(sip: SipText, name: str, number: int = 0) -> Header:
    return sip.all(name)[number]


def param(sip: SipText, name: str, number: int = 0) -> AuthParam:
    credentials = parse_credentials(header(sip, "Authorization", number), sip.raw)
    assert credentials is not None
    found = credentials.get(name)
    assert found is not None
    return found


def value_of(sip: SipText, name: str) -> str:
    return cut(sip, header(sip, name).value_span)


Seen = Callable[[SipText], object]
QUIRKS: dict[str, tuple[SipText, Seen, object]] = {
    "Q1 port and parameters in the Request-URI": (
        register("REGISTER sip:open-ims.test:4060;transport=UDP SIP/2.0"),
        lambda sip: (cut(sip, sip.request_uri_span), (uri := parse_uri(sip.request_uri)) and uri.port),
        ("sip:open-ims.test:4060;transport=UDP", 4060),
    ),
    "Q1 the default port is written": (
        register("REGISTER sip:open-ims.test:5060 SIP/2.0"),
        lambda sip: (cut(sip, sip.request_uri_span), (uri := parse_uri(sip.request_uri)) and uri.port),
        ("sip:open-ims.test:5060", 5060),
    ),
    "Q2 digest uri with port and parameters, Request-URI without": (
        register(ANSWER.replace('uri="sip:open-ims.test"', 'uri="sip:open-ims.test:4060;transport=UDP"')),
        lambda sip: (cut(sip, param(sip, "uri").span), cut(sip, sip.request_uri_span)),
        ('uri="sip:open-ims.test:4060;transport=UDP"', "sip:open-ims.test"),
    ),
    "Q3 no blanks between parameters, in this order": (
        register(),
        lambda sip: (value_of(sip, "Authorization").count(", "), [p.name for p in parsed(sip).params]),
        (0, ["username", "realm", "nonce", "uri", "response"]),
    ),
    "Q4 realm is empty": (
        register(LINES[9].replace('realm="open-ims.test"', 'realm=""')),
        lambda sip: (cut(sip, param(sip, "realm").span), param(sip, "realm").value),
        ('realm=""', ""),
    ),
    "Q4 username is empty": (
        register(LINES[9].replace('username="alice@open-ims.test"', 'username=""')),
        lambda sip: (cut(sip, param(sip, "username").span), param(sip, "username").value),
        ('username=""', ""),
    ),
    "Q4 username without a domain": (
        register(LINES[9].replace('username="alice@open-ims.test"', 'username="alice"')),
        lambda sip: cut(sip, param(sip, "username").span),
        'username="alice"',
    ),
    "Q5 no Authorization": (
        register(without="Authorization"),
        lambda sip: (sip.all("Authorization"), cut(sip, header(sip, "To").span)),
        ((), "To: <sip:alice@open-ims.test>"),
    ),
    "Q6 no Supported": (
        register(without="Supported"),
        lambda sip: (sip.all("Supported"), sip.all("k")),
        ((), ()),
    ),
    "Q7 no P-Access-Network-Info": (register(), lambda sip: sip.all("P-Access-Network-Info"), ()),
    "Q8 Security-Client digest": (
        register("+Security-Client: digest;d-alg=md5"),
        lambda sip: (value_of(sip, "Security-Client"), parse_parameters(sip.values("Security-Client")[0])),
        ("digest;d-alg=md5", ("digest", {"d-alg": "md5"})),
    ),
    "Q9 comp=sigcomp in Contact": (
        register("Contact: <sip:alice@10.0.0.7:5060;comp=sigcomp>;expires=600000"),
        lambda sip: (address(sip, "Contact"), uri_params(sip, "Contact")["comp"]),
        ("sip:alice@10.0.0.7:5060;comp=sigcomp", "sigcomp"),
    ),
    "Q9 comp=sigcomp in Route": (
        register("+Route: <sip:pcscf.open-ims.test:4060;lr;comp=sigcomp>"),
        lambda sip: (address(sip, "Route"), uri_params(sip, "Route")["comp"]),
        ("sip:pcscf.open-ims.test:4060;lr;comp=sigcomp", "sigcomp"),
    ),
    "Q10 auth-int": (
        register(f'{ANSWER},qop=auth-int,nc=00000001,cnonce="c1"'),
        lambda sip: (cut(sip, param(sip, "qop").span), param(sip, "qop").quoted),
        ("qop=auth-int", False),
    ),
    "Q11 no qop in the credentials": (
        register(ANSWER),
        lambda sip: (parsed(sip).get("qop"), parsed(sip).get("cnonce"), cut(sip, param(sip, "response").span)),
        (None, None, 'response="0123456789abcdef0123456789abcdef"'),
    ),
    "Q12 a stale Authorization before the right one": (
        register(f"+{ANSWER}"),
        lambda sip: [cut(sip, param(sip, "nonce", number).span) for number in range(len(sip.all("Authorization")))],
        ['nonce=""', 'nonce="abc"'],
    ),
    "Q12 an Authorization for another realm": (
        register(f"+{ANSWER}".replace("open-ims.test", "elsewhere.test")),
        lambda sip: [cut(sip, param(sip, "realm", number).span) for number in range(len(sip.all("Authorization")))],
        ['realm="open-ims.test"', 'realm="elsewhere.test"'],
    ),
    "Q13 a preset Route with lr": (
        register("+Route: <sip:pcscf.open-ims.test:4060;lr;transport=UDP>"),
        lambda sip: (address(sip, "Route"), "lr" in uri_params(sip, "Route")),
        ("sip:pcscf.open-ims.test:4060;lr;transport=UDP", True),
    ),
    "Q13 a preset Route without lr": (
        register("+Route: <sip:pcscf.open-ims.test:4060;transport=UDP>"),
        lambda sip: (address(sip, "Route"), "lr" in uri_params(sip, "Route")),
        ("sip:pcscf.open-ims.test:4060;transport=UDP", False),
    ),
    "Q14 expiry in Contact alone": (
        register(),
        lambda sip: (cut(sip, sip.values("Contact")[0].span), sip.all("Expires")),
        ("<sip:alice@10.0.0.7:5060>;expires=600000", ()),
    ),
    "Q14 rport without a value": (
        register(),
        lambda sip: (
            cut(sip, sip.values("Via")[0].span),
            (via := parse_via(sip.values("Via")[0])) and via.params.get("rport", "absent"),
        ),
        ("SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bK1;rport", None),
    ),
    "Q15 auts with an empty response": (
        register(f'{LINES[9]},auts="AAAAAAAAAAAAAAAAAAA="'),
        lambda sip: (cut(sip, param(sip, "auts").span), cut(sip, param(sip, "response").span)),
        ('auts="AAAAAAAAAAAAAAAAAAA="', 'response=""'),
    ),
    "Q16 other characters in nonce and cnonce": (
        register(ANSWER.replace('nonce="abc"', 'nonce="a.b~c/=+$"') + ',cnonce="y$~."'),
        lambda sip: (cut(sip, param(sip, "nonce").span), cut(sip, param(sip, "cnonce").span)),
        ('nonce="a.b~c/=+$"', 'cnonce="y$~."'),
    ),
    "Q17 a private parameter of To": (
        register("To: <sip:alice@open-ims.test>;nat_traversal_required"),
        lambda sip: (value_of(sip, "To"), parse_parameters(sip.values("To")[0])[1]),
        ("<sip:alice@open-ims.test>;nat_traversal_required", {"nat_traversal_required": None}),
    ),
}


def parsed(sip: SipText) -> Credentials:
    found = parse_credentials(header(sip, "Authorization"), sip.raw)
    assert found is not None
    return found


def address(sip: SipText, name: str) -> str:
    """Return the octets of the URI of an address header."""
    found = parse_name_addr(sip.values(name)[0])
    assert found is not None
    return cut(sip, found.uri_span)


def uri_params(sip: SipText, name: str) -> dict[str, str | None]:
    found = parse_uri(address(sip, name))
    assert found is not None
    return dict(found.params)


@pytest.mark.parametrize("quirk", QUIRKS)
def test_a_quirk_is_seen_as_it_stands(quirk: str) -> None:
    sip, seen, wanted = QUIRKS[quirk]
    assert seen(sip) == wanted
    assert sip.problems == ()  # each is grammatical: what is wrong with it a criterion has to say


def test_every_quirk_is_here() -> None:
    assert {quirk.partition(" ")[0] for quirk in QUIRKS} == {f"Q{number}" for number in range(1, 18)}


@pytest.mark.parametrize(
    ("line", "written", "problem"),
    [
        (ANSWER.replace('nonce="abc"', 'nonce="abc'), "nonce", "no comma between parameters"),
        (f'{ANSWER},qop="auth",nc="00000001",algorithm="MD5"', 'qop="auth"', ""),
        (ANSWER.replace('username="alice@open-ims.test"', "username=alice@open-ims.test"), "username=alice", ""),
        (ANSWER.replace(',uri="sip:open-ims.test"', ""), "nonce", ""),
        (f"{ANSWER[:-1]}", "response", "the quoted string of response is not closed"),
        (f"{ANSWER},qop=auth\r\n ,nc=00000001", "qop=auth", ""),
    ],
    ids=["quote not closed", "tokens quoted", "username bare", "no uri", "last quote not closed", "folded"],
)
def test_malformed_credentials_keep_every_octet(line: str, written: str, problem: str) -> None:
    sip = register(line)
    assert f"Authorization: {value_of(sip, 'Authorization')}" == line
    spans = [cut(sip, one.span) for one in parsed(sip).params]
    assert any(span.startswith(written) for span in spans)
    assert (problem in [one.what for one in parsed(sip).problems]) == bool(problem)


@pytest.mark.parametrize("first", range(0xF8, 0x100))
def test_what_is_compressed_is_no_sip_and_reads_without_an_error(first: int) -> None:
    """Q9: a datagram of SigComp begins with five bits set (RFC 3320 7)."""
    raw = bytes([first]) + register().raw
    assert not looks_like_sip(raw)
    assert read_sip(raw).raw == raw
