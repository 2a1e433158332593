"""What faults of messages make of a message: one thing is wrong, and it can still be read."""

from __future__ import annotations

import pytest

from conformance.faults.emitted import EMITTED
from conformance.faults.emitted_call import EMITTED_CALL
from conformance.faults.emitted_message import EMITTED_MESSAGE
from conformance.protocols.sip.message import read_message

HEAD = (
    b"Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\nCall-ID: c\r\n"
    b"CSeq: 1 %b\r\n"
)


def request(method: bytes) -> bytes:
    lines = b"P-Called-Party-ID: <sip:b@h>\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
    return method + b" sip:b@h SIP/2.0\r\n" + HEAD % method + lines


def answer(method: bytes, status: bytes) -> bytes:
    return b"SIP/2.0 " + status + b"\r\n" + HEAD % method + b"Content-Length: 0\r\n\r\n"


SENT, OK, NOBODY = request(b"MESSAGE"), answer(b"MESSAGE", b"200 OK"), answer(b"MESSAGE", b"404 Not Found")
CASES = {
    "second-identity-in-message": (SENT, b"", b"P-Asserted-Identity: <sip:claimed@elsewhere.test>\r\n"),
    "preferred-identity-in-message": (SENT, b"", b"P-Preferred-Identity: <sip:x@elsewhere.test>\r\n"),
    "accepted-for-200": (OK, b"200 OK", b"202 Accepted"),
    "no-called-party-in-message": (SENT, b"P-Called-Party-ID: <sip:b@h>\r\n", b""),
    "other-text": (SENT, b"hello", b"*ello"),
    "unknown-receiver-is-forbidden": (NOBODY, b"404 Not Found", b"403 Forbidden"),
    "contact-in-message": (SENT, b"", b"Contact: <sip:sender@192.0.2.1>\r\n"),
    "contact-in-200-to-message": (OK, b"", b"Contact: <sip:receiver@192.0.2.1>\r\n"),
}


def test_each_fault_has_a_case_and_one_meaning() -> None:
    assert not set(EMITTED_MESSAGE) & {*EMITTED, *EMITTED_CALL}
    assert set(CASES) == set(EMITTED_MESSAGE)


@pytest.mark.parametrize("name", CASES)
def test_one_thing_is_changed(name: str) -> None:
    message, before, after = CASES[name]
    altered = EMITTED_MESSAGE[name](message)
    assert altered != message
    assert altered.replace(after, b"", 1) == message.replace(before, b"", 1)
    read_message(altered)


@pytest.mark.parametrize("name", CASES)
def test_what_it_does_not_speak_of_stays(name: str) -> None:
    for other in (request(b"PUBLISH"), answer(b"PUBLISH", b"200 OK"), answer(b"PUBLISH", b"404 Not Found")):
        assert EMITTED_MESSAGE[name](other) == other
