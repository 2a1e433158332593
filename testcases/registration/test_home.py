"""Registration of a subscriber in the home network."""

from __future__ import annotations

import pytest

from conformance.runs.cell import Cell

pytestmark = pytest.mark.registration


@pytest.mark.flow("registration-home", credentials="aka")
def test_registration(cell: Cell) -> None:
    """A subscriber at home registers with IMS AKA over UDP."""
    cell.terminal().register()


@pytest.mark.flow("registration-home", credentials="aka")
def test_registration_tcp(cell: Cell) -> None:
    """A subscriber at home registers with IMS AKA over TCP."""
    cell.terminal(transport="tcp").register()


@pytest.mark.flow("registration-home", credentials="password")
def test_registration_digest(cell: Cell) -> None:
    """A subscriber at home registers with a password (SIP Digest)."""
    cell.terminal().register()
