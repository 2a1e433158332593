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
SUBSCRIBE = (
    "SUBSCRIBE sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nMax-Forwards: 70\r\nFrom: <sip:p>;tag=1\r\nTo: <sip:a@h>\r\n"
    "CSeq: 1 SUBSCRIBE\r\nRoute: <sip:p;lr>\r\nP-Asserted-Identity: <sip:p>\r\nAccept: application/reginfo+xml\r\n"
    "Event: reg\r\nExpires: 600000\r\n\r\n"
)
NOTED_REGISTER = REGISTER.replace(
    "Via: SIP/2.0/UDP a\r\n", "Via: SIP/2.0/UDP b;rport\r\nVia: SIP/2.0/UDP a;received=1;rport=5;branch=z\r\n"
)
FORWARDED = SUBSCRIBE.replace("Via: SIP/2.0/UDP a\r\n", "Via: SIP/2.0/UDP b\r\nVia: SIP/2.0/UDP a\r\n")
SUBSCRIBED = "SIP/2.0 200 OK\r\nCSeq: 1 SUBSCRIBE\r\nExpires: 600000\r\n\r\n"
NOTIFY = (
    "NOTIFY sip:a@1 SIP/2.0\r\nVia: SIP/2.0/UDP s\r\nCSeq: 1 NOTIFY\r\nEvent: reg\r\n"
    'Subscription-State: active;expires=600\r\n\r\n<contact id="c" state="active" event="registered">'
)
ENDED = NOTIFY.replace("active;expires=600", "terminated;reason=noresource").replace("registered", "rejected")
FORWARDED_REGISTER = (
    "REGISTER sip:scscf.h:6060 SIP/2.0\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:a@h>\r\nCSeq: 1 REGISTER\r\n"
    'Expires: 600000\r\nAuthorization: Digest username="u", nonce="", response=""\r\n\r\n'
)
ROAMED = OK.replace("<sip:s;lr>", "<sip:orig@scscf.uc3m.netlab.test:6060;lr>")
OVER = 'state="terminated"><contact id="c" event="unregistered"><uri>sip:a@1</uri></contact></registration>'
DOCUMENT = NOTIFY.partition("<contact")[0] + f'<reginfo version="0" state="full"><registration id="r" {OVER}</reginfo>'
NOTIFIED = "SIP/2.0 200 OK\r\nCSeq: 1 NOTIFY\r\n\r\n"
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
        ("private-path", REGISTER, "<sip:p;lr>", "<sip:10.255.0.11;lr>"),
        ("no-received", NOTED_REGISTER, ";received=1", ""),
        ("rport-unanswered", NOTED_REGISTER, ";received=1;rport=5", ";rport"),
        ("no-require-path", REGISTER, "Require: path\r\n", ""),
        ("no-charging-vector", REGISTER, "P-Charging-Vector: icid-value=1\r\n", ""),
        ("no-visited-network-id", REGISTER, "P-Visited-Network-ID: h\r\n", ""),
        ("no-max-forwards", REGISTER, "Max-Forwards: 69\r\n", ""),
        ("keeps-max-forwards", REGISTER, "Max-Forwards: 69", "Max-Forwards: 70"),
        ("no-supported-path", REGISTER, "Supported: path\r\n", ""),
        ("quoted-qop", REGISTER, "qop=auth", 'qop="auth"'),
        ("wrong-response", REGISTER, f'response="{"a" * 32}"', f'response="{"a" * 31}0"'),
        ("wrong-event", NOTIFY, "Event: reg", "Event: presence"),
        ("unknown-contact-event", NOTIFY, 'event="registered"', 'event="registring"'),
        ("no-remaining-time", NOTIFY, "active;expires=600", "active"),
        ("no-termination-reason", ENDED, "terminated;reason=noresource", "terminated"),
        ("grants-longer", SUBSCRIBED, "Expires: 600000", "Expires: 4000000"),
        ("asserts-the-user", SUBSCRIBE, "P-Asserted-Identity: <sip:p>", "P-Asserted-Identity: <sip:a@h>"),
        ("subscribes-briefly", SUBSCRIBE, "Expires: 600000", "Expires: 60"),
        ("no-preloaded-route", SUBSCRIBE, "Route: <sip:p;lr>\r\n", ""),
        ("asks-briefly", SUBSCRIBE, "Expires: 600000", "Expires: 3600"),
        ("wrong-accept", SUBSCRIBE, "application/reginfo+xml", "application/pidf+xml"),
        ("foreign-service-route", ROAMED, "scscf.uc3m.netlab.test", "scscf.elsewhere.test"),
        ("version-one-first", DOCUMENT, 'version="0"', 'version="1"'),
        ("partial-first", DOCUMENT, '"full"', '"partial"'),
        ("other-contact", DOCUMENT, "<uri>sip:a", "<uri>sip:xa"),
        ("event-expired", DOCUMENT, '"unregistered"', '"expired"'),
        ("event-unregistered", ENDED, "rejected", "unregistered"),
        ("subscription-goes-on", ENDED, "terminated;reason=noresource", "active;expires=60"),
        ("subscribes-as-the-user", SUBSCRIBE, "From: <sip:p>", "From: <sip:a@h>"),
        ("keeps-request-uri", FORWARDED_REGISTER, "sip:scscf.h:6060 ", "sip:h "),
        ("user-in-request-uri", REGISTER, "REGISTER sip:h", "REGISTER sip:registrar@h"),
        ("port-in-request-uri", REGISTER, "REGISTER sip:h", "REGISTER sip:h:5060"),
        ("other-from", FORWARDED_REGISTER, "From: <sip:a", "From: <sip:somebody.a"),
        ("no-empty-nonce", FORWARDED_REGISTER, ', nonce="", response=""', ""),
        ("asks-for-an-hour", FORWARDED_REGISTER, "600000", "3600"),
        (
            "bad-access-network-info",
            REGISTER,
            "CSeq: 1 REGISTER\r\n",
            "CSeq: 1 REGISTER\r\nP-Access-Network-Info: ;access\r\n",
        ),
        (
            "place-in-the-clear",
            REGISTER,
            "CSeq: 1 REGISTER\r\n",
            "CSeq: 1 REGISTER\r\nP-Access-Network-Info: 3GPP-UTRAN-TDD; utran-cell-id-3gpp=234151D0FCE11\r\n",
        ),
        ("refuses-notify", NOTIFIED, "200 OK", "500 Server Internal Error"),
        ("new-call-id", REGISTER, "Call-ID: 1", "Call-ID: again-1"),
    ],
)
def test_each_alteration(fault: str, message: str, old: str, new: str) -> None:
    assert old in message
    assert EMITTED[fault](message.encode()).decode() == message.replace(old, new)
    for other in [REGISTER, CHALLENGE, OK, SUBSCRIBE, SUBSCRIBED, NOTIFY, *OTHERS]:
        if other is not message and not (message is ENDED and other is NOTIFY):
            assert EMITTED[fault](other.encode()).decode() == other


