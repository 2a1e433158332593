"""What the adaptation does to a REGISTER, and to which (D2.2 3.1, RFC 2617 3.2.2)."""

from __future__ import annotations

import pytest

from conformance.cores.emulated.adaptation import adapted_register
from conformance.cores.emulated.header_lines import HeaderLines
from conformance.protocols.sip.digest_header import DigestHeader

URI = "sip:h.test"
RIGHT = 'Digest username="a@h.test", realm="h.test", nonce="", uri="sip:h.test", response=""'
ANSWER = (
    'Digest username="a@h.test", realm="h.test", nonce="bm8=", uri="sip:h.test:4060;transport=UDP", '
    'response="0123456789abcdef0123456789abcdef", algorithm=AKAv1-MD5, qop=auth, cnonce="c", nc=00000001'
)


def adapted(*authorization: str, uri: str = URI, to: str = "To: <sip:a@h.test>") -> tuple[list[str], HeaderLines]:
    fields = "".join(f"Authorization: {value}\r\n" for value in authorization)
    message = HeaderLines(f"REGISTER {uri} SIP/2.0\r\n{to}\r\n{fields}X-Kept :  so\r\n\r\nbody".encode())
    return adapted_register(message), message


@pytest.mark.parametrize("value", [RIGHT, ANSWER, RIGHT + ", algorithm=AKAv1-MD5", RIGHT + ', opaque="a,b"'])
def test_what_is_right_keeps_every_byte(value: str) -> None:
    done, message = adapted(value)
    assert done == []
    assert bytes(message) == (
        f"REGISTER {URI} SIP/2.0\r\nTo: <sip:a@h.test>\r\nAuthorization: {value}\r\nX-Kept :  so\r\n\r\nbody".encode()
    )


@pytest.mark.parametrize("rest", [":4060", ";transport=UDP", ":4060;transport=UDP", ":5060;lr?x=y"])
def test_the_request_uri_loses_port_and_parameters_and_the_digest_keeps_its_uri(rest: str) -> None:
    done, message = adapted(ANSWER, uri=URI + rest)
    assert done == ["port and parameters taken out of the Request-URI"]
    assert message.start_line == "REGISTER sip:h.test SIP/2.0"
    assert message.values("authorization") == [ANSWER]


@pytest.mark.parametrize(
    "value",
    [
        RIGHT.replace(", ", ","),
        RIGHT.replace('realm="h.test"', 'realm=""'),
        RIGHT.replace('realm="h.test"', 'realm="elsewhere.test"'),
        RIGHT.replace('realm="h.test", ', "") + ', realm=""',
        RIGHT.replace("a@h.test", "a"),
        RIGHT.replace("a@h.test", ""),
        RIGHT.replace('username="a@h.test"', "username=a@h.test"),
        RIGHT.replace('username="a@h.test"', 'username="a@h.test'),
        RIGHT.replace('response=""', 'response="'),
        RIGHT.replace('realm="h.test"', 'realm=""h.test""'),
        RIGHT.replace('nonce="", ', ""),
        RIGHT.replace('nonce=""', 'nonce=" "').replace('response=""', 'response=" "'),
        "Digest username=a@h.test",
        "Digest",
    ],
)
def test_credentials_that_a_core_does_not_read_are_mended(value: str) -> None:
    done, message = adapted(value)
    assert done == ["Authorization mended"]
    (mended,) = message.values("authorization")
    read = DigestHeader.parse(mended)
    assert {p.name: p.value for p in read.parameters} == {p.name: p.value for p in DigestHeader.parse(RIGHT).parameters}
    assert all(p.quoted for p in read.parameters)


def test_quotes_are_where_the_grammar_has_them() -> None:
    _, message = adapted(ANSWER.replace("qop=auth", 'qop="auth"').replace("nc=00000001", 'nc="00000001"'))
    assert message.values("authorization") == [ANSWER]


def test_what_the_digest_of_an_answer_covers_is_left_alone() -> None:
    done, message = adapted(ANSWER.replace('realm="h.test"', 'realm="elsewhere.test"'))
    assert done == []
    assert "elsewhere.test" in message.values("authorization")[0]


def test_without_authorization_an_empty_one_is_added_with_the_request_uri_as_it_was_written() -> None:
    done, message = adapted(uri="sip:h.test:4060")
    assert done == ["port and parameters taken out of the Request-URI", "Authorization added"]
    (added,) = message.values("authorization")
    assert added == RIGHT.replace('uri="sip:h.test"', 'uri="sip:h.test:4060"')


def test_of_several_the_one_of_the_home_network_is_left() -> None:
    stale = RIGHT.replace('realm="h.test"', 'realm="elsewhere.test"')
    done, message = adapted(stale, ANSWER)
    assert done == ["one Authorization of 2 left"]
    assert message.values("authorization") == [ANSWER]


@pytest.mark.parametrize(
    ("to", "authorization"),
    [("To: <tel:+34000000001>", ()), ("X: y", ()), ("To: <sip:a@h.test>", ("Basic YTpi",))],
)
def test_where_nobody_is_named_nothing_is_added(to: str, authorization: tuple[str, ...]) -> None:
    assert adapted(*authorization, to=to)[0] == []


@pytest.mark.parametrize(
    ("to", "identity"),
    [
        ('To: "A, <b>" <sip:a@h.test:5060;user=phone>;x=y', "a@h.test"),
        ("t: sip:a@h.test", "a@h.test"),
        ("TO :\r\n <SIP:a@h.test>", "a@h.test"),
    ],
)
def test_the_private_identity_is_that_of_to(to: str, identity: str) -> None:
    _, message = adapted(to=to)
    assert f'username="{identity}"' in message.values("authorization")[0]


def test_only_a_register_with_a_sip_uri_is_looked_at() -> None:
    for line in ("INVITE sip:h.test:4060 SIP/2.0", "REGISTER tel:1 SIP/2.0", "REGISTER sip:h.test"):
        message = HeaderLines(f"{line}\r\nTo: <sip:a@h.test>\r\n\r\n".encode())
        assert adapted_register(message) == []
        assert message.start_line == line
