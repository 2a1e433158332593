"""Access points and entry of a registration: whose address, whose P-CSCF, whose network it goes to (3GPP TS 23.228)."""

from __future__ import annotations

from conformance.criteria.model import Catalogue, Citation, Finding, failed, inconclusive, not_applicable, passed
from conformance.criteria.procedure import Facts, in_pool
from conformance.criteria.registration import Registration
from conformance.criteria.rfc3261 import NO_REGISTER, from_terminal
from conformance.criteria.values import (
    addresses,
    cite_address,
    cite_header,
    cite_request_uri,
    clip,
    in_domain,
    is_numeric,
)
from conformance.trace.model import SipMessage
from conformance.vocabulary.federation import NodeKind, Testbed
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role

CATALOGUE = Catalogue()
TS23228 = ("3GPP TS 23.228", None)
NO_FEDERATION = "no federation says which addresses and nodes are whose"
CSCFS = frozenset({NodeKind.PCSCF, NodeKind.ICSCF, NodeKind.SCSCF})


def _cite_source(request: SipMessage) -> Citation:
    """Cite a REGISTER for the addresses of its packet."""
    header = request.sip.first("Contact")
    return cite_request_uri(request) if header is None else cite_header(request, header)


@CATALOGUE.add(
    "DISC-01",
    "The terminal sends its REGISTER to a P-CSCF of the network that gives it its address.",
    source=TS23228,
    node=Role.UE,
    points=(Point.GM,),
    condition="a federation declares the network whose address the terminal has",
)
def entry(registration: Registration) -> Finding:
    """3GPP TS 23.228: P-CSCF and the gateway that gives the address are in the same network."""
    expected = "REGISTER to the P-CSCF of the network of the terminal's address"
    facts = registration.facts
    if not facts.testbeds:
        return not_applicable(expected, NO_FEDERATION)
    requests = from_terminal(registration)
    if not requests:
        return inconclusive(expected, NO_REGISTER)
    citations: list[Citation] = []
    for request in requests:
        network = next((t for t in facts.testbeds if in_pool(request.source.address, t)), None)
        if network is None:
            return not_applicable(expected, f"{request.source.address} is in no pool that the federation declares")
        address = request.destination.address
        cited = _cite_source(request)
        if not facts.node_at(address, network) & {NodeKind.PCSCF, NodeKind.ADAPTER}:
            owner = facts.network_of(address)
            if owner is None:
                return not_applicable(expected, f"{address} is no node that the federation declares")
            return failed(f"to the P-CSCF of {network.domain}", f"to {address}, of {owner.domain}", cited)
        citations.append(cited)
    return passed(expected, f"{requests[0].source.address} to {requests[0].destination.address}", *citations)


def _address_and_path(registration: Registration, network: Testbed, expected: str) -> Finding | list[Citation]:
    """Compare the terminal's address and the host in Path with the network of the access point."""
    citations: list[Citation] = []
    for attempt in registration.attempts:
        request = None if attempt.gm is None else attempt.gm.request
        if request is not None:
            cited = _cite_source(request)
            if not in_pool(request.source.address, network):
                return failed(expected, f"the terminal has {request.source.address}", cited, node=Role.UE)
            citations.append(cited)
        behind = None if attempt.from_pcscf is None else attempt.from_pcscf.request
        path = None if behind is None else next(iter(addresses(behind, "Path")), None)
        if behind is None or path is None or path.uri is None:
            continue
        host = path.uri.host
        cited = cite_address(behind, "Path", path)
        if is_numeric(host):
            inside = bool(registration.facts.node_at(host.strip("[]"), network))
        else:
            inside = in_domain(host, network.domain)
        if not inside:
            return failed(expected, f"Path names {clip(host, 60)}", cited, node=registration.pcscf)
        citations.append(cited)
    return citations


@CATALOGUE.add(
    "DISC-02",
    "With the visited access point, the terminal's address and the P-CSCF in Path are those of the visited network.",
    source=TS23228,
    node=Role.VISITED_PCSCF,
    points=(Point.GM, Point.MW),
    condition="the P-CSCF lies in a visited network that a federation declares",
)
def visited_access_point(registration: Registration) -> Finding:
    """3GPP TS 23.228: the terminal takes address and P-CSCF from the visited network."""
    expected = "address of the visited pool, Path in the visited domain"
    if registration.pcscf is not Role.VISITED_PCSCF:
        return not_applicable(expected, "the P-CSCF is that of the home network")
    network = registration.facts.entry_network
    if network is None:
        return not_applicable(expected, NO_FEDERATION)
    found = _address_and_path(registration, network, expected)
    if isinstance(found, Finding):
        return found
    if not found:
        return inconclusive(expected, NO_REGISTER)
    return passed(expected, f"both of {network.domain}", *found)


@CATALOGUE.add(
    "DISC-03",
    "With the home access point, the terminal's address and the P-CSCF in Path are those of the home network, and no "
    "CSCF of another network sees the registration.",
    source=TS23228,
    node=Role.HOME_PCSCF,
    points=(Point.ACCESS, Point.GM),
    condition="the REGISTER comes through GTP-U, and a federation says which nodes are whose",
)
def home_access_point(registration: Registration) -> Finding:
    """3GPP TS 23.228: the visited network carries packets and has no part in IMS."""
    expected = "address of the home pool, Path in the home domain, nothing at CSCFs of other networks"
    if not registration.tunnelled:
        return not_applicable(expected, "the REGISTER came through no GTP-U tunnel")
    home = registration.facts.home_network
    if home is None:
        return not_applicable(expected, NO_FEDERATION)
    citations: list[Citation] = []
    for message in _sip(registration):
        for endpoint in (message.source, message.destination):
            other = _foreign_cscf(registration.facts, endpoint.address, home)
            if other is not None:
                header = message.sip.first("Call-ID")
                cited = [] if header is None else [cite_header(message, header)]
                sender = _sender(registration, message)
                return failed(expected, f"SIP at {endpoint.address}, a CSCF of {other.domain}", *cited, node=sender)
    found = _address_and_path(registration, home, expected)
    if isinstance(found, Finding):
        return found
    if not found:
        return inconclusive(expected, NO_REGISTER)
    citations += found
    return passed(expected, f"all of {home.domain}", *citations)


def _sip(registration: Registration) -> list[SipMessage]:
    seen = [message for message in registration.messages if isinstance(message, SipMessage)]
    return [*seen, *registration.apart]


def _sender(registration: Registration, message: SipMessage) -> Role:
    """Return who sent a message that a CSCF of another network has: a node of the registration, or that CSCF."""
    for role, endpoints in registration.roles.items():
        if any(endpoint.address == message.source.address for endpoint in endpoints):
            return role
    return Role.VISITED_PCSCF


def _foreign_cscf(facts: Facts, address: str, home: Testbed) -> Testbed | None:
    for testbed in facts.testbeds:
        if testbed.domain != home.domain and facts.node_at(address, testbed) & CSCFS:
            return testbed
    return None
