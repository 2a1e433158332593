"""What test cases of calls have in common: both terminals register, one calls, both hear each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from conformance.runs.cell import Cell
from conformance.terminals.call import IncomingCall, OutgoingCall
from conformance.terminals.terminal import Terminal
from conformance.vocabulary.errors import BadInput


def invite(
    cell: Cell,
    *,
    transport: Literal["udp", "tcp"] | None = None,
    video: bool = False,
    preconditions: bool = False,
    anonymous: bool = False,
    dialled: Callable[[Terminal], str] = lambda callee: callee.impu,
) -> tuple[OutgoingCall, IncomingCall]:
    """Register the terminals of both users and let the first call the second, whose terminal does not ring yet.

    Args:
        cell: the cell.
        transport: towards the P-CSCFs; the cell's own where it is None.
        video: offer video beside audio.
        preconditions: alert the callee only when both have their resources.
        anonymous: ask for privacy.
        dialled: what is dialled to reach a user.
    """
    caller, callee = cell.terminal(transport=transport), cell.callee(transport=transport)
    callee.register()
    caller.register()
    cell.settle()
    calling = caller.call(dialled(callee), video=video, preconditions=preconditions, anonymous=anonymous)
    return calling, callee.await_call()


def set_up(
    cell: Cell,
    *,
    transport: Literal["udp", "tcp"] | None = None,
    video: bool = False,
    preconditions: bool = False,
    anonymous: bool = False,
    dialled: Callable[[Terminal], str] = lambda callee: callee.impu,
) -> tuple[OutgoingCall, IncomingCall]:
    """As `invite`; the called terminal rings, and its user answers."""
    calling, called = invite(
        cell, transport=transport, video=video, preconditions=preconditions, anonymous=anonymous, dialled=dialled
    )
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


def number_of(callee: Terminal) -> str:
    """Return the tel URI of a user.

    Raises:
        BadInput: the federation file gives no telephone number, though the testbed declares `enum`.
    """
    if callee.number is None:
        raise BadInput(
            f"{callee.impu}: found no tel URI among impus, expected one because its testbed declares enum: add one"
        )
    return callee.number
