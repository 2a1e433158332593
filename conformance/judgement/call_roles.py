"""Who is who in a call: roles of the nodes that a request passes, from what is known of each and from their order.

Ports and well-known addresses say nothing. What decides: what a federation declares at an address, the parts that an
address plays in registrations and on Cx, what a node does to the request, and the order in which 3GPP TS 23.228 5.4 has
the nodes: P-CSCF and S-CSCF of the caller, I-CSCF, S-CSCF and P-CSCF of the callee, application servers beside the
S-CSCFs. Nodes may be missing (they live in one process, or the route is wrong) and the way may end early; of all ways
to name the nodes in that order, the one that contradicts least is taken.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from conformance.criteria.border import PARAMETER, is_token
from conformance.criteria.procedure import in_pool
from conformance.criteria.values import address, addresses, is_numeric, same_host
from conformance.judgement.call_forks import RawFork
from conformance.judgement.hops import RawHop
from conformance.judgement.roles import CxSpeakers, Declared
from conformance.trace.model import SipMessage
from conformance.trace.sip_values import parse_uri, parse_via
from conformance.vocabulary.federation import NodeKind, Testbed
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.roles import RELAYS, Role

Pair = tuple[Role | None, Role | None]

_RANKS = {
    Role.CALLER: 0,
    Role.ORIG_PCSCF: 1,
    Role.ORIG_SCSCF: 2,
    Role.ORIG_AS: 2,
    Role.TERM_ICSCF: 3,
    Role.TERM_SCSCF: 4,
    Role.TERM_AS: 4,
    Role.TERM_PCSCF: 5,
    Role.CALLEE: 6,
}
_SKIPPED = {1: 4, 2: 2, 3: 1, 4: 2, 5: 2}
"""What it costs that a request passes none of a rank: an I-CSCF is often not seen, a P-CSCF nearly always."""
_KINDS = {
    Role.ORIG_PCSCF: NodeKind.PCSCF,
    Role.ORIG_SCSCF: NodeKind.SCSCF,
    Role.ORIG_AS: NodeKind.AS,
    Role.TERM_ICSCF: NodeKind.ICSCF,
    Role.TERM_SCSCF: NodeKind.SCSCF,
    Role.TERM_AS: NodeKind.AS,
    Role.TERM_PCSCF: NodeKind.PCSCF,
}
_OTHER = {Role.TERM_PCSCF: Role.OTHER_PCSCF, Role.CALLEE: Role.OTHER_CALLEE}
_SERVERS = (Role.ORIG_AS, Role.TERM_AS)
_AGAINST = 20
"""What it costs to name a node against what is known of it."""
_UNLIKELY = 3
_NEVER = 10_000


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of addresses, beside the call itself."""

    declared: Declared
    speakers: CxSpeakers
    registered: Mapping[tuple[str, int], frozenset[NodeKind]]
    """What address and port are in registrations."""
    terminals: frozenset[str]
    """Addresses that REGISTERs of terminals come from, and that are nothing else."""
    caller_home: Testbed | None = None
    callee_home: Testbed | None = None
    before: Container[str] = frozenset()
    """Addresses of proxies between terminals and P-CSCFs."""

    def kinds(self, end: Endpoint) -> frozenset[NodeKind]:
        """Return what an endpoint may be; empty where nothing is known."""
        found = self.declared.kinds(end.address)
        if found:
            return found
        for role, kind in ((Role.HOME_ICSCF, NodeKind.ICSCF), (Role.HOME_SCSCF, NodeKind.SCSCF)):
            if self.speakers.is_only(end.address, role):
                return frozenset({kind})
        return self.registered.get((end.address, end.port), frozenset())

    def is_terminal(self, end: Endpoint) -> bool | None:
        """Tell whether an endpoint is a terminal; None where nothing is known."""
        if self.kinds(end):
            return False
        if end.address in self.terminals:
            return True
        return True if any(in_pool(end.address, testbed) for testbed in self.declared.testbeds) else None


@dataclass(slots=True)
class _Node:
    """One place on the way of a request."""

    ends: list[Endpoint] = field(default_factory=list)
    """Where it gets the request, then where it sends it from, as far as seen."""
    got: SipMessage | None = None
    sent: SipMessage | None = None


