"""The end that calls (RFC 3261 13.2, RFC 3262 4, RFC 3312)."""

from __future__ import annotations

import pytest

from conformance.protocols.sip.message import read_message
from conformance.terminals.call_failures import CallRefused, CallTimedOut
from conformance.terminals.session import SessionState
from conformance.vocabulary.events import EventKind
from tests.terminals.call_pair import call_pair, losing


def test_figure_1() -> None:
    with call_pair() as pair:
        call, _ = pair.set_up()
        call.hang_up()
        assert pair.caller.starts() == ["INVITE", "PRACK", "ACK", "BYE"]
        assert pair.callee.starts() == ["180", "200", "200", "200"]
        assert pair.caller.kinds == [EventKind.CALLING, EventKind.RINGING, EventKind.ANSWERED, EventKind.ENDED]


def test_with_preconditions() -> None:
    with call_pair() as pair:
        pair.set_up(preconditions=True)
        assert pair.caller.starts() == ["INVITE", "PRACK", "UPDATE", "PRACK", "ACK"]
        assert pair.callee.starts() == ["183", "200", "200", "180", "200", "200"]
        assert pair.callee.kinds == [EventKind.INVITED, EventKind.PROGRESS, EventKind.RINGING, EventKind.ANSWERED]


def test_header_fields_of_the_invite() -> None:
    with call_pair() as pair:
        pair.call(anonymous=True)
        pair.incoming()
        invite = read_message(pair.caller.sent[0]).headers
        assert invite["From"].startswith('"Anonymous" <sip:anonymous@anonymous.invalid>;tag=')
        assert invite["Privacy"] == "id"
        assert invite["P-Preferred-Identity"] == "<sip:caller@h.test>"
        assert invite["P-Access-Network-Info"] == "IEEE-802.11b"
        assert invite["Contact"] == "<sip:caller@127.35.8.1:5060>"
        assert invite["Supported"] == "100rel"
        assert invite["Content-Type"] == "application/sdp"


@pytest.mark.parametrize("lost", [b"PRACK", b"ACK"])
def test_what_is_lost_is_sent_again(lost: bytes) -> None:
    with call_pair(caller=losing(lambda data: data.startswith(lost))) as pair:
        call, incoming = pair.set_up()
        assert call.state is incoming.state is SessionState.ESTABLISHED
        assert pair.caller.starts().count(lost.decode()) == 1


def test_a_ringing_that_comes_twice_is_acknowledged_once() -> None:
    with call_pair(callee=losing(lambda data: b"PRACK" in data and data.startswith(b"SIP/2.0 200"))) as pair:
        pair.set_up()
        assert pair.caller.starts().count("PRACK") == 1


def test_a_call_is_given_up() -> None:
    with call_pair() as pair:
        call = pair.call()
        incoming = pair.incoming()
        incoming.ring()
        call.wait_ringing()
        call.cancel()
        call.wait_refused(487)
        incoming.wait_ended()
        assert pair.callee.kinds[-1] is EventKind.CANCELLED
        with pytest.raises(CallRefused):
            incoming.answer()


def test_a_refusal_is_told() -> None:
    with call_pair() as pair:
        call = pair.call()
        pair.incoming().refuse(486)
        with pytest.raises(CallRefused, match="486"):
            call.wait_answered()
        call.wait_refused(486)
        with pytest.raises(AssertionError, match="found 486"):
            call.wait_refused(487)


def test_nobody_answers() -> None:
    with call_pair() as pair:
        call = pair.call()
        pair.incoming()
        with pytest.raises(CallTimedOut, match="awaited 180"):
            call.wait_ringing()
        assert pair.caller.kinds[-1] is EventKind.TIMED_OUT


def test_an_answer_without_a_description_is_no_answer() -> None:
    def without_body(data: bytes) -> bytes:
        if not data.startswith(b"SIP/2.0 180"):
            return data
        head = data.partition(b"\r\n\r\n")[0].replace(b"Content-Type: application/sdp\r\n", b"")
        lines = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length")]
        return b"\r\n".join([*lines, b"Content-Length: 0", b"", b""])

    with call_pair(callee=without_body) as pair:
        call = pair.call()
        incoming = pair.incoming()
        incoming.ring()
        incoming.answer()
        with pytest.raises(CallRefused, match="no answer to the offer"):
            call.wait_answered()
