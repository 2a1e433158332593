"""What test cases of calls have in common: both terminals register, one calls, both hear each other."""

from __future__ import annotations

from typing import Literal

from conformance.runs.cell import Cell
from conformance.terminals.call import IncomingCall, OutgoingCall
from conformance.terminals.terminal import Terminal


def invite(
    cell: Cell,
    *,
    transport: Literal["udp", "tcp"] | None = None,
    video: bool = False,
    preconditions: bool = False,
    anonymous: bool = False,
) -> tuple[OutgoingCall, IncomingCall]:
    """Register the terminals of both users and let the first call the second, whose terminal does not ring yet."""
    caller, callee = cell.terminal(transport=transport), cell.callee(transport=transport)
    return invite_between(cell, caller, callee, video=video, preconditions=preconditions, anonymous=anonymous)


def invite_between(
    cell: Cell,
    caller: Terminal,
    callee: Terminal,
    *,
    video: bool = False,
    preconditions: bool = False,
    anonymous: bool = False,
) -> tuple[OutgoingCall, IncomingCall]:
    """As `invite`, with terminals that are there."""
    callee.register()
    caller.register()
    cell.settle()
    calling = caller.call(callee.impu, video=video, preconditions=preconditions, anonymous=anonymous)
    return calling, callee.await_call()


def set_up(
    cell: Cell,
    *,
    transport: Literal["udp", "tcp"] | None = None,
    video: bool = False,
    preconditions: bool = False,
    anonymous: bool = False,
) -> tuple[OutgoingCall, IncomingCall]:
    """As `invite`; the called terminal rings, and its user answers."""
    calling, called = invite(cell, transport=transport, video=video, preconditions=preconditions, anonymous=anonymous)
    return answered(calling, called)


def answered(calling: OutgoingCall, called: IncomingCall) -> tuple[OutgoingCall, IncomingCall]:
    """Let the called terminal ring and its user answer; return both ends."""
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