def bind_invite(hops: Sequence[RawHop], known: Known) -> list[Pair]:
    """Bind sender and receiver of each hop of the INVITE that begins a call.

    Args:
        hops: From `way`, in order.
        known: What is known of addresses.

    Returns:
        Sender and receiver of each hop; None where nothing tells.
    """
    nodes = _nodes(hops)
    last = hops[-1].depth
    ends_at_callee = _is_callee(nodes[last], hops[-1], known)
    relays = ((place, _relay(nodes[place], known)) for place in range(1, last + (not ends_at_callee)))
    borders = {place: role for place, role in relays if role is not None}
    costs: list[dict[Role, int]] = [{Role.CALLER: 0}]
    costs += [_costs(nodes[place], known) for place in range(1, last) if place not in borders]
    if last not in borders:
        costs.append({Role.CALLEE: 0} if ends_at_callee else _costs(nodes[last], known))
    roles = _with_borders(_cheapest(costs, +1), borders)
    return [(roles[hop.depth - 1], roles[hop.depth]) for hop in hops]


def bind_fork(fork: RawFork, taken: Sequence[RawHop], known: Known) -> list[Pair]:
    """Bind sender and receiver of each hop of a fork: the nodes behind the one that forks are those of another device.

    Args:
        fork: The fork.
        taken: Hops of the INVITE on the call's own way.
        known: What is known of addresses.
    """
    before = [hop for hop in taken if hop.depth <= fork.parent.depth]
    pairs = bind_invite([*before, *fork.hops], known)[len(before) :]
    return [_others(pair) for pair in pairs]


def _others(pair: Pair) -> Pair:
    sender, receiver = (None if role is None else _OTHER.get(role, role) for role in pair)
    return sender, receiver


def bind_within_fork(
    hops: Sequence[RawHop],
    from_caller: bool,
    parts: Mapping[str, frozenset[Role]],
    before: Container[str] = frozenset(),
) -> list[Pair]:
    """Bind a request within the dialog of a fork, as `bind_within` does; `parts` are those of the fork's INVITE."""
    plain = {other: role for role, other in _OTHER.items()}
    usual = {end: frozenset(plain.get(role, role) for role in roles) for end, roles in parts.items()}
    return [_others(pair) for pair in bind_within(hops, from_caller, usual, before)]


def bind_within(
    hops: Sequence[RawHop],
    from_caller: bool,
    parts: Mapping[str, frozenset[Role]],
    before: Container[str] = frozenset(),
) -> list[Pair]:
    """Bind sender and receiver of each hop of a request within the dialog.

    Args:
        hops: From `way`, in order from its sender.
        from_caller: Which of the two sends it.
        parts: Roles that each address plays in the INVITE.
        before: Addresses of proxies between terminals and P-CSCFs.

    Returns:
        Sender and receiver of each hop; None where an address has no part in the INVITE.
    """
    nodes = _nodes(hops)
    first, other = (Role.CALLER, Role.CALLEE) if from_caller else (Role.CALLEE, Role.CALLER)
    costs: list[dict[Role, int]] = [{first: 0}]
    borders: dict[int, Role] = {}
    for place in range(1, hops[-1].depth + 1):
        may: frozenset[Role] = frozenset().union(*(parts.get(end.address, frozenset()) for end in nodes[place].ends))
        relay = next((role for role in RELAYS if role in may), None)
        if any(end.address in before for end in nodes[place].ends):
            relay = Role.ADAPTER
        if relay is not None:
            borders[place] = relay
            continue
        is_last = place == hops[-1].depth
        usual = [role for role in _KINDS if role is not Role.TERM_ICSCF] + ([other] if is_last else [])
        costs.append({role: (0 if role in may else _AGAINST) for role in {*usual, *may} - {first}})
        if not is_last:
            costs[-1].pop(other, None)
    roles = _with_borders(_cheapest(costs, +1 if from_caller else -1), borders)
    strangers = {place for place, node in nodes.items() if node.ends and not any(e.address in parts for e in node.ends)}
    strangers -= {0, *borders}
    named = [None if place in strangers else role for place, role in enumerate(roles)]
    return [(named[hop.depth - 1], named[hop.depth]) for hop in hops]


def _nodes(hops: Sequence[RawHop]) -> dict[int, _Node]:
    nodes = {place: _Node() for place in range(hops[-1].depth + 1)}
    for hop in hops:
        receiver, sender = nodes[hop.depth], nodes[hop.depth - 1]
        receiver.ends.insert(0, hop.transaction.destination)
        receiver.got = hop.request
        sender.ends.append(hop.transaction.source)
        sender.sent = hop.request
    return nodes


