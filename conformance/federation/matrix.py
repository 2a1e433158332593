"""The cells that a federation gives: who registers, from where."""

from __future__ import annotations

from typing import Literal, NamedTuple

from conformance.vocabulary.federation import Federation, Testbed


class Callee(NamedTuple):
    """Who is called in a cell."""

    home: str
    """Testbed that the called subscriber belongs to."""
    visited: str
    """Testbed in whose access network the called terminal is, by the visited access point where it is away."""
    subscriber: str
    device: str = ""
    """Subscriber that is a second device of the same user; empty where only one takes part."""
    device_visited: str = ""
    """Testbed in whose access network the second device is."""


class Cell(NamedTuple):
    """One square of the matrix, without test case and terminal."""

    home: str
    """Testbed that the subscriber belongs to."""
    visited: str
    """Testbed in whose access network the terminal is; the home testbed when it does not roam."""
    access_point: str
    """`none` at home, `visited` or `home` when roaming."""
    subscriber: str
    """Name of the subscriber in the home testbed."""
    callee: Callee | None = None
    """None where nobody is called."""
    transport: Literal["udp", "tcp"] = "udp"
    """Between the terminals and their P-CSCF: `udp` or `tcp`."""
    profile: str = ""
    """How the terminal deviates: name of a profile; empty: the standard one of a test case that is not about that."""
    strictness: str = ""
    """How the emulated cores of the cell take deviations; empty: as the federation file says, or as real ones do."""
    adapted: bool = False
    """Whether the terminal goes by the adapter in front of its P-CSCF."""

    @property
    def id(self) -> str:
        """Short and stable: `uc3m@uc3m` at home, `uc3m@stuba-visited` away, `uc3m@stuba-visited-to-octopus-tcp`.

        In the matrix of quirks: `uc3m@uc3m-symbian-s60-strict`, `uc3m@uc3m-symbian-s60-strict-adapted`.
        """
        away = "" if self.access_point == "none" else f"-{self.access_point}"
        transport = "" if self.transport == "udp" else f"-{self.transport}"
        quirks = "".join(f"-{word}" for word in (self.profile, self.strictness) if word)
        return f"{self.home}@{self.visited}{away}{self._to}{transport}{quirks}{'-adapted' if self.adapted else ''}"

    @property
    def third(self) -> str:
        """Network where who is called is; empty where nobody is called."""
        return self.callee.visited if self.callee is not None else ""

    @property
    def _to(self) -> str:
        if self.callee is None:
            return ""
        where = "" if self.callee.visited == self.callee.home else f"@{self.callee.visited}"
        also = f"+{self.callee.device_visited}" if self.callee.device else ""
        return f"-to-{self.callee.home}{where}{also}"

    @property
    def testbeds(self) -> frozenset[str]:
        """All testbeds that take part."""
        others = (
            {self.callee.home, self.callee.visited, self.callee.device_visited} if self.callee is not None else set()
        )
        return frozenset({self.home, self.visited, *others} - {""})


def home_cells(federation: Federation, uses_aka: bool = True) -> list[Cell]:
    """Return one cell for each testbed whose file names a fitting subscriber, in the order of the file.

    Args:
        federation: The federation.
        uses_aka: True for the first subscriber with k and opc, False for the first one with a password.

    Returns:
        Cells at home. A testbed without such a subscriber gives none.
    """
    cells = []
    for testbed in federation.testbeds.values():
        fitting = [each for each in testbed.subscribers if each.uses_aka is uses_aka]
        if fitting:
            cells.append(Cell(testbed.name, testbed.name, "none", fitting[0].name))
    return cells


def roaming_cells(
    federation: Federation, access_point: Literal["visited", "home"], uses_aka: bool = True
) -> list[Cell]:
    """Return one cell for each ordered pair of testbeds, in the order of the file: home first, then visited.

    The subscriber is the first one of the home network who may roam and has the credentials that are asked for.

    Args:
        federation: The federation.
        access_point: `visited` pairs IMS testbeds only. With `home` the visited testbed may be an access network
            without IMS domain, and both need a gateway.
        uses_aka: True for subscribers with k and opc, False for those with a password.

    Returns:
        Cells away from home. A testbed without such a subscriber is home in none of them.
    """

    def fits(home: Testbed, visited: Testbed) -> bool:
        if home.name == visited.name or not home.has_ims:
            return False
        return visited.has_ims if access_point == "visited" else home.has_gateway and visited.has_gateway

    testbeds = list(federation.testbeds.values())
    roamers = {
        home.name: subscriber.name
        for home in testbeds
        for subscriber in reversed(home.subscribers)  # the first one in the file stays
        if subscriber.uses_aka is uses_aka and subscriber.roaming
    }
    return [
        Cell(home.name, visited.name, access_point, roamers[home.name])
        for home in testbeds
        for visited in testbeds
        if fits(home, visited) and home.name in roamers
    ]
