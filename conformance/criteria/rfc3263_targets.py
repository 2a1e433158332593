"""Whether CSCFs send a REGISTER where the DNS answers that they got lead."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.criteria.model import Catalogue, Citation, Finding, failed, not_applicable, passed
from conformance.criteria.registration import Hop, Registration
from conformance.criteria.values import cite_request_uri, clip, is_numeric
from conformance.trace.sip_values import parse_uri
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Severity

CATALOGUE = Catalogue()
_ASKING = (Role.HOME_PCSCF, Role.HOME_ICSCF)


@CATALOGUE.add(
    "DNS-06",
    "The visited P-CSCF asks DNS for the domain of the Request-URI, and sends the REGISTER where the answers lead.",
    source=("3GPP TS 24.229", None),
    node=Role.VISITED_PCSCF,
    points=(Point.DNS,),
    condition="a visited P-CSCF was seen to ask for the domain of the Request-URI",
)
def found_by_dns(registration: Registration) -> Finding:
    """3GPP TS 24.229 and RFC 3263: the home network's entry point is found by its domain name."""
    expected = "REGISTER to an address that DNS gives for the domain of the Request-URI"
    if registration.pcscf is not Role.VISITED_PCSCF:
        return not_applicable(expected, "the P-CSCF is that of the home network")
    why = "the visited P-CSCF asked for no such name, or a Route names the next hop"
    return _each(registration, [attempt.from_pcscf for attempt in registration.attempts], expected, why)


@CATALOGUE.add(
    "DNS-08",
    "A CSCF of the home network sends a REGISTER to an address that DNS gives for its target.",
    source=("RFC 3263", None),
    node=Role.HOME_ICSCF,
    points=(Point.DNS,),
    severity=Severity.DEGRADED,
    condition="a CSCF was seen to ask for the name of its target and got an address, and a federation says which "
    "addresses nodes have",
)
def targets_by_dns(registration: Registration) -> Finding:
    """RFC 3263: the list of addresses that the look-up yields is tried, and nothing else.

    Without a federation an address may be what a translator made of the one that DNS gave.
    """
    expected = "REGISTER to an address that DNS gives for the host of the Request-URI"
    why = "no CSCF asked for such a name and got an address, or a Route names the next hop"
    hops = [hop for attempt in registration.attempts for hop in attempt.hops if hop.sender in _ASKING]
    return _each(registration, [*hops, *registration.third_party], expected, why)


def _each(registration: Registration, hops: Sequence[Hop | None], expected: str, why: str) -> Finding:
    """Compare hops with the answers that their senders got."""
    citations: list[Citation] = []
    shown = ""
    for hop in hops:
        finding = None if hop is None else _by_dns(hop, registration, expected)
        if finding is None:
            continue
        if finding.verdict == "FAIL":
            return finding
        citations += finding.citations
        shown = finding.found
    return passed(expected, shown, *citations) if citations else not_applicable(expected, why)


def _by_dns(hop: Hop, registration: Registration, expected: str) -> Finding | None:
    """Tell whether a REGISTER went where the answers lead; None where they do not say all."""
    if hop.request is None or hop.request.sip.all("Route"):
        return None
    uri = parse_uri(hop.request.sip.request_uri)
    if uri is None or is_numeric(uri.host):
        return None
    host = uri.host.lower().rstrip(".")
    names, given = {host}, set()
    targets: set[str] = set()
    resolved: set[str] = set()
    for lookup in registration.lookups:
        if lookup.asker is not hop.sender or lookup.time_ns > hop.request.time_ns or lookup.response is None:
            continue
        if lookup.name not in names and not any(lookup.name.endswith(f".{name}") for name in names):
            continue
        for record in lookup.response.records:
            names |= {
                record.fields[key].lower().rstrip(".") for key in ("replacement", "target") if key in record.fields
            }
            if record.type in ("A", "AAAA"):
                given.add(record.fields.get("address", ""))
                resolved.add(record.name)
            if record.type == "SRV":
                targets.add(record.fields.get("target", "").lower().rstrip("."))
    address = hop.request.destination.address
    if address in given:
        return passed(expected, f"{uri.host} is at {address}", cite_request_uri(hop.request))
    if not targets and uri.port is not None:
        targets = {host}  # RFC 3263: with a port the host itself is looked up by address
    of_its_kind = any((":" in one) == (":" in address) for one in given)
    if not targets or targets - resolved or not of_its_kind:
        return None  # another target, or one of the other kind, may come out of a cache
    if registration.facts.network_of(address) is None:
        return None
    shown = f"to {address}, DNS gives {', '.join(sorted(given))}"
    return failed(expected, clip(shown), cite_request_uri(hop.request), node=hop.sender)