def _is_callee(node: _Node, hop: RawHop, known: Known) -> bool:
    """Tell whether the last node that an INVITE reached is the callee's terminal."""
    end = node.ends[0]
    found = known.is_terminal(end)
    if found is not None:
        return found
    request = hop.request
    uri = None if request is None else parse_uri(request.sip.request_uri)
    if uri is not None and is_numeric(uri.host) and same_host(uri.host, end.address):
        # Only the contact of a terminal is reached by a Request-URI with its own address and no Route.
        return request is not None and not request.sip.values("Route")
    final = hop.final
    contact = None if final is None or (final.sip.status or 0) >= 300 else address(final, "Contact")
    host = "" if contact is None or contact.uri is None else contact.uri.host
    return hop.depth > 1 and bool(host) and is_numeric(host) and same_host(host, end.address)


def _relay(node: _Node, known: Known) -> Role | None:
    """Return what a node is that stands between the others; None of those that a call is judged by.

    An IBCF is declared as that and nothing else, or, undeclared, makes tokens; registrations tell of adapters.
    """
    if any(end.address in known.before for end in node.ends):
        return Role.ADAPTER
    return Role.IBCF if _is_border(node, known) else None


def _is_border(node: _Node, known: Known) -> bool:
    declared = [kinds for end in node.ends if (kinds := known.declared.kinds(end.address))]
    if declared:
        return any(kinds == {NodeKind.IBCF} for kinds in declared)
    if node.got is None or node.sent is None:
        return False
    return _tokens(node.sent) > _tokens(node.got)


def _tokens(request: SipMessage) -> int:
    vias = (parse_via(value) for value in request.sip.values("Via"))
    hidden = sum(via is not None and PARAMETER in via.params for via in vias)
    return hidden + sum(is_token(one.name_addr.uri) for one in addresses(request, "Record-Route"))


def _with_borders(roles: Sequence[Role], borders: Mapping[int, Role]) -> list[Role]:
    """Return roles of all places: those of the others, in order, and what stands between them."""
    rest = iter(roles)
    return [borders[place] if place in borders else next(rest) for place in range(len(roles) + len(borders))]


def _costs(node: _Node, known: Known) -> dict[Role, int]:
    """Return what it costs to call a node by each role."""
    kinds: frozenset[NodeKind] = frozenset().union(*(known.kinds(end) for end in node.ends[:1]))
    if not kinds:
        kinds = frozenset().union(*(known.kinds(end) for end in node.ends))
    testbed = next((t for end in node.ends if (t := known.declared.testbed(end.address)) is not None), None)
    costs = {}
    for role, kind in _KINDS.items():
        cost = 0
        if kinds:
            cost += 0 if kind in kinds else _AGAINST
        elif role in _SERVERS:
            cost += _UNLIKELY
        home = known.caller_home if role in (Role.ORIG_SCSCF, Role.ORIG_AS) else known.callee_home
        if testbed is not None and home is not None and kind is not NodeKind.PCSCF and testbed is not home:
            cost += 1
        costs[role] = cost + sum(_UNLIKELY for one in _deeds(node) if one is not role)
    return costs


def _deeds(node: _Node) -> Iterator[Role]:
    """Yield roles that what a node did to the request speaks for."""
    if node.got is None or node.sent is None:
        return
    for name, role in (("P-Called-Party-ID", Role.TERM_SCSCF), ("P-Asserted-Identity", Role.ORIG_PCSCF)):
        if node.sent.sip.first(name) is not None and node.got.sip.first(name) is None:
            yield role


def _cheapest(costs: Sequence[Mapping[Role, int]], direction: int) -> list[Role]:
    """Return one role a place, in the order of the ranks, that cost least together."""
    best: list[dict[Role, tuple[int, Role | None]]] = [{role: (cost, None) for role, cost in costs[0].items()}]
    for place in costs[1:]:
        here: dict[Role, tuple[int, Role | None]] = {}
        for role, cost in place.items():
            ways = [(total + _step(before, role, direction), before) for before, (total, _) in best[-1].items()]
            total, before = min(ways, key=lambda one: one[0])
            here[role] = (total + cost, before)
        best.append(here)
    last: Role | None = min(best[-1], key=lambda one: best[-1][one][0])
    found: list[Role] = []
    for known in reversed(best):
        assert last is not None  # every place but the first has one before it
        found.append(last)
        last = known[last][1]
    return found[::-1]


def _step(before: Role, role: Role, direction: int) -> int:
    """Return what it costs that one role follows another."""
    a, b = _RANKS[before], _RANKS[role]
    if a == b:
        # An application server gets the request from its S-CSCF and sends it back.
        return 0 if (before in _SERVERS) != (role in _SERVERS) else _AGAINST
    if (b - a) * direction < 0:
        return _NEVER
    low, high = min(a, b), max(a, b)
    skipped = sum(cost for rank, cost in _SKIPPED.items() if low < rank < high)
    return skipped + (_UNLIKELY if role in _SERVERS else 0)
