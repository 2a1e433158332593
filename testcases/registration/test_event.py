"""The registration event package: whoever subscribes learns what becomes of a registration (RFC 3680)."""

from __future__ import annotations

import pytest

from conformance.runs.cell import Cell

pytestmark = pytest.mark.registration


@pytest.mark.flow("registration-event")
def test_registration_event(cell: Cell) -> None:
    """A registered terminal subscribes to its registration state.

    Preconditions:
        - The terminal is registered and knows its Service-Route.
    Steps:
        1. The terminal subscribes to the event package reg.
        2. The S-CSCF accepts and notifies it of the whole state at once.

    References:
        RFC 3680; 3GPP TS 24.229
    """
    terminal = cell.terminal()
    terminal.register()
    terminal.subscribe()


@pytest.mark.flow("registration-event", access="visited")
def test_registration_event_visited(cell: Cell) -> None:
    """A roaming terminal subscribes to its registration state through the visited network.

    Preconditions:
        - The terminal is registered through the access point of the visited network.
    Steps:
        1. The terminal subscribes to the event package reg through the visited P-CSCF.
        2. The home S-CSCF accepts and notifies it of the whole state at once.

    References:
        RFC 3680; 3GPP TS 24.229; D2.2 2.7
    """
    terminal = cell.terminal()
    terminal.register()
    terminal.subscribe()


@pytest.mark.flow("deregistration-network")
def test_network_deregistration(cell: Cell) -> None:
    """The home network ends a registration, and the terminal is told.

    Preconditions:
        - The terminal is registered and subscribes to its registration state.
    Steps:
        1. The HSS tells the S-CSCF to end the registration.
        2. The S-CSCF notifies the terminal that its registration has ended.

    References:
        3GPP TS 29.228; RFC 3680; 3GPP TS 24.229
    """
    terminal = cell.terminal()
    terminal.register()
    terminal.subscribe()
    cell.network_deregisters()
    terminal.wait_notified("terminated")
