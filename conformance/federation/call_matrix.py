"""The cells of calls: to each caller's square the users who may be called, and where they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from conformance.federation.matrix import Callee, Cell
from conformance.vocabulary.federation import Federation, Subscriber, Testbed
from conformance.vocabulary.filter_criteria import Case


def call_cells(
    federation: Federation,
    callers: Iterable[Cell],
    called: str,
    credentials: str | None = None,
    *,
    served: bool = False,
) -> list[Cell]:
    """Return the cells of calls, in the order of the callers and then of the file.

    Args:
        federation: the federation.
        callers: squares of those who call. Where the caller of a square is the only one who could be called, another
            subscriber of the home network calls.
        called: who is called, a key of `CALLED`.
        credentials: `aka` or `password`: who is called has these; None: any, a SIM first.
        served: also users whose calls pass application servers: where no call is made, that is no matter.

    Returns:
        Cells; a square whose federation has nobody to call gives none.
    """
    people = _People(federation, credentials, served)
    return [cell for square in callers for cell in CALLED[called](people, square)]


class _People:
    """Who may call and be called, found out once for each network: fifty of them are asked for by thousands of squares.

    Args:
        federation: the federation.
        credentials: nobody but the caller and those who have these; None: everybody.
        served: also those whose calls pass application servers.
    """

    def __init__(self, federation: Federation, credentials: str | None, served: bool) -> None:
        self._served = served
        self._federation = federation
        self._credentials = credentials
        self._testbeds: dict[tuple[str, str | None], Testbed] = {}
        self._users: dict[tuple[str, str | None], list[Subscriber]] = {}
        self._ims = [testbed.name for testbed in federation.testbeds.values() if testbed.has_ims]

    def testbed(self, name: str, square: Cell) -> Testbed:
        """Return a network as a square sees it."""
        testbed = self._federation.testbeds[name]
        if self._credentials is None:
            return testbed
        key = (name, square.subscriber if name == square.home else None)
        if key not in self._testbeds:
            uses_aka = self._credentials == "aka"
            some = [one for one in testbed.subscribers if one.uses_aka is uses_aka or one.name == key[1]]
            self._testbeds[key] = testbed.model_copy(update={"subscribers": tuple(some)})
        return self._testbeds[key]

    def users(self, home: str, square: Cell) -> list[Subscriber]:
        """Return the users of a network, those with a SIM first; who may not roam calls and is called at home.

        Calls that pass application servers are cells of their own (`service_matrix`), where there are others.
        """
        key = (home, square.subscriber if home == square.home else None)
        if key not in self._users:
            every = self.testbed(home, square).users
            plain = [one for one in every if self._served or not any(one.services("INVITE", case) for case in Case)]
            self._users[key] = sorted(plain or every, key=lambda one: (not one.uses_aka, one.roaming))
        return self._users[key]

    def ims(self, *but: str) -> list[str]:
        """Return the networks with an IMS domain."""
        return [name for name in self._ims if name not in but]


def _at_home(people: _People, square: Cell, homes: Iterable[str]) -> list[Cell]:
    cells = []
    for name in homes:
        caller = square.subscriber if name == square.home else None
        other = next((one.name for one in people.users(name, square) if one.name != caller), None)
        if other is not None:
            cells.append(square._replace(callee=Callee(name, name, other)))
    return cells


def _same_home(people: _People, square: Cell) -> list[Cell]:
    return _at_home(people, square, [square.home])


def _visited(people: _People, square: Cell) -> list[Cell]:
    return _at_home(people, square, [square.visited])


def _elsewhere(people: _People, square: Cell) -> list[Cell]:
    return _at_home(people, square, people.ims(square.home, square.visited))


def _away(people: _People, square: Cell) -> list[Cell]:
    """Somebody of the caller's own network who is in another one, and not in the one where the caller is."""
    for caller, callee in _pairs(people, square):
        return [
            square._replace(subscriber=caller.name, callee=Callee(square.home, place, callee.name))
            for place in people.ims(square.home, square.visited)
        ]
    return []


def _devices(people: _People, square: Cell) -> list[Cell]:
    """Somebody of the caller's own network who has two devices, both at home."""
    return _two_devices(people, square, [square.home])


def _devices_apart(people: _People, square: Cell) -> list[Cell]:
    """Somebody of the caller's own network who has one device at home and the other in another network."""
    return _two_devices(people, square, people.ims(square.home, square.visited))


def _two_devices(people: _People, square: Cell, places: Iterable[str]) -> list[Cell]:
    testbed = people.testbed(square.home, square)
    for caller, callee in _pairs(people, square):
        if others := [one for one in testbed.other_devices(callee) if one.roaming]:
            called = Callee(square.home, square.home, callee.name, others[0].name)
            found = square._replace(subscriber=caller.name)
            return [found._replace(callee=called._replace(device_visited=place)) for place in places]
    return []


def _pairs(people: _People, square: Cell) -> Iterable[tuple[Subscriber, Subscriber]]:
    """Yield two users of the home network of whom the second may roam, and the first where he does."""
    roams = square.access_point == "visited"
    users = people.users(square.home, square)
    callers = sorted(users, key=lambda one: one.name != square.subscriber)
    for callee in sorted(users, key=lambda one: one.name == square.subscriber):
        for caller in callers:
            if caller != callee and callee.roaming and (caller.roaming or not roams):
                yield caller, callee


CALLED: Mapping[str, Callable[[_People, Cell], list[Cell]]] = {
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
