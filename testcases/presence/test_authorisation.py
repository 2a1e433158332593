"""Who may watch: the rules of the presentity at the XDMS, and what becomes of subscriptions when they change."""

from __future__ import annotations

import pytest

from conformance.runs.calls import registered
from conformance.runs.cell import Cell
from conformance.runs.watching import IN_A_MEETING, told_of

pytestmark = [pytest.mark.presence, pytest.mark.needs("presence"), pytest.mark.needs("xdms")]


@pytest.mark.flow("presence-publish", callee="home", served=True, then=["presence-winfo", "presence-watch"])
def test_confirm(cell: Cell) -> None:
    """A watcher waits until the presentity, who is told of it, consents.

    Preconditions:
        - Both are registered; the rules ask the presentity to decide on this watcher.
    Steps:
        1. The presentity publishes, and subscribes to its watchers.
        2. The watcher subscribes: the subscription is pending, and tells nothing of the presentity.
        3. The presentity is told who waits, and changes the rule by its node selector.
        4. The watcher is told of the presence at once, and the presentity that the watcher is active.

    References:
        RFC 5025 3.2.1; RFC 3857; RFC 3858; RFC 3856 6.6; RFC 4825 8.2; 3GPP TS 24.141 5.3
    """
    watcher, presentity = registered(cell)
    rules = cell.documents(presentity)
    rules.decide("confirm", watcher.impu)
    presentity.presence.publish(IN_A_MEETING)
    watchers = presentity.presence.watch_watchers()
    watch = watcher.presence.watch(presentity.impu)
    watch.wait_state("pending")
    watchers.wait_watcher(watcher.impu, "pending")
    rules.change_rule("allow", watcher.impu)
    watch.wait_state("active")
    watch.wait_presence(IN_A_MEETING.basic, activity=IN_A_MEETING.activity)
    watchers.wait_watcher(watcher.impu, "active")
    watch.end()
    watchers.end()


@pytest.mark.flow("presence-watch", callee="home", served=True)
def test_block(cell: Cell) -> None:
    """A watcher is blocked, and knows it.

    Preconditions:
        - Both are registered; the rules block this watcher.
    Steps:
        1. The watcher subscribes; the subscription is terminated at once: rejected.

    References:
        RFC 5025 3.2.1; RFC 3856 6.6; RFC 6665 4.2.1.3
    """
    watcher, presentity = registered(cell)
    cell.documents(presentity).block(watcher.impu)
    watch = watcher.presence.watch(presentity.impu)
    watch.wait_state("terminated", "rejected")


@pytest.mark.flow("presence-publish", callee="home", served=True, then=["presence-watch"])
def test_polite_block(cell: Cell) -> None:
    """A watcher is blocked, and does not know it.

    Preconditions:
        - Both are registered; the rules block this watcher politely.
    Steps:
        1. The presentity publishes that it can be reached.
        2. The watcher subscribes; the subscription is active, and tells that the presentity cannot be reached.

    References:
        RFC 5025 3.2.1; RFC 3856 6.6
    """
    watcher, presentity = registered(cell)
    cell.documents(presentity).decide("polite-block", watcher.impu)
    presentity.presence.publish(IN_A_MEETING)
    watch = watcher.presence.watch(presentity.impu)
    watch.wait_state("active")
    watch.wait_presence("closed")
    watch.end()


@pytest.mark.flow("presence-publish", callee="home", served=True, then=["presence-watch"])
def test_rule_changed_while_watching(cell: Cell) -> None:
    """A presentity thinks otherwise of a watcher, who is told at once.

    Preconditions:
        - The watcher is told of the presentity.
    Steps:
        1. The presentity changes the rule to a polite block: NOTIFY tells that it cannot be reached.
        2. It changes the rule back: NOTIFY tells of its presence.
        3. It changes the rule to a block: NOTIFY terminates the subscription, rejected.

    References:
        RFC 5025 3.2.1; RFC 3856 6.6; RFC 5875; RFC 4825 8.2; D2.2 3.3.3.2
    """
    watcher, presentity = registered(cell)
    watch = told_of(cell, presentity, watcher)
    rules = cell.documents(presentity)
    rules.change_rule("polite-block", watcher.impu)
    watch.wait_presence("closed")
    rules.change_rule("allow", watcher.impu)
    watch.wait_presence(IN_A_MEETING.basic, activity=IN_A_MEETING.activity)
    rules.change_rule("block", watcher.impu)
    watch.wait_state("terminated", "rejected")
