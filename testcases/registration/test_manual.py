"""Registration with a phone that a person has at hand. Only with --manual, or -m manual."""

from __future__ import annotations

import pytest

from conformance.runs.cell import Cell

pytestmark = [pytest.mark.registration, pytest.mark.terminals, pytest.mark.manual]


@pytest.mark.flow("registration-home", credentials="aka")
def test_phone(cell: Cell) -> None:
    """A person registers a phone with a SIM at home.

    Preconditions:
        - The phone has the subscriber's SIM or ISIM, and reaches the P-CSCF.
    Steps:
        1. The person is asked to register; REGISTER is seen at Gm.
        2. The network challenges the phone with the vector of the HSS; the phone answers; the network accepts.

    References:
        3GPP TS 24.229 5.1.1.2; RFC 3310; D2.2 2.8, figure 4
    """
    cell.program().register()


@pytest.mark.flow("registration-visited", access="visited", credentials="aka")
def test_phone_visited(cell: Cell) -> None:
    """A person registers a phone with a SIM while roaming, through the visited network's access point.

    Preconditions:
        - The phone has the subscriber's SIM or ISIM, and reaches the visited P-CSCF.
    Steps:
        1. The person is asked to register; REGISTER is seen at Gm of the visited network.
        2. The phone answers the challenge of the home network, which accepts.

    References:
        3GPP TS 24.229 5.1.1.2; RFC 3310; D2.2 2.7, figure 3
    """
    cell.program().register()


@pytest.mark.flow("registration-home", credentials="password")
def test_phone_without_sim(cell: Cell) -> None:
    """A person registers a phone without a SIM at home, with a password.

    Preconditions:
        - The phone is set up with the subscriber's password, and reaches the P-CSCF.
    Steps:
        1. The person is asked to register; REGISTER is seen at Gm.
        2. The phone answers the challenge of the network, which accepts.

    References:
        RFC 2617 3.2.2; D2.2 3.2
    """
    cell.program().register()


@pytest.mark.flow("registration-visited", access="visited", credentials="password")
def test_phone_without_sim_visited(cell: Cell) -> None:
    """A person registers a phone without a SIM while roaming, with a password.

    Preconditions:
        - The phone is set up with the subscriber's password, and reaches the visited P-CSCF.
    Steps:
        1. The person is asked to register; REGISTER is seen at Gm of the visited network.
        2. The phone answers the challenge of the home network, which accepts.

    References:
        RFC 2617 3.2.2; D2.2 2.7, figure 3
    """
    cell.program().register()
