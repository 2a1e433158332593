"""What every procedure shows to flows, criteria and ladder, whatever its kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from conformance.trace.model import Message
from conformance.vocabulary.identifiers import Endpoint
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


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One transaction between two roles, as a flow speaks of it."""

    protocol: str
    """`SIP`, `Diameter` or `DNS`."""
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


class Procedure(Protocol):
    """One procedure of one user, roles bound."""

    @property
    def kind(self) -> Kind:
        """What it is."""

    @property
    def subject(self) -> str:
        """Public user identity whose procedure it is."""

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
