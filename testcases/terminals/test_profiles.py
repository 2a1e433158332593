"""Terminals that deviate register: whole profiles wherever they are, and each quirk alone at home.

Each cell names the profile, how strict the core is, and whether the adapter stands in front of the P-CSCF. What has
to become of it, and which criteria the terminal breaks, is said by `outcomes.toml`.
"""

from __future__ import annotations

import pytest

from conformance.quirks.catalogue import all_quirks
from conformance.quirks.profiles import profile_names
from conformance.runs.cell import Cell

ALONE = tuple(f"standard+{quirk.id}" for quirk in all_quirks().values() if quirk.on_wire)

pytestmark = pytest.mark.terminals


@pytest.mark.profiles(*profile_names())
@pytest.mark.flow("registration-home", each="federation")
def test_profile(cell: Cell) -> None:
    """A terminal of the profile registers at home.

    Steps:
        1. The terminal registers with the octets that its profile asks for.

    References:
        D2.2 3.1; 3GPP TS 24.229 5.1.1.2
    """
    cell.terminal().register()


@pytest.mark.profiles(*profile_names())
@pytest.mark.flow("registration-visited", access="visited", each="federation")
def test_profile_visited(cell: Cell) -> None:
    """A terminal of the profile registers through the access point of a visited network.

    Preconditions:
        - The adapter, where there is one, is the visited network's.
    Steps:
        1. The terminal registers; the visited P-CSCF looks for its home network by the Request-URI.

    References:
        D2.2 3.1; D2.2 2.7, figure 3
    """
    cell.terminal().register()


@pytest.mark.profiles(*profile_names())
@pytest.mark.flow("registration-home-access", access="home", each="federation")
def test_profile_home_access(cell: Cell) -> None:
    """A terminal of the profile registers from away, by the access point of its home network.

    Preconditions:
        - The adapter, where there is one, is the home network's.
    Steps:
        1. The terminal's packets come to its home network in a tunnel; it registers there.

    References:
        D2.2 3.1; D2.2 2.8, figure 4
    """
    cell.terminal().register()


@pytest.mark.profiles(*ALONE)
@pytest.mark.flow("registration-home", each="federation")
def test_quirk(cell: Cell) -> None:
    """A terminal with one quirk and no other registers at home.

    Steps:
        1. The terminal registers: what it breaks, who refuses it, and whether the adapter helps is the quirk's alone.

    References:
        D2.2 3.1; 3GPP TS 24.229 5.1.1.2; RFC 3261 22.4
    """
    cell.terminal().register()
