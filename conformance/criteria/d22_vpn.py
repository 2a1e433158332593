"""The VPN that joins the partners (D2.2 2.8): what passes between them is in the tunnel, and reaches who is meant.

These are rules of the project and of no standard. The outer interface of a gateway shows the tunnel from outside
(`trace.openvpn`): its handshake, and that data packets flow. What has left the tunnel, or is about to enter it, is seen
at the other points. Which certificate a client presents is not judged: TLS 1.3 encrypts it.
"""

from __future__ import annotations

from dataclasses import replace

from conformance.criteria.model import (
    REGISTERS,
    Catalogue,
    Citation,
    Claim,
    Finding,
    failed,
    inconclusive,
    not_applicable,
    passed,
    unreached,
)
from conformance.criteria.on_the_way import as_sent
from conformance.criteria.procedure import Facts, Kind, Procedure
from conformance.criteria.registration import Hop, Registration, once
from conformance.criteria.rfc3261_transport import SIGNALLING, is_loopback
from conformance.criteria.values import addresses, cite_address, cite_command, cite_header, clip, is_numeric
from conformance.trace.model import (
    DiameterMessage,
    DnsMessage,
    Message,
    Sighting,
    SipMessage,
    VpnPacket,
    VpnStream,
)
from conformance.trace.openvpn import DATA, OPCODES, PORT
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role

CATALOGUE = Catalogue()
D22 = ("D2.2", "2.8")
NO_VPN = "the outer interface of no VPN gateway was captured"
NOTHING_BETWEEN = "nothing passes between two partners"
CLIENT, SERVER, CONTROL = (7, 10), (8,), (4, 5, 11)
"""Opcodes of the handshake."""


@once
def _between(registration: Registration) -> tuple[tuple[Message, Hop | None], ...]:
    """Return the messages that pass between two partners, in time order, each with its hop."""
    found: list[tuple[Message, Hop | None]] = []
    for hop in (hop for attempt in registration.attempts for hop in attempt.hops):
        found += [(message, hop) for message in hop.messages if _passes(registration, message, hop)]
    for lookup in registration.lookups:
        found += [(message, None) for message in lookup.messages if _passes(registration, message, None)]
    return tuple(sorted(found, key=lambda pair: pair[0].time_ns))


def _passes(registration: Registration, message: Message, hop: Hop | None) -> bool:
    facts = registration.facts
    networks = facts.network_of(message.source.address), facts.network_of(message.destination.address)
    if None not in networks:
        if networks[0] != networks[1]:
            return True
        # By the home access point a terminal has an address of its home network, and is not there.
        return any("gtp" in one.encapsulation for one in message.sightings)
    if hop is None or facts.testbeds:
        return False
    return hop.sender is Role.VISITED_PCSCF and hop.receiver not in (None, Role.UE)


def _at(message: Message, sighting: Sighting) -> Citation:
    """Cite a message where it was seen at another place than first."""
    there = replace(message, sightings=(sighting,))
    if isinstance(there, SipMessage):
        header = there.sip.first("Call-ID")
        return Citation(there, "SIP") if header is None else cite_header(there, header)
    if isinstance(there, DiameterMessage):
        return cite_command(there)
    name = there.question_name[:80] if isinstance(there, DnsMessage) else ""
    return Citation(there, "question", 12, None, (Claim("dns.qry.name", (name,)),))


def _sender(registration: Registration, message: Message) -> Role | None:
    for role, endpoints in registration.roles.items():
        if any(endpoint.address == message.source.address for endpoint in endpoints):
            return role
    return None


@CATALOGUE.add(
    "VPN-01",
    "What passes between partners is not seen in clear at the outer interface of a VPN gateway, and has addresses that "
    "the partners agreed on.",
    source=D22,
    node=Role.VISITED_PCSCF,
    points=(Point.VPN,),
    condition="the outer interface was captured, and SIP, Diameter or DNS passes between two partners",
)
def in_the_tunnel(registration: Registration) -> Finding:
    """D2.2 2.8: all IMS traffic between partners runs inside the tunnels. What ESP protects is not in clear."""
    expected = "SIP, Diameter and DNS in the tunnel alone, both addresses in the federation's block"
    if not registration.sees(Point.VPN):
        return not_applicable(expected, NO_VPN)
    for message in (*registration.messages, *registration.apart):
        for sighting in message.sightings:
            if sighting.point is Point.VPN and "esp" not in sighting.encapsulation:
                found = f"{_words(message)} in clear from {sighting.source.address} to {sighting.destination.address}"
                sent = as_sent(registration, message) if isinstance(message, SipMessage) else None
                if sent is not None:
                    found += f", which {sent.source.address} sent: an address translator is in the way"
                node = None if sent is not None else _sender(registration, message)
                return failed(expected, found, _at(message, sighting), node=node, nobody=sent is not None)
    between = _between(registration)
    if not between:
        return not_applicable(expected, NOTHING_BETWEEN)
    facts = registration.facts
    for message, hop in between:
        for end in (message.source, message.destination):
            if facts.is_agreed(end.address) is False:
                found = f"{_words(message)} with the address {end.address}"
                node = hop.sender if hop is not None else _sender(registration, message)
                return failed(expected, found, _at(message, message.sightings[0]), node=node)
    cited = [_at(message, message.sightings[0]) for message, _ in between[:10]]
    return passed(expected, f"{len(between)} messages between partners, none of them in clear", *cited)


def _words(message: Message) -> str:
    if isinstance(message, SipMessage):
        sip = message.sip
        return f"SIP {clip(sip.method, 20) if sip.is_request else sip.status}"
    return "Diameter" if isinstance(message, DiameterMessage) else "DNS"


