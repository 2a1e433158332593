"""Who takes part in a cell: whose terminal it is, in which network, by which access point."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.federation.matrix import Cell
from conformance.vocabulary.errors import HarnessFault
from conformance.vocabulary.federation import Federation, Subscriber, Testbed


@dataclass(frozen=True, slots=True)
class Party:
    """One user of a cell."""

    home: Testbed
    visited: Testbed
    """Where the terminal is; the home network when it does not roam."""
    access_point: str
    subscriber: Subscriber

    @property
    def entry(self) -> Testbed:
        """The network whose P-CSCF the terminal uses."""
        return self.home if self.access_point == "home" else self.visited


def first_party(federation: Federation, square: Cell) -> Party:
    """Return the cell's own subscriber: who registers, and who calls."""
    home = federation.testbeds[square.home]
    visited = federation.testbeds[square.visited]
    return Party(home, visited, square.access_point, home.subscriber(square.subscriber))


def called_party(federation: Federation, square: Cell) -> Party:
    """Return who is called.

    Raises:
        HarnessFault: nobody is.
    """
    callee = square.callee
    if callee is None:
        raise HarnessFault(f"{square.id}: nobody is called here; the marker flow says who is: callee='home'")
    return _party(federation, callee.home, callee.visited, callee.subscriber)


def second_device(federation: Federation, square: Cell) -> Party:
    """Return the second device of who is called.

    Raises:
        HarnessFault: there is none.
    """
    callee = square.callee
    if callee is None or not callee.device:
        raise HarnessFault(f"{square.id}: nobody has two devices here; the marker flow says so: callee='devices'")
    return _party(federation, callee.home, callee.device_visited, callee.device)


def _party(federation: Federation, home: str, visited: str, subscriber: str) -> Party:
    network = federation.testbeds[home]
    away = "none" if home == visited else "visited"
    return Party(network, federation.testbeds[visited], away, network.subscriber(subscriber))
