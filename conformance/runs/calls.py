"""What test cases of calls have in common: both terminals register, one calls, both hear each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Unpack

from conformance.runs.cell import Cell
from conformance.terminals.call import IncomingCall, OutgoingCall
from conformance.terminals.outgoing_session import CallOptions
from conformance.terminals.terminal import Terminal
from conformance.vocabulary.errors import BadInput


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
    dialled: Callable[[Terminal], str] = lambda callee: callee.impu,
    **options: Unpack[CallOptions],
) -> tuple[OutgoingCall, IncomingCall]:
    """Register the terminals of both users and let the first call the second, whose terminal does not ring yet.

    Args:
        cell: the cell.
        transport: towards the P-CSCFs; the cell's own where it is None.
        dialled: what is dialled to reach a user.
        options: how to call.
    """
    caller, callee = registered(cell, transport)
    calling = caller.call(dialled(callee), **options)
    return calling, callee.await_call()


def fork(cell: Cell) -> tuple[OutgoingCall, IncomingCall, IncomingCall]:
    """Register the caller and both devices of who is called, and let the first call; neither device rings yet."""
    caller, first, second = cell.terminal(), cell.callee(), cell.second_device()
    for terminal in (first, second, caller):
        terminal.register()
    cell.settle()
    calling = caller.call(first.impu)
    return calling, first.await_call(), second.await_call()


def set_up(
    cell: Cell,
    *,
    transport: Literal["udp", "tcp"] | None = None,
    dialled: Callable[[Terminal], str] = lambda callee: callee.impu,
    **options: Unpack[CallOptions],
) -> tuple[OutgoingCall, IncomingCall]:
    """As `invite`; the called terminal rings, and its user answers."""
    return answered(*invite(cell, transport=transport, dialled=dialled, **options))


def answered(calling: OutgoingCall, called: IncomingCall) -> tuple[OutgoingCall, IncomingCall]:
    """Let the called terminal ring, and its user answer."""
    called.ring()
    calling.wait_ringing()
    called.answer()
    calling.wait_answered()
    return calling, called


def watch(calling: OutgoingCall, called: IncomingCall) -> None:
    """Wait until each end sees the pictures of the other."""
    calling.wait_seen(called)
    called.wait_seen(calling)


def talk(calling: OutgoingCall, called: IncomingCall, packets: int = 1) -> OutgoingCall:
    """Wait until each end hears the tone of the other, and got so many packets; return the one that called."""
    calling.wait_heard(called, packets)
    called.wait_heard(calling, packets)
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
