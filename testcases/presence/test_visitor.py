"""Presence of users who are away: the home network serves them, wherever they publish and watch."""

from __future__ import annotations

import pytest

from conformance.runs.calls import registered
from conformance.runs.cell import Cell
from conformance.runs.watching import IN_A_MEETING, ON_THE_PHONE, changed, told_of

pytestmark = [pytest.mark.presence]


@pytest.mark.needs("presence")
@pytest.mark.flow("presence-visitor", access="visited")
def test_publish(cell: Cell) -> None:
    """A visitor publishes presence at the presence server of home.

    Preconditions:
        - The terminal is registered through the P-CSCF of the visited network.
    Steps:
        1. PUBLISH goes from the visited P-CSCF to the S-CSCF at home, and by the filter criteria to the server there.
        2. The terminal refreshes, modifies and removes what it published.

    References:
        3GPP TS 24.141 5.3.1.2; 3GPP TS 24.229 5.4.3.2; RFC 3903; D2.2 3.3.3
    """
    terminal = cell.terminal()
    terminal.register()
    cell.settle()
    presence = terminal.presence
    presence.publish(IN_A_MEETING)
    presence.refresh_publication()
    presence.publish(ON_THE_PHONE)
    presence.unpublish()


@pytest.mark.needs("presence")
@pytest.mark.flow("presence-publish", access="home")
def test_publish_by_the_home_access_point(cell: Cell) -> None:
    """A user who is away publishes through the home access point.

    Preconditions:
        - The visited network tunnels all packets of the terminal to the gateway of the home network.
    Steps:
        1. PUBLISH crosses the visited network in GTP-U, whose CSCFs see nothing, and is served as at home.
        2. The terminal refreshes, modifies and removes what it published.

    References:
        3GPP TS 24.141 5.3.1.2; 3GPP TS 23.228 5.6.2; RFC 3903; D2.2 3.3.3, figure 2
    """
    terminal = cell.terminal()
    terminal.register()
    cell.settle()
    presence = terminal.presence
    presence.publish(IN_A_MEETING)
    presence.refresh_publication()
    presence.publish(ON_THE_PHONE)
    presence.unpublish()


@pytest.mark.needs("presence")
@pytest.mark.needs("xdms")
@pytest.mark.flow("presence-publish", access="visited", callee="home", served=True, then=["presence-watch"])
def test_watch_from_away(cell: Cell) -> None:
    """A visitor watches a user of the own network who is at home.

    Preconditions:
        - The watcher is registered through the visited network, the presentity at home, who has allowed it.
    Steps:
        1. The presentity publishes; SUBSCRIBE of the visitor goes home, and NOTIFY comes back to the visited network.
        2. The presentity publishes something else, and removes it; the visitor is told each time.

    References:
        RFC 3856; 3GPP TS 24.141 5.3.2; 3GPP TS 24.229 5.4.3; D2.2 3.3.3
    """
    watcher, presentity = registered(cell)
    watch = told_of(cell, presentity, watcher)
    changed(cell, presentity, watch)
    watch.end()


@pytest.mark.needs("presence")
@pytest.mark.needs("xdms")
@pytest.mark.flow("presence-publish", access="home", callee="home", served=True, then=["presence-watch"])
def test_watch_by_the_home_access_point(cell: Cell) -> None:
    """A user who is away watches through the home access point.

    Preconditions:
        - The visited network tunnels all packets of the watcher to the gateway of the home network.
        - The presentity is at home and has allowed it.
    Steps:
        1. The presentity publishes; SUBSCRIBE and NOTIFY of the watcher cross the visited network in GTP-U.
        2. The presentity publishes something else, and removes it; the watcher is told each time.

    References:
        RFC 3856; 3GPP TS 24.141 5.3.2; 3GPP TS 23.228 5.6.2; D2.2 3.3.3, figure 2
    """
    watcher, presentity = registered(cell)
    watch = told_of(cell, presentity, watcher)
    changed(cell, presentity, watch)
    watch.end()


