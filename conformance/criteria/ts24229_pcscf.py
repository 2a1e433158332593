"""What 3GPP TS 24.229 asks of the P-CSCF in a registration: what it adds to a REGISTER and takes from a 401."""

from __future__ import annotations

from collections.abc import Callable

from conformance.criteria.border import across_borders
from conformance.criteria.features import ipsec_undeclared, offers_ipsec
from conformance.criteria.model import (
    Catalogue,
    Citation,
    Finding,
    failed,
    inconclusive,
    not_applicable,
    passed,
    unreached,
)
from conformance.criteria.registration import Attempt, Hop, Registration
from conformance.criteria.scheme import uses_aka
from conformance.criteria.ts24229_ue import TS24229
from conformance.criteria.values import (
    addresses,
    authorization,
    challenge,
    cite_address,
    cite_header,
    cite_missing,
    cite_request_uri,
    cite_value,
    clip,
    digests,
    option_tags,
)
from conformance.trace.model import SipMessage
from conformance.trace.sip_values import parse_parameters, parse_uri
from conformance.vocabulary.federation import NodeKind
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Severity

CATALOGUE = Catalogue()
MW = (Point.MW, Point.IC)
NO_FORWARDED = "no REGISTER behind the P-CSCF was captured"

_Check = Callable[[Attempt, Hop, SipMessage], Finding]


def _each_forwarded(registration: Registration, expected: str, check: _Check) -> Finding:
    """Apply a check to every REGISTER that left the P-CSCF; the first that is not true decides."""
    citations: list[Citation] = []
    found = ""
    node = None
    for attempt in registration.attempts:
        hop = attempt.from_pcscf
        if hop is None or hop.request is None:
            continue
        finding = check(attempt, hop, hop.request)
        if finding.verdict != "PASS":
            return Finding(finding.verdict, finding.expected, finding.found, finding.citations, node=hop.sender)
        citations += finding.citations
        found, node = finding.found, hop.sender
    if not citations:
        return unreached(expected, NO_FORWARDED)
    return passed(expected, found, *citations, node=node)


@CATALOGUE.add(
    "REG-15",
    "The P-CSCF puts a SIP URI of its own with lr on top of the Path of a REGISTER.",
    source=(TS24229, "5.2.2.1"),
    node=Role.HOME_PCSCF,
    points=MW,
    since=5,
)
def path(registration: Registration) -> Finding:
    """3GPP TS 24.229 5.2.2.1 (before Rel-8 in 5.2.2), RFC 3327; Path values are loose routes."""
    expected = "Path: <sip:P-CSCF;lr> on top"

    def check(attempt: Attempt, hop: Hop, request: SipMessage) -> Finding:
        values = request.sip.values("Path")
        found = addresses(request, "Path")
        if not values:
            return failed(expected, "no Path", cite_missing(request, "Path"))
        received = None if attempt.to_pcscf is None else attempt.to_pcscf.request
        if received is not None and len(values) <= len(received.sip.values("Path")):
            return failed(expected, "no entry was added", cite_value(request, "Path", values[0]))
        if not found or found[0].value.span != values[0].span or found[0].uri is None:
            shown = clip(values[0].text)
            return failed(expected, f"{shown} cannot be read", cite_value(request, "Path", values[0]))
        top = found[0]
        cited = cite_address(request, "Path", top)
        if top.uri is None or top.uri.scheme not in ("sip", "sips") or "lr" not in top.uri.params:
            return failed(expected, clip(top.value.text), cited)
        return passed(expected, clip(top.value.text), cited)

    return _each_forwarded(registration, expected, check)


@CATALOGUE.add(
    "REG-16",
    "The P-CSCF requires path of the nodes behind it.",
    source=(TS24229, "5.2.2.1"),
    node=Role.HOME_PCSCF,
    points=MW,
    severity=Severity.DEGRADED,
    since=5,
)
def require_path(registration: Registration) -> Finding:
    """3GPP TS 24.229 5.2.2.1 (before Rel-8 in 5.2.2): Require with the option tag path."""
    expected = "Require: path"

    def check(_attempt: Attempt, _hop: Hop, request: SipMessage) -> Finding:
        headers = request.sip.all("Require")
        cited = [cite_header(request, header) for header in headers]
        tags = option_tags(request, "Require")
        if "path" in tags:
            return passed(expected, expected, *cited)
        found = f"Require: {clip(', '.join(sorted(tags)))}" if headers else "no Require"
        return failed(expected, found, *(cited or [cite_missing(request, "Require")]))

    return _each_forwarded(registration, expected, check)


