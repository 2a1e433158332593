"""Presence in the SIP framework: a plain proxy, which authenticates its users, in the place of the IMS (D2.2 3.3.1)."""

from __future__ import annotations

import pytest

from conformance.runs.cell import Cell
from conformance.runs.cell_identity import CALLEE
from conformance.runs.watching import IN_A_MEETING, ON_THE_PHONE, changed, told_of
from conformance.terminals.sip_terminal import SipTerminal

pytestmark = [pytest.mark.presence, pytest.mark.needs("presence"), pytest.mark.needs("sip-proxy")]
A_GUESS = "sesame"


@pytest.mark.flow("presence-publish-sip")
def test_publish(cell: Cell) -> None:
    """A user of the SIP framework publishes presence: first, again, otherwise, and no more.

    Preconditions:
        - The terminal is registered at the SIP proxy, by digest.
    Steps:
        1. PUBLISH is challenged by the proxy and sent once more; the proxy asserts who it is from, and passes it on.
        2. The terminal refreshes, modifies and removes what it published.

    References:
        RFC 3261 22.3; RFC 3325 5; RFC 3903 4; D2.2 3.3.1, 3.3.3.1
    """
    _publishes(cell.sip_terminal())


@pytest.mark.flow("presence-publish-sip", access="visited")
def test_publish_from_away(cell: Cell) -> None:
    """A visitor publishes by the SIP proxy of home, which it reaches through the VPN.

    Preconditions:
        - The terminal is in the access network of another partner, and registered at the SIP proxy of home.
    Steps:
        1. PUBLISH passes no CSCF of the visited network: it goes to the proxy of home.
        2. The terminal refreshes, modifies and removes what it published.

    References:
        RFC 3261 22.3; RFC 3325 5; RFC 3903 4; D2.2 3.3.1, 3.3.3.1
    """
    _publishes(cell.sip_terminal())


@pytest.mark.needs("xdms")
@pytest.mark.flow("presence-publish-sip", callee="home", served=True, then=["presence-watch-sip"])
def test_watch(cell: Cell) -> None:
    """A user of the SIP framework watches another one, who has allowed it.

    Preconditions:
        - Both are registered at the SIP proxy; the rules at the XDMS let the watcher see everything.
    Steps:
        1. The presentity publishes; the watcher subscribes by the proxy, and is told at once.
        2. The presentity publishes something else, and removes it; the watcher is told each time.
        3. The watcher refreshes the subscription, and ends it.

    References:
        RFC 3856; RFC 6665; RFC 5025; RFC 3325 5; D2.2 3.3.1
    """
    _watches(cell)


@pytest.mark.needs("xdms")
@pytest.mark.flow("presence-publish-sip", access="visited", callee="home", served=True, then=["presence-watch-sip"])
def test_watch_from_away(cell: Cell) -> None:
    """A visitor watches a user at home by the SIP proxy of home.

    Preconditions:
        - The watcher is in the access network of another partner; both are registered at the SIP proxy of home.
    Steps:
        1. The presentity publishes; SUBSCRIBE of the visitor goes to the proxy of home, and NOTIFY comes back from it.
        2. The presentity publishes something else, and removes it; the visitor is told each time.
        3. The visitor refreshes the subscription, and ends it.

    References:
        RFC 3856; RFC 6665; RFC 5025; RFC 3325 5; D2.2 3.3.1
    """
    _watches(cell)


@pytest.mark.flow("presence-refused")
def test_wrong_password(cell: Cell) -> None:
    """Who does not know the password gets no further than the SIP proxy.

    Preconditions:
        - The terminal has the identities of a subscriber, and another password.
    Steps:
        1. REGISTER with the answer to the challenge is challenged again: the terminal gives up.
        2. PUBLISH with the answer to the challenge is challenged again; the presence server hears nothing of it.

    References:
        RFC 3261 22.1, 22.3; D2.2 3.3.1
    """
    terminal = cell.sip_terminal(password=A_GUESS)
    cell.refused(terminal.register, 401)
    cell.refused(terminal.presence.publish, 407)


@pytest.mark.flow("presence-refused")
def test_from_another(cell: Cell) -> None:
    """A user who publishes in the name of somebody else is refused by the SIP proxy.

    Preconditions:
        - The terminal is registered at the SIP proxy.
    Steps:
        1. PUBLISH has somebody else of the same network in From, and the credentials of the user: 403.

    References:
        RFC 3325 5; D2.2 3.3.3.1
    """
    terminal = cell.sip_terminal(identity=f"sip:nobody@{cell.home.domain}")
    terminal.register()
    cell.refused(terminal.presence.publish, 403)


@pytest.mark.flow("presence-refused")
def test_watch_as_another(cell: Cell) -> None:
    """A user who watches in the name of somebody else is refused by the SIP proxy.

    Preconditions:
        - The terminal is registered at the SIP proxy.
    Steps:
        1. SUBSCRIBE has somebody else of the same network in From, and the credentials of the user: 403.

    References:
        RFC 3325 5; D2.2 3.3.3.1
    """
    terminal = cell.sip_terminal(identity=f"sip:nobody@{cell.home.domain}")
    terminal.register()
    cell.refused(lambda: terminal.presence.watch(terminal.impu), 403)


@pytest.mark.flow("presence-publish-sip")
def test_claimed_identity(cell: Cell) -> None:
    """What a terminal asserts of itself is no word of the network: the SIP proxy puts in who has proven to be it.

    Preconditions:
        - The terminal is registered at the SIP proxy.
    Steps:
        1. PUBLISH of the user has a P-Asserted-Identity that names somebody else.
        2. The proxy asserts the user in its place, and the presence server accepts.

    References:
        RFC 3325 5; D2.2 3.3.3.1
    """
    terminal = cell.sip_terminal(claims=f"sip:nobody@{cell.home.domain}")
    terminal.register()
    terminal.presence.publish(IN_A_MEETING)
    terminal.presence.unpublish()


def _publishes(terminal: SipTerminal) -> None:
    terminal.register()
    presence = terminal.presence
    presence.publish(IN_A_MEETING)
    presence.refresh_publication()
    presence.publish(ON_THE_PHONE)
    presence.unpublish()


def _watches(cell: Cell) -> None:
    watcher, presentity = cell.sip_terminal(), cell.sip_terminal(CALLEE)
    presentity.register()
    watcher.register()
    watch = told_of(cell, presentity, watcher)
    changed(cell, presentity, watch)
    watch.refresh()
    watch.end()
