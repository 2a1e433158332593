"""What two users do with messages to show a fault of a node, or of the terminal of one of them."""

from __future__ import annotations

from conformance.faults.catalogue import Fault, Scene
from conformance.runs.cell import Cell
from conformance.runs.messaging import TEXT
from conformance.vocabulary.roles import Role

MESSAGES = ("message-interconnect", "message-refused")
"""Flows that a message shows: of a user at home to one of another network."""


def send(cell: Cell, fault: Fault, at_terminal: frozenset[str]) -> None:
    """Let the terminals of a cell do what the scene of a fault says; one of them may show it."""
    of_receiver = fault.blamed is Role.CALLEE
    sender = cell.terminal(faults=frozenset() if of_receiver else at_terminal)
    receiver = cell.callee(faults=at_terminal if of_receiver else frozenset())
    if fault.scene is Scene.NOBODY:
        sender.register()
        cell.settle()
        sender.messages.send(f"sip:nobody@{receiver.impu.rpartition('@')[2]}", TEXT)
        return
    receiver.register()
    sender.register()
    cell.settle()
    sender.messages.send(receiver.impu, TEXT)
    receiver.messages.wait()
