"""What every procedure shows to flows, criteria and ladder, whatever its kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from typing import Protocol

from conformance.trace.model import Message
from conformance.vocabulary.federation import NodeKind, Testbed
from conformance.vocabulary.identifiers import Endpoint, IpNetwork
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role


class Kind(StrEnum):
    """Kinds of procedures; a criterion says to which of them it applies."""

    REGISTRATION = "registration"
    """A terminal that is not registered registers, or tries to."""
    REREGISTRATION = "reregistration"
    """A REGISTER that refreshes a binding."""
    DEREGISTRATION = "deregistration"
    """A REGISTER that takes a binding away."""
    SUBSCRIPTION = "subscription"
    """A SUBSCRIBE to an event package, and its NOTIFYs."""
    PUBLICATION = "publication"
    """PUBLISHes of presence, each built on the entity-tag of the one before."""
    WATCHING = "watching"
    """A SUBSCRIBE to presence, to watchers of presence or to a list of presentities, and its NOTIFYs."""
    DOCUMENTS = "documents"
    """What one client asks an XDMS of the documents of one user."""
    CALL = "call"
    """An INVITE that begins a dialog, and all that belongs to the dialog."""
    MESSAGE = "message"
    """A MESSAGE outside of dialogs (page mode)."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One transaction between two roles, as a flow speaks of it."""

    protocol: str
    """`SIP`, `Diameter`, `DNS` or `HTTP`."""
    source: Role | None
    destination: Role | None
    request: str
    """SIP method, Diameter command or DNS type."""
    response: str | None
    """SIP status or Diameter result; None where no answer was seen."""
    attempt: int
    """Index of what set it off: transactions with the same one belong together; -1 for look-ups."""
    messages: tuple[Message, ...]

    @property
    def start_ns(self) -> int:
        """Time of its first message, nanoseconds since 1970."""
        return min(message.time_ns for message in self.messages)

    @property
    def end_ns(self) -> int:
        """Time of its last message, nanoseconds since 1970."""
        return max(message.time_ns for message in self.messages)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a federation says of the networks of a procedure; empty without a federation."""

    home: str | None = None
    """Home network domain name."""
    impi: str | None = None
    """Private user identity of the subscriber whose public identity is registered."""
    impus: tuple[str, ...] = ()
    visited_network_id: str | None = None
    """Agreed P-Visited-Network-ID of the network of the P-CSCF."""
    releases: dict[Role, int] = field(default_factory=dict)
    """3GPP release of the network of each role."""
    password: bytes | None = field(default=None, repr=False)
    """Password of a subscriber without AKA, for the digest alone."""
    testbeds: tuple[Testbed, ...] = ()
    """All networks of the federation."""
    block: IpNetwork | None = None
    """All addresses that the federation agreed on."""
    home_network: Testbed | None = None
    entry_network: Testbed | None = None
    """Network of the P-CSCF: the visited one, or the home network."""
    networks: dict[Role, Testbed] = field(default_factory=dict)
    """Of a call: the network that each role belongs to as the federation has it, whether it took part or not."""

    def network_of(self, address: str) -> Testbed | None:
        """Return the network that gives an address to a terminal, or has a node at it."""
        for testbed in self.testbeds:
            if self.node_at(address, testbed) or in_pool(address, testbed):
                return testbed
        return None

    def is_agreed(self, address: str) -> bool | None:
        """Tell whether an address lies in the federation's block; None where nobody says, or it is no such address."""
        try:
            place = ip_address(address)
        except ValueError:
            return None
        return None if self.block is None or place.version != self.block.version else place in self.block

    def node_at(self, address: str, testbed: Testbed) -> frozenset[NodeKind]:
        """Return what a network has at an address."""
        return frozenset(kind for kind, node in testbed.nodes.items() if str(node.address) == address)


def in_pool(address: str, testbed: Testbed) -> bool:
    """Tell whether an address lies in one of the access networks of a testbed."""
    try:
        place = ip_address(address)
    except ValueError:
        return False
    return any(place in network.pool for network in testbed.access_networks)


class Procedure(Protocol):
    """One procedure of one user, roles bound."""

    @property
    def kind(self) -> Kind:
        """What it is."""

    @property
    def subject(self) -> str:
        """Public user identity whose procedure it is."""

    @property
    def parties(self) -> tuple[str, ...]:
        """All users who take part, the one whose procedure it is first."""

    @property
    def roles(self) -> Mapping[Role, tuple[Endpoint, ...]]:
        """Endpoints of each role."""

    @property
    def lossless(self) -> bool:
        """False where a capture lost packets or does not say."""

    @property
    def facts(self) -> Facts:
        """What a federation says."""

    @property
    def messages(self) -> Iterator[Message]:
        """All messages."""

    def transactions(self) -> Iterator[Seen]:
        """Yield everything that was seen, each transaction once, in any order."""

    def sees(self, point: Point) -> bool:
        """Tell whether the point was captured."""
