"""What follows a registration: refreshing it, ending it, and finding back when sequence numbers part."""

from __future__ import annotations

import pytest

from conformance.runs.actors import numbers_ahead
from conformance.runs.cell import Cell

pytestmark = pytest.mark.registration


@pytest.mark.flow("reregistration")
def test_reregistration(cell: Cell) -> None:
    """A registered terminal refreshes its registration.

    Preconditions:
        - The terminal is registered.
    Steps:
        1. The terminal sends REGISTER in the same series: same Call-ID, next CSeq.
        2. The network accepts; the HSS learns of a re-registration.

    References:
        3GPP TS 24.229; RFC 3261 10.2; D2.2 2.7
    """
    terminal = cell.terminal()
    terminal.register()
    terminal.reregister()


@pytest.mark.flow("deregistration")
def test_deregistration(cell: Cell) -> None:
    """A registered terminal ends its registration.

    Preconditions:
        - The terminal is registered.
    Steps:
        1. The terminal sends REGISTER that asks for an expiry of 0.
        2. The network accepts; the HSS learns of the deregistration.

    References:
        3GPP TS 24.229; RFC 3261 10.2; D2.2 2.7
    """
    terminal = cell.terminal()
    terminal.register()
    terminal.deregister()


@pytest.mark.flow("registration-resync")
def test_resynchronisation(cell: Cell) -> None:
    """A terminal whose sequence number is ahead of the network's makes the network catch up.

    Preconditions:
        - The terminal has accepted vectors that the HSS has not issued since its last restart.
    Steps:
        1. The terminal rejects the first challenge as not fresh and answers with AUTS.
        2. The HSS takes over the sequence number; a new challenge follows, which the terminal accepts.

    References:
        RFC 3310; 3GPP TS 29.228; 3GPP TS 33.102
    """
    cell.terminal(numbers=numbers_ahead()).register()
