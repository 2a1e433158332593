"""What RFC 3261 asks of the transport: a receiver notes where a request came from, a large request goes over TCP."""

from __future__ import annotations

from ipaddress import ip_address

from conformance.criteria.model import (
    REGISTERS,
    Catalogue,
    Citation,
    Claim,
    Finding,
    failed,
    not_applicable,
    passed,
    unreached,
)
from conformance.criteria.procedure import Kind, Procedure
from conformance.criteria.registration import Registration
from conformance.criteria.values import cite_value, clip, same_host
from conformance.criteria.via import received_vias
from conformance.trace.model import SipMessage
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Severity

CATALOGUE = Catalogue()
SIGNALLING = (Point.GM, Point.MW, Point.IC)
LARGEST = 1300
"""Octets of a request over UDP where the path MTU is unknown (RFC 3261 18.1.1)."""
NOBODY_SHOWS = "no REGISTER was seen together with what its receiver made of its Via"


@CATALOGUE.add(
    "VPN-03",
    "The top Via of a REGISTER has the address that it comes from; where it has another one or a name, the receiver "
    "adds received with that address.",
    source=("RFC 3261", "18.2.1"),
    node=Role.HOME_PCSCF,
    points=SIGNALLING,
    severity=Severity.DEGRADED,
)
def received(registration: Registration) -> Finding:
    """RFC 3261 18.2.1: received is added to a sent-by that is a name or not the source address of the packet.

    It is the receiver who is judged. That addresses differ shows an address translator on the way, and is said.
    """
    expected = "sent-by is the source address, or received has it"
    cited: list[Citation] = []
    words: list[str] = []
    facts = registration.facts
    for one in received_vias(registration):
        if one.on_one_host:
            continue
        message, value = one.place
        place = cite_value(message, "Via", value)
        noted = one.noted.params.get("received")
        if noted is None and not same_host(one.sent.host.strip("[]"), one.source):
            found = f"sent-by {clip(one.sent.host, 60)}, source {one.source}, no received"
            return failed(expected, found, place, node=one.hop.receiver)
        if noted is not None and not one.came_from(noted):
            # Behind the place of the capture an address translator may be; not within what the partners agreed on.
            if facts.is_agreed(one.source) and facts.is_agreed(one.request.destination.address):
                found = f"source {one.source}, received={clip(noted, 60)}"
                return failed(expected, found, place, node=one.hop.receiver)
            words.append(f"received={clip(noted, 60)}: an address translator is in the way")
        elif noted is not None and not same_host(one.sent.host.strip("[]"), noted):
            words.append(f"sent-by {clip(one.sent.host, 60)}, received={clip(noted, 60)}")
        cited.append(place)
    if not cited:
        return unreached(expected, NOBODY_SHOWS)
    return passed(expected, "; ".join(dict.fromkeys(words)) or "sent-by is the source address", *cited)


@CATALOGUE.add(
    "VPN-05",
    "A request of more than 1300 octets is not sent over UDP.",
    source=("RFC 3261", "18.1.1"),
    node=Role.HOME_PCSCF,
    points=SIGNALLING,
    severity=Severity.DEGRADED,
    condition="sender and receiver are on two hosts",
    kinds=(*REGISTERS, Kind.SUBSCRIPTION),
)
def size(procedure: Procedure) -> Finding:
    """RFC 3261 18.1.1: within 200 octets of the path MTU, or above 1300, a transport with congestion control is taken.

    Through a tunnel the path MTU is below the 1500 octets of the usual networks, so 1300 holds for all that leaves its
    host; a sender that knows of a wider path cannot be told from outside. Within one host nothing is fragmented.
    """
    expected = f"at most {LARGEST} octets over UDP"
    largest: SipMessage | None = None
    is_seen = False
    for seen in procedure.transactions():
        for message in seen.messages:
            if not isinstance(message, SipMessage) or not message.sip.is_request:
                continue
            is_seen = True
            if message.truncated or _within_one_host(message):
                continue
            if message.source.transport == "udp" and len(message.raw) > LARGEST:
                found = f"{clip(message.sip.method, 20)} of {len(message.raw)} octets over UDP"
                return failed(expected, found, _cite_size(message), node=seen.source)
            if largest is None or len(message.raw) > len(largest.raw):
                largest = message
    if largest is None:
        reason = "all requests stay within one host, or were cut short" if is_seen else "no request was captured"
        return not_applicable(expected, reason) if is_seen else unreached(expected, reason)
    return passed(expected, f"at most {len(largest.raw)} octets", _cite_size(largest))


def _within_one_host(message: SipMessage) -> bool:
    source, destination = message.source.address, message.destination.address
    return source == destination or is_loopback(source)


def is_loopback(address: str) -> bool:
    """Tell whether an address is one that never leaves its host (RFC 1122 3.2.1.3), or none at all."""
    try:
        place = ip_address(address.strip("[]"))
    except ValueError:
        return False
    return place.is_loopback or place.is_unspecified


def _cite_size(message: SipMessage) -> Citation:
    span = message.sip.start_span
    claims = (Claim("udp.length", (str(len(message.raw) + 8),)),) if message.source.transport == "udp" else ()
    return Citation(message, "Request-Line", span.offset, span.length, claims)
