"""One call as the criteria see it: its INVITE hop by hop, the requests of its dialog, Cx and DNS, roles named.

Requests that lie in one INVITE transaction (PRACK, UPDATE, CANCEL before the final answer) belong to its round; each
later request begins a round of its own. Who is who was decided by `judgement.call_roles`; nothing here judges.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from conformance.criteria.border import across_borders
from conformance.criteria.call_media import MediaLeg
from conformance.criteria.passage import Way
from conformance.criteria.procedure import Facts, Kind, Seen
from conformance.criteria.registration import Exchange, Hop, Lookup
from conformance.criteria.subscription import Accepted
from conformance.criteria.values import address, result
from conformance.trace.model import DiameterAvp, DiameterMessage, Message, SipMessage, VpnStream
from conformance.vocabulary.federation import NodeKind, Testbed
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role


@dataclass(frozen=True, eq=False)
class DialogRequest(Way):
    """One request of a call, the INVITE that begins it included."""

    method: str
    from_caller: bool
    round: int
    """Requests of one round belong together: what lies in an INVITE transaction is of its round."""

    @cached_property
    def provisional(self) -> tuple[SipMessage, ...]:
        """Provisional responses nearest to the sender of the request, each once, in time order, without 100."""
        for hop in self.hops:
            found = tuple(m for m in hop.provisional if (m.sip.status or 0) > 100 and m.retransmission_of is None)
            if found:
                return found
        return ()

    @property
    def last(self) -> Hop:
        """The hop farthest from the sender."""
        return self.hops[-1]


@dataclass(frozen=True, eq=False)
class Fork(Way):
    """One branch of the INVITE to another contact of the callee, beside the one that the call took."""

    parent: Hop
    """The hop on which the node that forks got the INVITE."""
    cancels: tuple[Hop, ...] = ()
    """CANCELs of this branch, hop by hop."""
    acks: tuple[Hop, ...] = ()
    """ACKs of a refusal on this branch, hop by hop."""
    registered: Accepted | None = None
    """The REGISTER of the device that this branch is for, where it was captured."""

    @cached_property
    def tags(self) -> frozenset[str]:
        """To tags of what this branch answered: those of its dialogs."""
        last = self.hops[-1]
        answers = (*last.provisional, *((last.response,) if last.response is not None else ()))
        found = (address(one, "To") for one in answers if (one.sip.status or 0) > 100)
        tags = (one.name_addr.params.get("tag") for one in found if one is not None)
        return frozenset(tag for tag in tags if tag)

    @property
    def messages(self) -> Iterator[Message]:
        """All messages, hop by hop: INVITE, CANCEL, ACK."""
        for hop in (*self.hops, *self.cancels, *self.acks):
            yield from hop.messages


class RouteNode(NamedTuple):
    """One node that the INVITE reached."""

    role: Role | None
    address: str
    network: Testbed | None
    """The network that has it, where a federation says so."""
    kinds: frozenset[NodeKind]
    """What the federation declares at its address."""
    request: SipMessage | None
    """The INVITE that it got."""
    sent: SipMessage | None
    """The INVITE that it sent on."""


class UserProfile(NamedTuple):
    """The newest user profile of a party that was seen on Cx before the call."""

    message: DiameterMessage
    data: DiameterAvp
    """User-Data."""


@dataclass(frozen=True, eq=False)
class Call:
    """One call, from its INVITE to its end or the end of the capture."""

    subject: str
    """Identity of the caller."""
    callee: str
    """Request-URI that the caller dialled, as near to him as it was captured."""
    invite: DialogRequest
    """The INVITE that begins the dialog: of several (after a challenge, say) the last."""
    requests: tuple[DialogRequest, ...]
    """All requests in time order, `invite` among them."""
    branches: tuple[Hop, ...] = ()
    """Hops that lie on no way that was chosen, and are no forks: what a proxy tried in vain."""
    forks: tuple[Fork, ...] = ()
    """Branches of the INVITE to other devices of the callee."""
    exchanges: tuple[Exchange, ...] = ()
    """LIR, and SAR of an S-CSCF for a callee who is not registered."""
    lookups: tuple[Lookup, ...] = ()
    roles: dict[Role, tuple[Endpoint, ...]] = field(default_factory=dict)
    observed: frozenset[Point] = frozenset()
    lossless: bool = True
    facts: Facts = field(default_factory=Facts)
    caller_registered: Accepted | None = None
    """The caller's REGISTER, where it was captured."""
    callee_registered: Accepted | None = None
    """The REGISTER of the terminal that the INVITE reached, or of the identity that was dialled."""
    media: tuple[MediaLeg, ...] = ()
    """What both ends agreed on and RTP was captured of; on each hop where a node relays media."""
    vpn: tuple[VpnStream, ...] = ()
    """Tunnels that were seen from outside."""
    caller_profile: UserProfile | None = None
    callee_profile: UserProfile | None = None
    end_ns: int = 0
    """Time of the last message of the trace, nanoseconds since 1970."""
    askers: frozenset[str] = frozenset()
    """Addresses that were seen asking an HSS as an I-CSCF does, in this call or before."""
    kind: Kind = Kind.CALL

    @property
    def parties(self) -> tuple[str, ...]:
        """Caller and callee."""
        return (self.subject, self.callee)

    @cached_property
    def called(self) -> tuple[str, ...]:
        """URIs of who is called: what was dialled, and what networks made of it on the way."""
        seen = (hop.request.sip.request_uri for hop in self.invite.hops if hop.request is not None)
        return tuple(dict.fromkeys((self.callee, *seen)))

    @cached_property
    def route(self) -> tuple[RouteNode, ...]:
        """The nodes that the INVITE reached, in order; neither caller nor callee."""
        found = []
        for place, hop in enumerate(self.invite.hops):
            if hop.receiver is Role.CALLEE:
                break
            following = self.invite.hops[place + 1] if place + 1 < len(self.invite.hops) else None
            if following is not None and following.depth != hop.depth + 1:
                following = None
            at = _end(hop)
            kinds: frozenset[NodeKind] = frozenset()
            network = self.facts.network_of(at)
            if network is not None:
                kinds = self.facts.node_at(at, network)
            sent = None if following is None else following.request
            found.append(RouteNode(hop.receiver, at, network, kinds, hop.request, sent))
        return tuple(found)

    @cached_property
    def is_complete(self) -> bool:
        """Whether every hop of the INVITE from the caller on was captured, as far as it went."""
        depths = [hop.depth for hop in self.invite.hops]
        return depths == list(range(1, len(depths) + 1))

    @cached_property
    def reached_callee(self) -> bool:
        """Whether the INVITE was seen on its way to the callee's terminal."""
        return any(hop.receiver is Role.CALLEE for hop in self.invite.hops)

    def into(self, role: Role) -> Hop | None:
        """Return the first hop of the INVITE that reaches a role."""
        return self.invite.hop_to(role)

    def out_of(self, role: Role) -> Hop | None:
        """Return the last hop of the INVITE that leaves a role, behind all application servers.

        None where the last one that was captured goes to such a server: how the INVITE went on was not seen.
        """
        hop = next((hop for hop in reversed(self.invite.hops) if hop.sender is role), None)
        return None if hop is None or hop.receiver in (Role.ORIG_AS, Role.TERM_AS) else hop

    @cached_property
    def network_named(self) -> dict[Role, str]:
        """Host names that nodes give themselves in Record-Route, lower case, by role; addresses are no names."""
        return dict(_names(self.invite.hops))

    def fork_of(self, tag: str) -> Fork | None:
        """Return the fork whose answers have a To tag; None where it is of the call's own way, or of none."""
        return next((fork for fork in self.forks if tag in fork.tags), None)

    def all(self, method: str) -> tuple[DialogRequest, ...]:
        """Return the requests of a method, in time order."""
        return tuple(one for one in self.requests if one.method == method)

    @cached_property
    def later(self) -> tuple[DialogRequest, ...]:
        """The requests within the dialog: all that have a To tag."""
        return tuple(one for one in self.requests if one.request is not None and _has_to_tag(one.request))

    @property
    def ended(self) -> str | None:
        """Why a later step did not come, where that was seen, in words."""
        status = self.invite.status
        return None if status is None or status < 300 else f"the call was refused with {status} before"

    @property
    def cancelled(self) -> bool:
        """Whether the caller gave up before the answer."""
        return bool(self.all("CANCEL"))

    @property
    def messages(self) -> Iterator[Message]:
        """All messages: SIP request by request, then Cx, then DNS."""
        for one in self.requests:
            yield from one.messages
        for fork in self.forks:
            yield from fork.messages
        for hop in self.branches:
            yield from hop.messages
        for exchange in self.exchanges:
            yield from exchange.messages
        for lookup in self.lookups:
            yield from lookup.messages

    @property
    def sip_hops(self) -> Iterator[tuple[DialogRequest, Hop]]:
        """Every hop of every request."""
        for one in self.requests:
            for hop in one.hops:
                yield one, hop

    def sees(self, point: Point) -> bool:
        """Tell whether the point was captured; a hop between CSCFs is Mw or Ic, whichever the networks make it."""
        between = (Point.MW, Point.IC)
        return point in self.observed or (point in between and not self.observed.isdisjoint(between))

    def transactions(self) -> Iterator[Seen]:
        """Yield each transaction; those of one round have the same attempt.

        An INVITE that is refused because it lacks something (credentials, a longer session interval) is sent once
        more: a flow begins with the last one.
        """
        for one in self.requests:
            if one.round < self.invite.round:
                continue
            for hops in across_borders(one.hops):
                yield _seen(hops, one.method, one.round)
        apart = (hop for fork in self.forks for hop in (*fork.hops, *fork.cancels, *fork.acks))
        for hop in (*apart, *self.branches):
            yield _seen((hop,), _method(hop), self.invite.round)
        for exchange in self.exchanges:
            yield _cx(exchange, self.invite.round)
        for lookup in self.lookups:
            answer = None if lookup.response is None else str(lookup.response.rcode)
            yield Seen("DNS", lookup.asker, lookup.server, lookup.type, answer, -1, tuple(lookup.messages))


