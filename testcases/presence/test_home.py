"""Presence of users who are at home: published, watched, and of two devices at once."""

from __future__ import annotations

import pytest

from conformance.runs.calls import registered
from conformance.runs.cell import Cell
from conformance.runs.watching import IN_A_MEETING, ON_THE_PHONE, changed, told_of

pytestmark = [pytest.mark.presence, pytest.mark.needs("presence"), pytest.mark.needs("xdms")]


@pytest.mark.flow("presence-publish", transport=("udp", "tcp"))
def test_publish(cell: Cell) -> None:
    """A user publishes presence: first, again, otherwise, and no more.

    Preconditions:
        - The terminal is registered; the profile names the presence server for PUBLISH.
    Steps:
        1. The terminal publishes a document; the presence server answers with an entity tag.
        2. The terminal refreshes without a document, modifies with another one, each time by the tag it got last.
        3. The terminal removes what it published.

    References:
        RFC 3903 4; 3GPP TS 24.141 5.3.1.2; RFC 3863; D2.2 3.3.2
    """
    terminal = cell.terminal()
    terminal.register()
    cell.settle()
    presence = terminal.presence
    presence.publish(IN_A_MEETING)
    presence.refresh_publication()
    presence.publish(ON_THE_PHONE)
    presence.unpublish()


@pytest.mark.flow("presence-publish", callee="home", served=True, then=["presence-watch"])
def test_watch(cell: Cell) -> None:
    """A user watches another one of the same network, who has allowed it.

    Preconditions:
        - Both are registered at home; the rules at the XDMS let the watcher see everything.
    Steps:
        1. The presentity publishes; the watcher subscribes and is told at once.
        2. The presentity publishes something else, and removes it; the watcher is told each time.
        3. The watcher refreshes the subscription, and ends it.

    References:
        RFC 3856; RFC 6665; RFC 5025; 3GPP TS 24.141 5.3.2; D2.2 3.3.2
    """
    watcher, presentity = registered(cell)
    watch = told_of(cell, presentity, watcher)
    changed(cell, presentity, watch)
    watch.refresh()
    watch.end()


@pytest.mark.flow("presence-watch", callee="home", served=True)
def test_watch_who_is_not_registered(cell: Cell) -> None:
    """A user watches another one whose terminal is switched off.

    Preconditions:
        - The watcher is registered; the presentity, who has allowed it, is not.
    Steps:
        1. The I-CSCF asks the HSS, which names an S-CSCF for services of who is not registered.
        2. That S-CSCF gets the profile and sends SUBSCRIBE to the presence server.
        3. The watcher is told that nobody can be reached.

    References:
        3GPP TS 24.229 5.3.2.1, 5.4.3.3; 3GPP TS 29.228 6.1.4; RFC 3856
    """
    watcher, presentity = cell.terminal(), cell.callee()
    watcher.register()
    cell.settle()
    cell.documents(presentity).allow(watcher.impu)
    watch = watcher.presence.watch(presentity.impu)
    watch.wait_state("active")
    watch.until(lambda: not watch.presence.is_open, "nobody who can be reached")
    watch.end()


@pytest.mark.flow("presence-publish", callee="devices", served=True, then=["presence-publish", "presence-watch"])
def test_two_devices(cell: Cell) -> None:
    """What two devices of one user publish is one presence.

    Preconditions:
        - Both devices are registered with private identities of their own.
    Steps:
        1. Each device publishes; the watcher sees a tuple of each.
        2. One device removes what it published; the watcher sees the other one.

    References:
        RFC 3863; RFC 4479; RFC 3903 4.1; 3GPP TS 24.141 5.3.1.2
    """
    watcher, first, second = cell.terminal(), cell.callee(), cell.second_device()
    for terminal in (first, second, watcher):
        terminal.register()
    cell.settle()
    cell.documents(first).allow(watcher.impu)
    first.presence.publish(IN_A_MEETING)
    second.presence.publish(ON_THE_PHONE)
    watch = watcher.presence.watch(first.impu)
    watch.wait_tuples(2)
    first.presence.unpublish()
    watch.wait_tuples(1)
    watch.wait_presence(activity=ON_THE_PHONE.activity)
    watch.end()
