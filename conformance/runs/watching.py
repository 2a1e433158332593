"""What test cases of presence have in common: rules are stored, somebody publishes, somebody else is told."""

from __future__ import annotations

from conformance.runs.cell import Cell
from conformance.terminals.event_subscription import ACTIVE
from conformance.terminals.presence_documents import PresenceState
from conformance.terminals.terminal import Terminal
from conformance.terminals.watch import PresenceWatch

IN_A_MEETING = PresenceState("open", "meeting", "back at noon")
ON_THE_PHONE = PresenceState("open", "on-the-phone")


def told_of(cell: Cell, presentity: Terminal, watcher: Terminal, state: PresenceState = IN_A_MEETING) -> PresenceWatch:
    """Let a presentity allow a watcher and publish, and the watcher watch; return when the watcher knows.

    Args:
        cell: the cell.
        presentity: registered.
        watcher: registered.
        state: what is published.
    """
    cell.documents(presentity).allow(watcher.impu)
    presentity.presence.publish(state)
    watch = watcher.presence.watch(presentity.impu)
    watch.wait_state(ACTIVE)
    watch.wait_presence(state.basic, activity=state.activity, note=state.note)
    return watch


def changed(cell: Cell, presentity: Terminal, watch: PresenceWatch) -> None:
    """Let a presentity publish something else, remove it then, and the watcher be told of both.

    A server may tell more than once of what was removed: all of it has come when this returns, so that a NOTIFY that
    is late is not taken for the one that follows the next SUBSCRIBE.
    """
    presentity.presence.publish(ON_THE_PHONE)
    watch.wait_presence(ON_THE_PHONE.basic, activity=ON_THE_PHONE.activity)
    presentity.presence.unpublish()
    watch.until(lambda: not watch.presence.is_open, "nothing published any more")
    cell.settle()
