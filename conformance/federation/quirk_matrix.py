"""The matrix of quirks: profiles of terminals, how strict the core is, and whether an adapter stands in front of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from conformance.federation.matrix import Cell
from conformance.vocabulary.federation import CoreKind, Federation, Strictness

ADAPTED = (False, True)


def with_profiles(
    federation: Federation, cells: Iterable[Cell], profiles: Sequence[str], adapted: Sequence[bool] = ADAPTED
) -> list[Cell]:
    """Return the cells once with each profile and strictness, without and with the adapter.

    A strictness can be chosen where all networks of a cell are emulated; a real core is as it is. Cells of one
    strictness follow each other: to change it takes a restart of nodes.

    Args:
        federation: whose cores they are.
        cells: of one test case.
        profiles: names of profiles.
        adapted: which of the two are asked for.
    """
    squares = list(cells)
    made = [
        square._replace(profile=profile, strictness=strictness, adapted=by_adapter)
        for strictness in (*Strictness, "")
        for profile in profiles
        for square in squares
        if (strictness != "") is _is_emulated(federation, square)
        for by_adapter in adapted
    ]
    return made


def core_of(federation: Federation, cell: Cell) -> str:
    """Return what the table of outcomes calls the core of a cell: a strictness, or the kind of a real core.

    The core is that of the network with the first P-CSCF: there the Request-URI of a REGISTER is resolved.
    """
    if cell.strictness:
        return cell.strictness
    entry = federation.testbeds[cell.home if cell.access_point == "home" else cell.visited]
    return entry.core.value if entry.core is not CoreKind.EMULATED else entry.strictness.value


def _is_emulated(federation: Federation, cell: Cell) -> bool:
    """Tell whether all networks of a cell that have an IMS domain are emulated."""
    networks = (federation.testbeds[name] for name in cell.testbeds)
    return all(network.core is CoreKind.EMULATED for network in networks if network.has_ims)
