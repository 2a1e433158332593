"""Calls over the whole emulated core: every node a process of its own, terminals that know only their P-CSCF."""

from __future__ import annotations

from conformance.terminals.terminal import Terminal
from conformance.vocabulary.events import EventKind
from tests.cores.conftest import MakeTerminal, call_and_hang_up

BEFORE = {EventKind.REGISTER_SENT, EventKind.CHALLENGED, EventKind.NETWORK_AUTHENTICATED, EventKind.REGISTERED}


def kinds(terminal: Terminal) -> list[EventKind]:
    return [event.kind for event in terminal.events.events if event.kind not in BEFORE]


def test_a_call_at_home(registered_terminal: MakeTerminal) -> None:
    alice, erin = registered_terminal("uc3m", "alice"), registered_terminal("uc3m", "erin")
    call_and_hang_up(alice, erin, media=True)
    assert kinds(alice) == [
        EventKind.CALLING,
        EventKind.RINGING,
        EventKind.ANSWERED,
        EventKind.HEARD,
        EventKind.ENDED,
    ]
    assert kinds(erin) == [
        EventKind.INVITED,
        EventKind.RINGING,
        EventKind.ANSWERED,
        EventKind.HEARD,
        EventKind.ENDED,
    ]
