"""The standard terminal registers with every core, and an adapter leaves it as it is."""

from __future__ import annotations

import pytest

from conformance.runs.cell import Cell

pytestmark = [pytest.mark.terminals, pytest.mark.profiles("standard")]


@pytest.mark.flow("registration-home", each="federation")
def test_standard(cell: Cell) -> None:
    """A terminal without quirks registers at home, whatever the core is and whether it goes by the adapter.

    Steps:
        1. The terminal registers; outcomes.toml says what has to become of it.

    References:
        3GPP TS 24.229 5.1.1.2; D2.2 3.1
    """
    cell.terminal().register()


@pytest.mark.flow("registration-visited", access="visited", each="federation")
def test_standard_visited(cell: Cell) -> None:
    """A terminal without quirks registers through a visited network, by the adapter in front of its P-CSCF or not.

    Steps:
        1. The terminal registers; outcomes.toml says what has to become of it.

    References:
        3GPP TS 24.229 5.1.1.2; D2.2 3.1
    """
    cell.terminal().register()


@pytest.mark.flow("registration-home-access", access="home", each="federation")
def test_standard_home_access(cell: Cell) -> None:
    """A terminal without quirks registers from away by the home access point.

    Steps:
        1. The terminal registers; outcomes.toml says what has to become of it.

    References:
        3GPP TS 24.229 5.1.1.2; D2.2 3.1
    """
    cell.terminal().register()
