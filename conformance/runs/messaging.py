"""What test cases of messages have in common: both terminals register, one sends a text, the other one gets it."""

from __future__ import annotations

from conformance.runs.calls import registered
from conformance.runs.cell import Cell
from conformance.terminals.message_failures import MessageRefused
from conformance.terminals.programs.linphone import LinphoneTerminal
from conformance.terminals.terminal import Terminal
from conformance.vocabulary.errors import HarnessFault

TEXT = "See you at the gate at eight: ¿vale?"
"""Has characters of one octet and of two."""


def deliver(cell: Cell, text: str = TEXT) -> None:
    """Register the terminals of both users, let the first send a text, and the second get just that."""
    sender, receiver = registered(cell)
    sender.messages.send(receiver.impu, text)
    expect(receiver, sender.impu, text)


def deliver_from_linphone(cell: Cell, text: str = TEXT) -> None:
    """As `deliver`, with the cell's linphone as the sender."""
    sender, receiver = cell.program(), cell.callee()
    if not isinstance(sender, LinphoneTerminal):
        raise HarnessFault(f"{cell.identity.terminal}: expected linphonec, which sends messages")
    receiver.register()
    sender.register()
    cell.settle()
    sender.message(receiver.impu, text)
    expect(receiver, sender.impu, text)


def expect(receiver: Terminal, sender: str, text: str) -> None:
    """Wait for a message, and compare it and who sent it, as the network asserts it, with what was sent.

    Raises:
        AssertionError: it is another one.
    """
    got = receiver.messages.wait()
    assert got.text == text, f"{receiver.impu} got {len(got.text)} other characters than were sent"
    assert got.sender == sender, f"{receiver.impu} was told that {got.sender or 'nobody'} sent what {sender} did"


def refused(sender: Terminal, impu: str, status: int) -> None:
    """Let a registered terminal send a text to somebody, and the network refuse it.

    Raises:
        AssertionError: it was taken, or refused with another status.
    """
    got = 0
    try:
        sender.messages.send(impu, TEXT)
    except MessageRefused as refusal:
        got = refusal.status
    assert got == status, f"expected {status}, the MESSAGE was " + (f"refused with {got}" if got else "taken")
