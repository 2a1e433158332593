"""Registration of a subscriber in the home network."""

from __future__ import annotations

import pytest

from conformance.runs.cell import Cell

pytestmark = pytest.mark.registration


@pytest.mark.flow("registration-home", credentials="aka")
def test_registration(cell: Cell) -> None:
    """A subscriber at home registers with IMS AKA over UDP.

    Preconditions:
        - The terminal is attached to the access network of the home network and knows its P-CSCF.
        - The subscriber is not registered.
    Steps:
        1. The terminal sends REGISTER; the network challenges it with the vector of the HSS.
        2. The terminal authenticates the network and answers the challenge.
        3. The network accepts: the terminal is registered and knows its Service-Route.

    References:
        3GPP TS 24.229 5.1.1.2.1; 3GPP TS 24.228 6.2; D2.2 2.8, figure 4
    """
    cell.terminal().register()


@pytest.mark.flow("registration-home", credentials="aka")
def test_registration_tcp(cell: Cell) -> None:
    """A subscriber at home registers with IMS AKA over TCP.

    Preconditions:
        - As for the registration over UDP; the P-CSCF accepts TCP.
    Steps:
        1. The terminal registers over one TCP connection to the P-CSCF.

    References:
        RFC 3261; D2.2 2.8, figure 4
    """
    cell.terminal(transport="tcp").register()


@pytest.mark.flow("registration-home", credentials="password")
def test_registration_digest(cell: Cell) -> None:
    """A subscriber without a SIM registers at home with a password (SIP Digest).

    Preconditions:
        - The HSS has a password for the subscriber.
    Steps:
        1. The terminal registers; the network challenges it with MD5.
        2. The terminal answers with its password; the network accepts.

    References:
        RFC 2617 3.2.2; D2.2 3.2
    """
    cell.terminal().register()
