"""What test cases of calls have in common: both terminals register, one calls, both hear each other."""

from __future__ import annotations

from typing import Literal

from conformance.runs.cell import Cell
from conformance.terminals.call import IncomingCall, OutgoingCall
from conformance.terminals.session_timer import TimerWish
from conformance.terminals.terminal import Terminal


def registered(cell: Cell, transport: Literal["udp", "tcp"] | None = None) -> tuple[Terminal, Terminal]:
    """Return the terminals of the caller and of who is called, both registered."""
    caller, callee = cell.terminal(transport=transport), cell.callee(transport=transport)
    callee.register()
    caller.register()
    cell.settle()
    return caller, callee


def invite(
    cell: Cell,
    *,
    transport: Literal["udp", "tcp"] | None = None,
    video: bool = False,
    preconditions: bool = False,
    anonymous: bool = False,
    timer: TimerWish | None = None,
) -> tuple[OutgoingCall, IncomingCall]:
    """Register the terminals of both users and let the first call the second, whose terminal does not ring yet."""
    caller, callee = registered(cell, transport)
    calling = caller.call(callee.impu, video=video, preconditions=preconditions, anonymous=anonymous, timer=timer)
    return calling, callee.await_call()


def set_up(
    cell: Cell,
    *,
    transport: Literal["udp", "tcp"] | None = None,
    video: bool = False,
    preconditions: bool = False,
    anonymous: bool = False,
    timer: TimerWish | None = None,
) -> tuple[OutgoingCall, IncomingCall]:
    """As `invite`; the called terminal rings, and its user answers."""
    calling, called = invite(
        cell, transport=transport, video=video, preconditions=preconditions, anonymous=anonymous, timer=timer
    )
    return answered(calling, called)


def answered(calling: OutgoingCall, called: IncomingCall) -> tuple[OutgoingCall, IncomingCall]:
    """Let the called terminal ring, and its user answer."""
    called.ring()
    calling.wait_ringing()
    called.answer()
    calling.wait_answered()
    return calling, called


def talk(calling: OutgoingCall, called: IncomingCall) -> OutgoingCall:
    """Wait until each end hears the tone of the other; return the one that called."""
    calling.wait_heard(called)
    called.wait_heard(calling)
    return calling
