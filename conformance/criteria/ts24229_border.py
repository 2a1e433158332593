"""What 3GPP TS 24.229 and 29.165 ask of what passes from one network to another: REGISTERs and calls alike."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise

from conformance.criteria.border import PARAMETER
from conformance.criteria.call import Call
from conformance.criteria.model import (
    REGISTERS,
    Catalogue,
    Citation,
    Finding,
    failed,
    not_applicable,
    passed,
)
from conformance.criteria.procedure import Kind, Procedure
from conformance.criteria.registration import Hop, Registration
from conformance.criteria.values import (
    addresses,
    cite_address,
    cite_header,
    cite_missing,
    cite_request_uri,
    cite_status,
    cite_value,
    clip,
    in_domain,
    same_host,
    same_uri,
)
from conformance.trace.model import Message, SipMessage
from conformance.trace.sip_values import parse_via
from conformance.vocabulary.federation import NodeKind, Testbed
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Level, Severity

CATALOGUE = Catalogue()
KINDS = (*REGISTERS, Kind.CALL)
ROUTES = ("Record-Route", "Route", "Path", "Service-Route")
FUNCTION_ADDRESSES = "P-Charging-Function-Addresses"
NOTHING_CROSSES = "nothing between nodes of two networks that a federation declares was captured"
_MOST_CITED = 8


@cache
def supported(what: str) -> frozenset[str]:
    """Return the methods, or the header fields in lower case, that pass between networks.

    Args:
        what: `methods` or `headers`.
    """
    table = tomllib.loads(files("conformance.criteria").joinpath("interconnect.toml").read_text(encoding="utf-8"))
    names = (name for some in table[what].values() for name in some)
    return frozenset(name if what == "methods" else name.lower() for name in names)


def _crossing(procedure: Procedure) -> Iterator[tuple[SipMessage, Testbed, Testbed]]:
    """Yield each SIP message between nodes of two networks, with the network that it leaves and that it enters."""
    networks: dict[str, Testbed | None] = {}
    for message in procedure.messages:
        if not isinstance(message, SipMessage) or message.truncated:
            continue
        for end in (message.source, message.destination):
            if end.address not in networks:
                networks[end.address] = _network_with_node(procedure, end.address)
        left, entered = networks[message.source.address], networks[message.destination.address]
        if left is not None and entered is not None and left is not entered:
            yield message, left, entered


def _network_with_node(procedure: Procedure, address: str) -> Testbed | None:
    """Return the network that has a node at an address."""
    network = procedure.facts.network_of(address)
    return network if network is not None and procedure.facts.node_at(address, network) else None


def _sender(procedure: Procedure, message: Message) -> Role | None:
    """Return who sent a message, where its address plays one role."""
    roles = [role for role, ends in procedure.roles.items() if any(e.address == message.source.address for e in ends)]
    return roles[0] if len(roles) == 1 else None


def _where(message: SipMessage) -> Citation:
    return cite_request_uri(message) if message.sip.is_request else cite_status(message)


def _hidden(network: Testbed) -> frozenset[str]:
    """Return names and addresses of the nodes of a network that nobody else is to see."""
    border = {str(node.address) for kind, node in network.nodes.items() if kind is NodeKind.IBCF}
    kinds = [kind for kind in network.nodes if str(network.node(kind).address) not in border]
    return frozenset(
        {network.fqdn(kind).lower() for kind in kinds} | {str(network.node(kind).address) for kind in kinds}
    )


def _shown(message: SipMessage, hosts: frozenset[str]) -> tuple[str, Citation] | None:
    """Return an entry of Via or a route that names one of those hosts, and where it stands."""
    for value in message.sip.values("Via"):
        via = parse_via(value)
        if via is not None and PARAMETER not in via.params and any(same_host(via.host, host) for host in hosts):
            return f"Via: {clip(value.text, 80)}", cite_value(message, "Via", value)
    for name in ROUTES:
        for one in addresses(message, name):
            plain = one.uri is not None and PARAMETER not in one.uri.params
            if plain and one.uri is not None and any(same_host(one.uri.host, host) for host in hosts):
                return f"{name}: {clip(one.name_addr.uri, 80)}", cite_address(message, name, one)
    return None


def _made_by(message: SipMessage) -> Iterator[tuple[str, str, Citation]]:
    """Yield who made each token, with the header and where it stands."""
    for value in message.sip.values("Via"):
        via = parse_via(value)
        if via is not None and PARAMETER in via.params:
            yield "Via", via.params[PARAMETER] or "", cite_value(message, "Via", value)
    for name in ROUTES:
        for one in addresses(message, name):
            if one.uri is not None and PARAMETER in one.uri.params:
                yield name, one.uri.params[PARAMETER] or "", cite_address(message, name, one)


@CATALOGUE.add(
    "CALL-35",
    "A network that hides its topology shows others tokens with tokenized-by instead of its nodes in Via, "
    "Record-Route, Route, Path and Service-Route, and leaves the entries of others as they are.",
    source=("3GPP TS 24.229", "5.10.4"),
    node=Role.IBCF,
    points=(Point.IC,),
    condition="a network of the federation declares topology-hiding, and a message leaves it for another network",
    kinds=KINDS,
)
def hides(procedure: Registration | Call) -> Finding:
    """3GPP TS 24.229 5.10.4 (up to release 6 an I-CSCF does it): the IBCF itself may be known to others."""
    expected = "tokens instead of own nodes, foreign entries as received"
    citations: list[Citation] = []
    declared = [network for network in procedure.facts.testbeds if network.features.hides_topology]
    if not declared:
        return not_applicable(expected, "no network declares topology-hiding")
    for message, network, _ in _crossing(procedure):
        if network not in declared:
            continue
        shown = _shown(message, _hidden(network))
        if shown is not None:
            return failed(expected, shown[0], shown[1], node=_sender(procedure, message))
        for name, maker, cited in _made_by(message):
            if not any(in_domain(maker, one.domain) for one in procedure.facts.testbeds):
                found = f"{name}: {PARAMETER}={clip(maker, 60) or 'nothing'}"
                return failed(f"{PARAMETER}=<domain of the network>", found, cited, node=_sender(procedure, message))
            citations.append(cited)
        citations.append(_where(message))
    for got, sent, network in _passages(procedure, declared):
        changed = _changed(got, sent, network)
        if changed is not None:
            return failed(expected, *changed, node=Role.IBCF)
    if not citations:
        return not_applicable(expected, "nothing leaves a network that hides its topology")
    return passed(expected, "no own node is shown", *citations[:_MOST_CITED])


def _passages(
    procedure: Registration | Call, networks: Sequence[Testbed]
) -> Iterator[tuple[SipMessage, SipMessage, Testbed]]:
    """Yield each request as a border got it and as it sent it on to another network."""
    for hops in _ways(procedure):
        for hop, following in pairwise(hops):
            got, sent = hop.request, following.request
            if hop.receiver is not Role.IBCF or following.sender is not Role.IBCF or got is None or sent is None:
                continue
            network = procedure.facts.network_of(sent.source.address)
            leaves = network is not procedure.facts.network_of(sent.destination.address)
            if network in networks and network is not None and leaves and not (got.truncated or sent.truncated):
                yield got, sent, network


def _ways(procedure: Registration | Call) -> Iterator[Sequence[Hop]]:
    if isinstance(procedure, Call):
        yield from (one.hops for one in procedure.requests)
    else:
        yield from (attempt.hops for attempt in procedure.attempts)


def _changed(got: SipMessage, sent: SipMessage, network: Testbed) -> tuple[str, Citation, Citation] | None:
    """Return what became of an entry of another network that is not there any more, in Record-Route or Path."""
    own = _hidden(network)
    for name in ("Record-Route", "Path"):
        left = [one.name_addr.uri for one in addresses(sent, name)]
        for one in addresses(got, name):
            foreign = one.uri is not None and not any(same_host(one.uri.host, host) for host in own)
            if foreign and not any(same_uri(one.name_addr.uri, uri) for uri in left):
                header = sent.sip.first(name)
                place = cite_missing(sent, name) if header is None else cite_header(sent, header)
                return f"{name} {clip(one.name_addr.uri, 80)} is gone", place, cite_address(got, name, one)
    return None


@CATALOGUE.add(
    "CALL-36",
    "P-Charging-Function-Addresses stays within its network.",
    source=("3GPP TS 24.229", None),
    node=Role.IBCF,
    points=(Point.IC,),
    severity=Severity.DEGRADED,
    condition="a federation says which nodes are whose, and SIP between two networks was captured",
    kinds=KINDS,
)
def charging_functions(procedure: Registration | Call) -> Finding:
    """3GPP TS 24.229 (IBCF as exit and entry point; S-CSCF where there is none); RFC 7315: within one network."""
    expected = f"no {FUNCTION_ADDRESSES} between networks"
    citations: list[Citation] = []
    for message, _, _ in _crossing(procedure):
        header = message.sip.first(FUNCTION_ADDRESSES)
        if header is not None:
            found = f"{FUNCTION_ADDRESSES}: {clip(header.value, 80)}"
            return failed(expected, found, cite_header(message, header), node=_sender(procedure, message))
        citations.append(cite_missing(message, FUNCTION_ADDRESSES))
    if not citations:
        return not_applicable(expected, NOTHING_CROSSES)
    return passed(expected, expected, *citations[:_MOST_CITED])


@CATALOGUE.add(
    "CALL-37",
    "Methods between networks are of the set that the interconnection supports; header fields beyond it are told.",
    source=("3GPP TS 29.165", None),
    node=Role.IBCF,
    points=(Point.IC,),
    level=Level.INFORMATION,
    severity=Severity.COSMETIC,
    condition="a federation says which nodes are whose, and SIP between two networks was captured",
    kinds=KINDS,
)
def interconnection(procedure: Registration | Call) -> Finding:
    """3GPP TS 29.165, informative; a header field that nobody knows is allowed in SIP (RFC 3261 8.2.2)."""
    expected = "methods of the RFCs that 3GPP TS 29.165 builds on"
    citations: list[Citation] = []
    others: dict[str, None] = {}
    for message, _, _ in _crossing(procedure):
        method = message.sip.method if message.sip.is_request else message.sip.cseq_method
        if method and method not in supported("methods"):
            return failed(expected, clip(method, 40), _where(message), node=_sender(procedure, message))
        unknown = (header.name for header in message.sip.headers if header.name.lower() not in supported("headers"))
        others.update(dict.fromkeys(unknown))
        citations.append(_where(message))
    if not citations:
        return not_applicable(expected, NOTHING_CROSSES)
    besides = f"; header fields beyond the set: {clip(', '.join(others), 100)}" if others else ""
    return passed(expected, f"all of them{besides}", *citations[:_MOST_CITED])
