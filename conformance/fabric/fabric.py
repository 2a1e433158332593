"""What a fabric promises, whichever it is."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from conformance.capture.points import ObservationPoint
from conformance.stack.tunnel import Tunnel
from conformance.terminals.loop import TerminalLoop
from conformance.vocabulary.federation import Federation, NodeKind
from conformance.vocabulary.identifiers import IpAddress


def _nothing() -> None:
    """Give nothing back."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A terminal's place in an access network. `release` gives it back; it is called once."""

    address: IpAddress
    """Address of the terminal: of the network that it is in, or of its home network at the home access point."""
    tunnel: Tunnel | None = None
    """What carries its packets at the home access point."""
    loop: TerminalLoop | None = None
    """Event loop whose sockets are in the terminal's namespace; None: that of the process will do."""
    namespace: str = ""
    """Where a program that plays the terminal has to run; empty: where we are."""
    release: Callable[[], None] = field(default=_nothing, compare=False)


@dataclass(frozen=True, slots=True)
class Share:
    """Which addresses of an access network a fabric gives to its terminals, where others have the rest."""

    number: int
    among: int
    """How many share the network."""

    def of(self, addresses: Iterable[IpAddress]) -> list[IpAddress]:
        """Return our part of the addresses."""
        return list(itertools.islice(addresses, self.number, None, self.among))


ALL = Share(0, 1)


@dataclass(frozen=True, slots=True)
class Program:
    """A program that runs for the fabric itself."""

    name: str
    """For a reader: `vpn uc3m`."""
    pid: int
    namespace: str
    log: Path


class Fabric(Protocol):
    """How the hosts of a federation are joined."""

    name: str
    """As options, headers and reports spell it."""

    @property
    def federation(self) -> Federation:
        """The federation at the addresses that it has here."""

    @property
    def limits(self) -> tuple[str, ...]:
        """What cannot be observed or done here, one sentence each, for the report."""

    def up(self) -> None:
        """Join the hosts; return when packets pass between all of them.

        Raises:
            TestbedDown: something is missing or does not come up, in one line with what to do.
            NotPermitted: only root may do it.
        """

    def down(self) -> None:
        """Take everything away again. May be called at any time and more than once."""

    def keep_points(self) -> None:
        """Let packets be seen at all points although somebody of the VPN died: other cells go on."""

    def dead_vpn(self) -> dict[str, list[str]]:
        """Return who of the VPN does not run (`vpn hub`, `vpn uc3m`), each with the last lines of its log."""

    def namespace_of(self, node: str) -> str:
        """Return the network namespace of a node (`uc3m/p-cscf`); empty: that of the process."""

    def programs(self) -> tuple[Program, ...]:
        """Return what runs for the fabric itself, now that it is up."""

    def points(self) -> tuple[ObservationPoint, ...]:
        """Return where packets are captured."""

    def attach(self, visited: str, home: str | None = None) -> Attachment:
        """Attach a terminal to the first access network of a testbed.

        Args:
            visited: testbed whose access network it is.
            home: for the home access point: testbed of the terminal's home network, to whose gateway its packets
                are carried; None: none is asked for.
        """


def home_tunnel(federation: Federation, visited: str, home_address: IpAddress, local: IpAddress) -> Tunnel:
    """Return the tunnel of a terminal at its home access point.

    Args:
        federation: at the addresses of the fabric.
        visited: testbed that the terminal is in; KeyError where it has no gateway.
        home_address: address of the terminal in its home network.
        local: its address in the visited access network.
    """
    gateway = federation.testbeds[visited].node(NodeKind.GATEWAY)
    return Tunnel(
        local_address=str(local),
        gateway=(str(gateway.address), gateway.port),
        ids=federation.tunnel_ids(home_address),
    )
