"""Symmetric response routing (RFC 3581): who asks for rport is told address and port that his request came from."""

from __future__ import annotations

from conformance.criteria.model import Catalogue, Citation, Finding, failed, not_applicable, passed, unreached
from conformance.criteria.registration import Registration
from conformance.criteria.rfc3261_transport import NOBODY_SHOWS, SIGNALLING
from conformance.criteria.values import cite_value, clip
from conformance.criteria.via import ReceivedVia, received_vias
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Severity

CATALOGUE = Catalogue()


@CATALOGUE.add(
    "VPN-04",
    "Where the Via of a REGISTER asks for rport, the receiver fills in the source port, and adds received.",
    source=("RFC 3581", "4"),
    node=Role.HOME_PCSCF,
    points=SIGNALLING,
    severity=Severity.DEGRADED,
    condition="a REGISTER comes over UDP with rport without a value",
)
def rport(registration: Registration) -> Finding:
    """RFC 3581 4: rport without a value gets the source port, and received is added even if sent-by is the same.

    A terminal behind an address translator gets no answer otherwise; the partners ask it of each other.
    """
    expected = "rport=source port, received=source address"
    cited: list[Citation] = []
    found = ""
    vias = received_vias(registration)
    for one in vias:
        if one.request.source.transport != "udp" or "rport" not in one.sent.params or one.sent.params["rport"]:
            continue
        message, value = one.place
        place = cite_value(message, "Via", value)
        port, address = one.noted.params.get("rport"), one.noted.params.get("received")
        found = f"rport={clip(port or '', 20)}" if port else "rport without a value"
        found += f", received={clip(address, 60)}" if address else ", no received"
        if not port or not address or not _is_right(one, address, port, registration):
            return failed(expected, found, place, node=one.hop.receiver)
        cited.append(place)
    if cited:
        return passed(expected, found, *cited)
    if vias:
        return not_applicable(expected, "no REGISTER over UDP asks for rport")
    return unreached(expected, NOBODY_SHOWS)


def _is_right(one: ReceivedVia, address: str, port: str, registration: Registration) -> bool:
    """Tell whether address and port are those of the packet, as far as the place of the capture shows them.

    Behind it an address translator may be, but not within what the partners agreed on.
    """
    if not (port.isascii() and port.isdigit() and len(port) <= 5):
        return False
    if one.came_from(address, int(port)):
        return True
    facts = registration.facts
    return not (facts.is_agreed(one.source) and facts.is_agreed(one.request.destination.address))