@CATALOGUE.add(
    "REG-17",
    "The P-CSCF names its network in P-Visited-Network-ID.",
    source=(TS24229, "5.2.2.1"),
    node=Role.HOME_PCSCF,
    points=MW,
)
def visited_network(registration: Registration) -> Finding:
    """3GPP TS 24.229 5.2.2.1 (before Rel-8 in 5.2.2); a token or a quoted string (RFC 3455, RFC 7315)."""
    agreed = registration.facts.visited_network_id
    expected = f"P-Visited-Network-ID: {agreed or 'identifier of the network of the P-CSCF'}"

    def check(_attempt: Attempt, _hop: Hop, request: SipMessage) -> Finding:
        values = request.sip.values("P-Visited-Network-ID")
        if not values:
            return failed(expected, "no P-Visited-Network-ID", cite_missing(request, "P-Visited-Network-ID"))
        cited = [cite_value(request, "P-Visited-Network-ID", value) for value in values]
        names = [network_id(value.text) for value in values]
        if not any(names) or (agreed is not None and agreed.lower() not in (n.lower() for n in names)):
            return failed(expected, clip(", ".join(names)) or "an empty value", *cited)
        return passed(expected, clip(", ".join(names)), *cited)

    return _each_forwarded(registration, expected, check)


def network_id(text: str) -> str:
    """Return the network identifier of one P-Visited-Network-ID value, without quotes and parameters."""
    text = text.strip()
    if text.startswith('"'):
        return text[1:].partition('"')[0]
    return text.partition(";")[0].strip()


@CATALOGUE.add(
    "REG-18",
    "The P-CSCF gives the registration a charging identifier (icid-value).",
    source=(TS24229, "5.2.2.1"),
    node=Role.HOME_PCSCF,
    points=MW,
    severity=Severity.DEGRADED,
)
def charging_vector(registration: Registration) -> Finding:
    """3GPP TS 24.229 5.2.2.1 (before Rel-8 in 5.2.2); RFC 3455 and RFC 7315."""
    expected = "P-Charging-Vector with icid-value"

    def check(_attempt: Attempt, _hop: Hop, request: SipMessage) -> Finding:
        name = "P-Charging-Vector"
        values = request.sip.values(name)
        if not values:
            return failed(expected, "no P-Charging-Vector", cite_missing(request, name))
        for value in values:
            word, params = parse_parameters(value)
            icid = (params.get("icid-value") or "").strip('"')
            if icid and not word:
                return passed(expected, f"icid-value={clip(icid, 60)}", cite_value(request, name, value))
        cited = [cite_value(request, name, value) for value in values]
        return failed(expected, clip(", ".join(value.text for value in values)), *cited)

    return _each_forwarded(registration, expected, check)


@CATALOGUE.add(
    "REG-19",
    "The P-CSCF marks in the credentials whether the REGISTER came over a security association.",
    source=(TS24229, "5.2.2.2"),
    node=Role.HOME_PCSCF,
    points=MW,
    condition="the terminal offers a security association (Security-Client)",
)
def integrity_protected(registration: Registration) -> Finding:
    """3GPP TS 24.229 5.2.2.2 (before Rel-8 in 5.2.2) and 5.4.1.1: integrity-protected "no", then "yes"."""
    expected = 'integrity-protected="no" in the first REGISTER, "yes" over the security association'
    if not offers_ipsec(registration):
        return not_applicable(expected, ipsec_undeclared(registration))

    def check(attempt: Attempt, _hop: Hop, request: SipMessage) -> Finding:
        digest = authorization(request)
        if digest is None:
            return failed(expected, "no credentials", cite_missing(request, "Authorization"))
        shown = digest.value("integrity-protected")
        wanted = _marks(None if attempt.to_pcscf is None else attempt.to_pcscf.request)
        if (shown or "").lower() not in wanted:
            found = "no integrity-protected" if shown is None else f'integrity-protected="{clip(shown)}"'
            right = " or ".join(f'"{mark}"' for mark in wanted)
            return failed(f"integrity-protected={right}", found, *digest.cite("integrity-protected"))
        return passed(expected, f'integrity-protected="{clip(shown or "")}"', *digest.cite("integrity-protected"))

    return _each_forwarded(registration, expected, check)


@CATALOGUE.add(
    "REG-20",
    "The P-CSCF takes the security agreement out of a REGISTER before it forwards it.",
    source=(TS24229, "5.2.2.2"),
    node=Role.HOME_PCSCF,
    points=MW,
    severity=Severity.DEGRADED,
    condition="the terminal offers a security association (Security-Client)",
)
def security_removed(registration: Registration) -> Finding:
    """3GPP TS 24.229 5.2.2.2 (before Rel-8 in 5.2.2), shown in 3GPP TS 24.228 6.2."""
    expected = "no Security-Client, Security-Verify and sec-agree behind the P-CSCF"
    if not offers_ipsec(registration):
        return not_applicable(expected, ipsec_undeclared(registration))

    def check(_attempt: Attempt, _hop: Hop, request: SipMessage) -> Finding:
        for name in ("Security-Client", "Security-Verify"):
            header = request.sip.first(name)
            if header is not None:
                return failed(expected, f"{name} is there", cite_header(request, header))
        for name in ("Require", "Proxy-Require"):
            if "sec-agree" in option_tags(request, name):
                cited = [cite_header(request, header) for header in request.sip.all(name)]
                return failed(expected, f"sec-agree in {name}", *cited)
        return passed(expected, "none of them", cite_missing(request, "Security-Client"))

    return _each_forwarded(registration, expected, check)