@pytest.mark.needs("presence")
@pytest.mark.needs("xdms")
@pytest.mark.flow("presence-visitor", access="visited", callee="home", served=True, then=["presence-watch"])
def test_presentity_away(cell: Cell) -> None:
    """A user at home watches one who is away.

    Preconditions:
        - The presentity is registered through the visited network; the watcher is at home.
    Steps:
        1. The presentity stores rules at the XDMS of home, and publishes there.
        2. The watcher subscribes and is told; the presentity changes and removes what is published.

    References:
        RFC 3856; RFC 3903; RFC 4825; 3GPP TS 24.141 5.3; D2.2 3.3.3
    """
    presentity, watcher = registered(cell)
    watch = told_of(cell, presentity, watcher)
    changed(cell, presentity, watch)
    watch.end()


@pytest.mark.needs("presence")
@pytest.mark.needs("xdms")
@pytest.mark.flow("presence-visitor", access="visited", callee="away", served=True, then=["presence-watch"])
def test_both_away(cell: Cell) -> None:
    """Two users of one network are away, in different networks; one watches the other.

    Preconditions:
        - Each is registered through the network that it visits.
    Steps:
        1. The presentity publishes; the watcher subscribes: both by the way of home.
        2. NOTIFYs go home and from there to the network that the watcher visits.

    References:
        RFC 3856; RFC 3903; 3GPP TS 24.141 5.3; D2.2 3.3.3
    """
    watcher, presentity = registered(cell)
    watch = told_of(cell, presentity, watcher)
    changed(cell, presentity, watch)
    watch.end()


@pytest.mark.needs("presence", of="callee")
@pytest.mark.needs("xdms", of="callee")
@pytest.mark.flow("presence-publish", access="visited", callee="third", served=True, then=["presence-watch"])
def test_watch_a_third_network(cell: Cell) -> None:
    """A visitor watches a user of a third network.

    Preconditions:
        - The watcher is registered through the visited network; the presentity is at home in a third one.
    Steps:
        1. SUBSCRIBE goes from the visited P-CSCF to the watcher's S-CSCF, and on to the presentity's network.
        2. NOTIFYs come back the same way.

    References:
        RFC 3856; 3GPP TS 24.141 5.3.2; 3GPP TS 24.229 5.4.3; D2.2 3.3.3
    """
    watcher, presentity = registered(cell)
    watch = told_of(cell, presentity, watcher)
    changed(cell, presentity, watch)
    watch.end()


@pytest.mark.needs("presence")
@pytest.mark.needs("xdms")
@pytest.mark.flow(
    "presence-publish", access="visited", callee="home", served=True, then=["presence-watch", "presence-watch"]
)
def test_roaming_away_while_watching(cell: Cell) -> None:
    """A watcher leaves for another network while the subscription lives, and watches on from there.

    Preconditions:
        - Both are at home, and the watcher is told of the presentity.
    Steps:
        1. The watcher's terminal deregisters, and ends up in the visited network without having ended its subscription.
        2. It registers through the visited network and subscribes anew; it is told at once.
        3. The presentity publishes something else: the new subscription is told; NOTIFY of the old one ends in 481.

    References:
        RFC 6665 4.1.3, 4.2.2; RFC 3856; 3GPP TS 24.141 5.3.2; D2.2 3.3.3
    """
    watcher, presentity = cell.terminal(place="home"), cell.callee()
    presentity.register()
    watcher.register()
    cell.settle()
    told_of(cell, presentity, watcher)
    watcher.deregister()
    watcher.presence.forget()
    away = cell.terminal()
    away.register()
    cell.settle()
    watch = away.presence.watch(presentity.impu)
    watch.wait_presence(IN_A_MEETING.basic, activity=IN_A_MEETING.activity)
    changed(cell, presentity, watch)
    watch.end()
