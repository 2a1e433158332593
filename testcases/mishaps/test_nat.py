"""Without the VPN: a partner behind a NAT with a SIP gateway, which is why D2.2 2.8 has a VPN."""

from __future__ import annotations

import pytest

from conformance.runs.cell import Cell

pytestmark = [pytest.mark.mishap, pytest.mark.vpn, pytest.mark.fabric("namespaces", ip=4)]


@pytest.mark.flow("registration-visited", access="visited", each="federation")
@pytest.mark.expected(interoperability="FAIL", conformance="FAIL", criteria=["REG-41", "VPN-01"])
def test_sip_gateway(cell: Cell) -> None:
    """A visitor cannot use a registration that a NAT with a SIP gateway has changed.

    Preconditions:
        - The visited network has no VPN; its NAT rewrites the topmost Via and Contact of what passes it.
    Steps:
        1. The terminal registers; its REGISTER reaches the home network with the contact of the NAT.
        2. The home network registers that contact; the terminal does not find its own one in the 200.

    References:
        D2.2 2.8; RFC 3261 10.2.4
    """
    with cell.mishaps.behind_nat(cell.visited.name):
        cell.terminal().register()
