"""Whom a presence server does not believe: identity comes from P-Asserted-Identity of a trusted node alone."""

from __future__ import annotations

import pytest

from conformance.runs.cell import Cell

pytestmark = [pytest.mark.presence, pytest.mark.needs("presence")]


@pytest.mark.flow("presence-refused")
def test_no_asserted_identity(cell: Cell) -> None:
    """A PUBLISH of a trusted node that asserts no identity is refused.

    Preconditions:
        - A sender has the address of the S-CSCF.
    Steps:
        1. It sends PUBLISH without P-Asserted-Identity to the presence server, which refuses.

    References:
        3GPP TS 24.229 5.7.1.4; RFC 3325 5; D2.2 3.3.3.1
    """
    sender = cell.past_the_network(trusted=True)
    cell.refused(lambda: sender.publish(None), 403)


@pytest.mark.flow("presence-refused")
def test_other_asserted_identity(cell: Cell) -> None:
    """A PUBLISH whose asserted identity is not that of From is refused.

    Preconditions:
        - A sender has the address of the S-CSCF.
    Steps:
        1. It sends PUBLISH with somebody else in P-Asserted-Identity to the presence server, which refuses.

    References:
        3GPP TS 24.229 5.7.1.4; RFC 3325 5; D2.2 3.3.3.1
    """
    sender = cell.past_the_network(trusted=True)
    cell.refused(lambda: sender.publish(f"sip:nobody@{cell.home.domain}"), 403)


@pytest.mark.flow("presence-refused")
def test_untrusted_source(cell: Cell) -> None:
    """A PUBLISH from an address that nobody trusts is refused, whatever it asserts.

    Preconditions:
        - A sender has the address of a terminal.
    Steps:
        1. It sends PUBLISH with the right P-Asserted-Identity straight to the presence server, which refuses.

    References:
        3GPP TS 24.229 5.7.1.4; RFC 3325 5; D2.2 3.3.3.1
    """
    sender = cell.past_the_network(trusted=False)
    cell.refused(lambda: sender.publish(cell.subscriber.impus[0]), 403)


@pytest.mark.flow("presence-refused")
def test_untrusted_watcher(cell: Cell) -> None:
    """A SUBSCRIBE from an address that nobody trusts is refused, whatever it asserts.

    Preconditions:
        - A sender has the address of a terminal.
    Steps:
        1. It sends SUBSCRIBE with a P-Asserted-Identity straight to the presence server, which refuses.

    References:
        3GPP TS 24.229 5.7.1.4; RFC 3325 5; D2.2 3.3.3.1
    """
    sender, own = cell.past_the_network(trusted=False), cell.subscriber.impus[0]
    cell.refused(lambda: sender.subscribe(own, own), 403)


@pytest.mark.flow("presence-publish")
def test_unknown_entity_tag(cell: Cell) -> None:
    """A terminal that refreshes what the server no longer knows is told so, and publishes anew.

    Preconditions:
        - The terminal is registered.
    Steps:
        1. The terminal publishes, and removes what it published.
        2. It refreshes by the entity tag that it had: 412.
        3. It publishes anew, without an entity tag.

    References:
        RFC 3903 4.2, 6; 3GPP TS 24.141 5.3.1.2
    """
    terminal = cell.terminal()
    terminal.register()
    cell.settle()
    presence = terminal.presence
    presence.publish()
    tag = presence.entity_tag or ""
    presence.unpublish()
    presence.recall(tag)
    cell.refused(presence.refresh_publication, 412)
    presence.publish()
    presence.unpublish()