@CATALOGUE.add(
    "REG-21",
    "The P-CSCF sends a REGISTER to an I-CSCF of the subscriber's home network.",
    source=(TS24229, None),
    node=Role.HOME_PCSCF,
    points=MW,
    condition="a federation says which nodes are whose",
)
def to_home_network(registration: Registration) -> Finding:
    """3GPP TS 24.229 and 3GPP TS 23.228: the entry point of the home network, found by the Request-URI."""
    home = registration.facts.home_network
    expected = "REGISTER to an I-CSCF of the home network"
    if home is None:
        return not_applicable(expected, "no federation says which nodes are the home network's")
    expected = f"REGISTER to the I-CSCF of {home.domain}"

    def check(attempt: Attempt, hop: Hop, request: SipMessage) -> Finding:
        # The border of a network is where requests leave and enter it: what counts is where they come to.
        group = next((some for some in across_borders(attempt.hops) if hop in some), (hop,))
        request = next((one.request for one in reversed(group) if one.request is not None), request)
        address = request.destination.address
        network = registration.facts.network_of(address)
        cited = cite_request_uri(request)
        if network is None:
            return inconclusive(expected, f"{address} is no node of the federation")
        kinds = registration.facts.node_at(address, network)
        if network.domain == home.domain and kinds & {NodeKind.ICSCF, NodeKind.IBCF}:
            return passed(expected, f"to {address}", cited)
        if _is_led_by_a_port(registration, request):
            return not_applicable(expected, "the Request-URI has a port, which says where the REGISTER goes (REG-02)")
        names = " and ".join(sorted(kind.value for kind in kinds)) or "another host"
        return failed(expected, f"to {address}, {names} of {network.domain}", cited)

    return _each_forwarded(registration, expected, check)


def _is_led_by_a_port(registration: Registration, request: SipMessage) -> bool:
    """Tell whether a REGISTER goes where a port in its Request-URI leads.

    RFC 3263 4.2: a port leaves only the address of the domain, whoever has that, and that port.
    """
    asked = parse_uri(request.sip.request_uri)
    if asked is None or asked.port is None or asked.port != request.destination.port:
        return False
    known = {
        record.fields.get("address")
        for lookup in registration.lookups
        if lookup.response is not None and lookup.type in ("A", "AAAA") and lookup.name == asked.host.lower()
        for record in lookup.response.records
    } - {None}
    return not known or request.destination.address in known


@CATALOGUE.add(
    "REG-30",
    "The P-CSCF keeps the keys ck and ik of the challenge to itself.",
    source=(TS24229, None),
    node=Role.HOME_PCSCF,
    points=(Point.GM,),
    severity=Severity.DEGRADED,
    condition="the network authenticates with AKA",
)
def keys_removed(registration: Registration) -> Finding:
    """3GPP TS 24.229, registration at the P-CSCF: the 401 goes to the terminal without CK and IK."""
    expected = "no ck or ik towards the terminal"
    if uses_aka(registration) is False:
        return not_applicable(expected, "the network does not challenge with AKA")
    citations: list[Citation] = []
    for attempt in registration.attempts:
        gm = attempt.to_pcscf
        if gm is None or challenge(gm.response) is None or gm.response is None:
            continue
        for digest in digests(gm.response, "WWW-Authenticate"):
            leaked = [name for name in ("ck", "ik") if digest.credentials.get(name) is not None]
            if leaked:
                found = ", ".join(f'{name}="{clip(digest.value(name) or "")}"' for name in leaked)
                return failed(expected, found, *digest.cite(*leaked), node=gm.receiver)
            citations += digest.cite("nonce")
    if not citations:
        return unreached(expected, "no 401 towards the terminal was captured")
    return passed(expected, "neither", *citations)


def _marks(request: SipMessage | None) -> tuple[str, ...]:
    """Return the values of integrity-protected that fit how a REGISTER came to the P-CSCF."""
    if request is None:
        return ("no", "yes")
    if any("esp" in sighting.encapsulation for sighting in request.sightings):
        return ("yes",)
    # With Security-Verify it should have come over the association, which a capture behind the P-CSCF's
    # network stack does not show.
    return ("no", "yes") if request.sip.all("Security-Verify") else ("no",)
