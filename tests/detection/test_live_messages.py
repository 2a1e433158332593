"""Faults of messages are shown by a message, and nothing else is."""

from __future__ import annotations

from conformance.detection.live_messages import MESSAGES
from conformance.faults.catalogue import load_catalogue
from conformance.faults.emitted_message import EMITTED_MESSAGE


def test_every_fault_of_messages_is_shown_by_a_message() -> None:
    shown = {fault.name for fault in load_catalogue().fault if fault.flow in MESSAGES}
    assert shown == set(EMITTED_MESSAGE)
