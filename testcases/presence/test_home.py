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


@pytest.mark.flow("presence-watch", callee="home", served=True)
def test_presence_that_stays(cell: Cell) -> None:
    """A user keeps presence at the XDMS, which is seen whether a terminal publishes or not.

    Preconditions:
        - The watcher is registered; the presentity, who has allowed it, is not, and has stored a presence document.
    Steps:
        1. The watcher subscribes, and is told of the stored document; nobody has published anything.
        2. The presentity stores another one, and removes it; the watcher is told each time, at once.

    References:
        RFC 4827; RFC 3903 1; RFC 3856; RFC 5875; D2.2 3.3.3.2
    """
    watcher, presentity = cell.terminal(), cell.callee()
    watcher.register()
    cell.settle()
    documents = cell.documents(presentity)
    documents.allow(watcher.impu)
    documents.keep_presence(IN_A_MEETING)
    watch = watcher.presence.watch(presentity.impu)
    watch.wait_presence(IN_A_MEETING.basic, activity=IN_A_MEETING.activity, note=IN_A_MEETING.note)
    documents.keep_presence(ON_THE_PHONE)
    watch.wait_presence(ON_THE_PHONE.basic, activity=ON_THE_PHONE.activity)
    documents.drop_presence()
    watch.until(lambda: not watch.presence.is_open, "nothing that stays any more")
    watch.end()


@pytest.mark.flow("presence-watch", callee="home", served=True)
def test_document_of_watchers(cell: Cell) -> None:
    """A user looks up at the XDMS who watches.

    Preconditions:
        - The watcher is registered; the presentity has allowed it.
    Steps:
        1. The watcher subscribes and is told.
        2. The presentity fetches its document of watchers, which the presence server writes: the watcher is in it.
        3. The watcher ends the subscription; in the document it is active no more.

    References:
        D2.2 3.3.3.2; RFC 3858; RFC 4825 7.11
    """
    watcher, presentity = cell.terminal(), cell.callee()
    watcher.register()
    cell.settle()
    documents = cell.documents(presentity)
    documents.allow(watcher.impu)
    watch = watcher.presence.watch(presentity.impu)
    watch.wait_state("active")
    cell.settle()
    assert watcher.impu in documents.watchers().active
    watch.end()
    cell.settle()
    assert watcher.impu not in documents.watchers().active


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


@pytest.mark.flow("presence-publish", callee="home", served=True, then=["presence-watch"])
def test_refreshed_before_the_end(cell: Cell) -> None:
    """Terminals refresh by themselves what was granted for a short while.

    Preconditions:
        - Both are registered; the rules let the watcher see everything.
    Steps:
        1. The presentity publishes; the watcher subscribes for some seconds, and is told.
        2. The presentity refreshes for one second, is told that this is too brief (423), and asks for the least.
        3. Each terminal refreshes before the end: PUBLISH without a body, SUBSCRIBE within the dialog.
        4. The watcher is told that the presence is still what it was.

    References:
        RFC 3903 4.1, 4.2, 6; RFC 6665 4.1.2.2, 4.2.1; 3GPP TS 24.141 5.3.1.2, 5.3.2
    """
    watcher, presentity = registered(cell)
    cell.documents(presentity).allow(watcher.impu)
    presentity.presence.publish(IN_A_MEETING)
    watch = watcher.presence.watch(presentity.impu, expires_s=4)
    watch.wait_presence(IN_A_MEETING.basic, activity=IN_A_MEETING.activity)
    presentity.presence.refresh_publication(expires_s=1)
    presentity.presence.wait_refreshed()
    watch.wait_refreshed()
    watch.wait_presence(IN_A_MEETING.basic, activity=IN_A_MEETING.activity)
    watch.end()
    presentity.presence.unpublish()
