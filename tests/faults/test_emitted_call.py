"""Alterations of messages of a call: each changes what it names, and leaves other messages alone."""

from __future__ import annotations

import pytest

from conformance.faults.emitted import EMITTED
from conformance.faults.emitted_call import EMITTED_CALL, EMITTED_SIP
from conformance.faults.emitted_message import EMITTED_MESSAGE

INVITE = (
    b"INVITE sip:bob@b.test SIP/2.0\r\nCSeq: 1 INVITE\r\nRoute: <sip:p;lr>, <sip:s;lr>\r\nRecord-Route: <sip:p;lr>\r\n"
    b"P-Called-Party-ID: <sip:bob@b.test>\r\nP-Charging-Vector: icid-value=1;orig-ioi=a.test;x=1\r\n\r\n"
)
BYE = b"BYE sip:b SIP/2.0\r\nRoute: <sip:p;lr>\r\nRoute: <sip:s;lr>, <sip:t;lr>\r\nCSeq: 3 BYE\r\n\r\n"
PRACK = b"PRACK sip:b SIP/2.0\r\nCSeq: 2 PRACK\r\nRAck: 9 1 INVITE\r\n\r\n"
ACK = b"ACK sip:b SIP/2.0\r\nRoute: <sip:p;lr>, <sip:s;lr>, <sip:t;lr>\r\nCSeq: 1 ACK\r\n\r\n"
ANSWER = (
    b"SIP/2.0 180 Ringing\r\nCSeq: 1 INVITE\r\nP-Charging-Vector: icid-value=1;orig-ioi=a.test;term-ioi=b.test\r\n\r\n"
    b"v=0\r\nm=audio 1\r\na=x\r\nm=video 2\r\n"
)
MISSING = b"SIP/2.0 404 Not Found\r\nCSeq: 1 INVITE\r\n\r\n"
BYE_200 = b"SIP/2.0 200 OK\r\nCSeq: 3 BYE\r\n\r\n"
EVERY = (INVITE, BYE, PRACK, ACK, ANSWER, MISSING, BYE_200)


@pytest.mark.parametrize(
    ("fault", "message", "gone", "there"),
    [
        ("second-asserted-identity", INVITE, b"", b"P-Asserted-Identity: <sip:claimed@elsewhere.test>\r\n"),
        ("forwards-preferred-identity", INVITE, b"", b"P-Preferred-Identity: <sip:x@elsewhere.test>\r\n"),
        ("no-charging-vector-in-invite", INVITE, b"P-Charging-Vector", b""),
        ("no-record-route", INVITE, b"Record-Route", b""),
        ("shows-charging-vector", INVITE, b"", b"P-Charging-Vector: icid-value=shown\r\n"),
        ("no-orig-ioi", INVITE, b"orig-ioi", b"icid-value=1;x=1\r\n"),
        ("term-ioi-of-the-caller", ANSWER, b"b.test", b"orig-ioi=a.test;term-ioi=a.test\r\n"),
        ("no-called-party", INVITE, b"P-Called-Party-ID", b""),
        (
            "keeps-called-identity",
            INVITE.replace(b"bob@b.test SIP", b"1.2.3.4 SIP"),
            b"1.2.3.4",
            b"INVITE sip:bob@b.test",
        ),
        ("unknown-is-forbidden", MISSING, b"404", b"SIP/2.0 403 Forbidden\r\n"),
        ("no-service-route-in-invite", INVITE, b"<sip:s;lr>", b"Route: <sip:p;lr>\r\n"),
        ("bye-takes-a-shortcut", BYE, b"<sip:s;lr>", b"Route: <sip:p;lr>, <sip:t;lr>\r\nCSeq"),
        ("prack-of-another", PRACK, b"RAck: 9", b"RAck: 10 1 INVITE\r\n"),
        ("ack-takes-a-shortcut", ACK, b"<sip:s;lr>", b"Route: <sip:p;lr>, <sip:t;lr>\r\nCSeq"),
        ("answer-out-of-order", ANSWER, b"", b"v=0\r\nm=video 2\r\nm=audio 1\r\na=x\r\n"),
        ("refuses-bye", BYE_200, b"200 OK", b"SIP/2.0 500 "),
    ],
)
def test_it_changes_that(fault: str, message: bytes, gone: bytes, there: bytes) -> None:
    changed = EMITTED_CALL[fault](message)
    assert changed != message
    assert there in changed
    assert not gone or gone not in changed
    assert all(EMITTED_CALL[fault](one) == one for one in EVERY if one.split()[:2] != message.split()[:2])


def test_every_alteration_is_tried_above_and_none_has_two_meanings() -> None:
    assert not set(EMITTED) & set(EMITTED_CALL)
    assert set(EMITTED_SIP) == {*EMITTED, *EMITTED_CALL, *EMITTED_MESSAGE}


def test_a_short_route_has_no_shortcut() -> None:
    short = BYE.replace(b", <sip:t;lr>", b"")
    assert EMITTED_CALL["bye-takes-a-shortcut"](short) == short
