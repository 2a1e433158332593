"""Who is who in presence: the way of a PUBLISH or SUBSCRIBE to the presence server, and of a NOTIFY back.

The place in the Via chain decides, with what a federation declares, and the observation point: what was captured at
ISC goes to an application server or comes from one. Ports and addresses alone say nothing. A plain SIP proxy in the
place of the P-CSCF is one that a federation declares, or that authenticates users itself.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Sequence
from dataclasses import dataclass

from conformance.judgement.access_proxies import first_node, peeled
from conformance.judgement.hops import RawHop
from conformance.judgement.roles import Declared
from conformance.vocabulary.federation import NodeKind
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role

Pair = tuple[Role | None, Role | None]
_PROOF = "Proxy-Authorization"
_ONLY_THERE = (Role.TERM_ICSCF, Role.PRESENCE, Role.ADAPTER)
"""Who is on the way of a SUBSCRIBE and not, as one of the nodes between, on that of a NOTIFY."""
_CORE = (Role.ORIG_SCSCF, Role.TERM_ICSCF, Role.TERM_SCSCF, Role.PRESENCE)


@dataclass(frozen=True, slots=True)
class Bound:
    """Roles of one way."""

    pairs: list[Pair]
    """Sender and receiver of each hop; None where nothing binds a node."""
    line: tuple[Role | None, ...]
    """Roles of all nodes in order, the sender first."""


def plain_proxies(ways: Iterable[Sequence[RawHop]], declared: Declared) -> frozenset[str]:
    """Return the addresses of SIP proxies without IMS that terminals ask.

    They are declared, or take the credentials out of a request that they bring to the presence server themselves: in
    an IMS the S-CSCF is who challenges with 407 (3GPP TS 24.229 5.4.3.2), and a P-CSCF leaves credentials alone.

    Args:
        ways: of PUBLISHes and SUBSCRIBEs.
        declared: Nodes of the federation.
    """
    found = set()
    for hops in ways:
        first = first_node(hops)
        if first is None:
            continue
        kinds = declared.kinds(first)
        if NodeKind.SIP_PROXY in kinds or (not kinds and _takes_credentials(hops, declared)):
            found.add(first)
    return frozenset(found)


def _takes_credentials(hops: Sequence[RawHop], declared: Declared) -> bool:
    if [hop.depth for hop in hops] != [1, 2] or not _is_server(hops[1], declared):
        return False
    before, behind = (hop.request for hop in hops)
    if before is None or behind is None or before.sip.first(_PROOF) is None:
        return False
    return behind.sip.first(_PROOF) is None


def bind_request(
    hops: Sequence[RawHop],
    sender: Role,
    declared: Declared,
    proxies: Collection[str] = frozenset(),
    before: Container[str] = frozenset(),
) -> Bound:
    """Bind the nodes that a PUBLISH or SUBSCRIBE passes.

    Args:
        hops: One a depth, nearest to the sender first.
        sender: Role of who sends it.
        declared: Nodes of the federation.
        proxies: Addresses of SIP proxies without IMS.
        before: Addresses of proxies between terminals and P-CSCFs.
    """
    if first_node(hops) in before:
        behind = peeled(hops)
        bound = bind_request(behind, Role.ADAPTER, declared, proxies, before) if behind else Bound([], (Role.ADAPTER,))
        reached: list[Pair] = [(sender, Role.ADAPTER)] * (len(hops) - len(behind))
        return Bound([*reached, *bound.pairs], (sender, *bound.line))
    last = hops[-1].depth
    names: list[Role | None] = [None] * (last + 1)
    names[0] = sender
    ends_at_server = _is_server(hops[-1], declared)
    if ends_at_server:
        names[last] = Role.PRESENCE
    inner = list(range(1, last if ends_at_server else last + 1))
    if inner:
        kinds = {hop.depth: declared.kinds(hop.transaction.destination.address) for hop in hops}
        names[1] = Role.SIP_PROXY if first_node(hops) in proxies else Role.ORIG_PCSCF
        border = frozenset((NodeKind.IBCF,))
        rest = [place for place in inner[1:] if kinds.get(place) != border]
        for place in inner[1:]:
            names[place] = Role.IBCF
        for place, role in zip(rest, _core([kinds.get(one, frozenset()) for one in rest], ends_at_server), strict=True):
            names[place] = role
    return Bound([(names[hop.depth - 1], names[hop.depth]) for hop in hops], tuple(names))


def _is_server(hop: RawHop, declared: Declared) -> bool:
    kinds = declared.kinds(hop.transaction.destination.address)
    if kinds:
        return bool(kinds & {NodeKind.PRESENCE, NodeKind.AS})
    return any(sighting.point is Point.ISC for message in hop.messages for sighting in message.sightings)


def _core(kinds: Sequence[frozenset[NodeKind]], ends_at_server: bool) -> list[Role | None]:
    """Return the roles of the nodes between P-CSCF and presence server."""
    count = len(kinds)
    if all(len(one & {NodeKind.ICSCF, NodeKind.SCSCF}) == 1 for one in kinds):
        found: list[Role | None] = []
        for one in kinds:
            behind = Role.TERM_ICSCF in found
            found.append(Role.TERM_ICSCF if NodeKind.ICSCF in one else Role.TERM_SCSCF if behind else Role.ORIG_SCSCF)
        return found
    if count == 2 and ends_at_server:
        return [Role.ORIG_SCSCF, Role.TERM_SCSCF]
    return [*_CORE[:count], *([None] * (count - len(_CORE)))]


def bind_notify(
    hops: Sequence[RawHop], lines: Sequence[Bound], subscriber: Role, places: dict[str, set[Role]]
) -> Bound:
    """Bind the nodes that a NOTIFY passes: those of the SUBSCRIBE the other way round, without the I-CSCF.

    Args:
        hops: One a depth, nearest to the presence server first.
        lines: Of the SUBSCRIBEs of the subscription.
        subscriber: Role of who subscribed.
        places: Roles of addresses, from the SUBSCRIBEs.
    """
    last = hops[-1].depth
    names: list[Role | None] = [Role.PRESENCE, *([None] * last)]
    for hop in hops:
        roles = places.get(hop.transaction.destination.address, set()) - {Role.TERM_ICSCF}
        if len(roles) == 1:
            names[hop.depth] = next(iter(roles))
        elif hop.depth == 1 and roles == {Role.ORIG_SCSCF, Role.TERM_SCSCF}:
            names[1] = Role.TERM_SCSCF  # one S-CSCF for both sides, which the presence server knows as that of its user
    for line in lines:
        back = [role for role in reversed(line.line) if role not in _ONLY_THERE][:last]
        if len(back) == last and all(known in (None, role) for known, role in zip(names[1:], back, strict=True)):
            names[1:] = back
            break
    points = {one.point for message in hops[-1].messages for one in message.sightings}
    if not lines and Point.GM in points:
        names[last] = subscriber
        if last > 1:
            names[last - 1] = Role.ORIG_PCSCF
    return Bound([(names[hop.depth - 1], names[hop.depth]) for hop in hops], tuple(names))