@pytest.mark.parametrize("fault", ["asserts-the-user", "subscribes-briefly"])
def test_what_is_forwarded_is_not_the_pcscfs_own(fault: str) -> None:
    assert EMITTED[fault](FORWARDED.encode()).decode() == FORWARDED


def test_without_to_nothing_is_asserted() -> None:
    broken = SUBSCRIBE.replace("To: <sip:a@h>\r\n", "")
    assert EMITTED["asserts-the-user"](broken.encode()).decode() == broken


THIRD_PARTY = "REGISTER sip:as.h SIP/2.0\r\nVia: x\r\nFrom: <sip:s.h>;tag=1\r\nTo: <sip:a@h>\r\n\r\n"


def test_a_third_party_register_in_the_name_of_the_user() -> None:
    altered = EMITTED["third-party-from-user"](THIRD_PARTY.encode()).decode()
    assert altered == THIRD_PARTY.replace("<sip:s.h>;tag=1", "<sip:a@h>;tag=1")
    for other in (THIRD_PARTY.replace("To: <sip:a@h>\r\n", ""), THIRD_PARTY.replace("Via: x", "Via: x\r\nVia: y")):
        assert EMITTED["third-party-from-user"](other.encode()).decode() == other


def test_a_third_party_register_that_ends_what_begins() -> None:
    timed = THIRD_PARTY.replace("\r\n\r\n", "\r\nExpires: 600\r\n\r\n")
    altered = EMITTED["third-party-ends-at-once"](timed.encode()).decode()
    assert altered == timed.replace("600", "0")
    forwarded = timed.replace("Via: x", "Via: x\r\nVia: y")
    assert EMITTED["third-party-ends-at-once"](forwarded.encode()).decode() == forwarded


def test_the_first_register_keeps_its_call_id() -> None:
    first = REGISTER.replace('nonce="n"', 'nonce=""').encode()
    assert EMITTED["new-call-id"](first) == first


@pytest.mark.parametrize("nonce", ["not base64", "c2hvcnQ="])
def test_a_nonce_of_another_form_is_left_alone(nonce: str) -> None:
    message = CHALLENGE.replace(NONCE, nonce).encode()
    assert EMITTED["wrong-nonce"](message) == message


def test_several_faults_at_once() -> None:
    alter = alteration_of({"no-service-route", "no-path-echo", "no-second-uar"}, EMITTED)
    assert alter is not None
    assert b"Route" not in alter(OK.encode())
    assert b"Path" not in alter(OK.encode())


def test_without_alterations_nothing_is_in_the_way() -> None:
    assert alteration_of((), EMITTED) is None
    assert alteration_of({"no-second-uar"}, EMITTED) is None
