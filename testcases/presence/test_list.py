"""Buddy lists: one subscription tells of all members."""

from __future__ import annotations

import pytest

from conformance.runs.calls import registered
from conformance.runs.cell import Cell
from conformance.runs.watching import IN_A_MEETING

pytestmark = [pytest.mark.presence, pytest.mark.needs("presence"), pytest.mark.needs("xdms")]


@pytest.mark.flow("presence-list", callee="home", served=True)
def test_list(cell: Cell) -> None:
    """A user watches a list with one subscription.

    Preconditions:
        - Both are registered; the watcher has a list service with the presentity and itself as members.
    Steps:
        1. The watcher subscribes to the list's URI; its filter criteria lead to the presence server.
        2. NOTIFY names all members; the presentity publishes, and a further one tells of it.

    References:
        RFC 4662; RFC 4826 4; 3GPP TS 24.141 5.3.3; D2.2 3.3.1
    """
    watcher, presentity = registered(cell)
    cell.documents(presentity).allow(watcher.impu)
    buddies = buddies_of(watcher.impu)
    cell.documents(watcher).offer_list(buddies, [presentity.impu, watcher.impu])
    watch = watcher.presence.watch_list(buddies)
    presentity.presence.publish(IN_A_MEETING)
    watch.wait_member(presentity.impu)
    presentity.presence.unpublish()
    watch.wait_member(presentity.impu, "closed")
    watch.end()


@pytest.mark.flow("presence-list", callee="home", served=True)
def test_taken_in_while_watching(cell: Cell) -> None:
    """A user takes somebody into a buddy list that is watched.

    Preconditions:
        - Both are registered; the watcher has a list service that names a buddy list with itself as member.
        - The presentity has published, and allowed the watcher.
    Steps:
        1. The watcher subscribes to the list's URI, and is told of the list.
        2. It adds the presentity to the buddy list by a node selector: NOTIFY tells of the whole list at once.

    References:
        RFC 4662 4.5; RFC 4826 3, 4; RFC 5875; RFC 4825 8.2; D2.2 3.3.1
    """
    watcher, presentity = registered(cell)
    cell.documents(presentity).allow(watcher.impu)
    presentity.presence.publish(IN_A_MEETING)
    documents, buddies = cell.documents(watcher), buddies_of(watcher.impu)
    documents.keep_buddies("buddies", [watcher.impu])
    documents.offer_buddies(buddies, "buddies")
    watch = watcher.presence.watch_list(buddies)
    documents.add_buddy("buddies", presentity.impu)
    watch.wait_member(presentity.impu)
    watch.end()
    presentity.presence.unpublish()


@pytest.mark.flow("presence-list", access="visited", callee="home", served=True)
def test_list_from_away(cell: Cell) -> None:
    """A visitor watches a list with one subscription.

    Preconditions:
        - The watcher is registered through the visited network, and stored the list from there.
    Steps:
        1. The watcher subscribes to the list's URI by the way of home.
        2. NOTIFY names all members; the presentity publishes, and a further one tells of it.

    References:
        RFC 4662; RFC 4826 4; 3GPP TS 24.141 5.3.3; D2.2 3.3.3
    """
    watcher, presentity = registered(cell)
    cell.documents(presentity).allow(watcher.impu)
    buddies = buddies_of(watcher.impu)
    cell.documents(watcher).offer_list(buddies, [presentity.impu])
    watch = watcher.presence.watch_list(buddies)
    presentity.presence.publish(IN_A_MEETING)
    watch.wait_member(presentity.impu)
    watch.end()


def buddies_of(impu: str) -> str:
    """Return the URI of a user's list, in the domain of the user."""
    user, _, domain = impu.partition("@")
    return f"{user}-buddies@{domain}"
