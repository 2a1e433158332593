"""Messages in page mode: each is a MESSAGE of its own, outside of any dialog."""

from __future__ import annotations

import pytest

from conformance.runs.cell import Cell
from conformance.runs.messaging import deliver

pytestmark = pytest.mark.message


@pytest.mark.flow("message-page", callee="home")
def test_message(cell: Cell) -> None:
    """A user at home sends a text to a user of the same network, who is at home.

    Preconditions:
        - Both terminals are registered.
    Steps:
        1. The sender's terminal sends MESSAGE along the Service-Route of its registration.
        2. The I-CSCF asks the HSS for the receiver's S-CSCF, which brings MESSAGE to the registered contact.
        3. The receiver's terminal answers 200, which comes back hop by hop; its user reads just what was sent.

    References:
        RFC 3428 4, 7; 3GPP TS 23.228 5.6.2, 5.5.2, 5.7.2
    """
    deliver(cell)


@pytest.mark.flow("message-interconnect", callee="third", transport=("udp", "tcp"))
def test_interconnect(cell: Cell) -> None:
    """A user at home sends a text to a user of another network, who is at home there.

    Preconditions:
        - Both terminals are registered, each in its own network.
    Steps:
        1. The S-CSCF of the sender finds the entry of the other network by DNS and sends MESSAGE there.
        2. The other network brings it to the receiver's terminal, which answers 200.

    References:
        RFC 3428 4, 7; 3GPP TS 23.228 5.6.2, 5.5.1, 5.7.2; RFC 3263
    """
    deliver(cell)


@pytest.mark.flow("message-roaming-third", access="visited", callee="third")
def test_roaming(cell: Cell) -> None:
    """A user who is away sends a text to a user of a third network.

    Preconditions:
        - The sender is registered through the P-CSCF of the visited network; the receiver is at home.
    Steps:
        1. MESSAGE goes from the visited P-CSCF along the Service-Route to the S-CSCF at home.
        2. From there it goes to the third network, and to the receiver's terminal, which answers 200.

    References:
        RFC 3428 4, 7; RFC 3608; 3GPP TS 23.228 5.6.1, 5.5.1, 5.7.2; D2.2 2.7
    """
    deliver(cell)


@pytest.mark.flow("message-to-visitor", callee="away")
def test_to_visitor(cell: Cell) -> None:
    """A user at home sends a text to a user of the same network who is away.

    Preconditions:
        - The receiver is registered through the P-CSCF of the network that is visited.
    Steps:
        1. The S-CSCF sends MESSAGE along the Path of the registration to the visited P-CSCF, and this to the terminal.
        2. The receiver's terminal answers 200.

    References:
        RFC 3428 4, 7; RFC 3327; 3GPP TS 23.228 5.7.1; D2.2 2.7
    """
    deliver(cell)


@pytest.mark.flow("message-both-away", access="visited", callee="away")
def test_both_away(cell: Cell) -> None:
    """Two users of one network are both away, in different networks, and one sends the other a text.

    Preconditions:
        - Each terminal is registered through the P-CSCF of the network that it visits.
    Steps:
        1. MESSAGE goes from the sender's visited network home, and from there to the receiver's visited network.
        2. The receiver's terminal answers 200, which comes back the same way.

    References:
        RFC 3428 4, 7; 3GPP TS 23.228 5.6.1, 5.5.2, 5.7.1; D2.2 2.7
    """
    deliver(cell)
