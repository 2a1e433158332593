"""Registration of a subscriber who roams, through the access point of the home network (D2.2 figure 2)."""

from __future__ import annotations

import pytest

from conformance.runs.cell import Cell

pytestmark = pytest.mark.registration


@pytest.mark.flow("registration-home-access", access="home")
def test_registration(cell: Cell) -> None:
    """A roaming subscriber registers through the home network's access point.

    Preconditions:
        - The terminal is attached to the visited access network, which tunnels to the gateway of the home network.
        - Address and P-CSCF of the terminal are those of the home network; the visited network may have no IMS.
    Steps:
        1. The terminal registers with its home P-CSCF; its packets cross the visited network in GTP-U.
        2. The home network challenges and accepts it as if it were at home.

    References:
        3GPP TS 24.229 5.1.1.2.1; 3GPP TS 29.281; D2.2 2.7, figure 2
    """
    cell.terminal().register()


@pytest.mark.flow("registration-home-access", access="home", roaming=False)
def test_home_access_stays_open(cell: Cell) -> None:
    """A subscriber whom the visited access point is forbidden registers through the home access point.

    Preconditions:
        - The home network lets the subscriber register through its own access point only.
    Steps:
        1. The terminal registers with its home P-CSCF through the tunnel; the network accepts.

    References:
        D2.2 2.7
    """
    cell.terminal().register()