@CATALOGUE.add(
    "VPN-02",
    "The tunnel is up before SIP passes between partners: client and server reset, control packets, and data behind "
    "them; where it was up before the capture began, data packets flow.",
    source=D22,
    node=Role.VISITED_PCSCF,
    points=(Point.VPN,),
    condition="the outer interface was captured, and SIP passes between two partners",
)
def tunnel_is_up(registration: Registration) -> Finding:
    """D2.2 2.8: OpenVPN manages the connections. The first of several tunnels that is up in time is enough."""
    expected = "P_CONTROL_HARD_RESET_CLIENT, _SERVER, P_CONTROL, P_ACK, then P_DATA, before the first SIP"
    if not registration.sees(Point.VPN):
        return not_applicable(expected, NO_VPN)
    first = next((message for message, _ in _between(registration) if isinstance(message, SipMessage)), None)
    if first is None:
        return not_applicable(expected, NOTHING_BETWEEN)
    findings = [_judge(stream, first, registration, expected) for stream in registration.vpn]
    for verdict in ("PASS", "FAIL", "INCONCLUSIVE"):
        for finding in findings:
            if finding.verdict == verdict:
                return finding
    return inconclusive(expected, "no packet of OpenVPN over UDP was read at the outer interface")


def _judge(stream: VpnStream, first: SipMessage, registration: Registration, expected: str) -> Finding:
    hello, data = stream.earliest(*CLIENT), stream.earliest(*DATA)
    ends = f"{stream.ends[0]} and {stream.ends[1]}"
    if data is not None and data.time_ns <= first.time_ns and (hello is None or data.time_ns < hello.time_ns):
        return passed(expected, f"up before the capture began: data from frame {data.frame}, {ends}", _cite(data))
    steps = [packet for packet in (hello, stream.earliest(*SERVER), stream.earliest(*CONTROL)) if packet is not None]
    late = next((packet for packet in steps if packet.time_ns > first.time_ns), None)
    if late is not None and len(steps) == 3:
        found = f"SIP in frame {first.frame} before {OPCODES[late.opcode]} in frame {late.frame}, {ends}"
        node = _sender(registration, first)
        return failed(expected, found, _at(first, first.sightings[0]), _cite(late), node=node)
    if data is None:
        return inconclusive(expected, f"no data packet was seen, {ends}")
    if not steps:
        if registration.lossless and data.capture == first.capture:
            found = f"up before the capture began: data from frame {data.frame} without a handshake, {ends}"
            return passed(expected, found, _cite(data))
        return inconclusive(expected, f"data packets alone, behind the first SIP, {ends}")
    if len(steps) < 3:
        return inconclusive(expected, f"a part of the handshake alone was seen, {ends}")
    order = [*steps, data]
    if order != sorted(order, key=lambda packet: packet.time_ns):
        names = ", ".join(OPCODES[packet.opcode] for packet in sorted(order, key=lambda packet: packet.time_ns))
        return inconclusive(expected, f"not in the order of one handshake: {names}, {ends}")
    return passed(expected, f"handshake in frames {hello and hello.frame} to {data.frame}, {ends}", *map(_cite, order))


def _cite(packet: VpnPacket) -> Citation:
    ports = {packet.source.port, packet.destination.port}
    claims = (Claim("openvpn.opcode", (f"0x{packet.opcode:02x}",)),) if PORT in ports else ()
    return Citation(packet, OPCODES[packet.opcode], 0, 1, claims)


def _is_among(facts: Facts, message: Message) -> bool:
    """Tell whether a message passes in the network that the federation describes: it says nothing of another one."""
    return bool(facts.is_agreed(message.source.address) or facts.is_agreed(message.destination.address))


HEADERS = ("Contact", "Path", "Record-Route", "Service-Route")


@CATALOGUE.add(
    "VPN-06",
    "Addresses in Contact, Path, Record-Route and Service-Route can be reached by all partners.",
    source=D22,
    node=Role.UE,
    points=SIGNALLING,
    kinds=(*REGISTERS, Kind.SUBSCRIPTION),
)
def routable(procedure: Procedure) -> Finding:
    """D2.2 2.8: the VPN does away with addresses that nobody else can reach.

    A federation says which addresses were agreed on: its block, which on one host is one of 127/8. Without one, private
    addresses may be the agreed ones, and an address that leaves no host is wrong alone. Names are a matter of DNS.
    """
    facts = procedure.facts
    expected = (
        f"addresses in {facts.block}" if facts.block is not None else "no address that is valid on one host alone"
    )
    cited: list[Citation] = []
    found: list[str] = []
    sip = [(m, seen) for seen in procedure.transactions() for m in seen.messages if isinstance(m, SipMessage)]
    for message, seen in sorted(sip, key=lambda pair: pair[0].time_ns):
        for name in HEADERS:
            for one in addresses(message, name):
                host = "" if one.uri is None else one.uri.host.strip("[]")
                if not is_numeric(host):
                    continue
                agreed = facts.is_agreed(host) if _is_among(facts, message) else None
                if agreed is False or (
                    agreed is None and is_loopback(host) and not is_loopback(message.source.address)
                ):
                    node = seen.source if message.sip.is_request else seen.destination
                    return failed(expected, f"{name}: {clip(host, 60)}", cite_address(message, name, one), node=node)
                cited.append(cite_address(message, name, one))
                found.append(host)
    if not sip:
        return unreached(expected, "no message was captured")
    if not found:
        return not_applicable(expected, "no address stands in these headers, names alone")
    return passed(expected, ", ".join(dict.fromkeys(clip(host, 60) for host in found[:20])), *cited[:20])
