"""J2ME terminals (JSR 180 on S60): a MIDlet that registers by itself."""

from __future__ import annotations

import pytest

from conformance.runs.cell import Cell

pytestmark = [pytest.mark.terminals, pytest.mark.profiles("j2me-shared", "j2me-dedicated")]


@pytest.mark.flow("registration-home", each="federation")
def test_j2me(cell: Cell) -> None:
    """A MIDlet registers at home.

    Preconditions:
        - The core is as strict as the cell says; with `adapted` the adapter stands in front of the P-CSCF.
    Steps:
        1. The terminal registers; outcomes.toml says what has to become of it, and which criteria it breaks.

    References:
        D2.2 3.1; 3GPP TS 24.229 5.1.1.2
    """
    cell.terminal().register()


@pytest.mark.flow("registration-visited", access="visited", each="federation")
def test_j2me_visited(cell: Cell) -> None:
    """A MIDlet registers through the access point of a visited network.

    Preconditions:
        - The core is as strict as the cell says; with `adapted` the adapter stands in front of the P-CSCF.
    Steps:
        1. The terminal registers; outcomes.toml says what has to become of it, and which criteria it breaks.

    References:
        D2.2 3.1; 3GPP TS 24.229 5.1.1.2
    """
    cell.terminal().register()


@pytest.mark.flow("registration-home-access", access="home", each="federation")
def test_j2me_home_access(cell: Cell) -> None:
    """A MIDlet registers from away, by the home access point.

    Preconditions:
        - The core is as strict as the cell says; with `adapted` the adapter stands in front of the P-CSCF.
    Steps:
        1. The terminal registers; outcomes.toml says what has to become of it, and which criteria it breaks.

    References:
        D2.2 3.1; 3GPP TS 24.229 5.1.1.2
    """
    cell.terminal().register()
