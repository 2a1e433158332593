"""A node of the home network dies and comes back: users are told at once, and served again afterwards."""

from __future__ import annotations

import pytest

from conformance.runs.cell import Cell
from conformance.vocabulary.events import EventKind

pytestmark = pytest.mark.mishap


@pytest.mark.dns
@pytest.mark.flow("registration-refused", access="visited", each="home", then=["registration-visited"])
def test_dns_down(cell: Cell) -> None:
    """A visitor is refused while the name server of the home network is dead, and is served when it is back.

    Preconditions:
        - The name server of the home network is killed.
    Steps:
        1. The terminal registers; the visited P-CSCF finds no entry point of the home network and answers 504.
        2. The name server is started again.
        3. The terminal registers once more and is accepted.

    References:
        3GPP TS 24.229 5.2.2; RFC 3263 4; D2.2 2.7
    """
    terminal = cell.terminal()
    with cell.mishaps.node_killed(f"{cell.home.name}/dns"):
        cell.refused(terminal.register, 504)
    terminal.register()


@pytest.mark.flow("registration-refused", then=["registration-home"])
def test_hss_down(cell: Cell) -> None:
    """A subscriber is refused while the HSS is dead, and is served when it is back.

    Preconditions:
        - The HSS is killed; the CSCFs lose their Diameter connections.
    Steps:
        1. The terminal registers; the I-CSCF has nobody to ask and refuses.
        2. The HSS is started again; the CSCFs connect to it.
        3. The terminal registers once more and is accepted.

    References:
        3GPP TS 24.229 5.3.1.2; 3GPP TS 29.228 6.1.1
    """
    terminal = cell.terminal()
    with cell.mishaps.node_killed(f"{cell.home.name}/hss"):
        cell.refused(terminal.register)
    terminal.register()


@pytest.mark.flow("registration-challenged-again")
def test_scscf_restarted(cell: Cell) -> None:
    """An S-CSCF that is restarted between its challenge and the answer challenges anew, and serves the user.

    Preconditions:
        - The S-CSCF is killed when the terminal has its 401, and serves again before the terminal answers.
    Steps:
        1. The terminal answers a challenge that the S-CSCF no longer knows.
        2. The S-CSCF challenges it once more; the terminal answers and is accepted.

    References:
        3GPP TS 24.229 5.4.1.2
    """
    with cell.mishaps.node_restarted_at(EventKind.CHALLENGED, f"{cell.home.name}/s-cscf"):
        cell.terminal().register()
