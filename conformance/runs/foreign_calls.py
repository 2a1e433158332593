"""Calls in which the cell's program plays the terminal of the caller, of the callee, or of both."""

from __future__ import annotations

from conformance.runs.cell import Cell
from conformance.runs.cell_identity import CALLEE, CALLER
from conformance.terminals.call_end import CalledEnd, CallEnd, CallingEnd, Phone
from conformance.vocabulary.errors import HarnessFault


def invite(cell: Cell) -> tuple[CallingEnd, CalledEnd]:
    """Register the terminals of both users and let the first call the second."""
    caller, callee = _phone(cell, CALLER), _phone(cell, CALLEE)
    callee.register()
    caller.register()
    cell.settle()
    calling = caller.call(callee.impu)
    return calling, callee.await_call()


def set_up(cell: Cell) -> tuple[CallingEnd, CalledEnd]:
    """As `invite`; the called terminal rings, and its user answers."""
    calling, called = invite(cell)
    called.ring()
    calling.wait_ringing()
    called.answer()
    calling.wait_answered()
    return calling, called


def talk(calling: CallingEnd, called: CalledEnd) -> None:
    """Wait until each end hears the tone of the other."""
    calling.wait_heard(called)
    called.wait_heard(calling)


def hang_up(first: CallEnd, other: CallEnd) -> None:
    """Let the first end hang up, and the other one notice."""
    first.hang_up()
    other.wait_ended()


def _phone(cell: Cell, whose: str) -> Phone:
    """Return the terminal of caller or callee: the cell's program where it plays that one, else our own."""
    if whose in cell.identity.plays:
        program = cell.program(whose)
        if not isinstance(program, Phone):
            raise HarnessFault(f"{cell.identity.terminal}: expected a program that calls")
        return program
    return cell.terminal() if whose == CALLER else cell.callee()
