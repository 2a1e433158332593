"""What faults of presence make of a message: one thing is wrong, and it can still be read."""

from __future__ import annotations

import pytest

from conformance.faults.emitted_call import EMITTED_SIP
from conformance.faults.emitted_presence import EMITTED_PRESENCE
from conformance.protocols.sip.message import read_message

HEAD = (
    b"Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\nCall-ID: c\r\n"
    b"CSeq: 1 %b\r\n"
)
DOCUMENT = (
    b'<presence xmlns="x" entity="sip:alice@h"><tuple id="t"><status><basic>open</basic></status></tuple></presence>'
)
WATCHERS = b'<watcherinfo xmlns="x" version="3" state="full"/>'


def answer(method: bytes, lines: bytes, status: bytes = b"200 OK") -> bytes:
    return b"SIP/2.0 " + status + b"\r\n" + HEAD % method + lines + b"Content-Length: 0\r\n\r\n"


def notify(kind: bytes, body: bytes) -> bytes:
    lines = b"Event: presence\r\nSubscription-State: active;expires=60\r\nContent-Type: " + kind
    return (
        b"NOTIFY sip:a@h SIP/2.0\r\n" + HEAD % b"NOTIFY" + lines + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )


PUBLISHED = answer(b"PUBLISH", b"SIP-ETag: e1\r\nExpires: 600\r\n")
TOLD = notify(b"application/pidf+xml", DOCUMENT)
CASES = {
    "no-sip-etag": (PUBLISHED, b"SIP-ETag: e1\r\n", b""),
    "longer-publication": (PUBLISHED, b"Expires: 600", b"Expires: 100600"),
    "no-subscription-state": (TOLD, b"Subscription-State: active;expires=60\r\n", b""),
    "no-event-in-notify": (TOLD, b"Event: presence\r\n", b""),
    "document-of-another": (TOLD, b'sip:alice@h"', b'sip:xlice@h"'),
    "unknown-basic": (TOLD, b">open<", b">nepo<"),
    "all-versions-are-first": (
        notify(b"application/watcherinfo+xml", WATCHERS),
        b'version="3"',
        b'version="0"',
    ),
}


def test_each_fault_has_a_case_and_one_meaning() -> None:
    assert not set(EMITTED_PRESENCE) & set(EMITTED_SIP)
    assert set(CASES) == set(EMITTED_PRESENCE)


@pytest.mark.parametrize("name", CASES)
def test_one_thing_is_changed(name: str) -> None:
    message, before, after = CASES[name]
    altered = EMITTED_PRESENCE[name](message)
    assert altered == message.replace(before, after)
    assert altered != message
    read_message(altered)


@pytest.mark.parametrize("name", CASES)
def test_what_it_does_not_speak_of_stays(name: str) -> None:
    other = answer(b"REGISTER", b"Expires: 600\r\nSIP-ETag: e\r\nEvent: x\r\n")
    assert EMITTED_PRESENCE[name](other) == other
    ended = answer(b"PUBLISH", b"Expires: 0\r\n")
    assert EMITTED_PRESENCE[name](ended) == ended