def _end(hop: Hop) -> str:
    """Return the address of the node that a hop reaches."""
    for message in hop.messages:
        asks = isinstance(message, SipMessage) and message.sip.is_request
        return message.destination.address if asks else message.source.address
    raise AssertionError("a hop without messages")


def _names(hops: Sequence[Hop]) -> Iterator[tuple[Role, str]]:
    before: SipMessage | None = None
    depth = 0
    for hop in hops:
        added = None if hop.request is None else address(hop.request, "Record-Route")
        known = 0 if before is None else len(before.sip.values("Record-Route"))
        if hop.request is not None and added is not None and hop.sender is not None and added.uri is not None:
            more = len(hop.request.sip.values("Record-Route")) > known
            whole = before is not None and hop.depth == depth + 1
            # Of a request whose hop before was not captured, the topmost entry may be an older one.
            if (
                more
                and (whole or hop.depth <= 2)
                and any(c.isalpha() for c in added.uri.host)
                and ":" not in added.uri.host
            ):
                yield hop.sender, added.uri.host.lower()
        before, depth = hop.request, hop.depth


def _has_to_tag(request: SipMessage) -> bool:
    target = address(request, "To")
    return target is not None and bool(target.name_addr.params.get("tag"))


def _method(hop: Hop) -> str:
    sip = next(message.sip for message in hop.messages if isinstance(message, SipMessage))
    return sip.method if sip.is_request else sip.cseq_method


def _seen(hops: Sequence[Hop], method: str, place: int) -> Seen:
    first, messages = hops[0], tuple(message for hop in hops for message in hop.messages)
    status = None if first.response is None else str(first.response.sip.status)
    return Seen("SIP", first.sender, hops[-1].receiver, method, status, place, messages)


def _cx(exchange: Exchange, place: int) -> Seen:
    code, _ = result(exchange.answer)
    source = Role.TERM_ICSCF if exchange.command == "LIR" else Role.TERM_SCSCF
    shown = None if code is None else str(code)
    return Seen("Diameter", source, Role.TERM_HSS, exchange.command, shown, place, tuple(exchange.messages))
