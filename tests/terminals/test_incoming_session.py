"""The end that is called (RFC 3261 13.3, RFC 3262 3)."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from conformance.protocols.sip.message import read_message
from conformance.terminals.call_failures import CallRefused, CallTimedOut
from conformance.terminals.session import SessionState
from tests.terminals.call_pair import call_pair, losing


def changed(pattern: bytes, replacement: bytes) -> Callable[[bytes], bytes]:
    """Return a hook that changes the INVITEs."""
    return lambda data: re.sub(pattern, replacement, data) if data.startswith(b"INVITE") else data


def test_who_knows_no_100rel_gets_180_once_and_the_answer_in_the_200() -> None:
    with call_pair(caller=changed(rb"Supported: 100rel\r\n", b"")) as pair:
        call, _ = pair.set_up()
        assert pair.caller.starts() == ["INVITE", "ACK"]
        ringing, answer = (read_message(message) for message in pair.callee.sent[:2])
        assert ringing.headers.get("RSeq") is None
        assert not ringing.body
        assert answer.body
        assert call.state is SessionState.ESTABLISHED


def test_a_reliable_180_is_sent_again_until_its_prack_comes() -> None:
    with call_pair(callee=losing(lambda data: data.startswith(b"SIP/2.0 180"))) as pair:
        call, _ = pair.set_up()
        assert call.state is SessionState.ESTABLISHED
        ringing = read_message(next(m for m in pair.callee.sent if m.startswith(b"SIP/2.0 180")))
        assert ringing.headers["Require"] == "100rel"
        assert ringing.headers["RSeq"].isdigit()


def test_the_200_is_sent_again_until_its_ack_comes() -> None:
    lost = losing(lambda data: data.startswith(b"SIP/2.0 200") and b" INVITE" in data)
    with call_pair(callee=lost) as pair:
        call, incoming = pair.set_up()
        assert call.state is incoming.state is SessionState.ESTABLISHED


def test_a_call_whose_prack_never_comes_is_not_answered() -> None:
    with call_pair(caller=lambda data: None if data.startswith(b"PRACK") else data) as pair:
        pair.call()
        incoming = pair.incoming()
        with pytest.raises(CallTimedOut, match="awaited PRACK"):
            incoming.ring()


@pytest.mark.parametrize(
    ("pattern", "replacement", "status"),
    [
        (rb"RTP/AVP 8 0", b"RTP/AVP 97 9", 488),
        (rb"v=0\r\no=- \d+ 1 IN IP4 [0-9.]+", b"v=0\r\no=nobody", 400),
        (rb"Content-Type: application/sdp", b"Content-Type: text/plain", 488),
    ],
)
def test_an_offer_that_cannot_be_taken_is_refused(pattern: bytes, replacement: bytes, status: int) -> None:
    def alter(data: bytes) -> bytes:
        data = changed(pattern, replacement)(data)
        head, _, body = data.partition(b"\r\n\r\n")
        return re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(body), head) + b"\r\n\r\n" + body

    with call_pair(caller=alter) as pair:
        call = pair.call()
        incoming = pair.incoming()
        with pytest.raises(CallRefused, match=str(status)):
            incoming.ring()
        call.wait_refused(status)


def test_an_extension_that_nobody_knows_is_420() -> None:
    with call_pair(caller=changed(rb"Supported: 100rel", b"Require: 100rel, teleport")) as pair:
        pair.call().wait_refused(420)
        refusal = read_message(pair.callee.sent[0])
        assert refusal.headers["Unsupported"] == "teleport"


def test_who_calls_is_what_the_network_says() -> None:
    with call_pair() as pair:
        pair.call()
        assert pair.incoming().caller == "anonymous"  # P-Preferred-Identity is the terminal's own word
    asserted = changed(rb"P-Preferred-Identity", b"P-Asserted-Identity")
    with call_pair(caller=asserted) as pair:
        pair.call()
        assert pair.incoming().caller == "sip:caller@h.test"
        assert pair.callee.events.events[0].detail == "sip:caller@h.test"
