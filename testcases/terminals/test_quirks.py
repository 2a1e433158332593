"""Each quirk alone: what it breaks, which core loses the registration because of it, and whether the adapter helps."""

from __future__ import annotations

import pytest

from conformance.quirks.catalogue import all_quirks
from conformance.runs.cell import Cell

ALONE = tuple(f"standard+{quirk.id}" for quirk in all_quirks().values() if quirk.on_wire)

pytestmark = [pytest.mark.terminals, pytest.mark.profiles(*ALONE)]


@pytest.mark.flow("registration-home", each="federation")
def test_quirk(cell: Cell) -> None:
    """A terminal with one quirk registers at home.

    Preconditions:
        - The core is as strict as the cell says; with `adapted` the adapter stands in front of the P-CSCF.
    Steps:
        1. The terminal registers; outcomes.toml says what has to become of it, and which criteria it breaks.

    References:
        D2.2 3.1; 3GPP TS 24.229 5.1.1.2
    """
    cell.terminal().register()
