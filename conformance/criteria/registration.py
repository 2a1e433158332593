"""One registration as the criteria see it: REGISTER hops, Cx exchanges and DNS look-ups, roles named.

A registration is a row of attempts, each one REGISTER of the terminal with everything that it set off. Who
is who was decided by `judgement.roles`, what belongs together by `judgement.matcher`; nothing here judges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, wraps
from itertools import pairwise
from typing import TypeVar

from conformance.criteria.border import across_borders
from conformance.criteria.procedure import Facts, Kind, Seen
from conformance.criteria.values import result
from conformance.trace.model import DiameterMessage, DnsMessage, Message, SipMessage, VpnStream
from conformance.vocabulary.federation import AccessSecurity
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role


@dataclass(frozen=True, slots=True, eq=False)
class Hop:
    """One REGISTER transaction between two nodes."""

    sender: Role | None
    """None where no role could be bound (a node between the known ones)."""
    receiver: Role | None
    request: SipMessage | None
    """None where the capture has the response only."""
    response: SipMessage | None
    """Final response; None where there is none."""
    depth: int
    """Number of Via elements of the request: 1 at the terminal."""
    retransmissions: tuple[SipMessage, ...] = ()
    provisional: tuple[SipMessage, ...] = ()

    @property
    def messages(self) -> Iterator[Message]:
        """All messages of the hop."""
        for message in (self.request, *self.retransmissions, *self.provisional, self.response):
            if message is not None:
                yield message


@dataclass(frozen=True, slots=True, eq=False)
class Exchange:
    """One Cx command and its answer."""

    command: str
    """`UAR`, `MAR`, `SAR`, ..."""
    request: DiameterMessage | None
    answer: DiameterMessage | None

    @property
    def messages(self) -> Iterator[Message]:
        """Request and answer, as far as seen."""
        for message in (self.request, self.answer):
            if message is not None:
                yield message

    @property
    def time_ns(self) -> int:
        """Time of the first message of the exchange, nanoseconds since 1970."""
        return next(self.messages).time_ns


@dataclass(frozen=True, slots=True, eq=False)
class Lookup:
    """One DNS query and its response."""

    query: DnsMessage | None
    response: DnsMessage | None
    asker: Role | None
    """Role of the node that asked; None where its address has none."""
    server: Role = Role.HOME_DNS
    """Role of the server that was asked."""

    @property
    def messages(self) -> Iterator[Message]:
        """Query and response, as far as seen."""
        for message in (self.query, self.response):
            if message is not None:
                yield message

    @property
    def name(self) -> str:
        """Name that was asked for, lower case."""
        return next(m.question_name for m in (self.query, self.response) if m is not None)

    @property
    def type(self) -> str:
        """Type that was asked for: `NAPTR`."""
        return next(m.question_type for m in (self.query, self.response) if m is not None)

    @property
    def time_ns(self) -> int:
        """Time of the first message of the look-up, nanoseconds since 1970."""
        return next(self.messages).time_ns


@dataclass(frozen=True, eq=False)
class Attempt:
    """One REGISTER of the terminal and what it set off."""

    hops: tuple[Hop, ...]
    """From the terminal to the S-CSCF, as far as seen."""
    exchanges: tuple[Exchange, ...] = ()
    """In time order."""

    @cached_property
    def gm(self) -> Hop | None:
        """The hop from the terminal."""
        return self._from(Role.UE)

    @cached_property
    def to_pcscf(self) -> Hop | None:
        """The hop that reaches the P-CSCF: from the terminal, or from an adapter behind it."""
        return next((hop for hop in self.hops if hop.receiver in (Role.HOME_PCSCF, Role.VISITED_PCSCF)), self.gm)

    @cached_property
    def from_pcscf(self) -> Hop | None:
        """The hop that leaves the P-CSCF."""
        return self._from(Role.HOME_PCSCF) or self._from(Role.VISITED_PCSCF)

    @cached_property
    def to_icscf(self) -> Hop | None:
        """The hop that reaches the I-CSCF."""
        return next((hop for hop in self.hops if hop.receiver is Role.HOME_ICSCF), None)

    @cached_property
    def from_icscf(self) -> Hop | None:
        """The hop from the I-CSCF to the S-CSCF."""
        return self._from(Role.HOME_ICSCF)

    @cached_property
    def to_scscf(self) -> Hop | None:
        """The hop that reaches the S-CSCF."""
        return next((hop for hop in self.hops if hop.receiver is Role.HOME_SCSCF), None)

    def _from(self, role: Role) -> Hop | None:
        for hop in self.hops:
            if hop.sender is role:
                return hop
        return None

    def all(self, command: str) -> tuple[Exchange, ...]:
        """Return the Cx exchanges of that command, in time order."""
        return tuple(exchange for exchange in self.exchanges if exchange.command == command)

    def first(self, command: str) -> Exchange | None:
        """Return the first Cx exchange of that command."""
        return next(iter(self.all(command)), None)

    @cached_property
    def status(self) -> int | None:
        """Status of the final response nearest to the terminal; None where none was seen."""
        for hop in self.hops:
            if hop.response is not None:
                return hop.response.sip.status
        return None

    @cached_property
    def only_asks(self) -> bool:
        """Whether its REGISTER has no Contact where it was seen last: it asks for the bindings (RFC 3261 10.2.3)."""
        last = next((hop.request for hop in reversed(self.hops) if hop.request is not None), None)
        return last is not None and not last.truncated and not last.sip.all("Contact")

    @property
    def start_ns(self) -> int:
        """Time of the first message."""
        return min(message.time_ns for message in self.messages)

    @property
    def messages(self) -> Iterator[Message]:
        """All messages, hop by hop, then Cx."""
        for hop in self.hops:
            yield from hop.messages
        for exchange in self.exchanges:
            yield from exchange.messages


@dataclass(frozen=True, eq=False)
class Registration:
    """One registration, re-registration or deregistration, from the first REGISTER to the last answer."""

    attempts: tuple[Attempt, ...]
    """At least one, in the order of time."""
    subject: str
    """Public user identity of the To header."""
    roles: dict[Role, tuple[Endpoint, ...]] = field(default_factory=dict)
    lookups: tuple[Lookup, ...] = ()
    observed: frozenset[Point] = frozenset()
    """Points at which packets were captured."""
    lossless: bool = True
    """False where a capture lost packets or does not say."""
    security: AccessSecurity = AccessSecurity.NONE
    facts: Facts = field(default_factory=Facts)
    kind: Kind = Kind.REGISTRATION
    before: Registration | None = None
    """The registration that a re-registration refreshes and a deregistration takes away, where it was captured."""
    apart: tuple[SipMessage, ...] = ()
    """Messages of its Call-IDs that lie on no hop between the terminal and its S-CSCF."""
    third_party: tuple[Hop, ...] = ()
    """REGISTERs by which the S-CSCF told application servers of it, in time order."""
    end_ns: int = 0
    """Time of the last message of the trace, nanoseconds since 1970."""
    vpn: tuple[VpnStream, ...] = ()
    """Tunnels between partners as they were seen from outside."""

    @property
    def parties(self) -> tuple[str, ...]:
        """The one user."""
        return (self.subject,)

    @cached_property
    def pcscf(self) -> Role:
        """The P-CSCF that took part: the visited one, or that of the home network."""
        return Role.VISITED_PCSCF if Role.VISITED_PCSCF in self.roles else Role.HOME_PCSCF

    @cached_property
    def tunnelled(self) -> bool:
        """Whether the terminal's REGISTER was seen inside GTP-U."""
        return any(
            "gtp" in sighting.encapsulation
            for attempt in self.attempts
            if attempt.gm is not None and attempt.gm.request is not None
            for sighting in attempt.gm.request.sightings
        )

    @cached_property
    def aim_is_seen(self) -> bool:
        """Whether a whole REGISTER was captured: its answers alone do not say that it takes no binding away."""
        requests = (hop.request for attempt in self.attempts for hop in attempt.hops)
        return any(request is not None and not request.truncated for request in requests)

    @cached_property
    def ended(self) -> str | None:
        """Why a later step did not come, where that was seen and nothing is missing, in words."""
        last = self.attempts[-1].status
        if last is not None and last >= 300 and last not in (401, 407):
            return f"the {self.kind} was refused with {last} before"
        if self.kind is not Kind.REGISTRATION and self.accepted is not None and self.challenged is None:
            return f"the {self.kind} was accepted without a challenge"
        return None

    @property
    def first(self) -> Attempt:
        """The first attempt, which is challenged."""
        return self.attempts[0]

    @cached_property
    def challenged(self) -> Attempt | None:
        """The first attempt that ended in 401."""
        return next((attempt for attempt in self.attempts if attempt.status == 401), None)

    @cached_property
    def answered(self) -> Attempt | None:
        """The attempt behind the first challenge: it carries the terminal's answer to it."""
        for attempt, following in pairwise(self.attempts):
            if attempt.status == 401:
                return following
        return None

    @cached_property
    def accepted(self) -> Attempt | None:
        """The attempt that ended in 2xx."""
        return next((a for a in self.attempts if a.status is not None and 200 <= a.status < 300), None)

    @property
    def messages(self) -> Iterator[Message]:
        """All messages of all attempts, then those to application servers, then DNS."""
        for attempt in self.attempts:
            yield from attempt.messages
        for hop in self.third_party:
            yield from hop.messages
        for lookup in self.lookups:
            yield from lookup.messages

    def sees(self, point: Point) -> bool:
        """Tell whether the point was captured."""
        return point in self.observed

    def transactions(self) -> Iterator[Seen]:
        """Yield everything that was seen: look-ups, what application servers are told, then attempt by attempt."""
        for lookup in self.lookups:
            code = None if lookup.response is None else str(lookup.response.rcode)
            yield Seen("DNS", lookup.asker, lookup.server, lookup.type, code, -1, tuple(lookup.messages))
        for hop in self.third_party:
            yield _seen(hop, -1)
        for index, attempt in enumerate(self.attempts):
            for hops in across_borders(attempt.hops):
                yield _seen(hops[0], index, hops[1:])
            for exchange in attempt.exchanges:
                answered, _ = result(exchange.answer)
                sender = Role.HOME_ICSCF if exchange.command in ("UAR", "LIR") else Role.HOME_SCSCF
                shown = None if answered is None else str(answered)
                yield Seen("Diameter", sender, Role.HOME_HSS, exchange.command, shown, index, tuple(exchange.messages))


def _seen(hop: Hop, attempt: int, behind: tuple[Hop, ...] = ()) -> Seen:
    messages = tuple(message for one in (hop, *behind) for message in one.messages)
    receiver = behind[-1].receiver if behind else hop.receiver
    status = None if hop.response is None else str(hop.response.sip.status)
    return Seen("SIP", hop.sender, receiver, "REGISTER", status, attempt, messages)


ONLY_ASKS = "the REGISTER has no Contact: it asks for the bindings and makes none"
"""Why nothing is said of what a binding would have brought."""

_T = TypeVar("_T")


def once(find: Callable[[Registration], _T]) -> Callable[[Registration], _T]:
    """Let a function of a registration, which never changes, be computed once for each: many criteria ask for it."""
    name = f"once {find.__module__}.{find.__qualname__}"

    @wraps(find)
    def remembered(registration: Registration) -> _T:
        known = registration.__dict__
        if name not in known:
            known[name] = find(registration)
        found: _T = known[name]
        return found

    return remembered
