"""Registration of a subscriber who roams, through the access point of the visited network (D2.2 figure 3)."""

from __future__ import annotations

import pytest

from conformance.runs.cell import Cell

pytestmark = pytest.mark.registration


@pytest.mark.flow("registration-visited", access="visited")
def test_registration(cell: Cell) -> None:
    """A roaming subscriber registers through the visited network's access point.

    Preconditions:
        - The terminal has an address of the visited network and knows the visited P-CSCF.
        - The home network lets the subscriber roam there.
    Steps:
        1. The terminal sends REGISTER to the visited P-CSCF, which finds the home network by DNS.
        2. The home network authorises the visited network, challenges the terminal and accepts it.
        3. The terminal is registered at its home S-CSCF, with the visited P-CSCF on the Path.

    References:
        3GPP TS 24.229 5.1.1.2.1; 3GPP TS 24.228 6.2; D2.2 2.7, figure 3
    """
    cell.terminal().register()


@pytest.mark.flow("registration-refused", access="visited", roaming=False)
def test_roaming_not_allowed(cell: Cell) -> None:
    """A subscriber whom the home network forbids the visited access point is refused.

    Preconditions:
        - The home network lets the subscriber register through its own access point only.
    Steps:
        1. The terminal sends REGISTER to the visited P-CSCF.
        2. The HSS answers that roaming is not allowed; the terminal gets 403.

    References:
        3GPP TS 24.229; 3GPP TS 29.229; D2.2 2.7
    """
    cell.refused(cell.terminal().register, 403)
