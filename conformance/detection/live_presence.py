"""What users do with their presence to show a fault of the presence server or of the XDMS."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from conformance.faults.catalogue import Scene
from conformance.runs.calls import registered
from conformance.runs.cell import Cell
from conformance.runs.watching import IN_A_MEETING, ON_THE_PHONE, changed, told_of


def _publish(cell: Cell) -> None:
    terminal = cell.terminal()
    terminal.register()
    cell.settle()
    terminal.presence.publish(IN_A_MEETING)
    terminal.presence.refresh_publication()
    terminal.presence.publish(ON_THE_PHONE)
    terminal.presence.unpublish()


def _watch(cell: Cell) -> None:
    watcher, presentity = registered(cell)
    watch = told_of(cell, presentity, watcher)
    changed(presentity, watch)
    watch.refresh()
    watch.end()


def _wait(cell: Cell) -> None:
    """The presentity has to decide on the watcher, and does not."""
    watcher, presentity = registered(cell)
    cell.documents(presentity).decide("confirm", watcher.impu)
    presentity.presence.publish(IN_A_MEETING)
    watchers = presentity.presence.watch_watchers()
    watch = watcher.presence.watch(presentity.impu)
    watch.wait_state("pending")
    watchers.wait_watcher(watcher.impu, "pending")
    watch.end()
    watchers.end()


def _be_blocked(cell: Cell) -> None:
    """The rules block the watcher, who is told of presence all the same."""
    watcher, presentity = registered(cell)
    cell.documents(presentity).block(watcher.impu)
    watch = watcher.presence.watch(presentity.impu)
    watch.wait_state("active")
    watch.end()


def _think_otherwise(cell: Cell) -> None:
    """The presentity blocks who watches, and who waits to be told of it."""
    watcher, presentity = registered(cell)
    rules = cell.documents(presentity)
    rules.allow(watcher.impu)
    presentity.presence.publish(IN_A_MEETING)
    watch = watcher.presence.watch(presentity.impu)
    watch.wait_state("active")
    rules.block(watcher.impu)
    try:
        watch.wait_state("terminated", "rejected")
    finally:
        # What comes late shows in the capture that nothing came in time.
        if watch.state != "terminated":
            watch.end()


def _claim_nothing(cell: Cell) -> None:
    cell.past_the_network(trusted=True).publish(None)


def _come_from_elsewhere(cell: Cell) -> None:
    cell.past_the_network(trusted=False).publish(cell.subscriber.impus[0])


def _recall(cell: Cell) -> None:
    terminal = cell.terminal()
    terminal.register()
    cell.settle()
    terminal.presence.publish(IN_A_MEETING)
    tag = terminal.presence.entity_tag
    terminal.presence.unpublish()
    assert tag is not None
    terminal.presence.recall(tag)
    terminal.presence.refresh_publication()


PRESENCE_SCENES: Mapping[Scene, Callable[[Cell], None]] = {
    Scene.PUBLISH: _publish,
    Scene.RECALL: _recall,
    Scene.WATCH: _watch,
    Scene.WAIT: _wait,
    Scene.BE_BLOCKED: _be_blocked,
    Scene.THINK_OTHERWISE: _think_otherwise,
    Scene.CLAIM_NOTHING: _claim_nothing,
    Scene.COME_FROM_ELSEWHERE: _come_from_elsewhere,
}
"""What is driven, by the scene of the fault."""
