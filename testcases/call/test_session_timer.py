"""The session timer: sessions are refreshed, or end (RFC 4028)."""

from __future__ import annotations

import pytest

from conformance.runs.calls import set_up, talk
from conformance.runs.cell import Cell
from conformance.terminals.session_timer import TimerWish

pytestmark = pytest.mark.call


@pytest.mark.flow("call-home", callee="home")
def test_refreshed_by_caller(cell: Cell) -> None:
    """The caller refreshes the session, which goes on.

    Preconditions:
        - Both terminals are registered.
    Steps:
        1. The caller asks for a session interval with refresher=uac; the 200 agrees and requires the extension.
        2. When half of the interval is over the caller sends UPDATE without a session description.
        3. Both still hear each other; the caller hangs up.

    References:
        RFC 4028; RFC 3311
    """
    calling, called = set_up(cell, timer=TimerWish(cell.timers.session_s, "uac"))
    calling.wait_refreshed()
    talk(calling, called).hang_up()


@pytest.mark.flow("call-roaming-third", access="visited", callee="third")
def test_refreshed_by_callee(cell: Cell) -> None:
    """The called terminal refreshes the session across the networks.

    Preconditions:
        - The caller is away, who is called is in a third network.
    Steps:
        1. The caller asks for a session interval with refresher=uas; the 200 agrees.
        2. When half of the interval is over the called terminal sends UPDATE without a session description.
        3. Both still hear each other; the caller hangs up.

    References:
        RFC 4028; RFC 3311; D2.2 2.7
    """
    calling, called = set_up(cell, timer=TimerWish(cell.timers.session_s, "uas"))
    calling.wait_refreshed()
    talk(calling, called).hang_up()


@pytest.mark.flow("call-to-visitor", callee="away")
def test_refreshed_with_reinvite(cell: Cell) -> None:
    """The caller refreshes the session with a re-INVITE that changes nothing.

    Preconditions:
        - Who is called is away.
    Steps:
        1. The caller asks for a session interval with refresher=uac; the 200 agrees.
        2. When half of the interval is over the caller sends the session description as it is in a re-INVITE.
        3. Both still hear each other; the caller hangs up.

    References:
        RFC 4028; RFC 3261 14
    """
    calling, called = set_up(cell, timer=TimerWish(cell.timers.session_s, "uac", by="INVITE"))
    calling.wait_refreshed()
    talk(calling, called).hang_up()


@pytest.mark.flow("call-home", callee="home")
def test_interval_too_small(cell: Cell) -> None:
    """A session interval that is too small is refused, and the caller asks for a longer one.

    Preconditions:
        - Both terminals are registered.
    Steps:
        1. The caller asks for half of the least interval; somebody on the way answers 422 and says the least one.
        2. The caller sends the INVITE once more: same call, next CSeq number, interval and Min-SE as it was told.
        3. The called user answers; both hear each other; the caller hangs up.

    References:
        RFC 4028 6, 8.1
    """
    talk(*set_up(cell, timer=TimerWish(cell.timers.minimum_session_s // 2, "uac"))).hang_up()


@pytest.mark.flow("call-home", callee="home")
def test_refresher_silent(cell: Cell) -> None:
    """The end that should refresh the session does not, and the other end ends the call.

    Preconditions:
        - The call is set up; the caller is the one who refreshes.
    Steps:
        1. The caller's terminal hangs and refreshes nothing.
        2. The called terminal sends BYE before the interval is over: 32 s before, or a third of it.

    References:
        RFC 4028 10
    """
    calling, called = set_up(cell, timer=TimerWish(cell.timers.session_s, "uac"))
    talk(calling, called).stop_refreshing()
    called.wait_ended()
    calling.wait_ended()
