"""The route of a call: which networks' nodes the INVITE passes, in which order (3GPP TS 23.228 5.4 to 5.7)."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.criteria.call import Call, RouteNode
from conformance.criteria.call_values import not_from_caller
from conformance.criteria.model import Catalogue, Citation, Finding, failed, inconclusive, not_applicable, passed
from conformance.criteria.procedure import Kind
from conformance.criteria.ts23228 import NO_FEDERATION, TS23228
from conformance.criteria.values import cite_request_uri
from conformance.vocabulary.federation import NodeKind, Testbed
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role

CATALOGUE = Catalogue()
CALL = (Kind.CALL,)
POINTS = (Point.MW, Point.IC)
Expected = Sequence[tuple[NodeKind, Testbed]]


def expected_route(call: Call) -> list[tuple[NodeKind, Testbed]] | None:
    """Return the nodes that an INVITE passes, by the networks of caller, callee and their P-CSCFs; None if unknown."""
    networks = call.facts.networks
    caller, callee = networks.get(Role.ORIG_SCSCF), networks.get(Role.TERM_SCSCF)
    entry, leaving = networks.get(Role.ORIG_PCSCF), networks.get(Role.TERM_PCSCF)
    if caller is None or callee is None or entry is None or leaving is None:
        return None
    return [
        (NodeKind.PCSCF, entry),
        (NodeKind.SCSCF, caller),
        (NodeKind.ICSCF, callee),
        (NodeKind.SCSCF, callee),
        (NodeKind.PCSCF, leaving),
    ]


def _name(kind: NodeKind, network: Testbed) -> str:
    return f"{kind.value} of {network.name}"


def _words(route: Expected) -> str:
    return ", ".join(_name(*one) for one in route)


def _node_words(node: RouteNode) -> str:
    kinds = "/".join(sorted(kind.value for kind in node.kinds))
    network = "an unknown network" if node.network is None else node.network.name
    return f"{kinds or node.address} of {network}"


def follow(call: Call, expected: Expected) -> Finding:
    """Compare the nodes that an INVITE passed with those of a route.

    One node may play several parts of its network one after the other; application servers, borders, adapters and
    nodes that no federation declares are passed over. An INVITE that is refused on its way is right as far as it went.
    """
    words = _words(expected)
    if call.invite.hop_from(Role.CALLER) is None:
        return inconclusive(words, not_from_caller(call))
    places, gap, strange, depth, address = {-1}, False, False, 0, ""
    citations: list[Citation] = []
    for node, hop in zip(call.route, call.invite.hops, strict=False):
        if hop.depth != depth + 1:
            gap = True
        cited = [] if hop.request is None else [cite_request_uri(hop.request)]
        known = node.network is not None and bool(node.kinds)
        if node.role is Role.ADAPTER:
            depth = hop.depth
            continue
        if not known:
            gap = strange = True  # who it is, and what it stands for, nobody says
        elif not node.kinds <= {NodeKind.AS, NodeKind.IBCF}:
            following = {
                after
                for before in places
                for after in range(len(expected))
                if _leads(before, after, node, expected, gap, node.address == address)
            }
            if not following and NodeKind.IBCF in node.kinds:
                following = places  # it is the border of its network here
            if not following:
                found = f"the INVITE goes to {_node_words(node)}"
                return failed(words, found, *cited, node=hop.sender)
            places, gap = following, False
            address = node.address  # whom an application server sends the INVITE back to
        depth = hop.depth
        citations += cited
    end = len(expected) - 1
    if not call.reached_callee:
        status = call.invite.status
        if status is None:
            return inconclusive(words, "how the INVITE went on was not captured")
        return passed(words, f"as far as it went: {_words(expected[: max(places) + 1])}", *citations)
    if end not in places and not gap and call.invite.hops[-1].depth == depth + 1:
        last = call.invite.hops[-1]
        cited = [] if last.request is None else [cite_request_uri(last.request)]
        found = (
            f"the INVITE goes to the callee behind {_name(*expected[max(places)]) if max(places) >= 0 else 'no node'}"
        )
        return failed(words, found, *cited, node=last.sender)
    if gap or strange or not call.is_complete:
        return inconclusive(words, "not every hop of the INVITE was captured, or a node is none that is declared")
    return passed(words, words, *citations)


def _leads(before: int, after: int, node: RouteNode, expected: Expected, gap: bool, same: bool) -> bool:
    """Tell whether an INVITE that got as far as one place of the route may be at another one now."""
    if after < before or (after == before and not same):
        return False
    kind, network = expected[after]
    if kind not in node.kinds or node.network is not network:
        return False
    if gap:
        return True
    # What lies between is played by the same node, or by one at its address.
    between = range(before + 1, after)
    return all(expected[place][1] is network and expected[place][0] in node.kinds for place in between)


def _judge(call: Call, applies: bool, otherwise: str) -> Finding:
    expected = expected_route(call)
    if expected is None:
        return not_applicable("", NO_FEDERATION)
    if not applies:
        return not_applicable(_words(expected), otherwise)
    return follow(call, expected)


def _is_away(call: Call) -> bool:
    networks = call.facts.networks
    entry, home = networks.get(Role.ORIG_PCSCF), networks.get(Role.ORIG_SCSCF)
    return entry is not None and home is not None and entry is not home


@CATALOGUE.add(
    "CALL-14",
    "A call of a roaming user to a user of his home network goes by the visited P-CSCF to his S-CSCF at home, and by "
    "the I-CSCF of that network to the callee's S-CSCF.",
    source=TS23228,
    node=Role.ORIG_SCSCF,
    points=POINTS,
    condition="a federation declares the nodes; the caller's P-CSCF is a visited one; both have one home network",
    kinds=CALL,
)
def to_the_home_network(call: Call) -> Finding:
    """3GPP TS 23.228 5.6.1 (MO#1) and 5.5.2 (S-S#2)."""
    networks = call.facts.networks
    applies = _is_away(call) and networks.get(Role.ORIG_SCSCF) is networks.get(Role.TERM_SCSCF)
    return _judge(call, applies, "no call of a roaming user to his home network")


@CATALOGUE.add(
    "CALL-15",
    "A call of a roaming user to a user of the visited network goes through the caller's S-CSCF at home and comes "
    "back: there is no shortcut in the visited network.",
    source=TS23228,
    node=Role.ORIG_PCSCF,
    points=POINTS,
    condition="a federation declares the nodes; the caller's P-CSCF is that of the callee's home network, not his own",
    kinds=CALL,
)
def to_the_same_network(call: Call) -> Finding:
    """3GPP TS 23.228 5.6.1 (MO#1) and 5.5.1 (S-S#1)."""
    networks = call.facts.networks
    applies = _is_away(call) and networks.get(Role.ORIG_PCSCF) is networks.get(Role.TERM_SCSCF)
    return _judge(call, applies, "no call of a roaming user to a user of the network that he visits")


@CATALOGUE.add(
    "CALL-16",
    "A call of a roaming user to a user of a third network goes by the visited P-CSCF to his S-CSCF at home, and from "
    "there to the I-CSCF of the third network.",
    source=TS23228,
    node=Role.ORIG_SCSCF,
    points=POINTS,
    condition="a federation declares the nodes; the caller's P-CSCF, his home and the callee's home are three networks",
    kinds=CALL,
)
def to_a_third_network(call: Call) -> Finding:
    """3GPP TS 23.228 5.6.1 (MO#1) and 5.5.1 (S-S#1)."""
    networks = call.facts.networks
    callee = networks.get(Role.TERM_SCSCF)
    others = (networks.get(Role.ORIG_PCSCF), networks.get(Role.ORIG_SCSCF))
    applies = _is_away(call) and all(callee is not other for other in others)
    return _judge(call, applies, "no call of a roaming user to a user of a third network")


@CATALOGUE.add(
    "CALL-17",
    "A call by the P-CSCF of the caller's home network begins there and goes to his S-CSCF; CSCFs of other networks "
    "than caller's and callee's see nothing of it.",
    source=TS23228,
    node=Role.ORIG_PCSCF,
    points=POINTS,
    condition="a federation declares the nodes; the caller's P-CSCF is that of his home network (he is at home, or "
    "uses the home access point)",
    kinds=CALL,
)
def by_the_home_network(call: Call) -> Finding:
    """3GPP TS 23.228 5.6.2 (MO#2): the visited network carries packets and has no part in IMS."""
    return _judge(call, not _is_away(call), "the caller's P-CSCF is a visited one")
