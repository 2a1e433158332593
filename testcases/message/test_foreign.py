"""Messages of terminals that we did not write: real programs, judged as our own terminal is."""

from __future__ import annotations

import pytest

from conformance.runs.cell import Cell
from conformance.runs.messaging import deliver_from_linphone

pytestmark = [pytest.mark.message, pytest.mark.terminals]


@pytest.mark.program("linphonec")
@pytest.mark.flow("message-page", credentials="password", callee="home", callee_credentials="aka")
def test_linphone(cell: Cell) -> None:
    """A user at home with linphone sends a text to a user of the same network, who is at home.

    Preconditions:
        - linphonec is installed; both terminals are registered.
    Steps:
        1. linphone sends MESSAGE, which the network brings to the other terminal.
        2. That one answers 200; its user reads just what was sent.

    References:
        RFC 3428 4, 7; 3GPP TS 23.228 5.6.2, 5.5.2, 5.7.2
    """
    deliver_from_linphone(cell)


@pytest.mark.program("linphonec")
@pytest.mark.flow(
    "message-roaming-third", access="visited", credentials="password", callee="third", callee_credentials="aka"
)
def test_linphone_roaming(cell: Cell) -> None:
    """A user who is away with linphone sends a text to a user of a third network.

    Preconditions:
        - linphonec is installed and registered through the visited P-CSCF; the receiver is at home.
    Steps:
        1. MESSAGE goes from the visited P-CSCF to the sender's S-CSCF, and from there to the third network.
        2. The receiver's terminal answers 200; its user reads just what was sent.

    References:
        RFC 3428 4, 7; 3GPP TS 23.228 5.6.1, 5.5.1, 5.7.2; D2.2 2.7
    """
    deliver_from_linphone(cell)
