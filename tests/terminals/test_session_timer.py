"""The session timer of a terminal: refreshed, refused, silent (RFC 4028)."""

from __future__ import annotations

import re

import pytest

from conformance.terminals.call_failures import CallRefused
from conformance.terminals.session import SessionState
from conformance.terminals.session_timer import TimerWish
from conformance.vocabulary.events import EventKind
from tests.terminals.call_pair import MINIMUM_S, End, Pair, call_pair

SHORT = 2 * MINIMUM_S
"""Refreshed after one second, given up after four thirds of one."""


def sent(end: End, start: str) -> list[bytes]:
    return [one for one in dict.fromkeys(end.sent) if one.startswith(start.encode())]


def field(message: bytes, name: str) -> str | None:
    found = re.search(rf"(?m)^{name}: (.*)\r$", message.decode())
    return None if found is None else found[1]


def refreshed(pair: Pair, wish: TimerWish) -> tuple[End, End]:
    """Set a call up and let it be refreshed; return who refreshes, and who does not."""
    call, incoming = pair.set_up(timer=wish)
    incoming.wait_refreshed()
    call.wait_heard(incoming)
    call.hang_up()
    ends = (pair.caller, pair.callee)
    return ends if wish.refresher == "uac" else ends[::-1]


@pytest.mark.parametrize("refresher", ["uac", "uas"])
def test_the_named_end_refreshes_with_update(refresher: str) -> None:
    with call_pair() as pair:
        one, other = refreshed(pair, TimerWish(SHORT, refresher))  # type: ignore[arg-type]
        (update,) = sent(one, "UPDATE")
        assert not sent(other, "UPDATE")
        assert (field(update, "Session-Expires"), field(update, "Supported")) == (f"{SHORT};refresher=uac", "timer")
        assert update.endswith(b"\r\n\r\n")  # no description: nothing about the streams changes
        assert EventKind.REFRESHED in one.kinds
        assert EventKind.REFRESHED in other.kinds


def test_the_answer_agrees_and_requires_the_extension_of_a_caller_who_refreshes() -> None:
    with call_pair() as pair:
        refreshed(pair, TimerWish(SHORT, "uac"))
        answer = next(one for one in sent(pair.callee, "SIP/2.0 200") if field(one, "CSeq") == "1 INVITE")
        assert (field(answer, "Session-Expires"), field(answer, "Require")) == (f"{SHORT};refresher=uac", "timer")


def test_a_peer_without_update_is_refreshed_with_its_own_description() -> None:
    def without_update(data: bytes) -> bytes:
        return data.replace(b"PRACK, UPDATE, BYE", b"PRACK, BYE")

    with call_pair(callee=without_update) as pair:
        refreshed(pair, TimerWish(SHORT, "uac"))
        first, again = sent(pair.caller, "INVITE")
        assert first.partition(b"\r\n\r\n")[2] == again.partition(b"\r\n\r\n")[2]
        assert EventKind.HELD not in pair.callee.kinds
        assert EventKind.RESUMED not in pair.callee.kinds


def test_too_short_an_interval_is_refused_and_asked_for_once_more() -> None:
    with call_pair() as pair:
        call, incoming = pair.set_up(timer=TimerWish(MINIMUM_S - 1, "uac"))
        (refusal,) = sent(pair.callee, "SIP/2.0 422")
        assert field(refusal, "Min-SE") == str(MINIMUM_S)
        first, second = sent(pair.caller, "INVITE")
        assert field(first, "Call-ID") == field(second, "Call-ID")
        assert (field(first, "CSeq"), field(second, "CSeq")) == ("1 INVITE", "2 INVITE")
        assert field(second, "Session-Expires") == f"{MINIMUM_S};refresher=uac"
        assert field(second, "Min-SE") == str(MINIMUM_S)
        incoming.hang_up()
        call.wait_ended()


def test_a_refusal_that_asks_for_nothing_more_ends_the_call() -> None:
    def never_enough(data: bytes) -> bytes:
        return data.replace(b"Min-SE: %d\r\n" % MINIMUM_S, b"Min-SE: 0\r\n")

    with call_pair(callee=never_enough) as pair:
        call = pair.call(timer=TimerWish(MINIMUM_S - 1, "uac"))
        with pytest.raises(CallRefused):
            call.wait_answered()
        assert call.status == 422


def test_who_sees_no_refresh_ends_the_call() -> None:
    with call_pair() as pair:
        call, incoming = pair.set_up(timer=TimerWish(SHORT, "uac"))
        call.stop_refreshing()
        call.wait_ended()
        incoming.wait_ended()
        assert "no refresh within" in pair.callee.events.events[-1].detail
        assert sent(pair.callee, "BYE")
        assert not sent(pair.caller, "BYE")


def test_without_a_network_both_ends_end_their_call() -> None:
    dead = False

    def dying(data: bytes) -> bytes | None:
        return None if dead else data

    with call_pair(caller=dying, callee=dying) as pair:
        call, incoming = pair.set_up(timer=TimerWish(SHORT, "uac"))
        dead = True
        for one in (call, incoming):
            one.wait_ended()
            assert one.state is SessionState.ENDED
