"""Alterations of SIP messages: each changes what it names, in the messages that it names, and nothing else."""

from __future__ import annotations

import base64

import pytest

from conformance.faults.emitted import EMITTED, alteration_of

NONCE = base64.b64encode(bytes(range(32))).decode()
REGISTER = (
    "REGISTER sip:h SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nMax-Forwards: 69\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n"
    f'Authorization: Digest username="u", nonce="n", response="{"a" * 32}", qop=auth, integrity-protected="no"\r\n'
    "P-Visited-Network-ID: h\r\n"
    "Supported: path\r\nRequire: path\r\nPath: <sip:p;lr>\r\nP-Charging-Vector: icid-value=1\r\n"
    "Content-Length: 0\r\n\r\n"
)
CHALLENGE = (
    "SIP/2.0 401 Unauthorized\r\nCSeq: 1 REGISTER\r\n"
    f'WWW-Authenticate: Digest realm="h", nonce="{NONCE}", algorithm=AKAv1-MD5, qop="auth"\r\n\r\n'
)
OK = (
    "SIP/2.0 200 OK\r\nCSeq: 2 REGISTER\r\nPath: <sip:p;lr>\r\nContact: <sip:a@1>;expires=600\r\n"
    "Service-Route: <sip:s;lr>\r\nP-Associated-URI: <sip:a@h>\r\n\r\n"
)
OTHERS = [
    "SIP/2.0 200 OK\r\nCSeq: 2 OPTIONS\r\nPath: <sip:p;lr>\r\nService-Route: <sip:s;lr>\r\n\r\n",
    "OPTIONS sip:h SIP/2.0\r\nCSeq: 1 OPTIONS\r\nRequire: path\r\nMax-Forwards: 70\r\n\r\n",
    "SIP/2.0 403 Forbidden\r\nCSeq: 2 REGISTER\r\nPath: <sip:p;lr>\r\n\r\n",
]


@pytest.mark.parametrize(
    ("fault", "message", "old", "new"),
    [
        ("no-service-route", OK, "Service-Route: <sip:s;lr>\r\n", ""),
        ("no-associated-uri", OK, "P-Associated-URI: <sip:a@h>\r\n", ""),
        ("no-path-echo", OK, "Path: <sip:p;lr>\r\n", ""),
        ("expires-too-long", OK, "expires=600", "expires=4000000"),
        ("quoted-algorithm", CHALLENGE, "algorithm=AKAv1-MD5", 'algorithm="AKAv1-MD5"'),
        ("wrong-nonce", CHALLENGE, NONCE, base64.b64encode(bytes([*range(31), 30])).decode()),
        ("no-path", REGISTER, "Path: <sip:p;lr>\r\n", ""),
        ("no-require-path", REGISTER, "Require: path\r\n", ""),
        ("no-charging-vector", REGISTER, "P-Charging-Vector: icid-value=1\r\n", ""),
        ("no-visited-network-id", REGISTER, "P-Visited-Network-ID: h\r\n", ""),
        ("no-max-forwards", REGISTER, "Max-Forwards: 69\r\n", ""),
        ("keeps-max-forwards", REGISTER, "Max-Forwards: 69", "Max-Forwards: 70"),
        ("no-supported-path", REGISTER, "Supported: path\r\n", ""),
        ("quoted-qop", REGISTER, "qop=auth", 'qop="auth"'),
        ("wrong-response", REGISTER, f'response="{"a" * 32}"', f'response="{"a" * 31}0"'),
        ("new-call-id", REGISTER, "Call-ID: 1", "Call-ID: again-1"),
    ],
)
def test_each_alteration(fault: str, message: str, old: str, new: str) -> None:
    assert old in message
    assert EMITTED[fault](message.encode()).decode() == message.replace(old, new)
    for other in [REGISTER, CHALLENGE, OK, *OTHERS]:
        if other is not message:
            assert EMITTED[fault](other.encode()).decode() == other


def test_the_first_register_keeps_its_call_id() -> None:
    first = REGISTER.replace('nonce="n"', 'nonce=""').encode()
    assert EMITTED["new-call-id"](first) == first


@pytest.mark.parametrize("nonce", ["not base64", "c2hvcnQ="])
def test_a_nonce_of_another_form_is_left_alone(nonce: str) -> None:
    message = CHALLENGE.replace(NONCE, nonce).encode()
    assert EMITTED["wrong-nonce"](message) == message


def test_several_faults_at_once() -> None:
    alter = alteration_of({"no-service-route", "no-path-echo", "no-second-uar"})
    assert alter is not None
    assert b"Route" not in alter(OK.encode())
    assert b"Path" not in alter(OK.encode())


def test_without_alterations_nothing_is_in_the_way() -> None:
    assert alteration_of(()) is None
    assert alteration_of({"no-second-uar"}) is None
