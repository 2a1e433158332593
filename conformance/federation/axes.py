"""The matrix as data: its axes, what stands on each, and which combinations make sense.

| axis | values | who says so |
|---|---|---|
| test case | functions in `testcases/` | pytest |
| home | IMS testbeds with a subscriber that fits | the federation file, `credentials` and `roaming` of the marker |
| visited | the home network, every other testbed | `access` of the marker |
| access point | none, visited, home | `access` of the marker |
| third | the network where who is called is | `callee` of the marker |
| transport | udp, tcp | `transport` of the marker |
| terminal | standard, sipp, baresip | the marker `program` |

Home, visited and access point are run in all combinations. Where a third axis is added to them (third, transport), the
pairwise cover of the cells is run (`cover`), unless somebody wants them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Literal

from conformance.federation.cover import pairwise
from conformance.federation.matrix import Cell

AXES = ("home", "visited", "third", "transport")
"""Fields of a cell that are covered together; access point and terminal are the same in all cells of a test case."""
TRANSPORTS: Sequence[Literal["udp", "tcp"]] = ("udp", "tcp")
"""Between terminal and P-CSCF; the first one is usual and is not named in the id of a cell."""


def with_transports(cells: Iterable[Cell], transports: Sequence[Literal["udp", "tcp"]]) -> list[Cell]:
    """Return each cell once with each transport that makes sense in it: a tunnel of the home access point has no TCP.

    Args:
        cells: of one test case.
        transports: some of `TRANSPORTS`.
    """
    return [
        cell._replace(transport=transport)
        for cell in cells
        for transport in transports
        if transport == "udp" or cell.access_point != "home"
    ]


def covered(cells: Sequence[Cell]) -> list[Cell]:
    """Return the cells of one test case that together hold every pair of values of two axes."""
    return pairwise(cells, attrgetter(*AXES))
