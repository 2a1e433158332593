"""The cells of calls that pass application servers: whose filter criteria say so, calls or is called."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.federation.matrix import Cell
from conformance.vocabulary.federation import Federation, Subscriber
from conformance.vocabulary.filter_criteria import Case

SERVED = ("caller", "callee")


def with_served_caller(federation: Federation, squares: Iterable[Cell], handling: str | None) -> list[Cell]:
    """Return the squares with a subscriber whose calls pass an application server; none where there is no such one.

    Args:
        federation: the federation.
        squares: of those who call.
        handling: what becomes of their calls where the server does not answer; None: one or the other.
    """
    return [
        square._replace(subscriber=one.name)
        for square in squares
        if (one := _served(federation, square.home, Case.ORIGINATING, handling)) is not None
        and (one.roaming or square.access_point != "visited")
    ]


def with_served_callee(federation: Federation, cells: Iterable[Cell], handling: str | None) -> list[Cell]:
    """Return the cells with a callee to whom calls pass an application server; none where there is no such one."""
    found = []
    for cell in cells:
        if cell.callee is None:
            continue
        one = _served(federation, cell.callee.home, Case.TERMINATING, handling)
        if one is not None and (cell.callee.home, one.name) != (cell.home, cell.subscriber):
            found.append(cell._replace(callee=cell.callee._replace(subscriber=one.name)))
    return found


def _served(federation: Federation, home: str, case: Case, handling: str | None) -> Subscriber | None:
    """Return the first subscriber of a network with such criteria; None where there is none."""
    for subscriber in federation.testbeds[home].subscribers:
        criteria = subscriber.services("INVITE", case)
        if criteria and all(handling in (None, one.default_handling) for one in criteria):
            return subscriber
    return None
