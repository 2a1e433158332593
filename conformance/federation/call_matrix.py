"""The cells of calls: to each caller's square the users who may be called, and where they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from conformance.federation.matrix import Callee, Cell
from conformance.vocabulary.federation import Federation, Subscriber, Testbed
from conformance.vocabulary.filter_criteria import Case


def call_cells(
    federation: Federation, callers: Iterable[Cell], called: str, credentials: str | None = None
) -> list[Cell]:
    """Return the cells of calls, in the order of the callers and then of the file.

    Args:
        federation: the federation.
        callers: squares of those who call. Where the caller of a square is the only one who could be called, another
            subscriber of the home network calls.
        called: who is called, a key of `CALLED`.
        credentials: `aka` or `password`: who is called has these; None: any, a SIM first.

    Returns:
        Cells; a square whose federation has nobody to call gives none.
    """
    return [
        cell
        for square in callers
        for cell in CALLED[called](_with_credentials(federation, square, credentials), square)
    ]


def _with_credentials(federation: Federation, square: Cell, credentials: str | None) -> Federation:
    """Return the federation with nobody but the caller and those who have such credentials."""
    if credentials is None:
        return federation

    def kept(testbed: Testbed) -> Testbed:
        caller = square.subscriber if testbed.name == square.home else None
        some = [one for one in testbed.subscribers if one.uses_aka is (credentials == "aka") or one.name == caller]
        return testbed.model_copy(update={"subscribers": tuple(some)})

    testbeds = {name: kept(testbed) for name, testbed in federation.testbeds.items()}
    return federation.model_copy(update={"testbeds": testbeds})


def _at_home(federation: Federation, square: Cell, homes: Iterable[str]) -> list[Cell]:
    cells = []
    for name in homes:
        others = [one for one in _users(federation, name) if (name, one.name) != (square.home, square.subscriber)]
        if others:
            cells.append(square._replace(callee=Callee(name, name, others[0].name)))
    return cells


def _same_home(federation: Federation, square: Cell) -> list[Cell]:
    return _at_home(federation, square, [square.home])


def _visited(federation: Federation, square: Cell) -> list[Cell]:
    return _at_home(federation, square, [square.visited])


def _elsewhere(federation: Federation, square: Cell) -> list[Cell]:
    return _at_home(federation, square, _ims(federation, but={square.home, square.visited}))


def _away(federation: Federation, square: Cell) -> list[Cell]:
    """Somebody of the caller's own network who is in another one, and not in the one where the caller is."""
    for caller, callee in _pairs(federation, square):
        return [
            square._replace(subscriber=caller.name, callee=Callee(square.home, place, callee.name))
            for place in _ims(federation, but={square.home, square.visited})
        ]
    return []


def _devices(federation: Federation, square: Cell) -> list[Cell]:
    """Somebody of the caller's own network who has two devices, both at home."""
    return _two_devices(federation, square, [square.home])


def _devices_apart(federation: Federation, square: Cell) -> list[Cell]:
    """Somebody of the caller's own network who has one device at home and the other in another network."""
    return _two_devices(federation, square, _ims(federation, but={square.home, square.visited}))


def _two_devices(federation: Federation, square: Cell, places: Iterable[str]) -> list[Cell]:
    testbed = federation.testbeds[square.home]
    for caller, callee in _pairs(federation, square):
        if others := [one for one in testbed.other_devices(callee) if one.roaming]:
            called = Callee(square.home, square.home, callee.name, others[0].name)
            found = square._replace(subscriber=caller.name)
            return [found._replace(callee=called._replace(device_visited=place)) for place in places]
    return []


def _pairs(federation: Federation, square: Cell) -> Iterable[tuple[Subscriber, Subscriber]]:
    """Yield two users of the home network of whom the second may roam, and the first where he does."""
    roams = square.access_point == "visited"
    users = _users(federation, square.home)
    callers = sorted(users, key=lambda one: one.name != square.subscriber)
    for callee in sorted(users, key=lambda one: one.name == square.subscriber):
        for caller in callers:
            if caller != callee and callee.roaming and (caller.roaming or not roams):
                yield caller, callee


def _users(federation: Federation, home: str) -> list[Subscriber]:
    """Return the subscribers of a network, those with a SIM first; who may not roam calls and is called at home.

    Calls that pass application servers are cells of their own (`service_matrix`), where there are others.
    """
    every = federation.testbeds[home].users
    plain = [one for one in every if not any(one.services("INVITE", case) for case in Case)] or every
    return sorted(plain, key=lambda one: (not one.uses_aka, one.roaming))


def _ims(federation: Federation, but: set[str]) -> list[str]:
    def fits(testbed: Testbed) -> bool:
        return testbed.has_ims and testbed.name not in but

    return [testbed.name for testbed in federation.testbeds.values() if fits(testbed)]


CALLED: Mapping[str, Callable[[Federation, Cell], list[Cell]]] = {
    "home": _same_home,
    "visited": _visited,
    "third": _elsewhere,
    "away": _away,
    "devices": _devices,
    "devices-apart": _devices_apart,
}
"""Who is called: somebody of the caller's network who is at home; of the network that the caller is in; of each other
network, at home; of the caller's network, away in each other one; of the caller's network, with two devices at home, or
with the second one in each other network."""
