"""What 3GPP TS 24.229 and RFC 3327 ask of the 200 to a REGISTER: Service-Route, P-Associated-URI, Path."""

from __future__ import annotations

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
from conformance.criteria.procedure import Kind
from conformance.criteria.registration import ONLY_ASKS, Attempt, Hop, Registration
from conformance.criteria.ts24229_ue import TS24229
from conformance.criteria.values import (
    Address,
    address,
    addresses,
    avp,
    cite_address,
    cite_avp,
    cite_header,
    cite_missing,
    cite_value,
    clip,
    in_domain,
    is_numeric,
    option_tags,
    same_identity,
    same_uri,
    text,
)
from conformance.trace.model import SipMessage
from conformance.trace.sip_values import parse_uri
from conformance.vocabulary.numbers import Avp
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Severity

CATALOGUE = Catalogue()
SEEN_AT = (Point.GM, Point.MW, Point.IC)
NOT_REACHED = "no 200 was seen: the registration did not get that far"


def _answers(attempt: Attempt) -> list[tuple[Hop, SipMessage]]:
    """Return the final responses of an attempt on their way, that of the S-CSCF first."""
    return [(hop, hop.response) for hop in reversed(attempt.hops) if hop.response is not None]


def _on_the_way(attempt: Attempt, name: str, expected: str) -> Finding | list[Citation]:
    """Follow a header of the 200 from the S-CSCF to the terminal.

    Returns:
        Where it is, hop by hop; or the finding that says which node left it out.
    """
    citations: list[Citation] = []
    for hop, response in _answers(attempt):
        headers = response.sip.all(name)
        if not headers:
            cited = cite_missing(response, name)
            if citations:
                return failed(expected, f"{name} was lost on the way", citations[-1], cited, node=hop.receiver)
            return failed(expected, f"no {name}", cited)
        citations += [cite_header(response, header) for header in headers]
    return citations


@CATALOGUE.add(
    "REG-38",
    "The 200 gives the terminal a Service-Route of loose SIP routes.",
    source=(TS24229, "5.4.1.2.2F"),
    node=Role.HOME_SCSCF,
    points=SEEN_AT,
    since=5,
    kinds=(Kind.REGISTRATION, Kind.REREGISTRATION),
)
def service_route(registration: Registration) -> Finding:
    """3GPP TS 24.229 5.4.1.2.2F (before Rel-8 in 5.4.1.2.2), RFC 3608."""
    expected = "Service-Route: <sip:S-CSCF;lr>"
    accepted = registration.accepted
    if accepted is None:
        return unreached(expected, NOT_REACHED)
    if accepted.only_asks:
        return not_applicable(expected, ONLY_ASKS)
    way = _on_the_way(accepted, "Service-Route", expected)
    if isinstance(way, Finding):
        return way
    _, response = _answers(accepted)[-1]
    for value in response.sip.values("Service-Route"):
        found = next((a for a in addresses(response, "Service-Route") if a.value.span == value.span), None)
        if found is None or not _is_loose(found):
            cited = cite_value(response, "Service-Route", value)
            return failed("a SIP URI with lr", clip(value.text), cited)
    shown = ", ".join(clip(value.text, 60) for value in response.sip.values("Service-Route"))
    return passed(expected, shown, *way)


def _is_loose(found: Address) -> bool:
    return found.uri is not None and found.uri.scheme in ("sip", "sips") and "lr" in found.uri.params


@CATALOGUE.add(
    "REG-39",
    "The 200 names the registered public identities in P-Associated-URI, a default one first.",
    source=(TS24229, "5.4.1.2.2F"),
    node=Role.HOME_SCSCF,
    points=SEEN_AT,
    severity=Severity.DEGRADED,
    kinds=(Kind.REGISTRATION, Kind.REREGISTRATION),
)
def associated_uris(registration: Registration) -> Finding:
    """3GPP TS 24.229 5.4.1.2.2F (before Rel-8 in 5.4.1.2.2), RFC 3455 and RFC 7315."""
    expected = "P-Associated-URI with the identities of the subscription"
    accepted = registration.accepted
    if accepted is None:
        return unreached(expected, NOT_REACHED)
    if accepted.only_asks:
        return not_applicable(expected, ONLY_ASKS)
    way = _on_the_way(accepted, "P-Associated-URI", expected)
    if isinstance(way, Finding):
        return way
    _, response = _answers(accepted)[-1]
    found = [a for a in addresses(response, "P-Associated-URI") if a.uri is not None]
    if not found:
        return failed(expected, "no identity that can be read", *way)
    known = registration.facts.impus
    first = found[0]
    if known and not any(same_identity(first.name_addr.uri, impu) for impu in known):
        cited = cite_address(response, "P-Associated-URI", first)
        return failed("an identity of the subscription first", clip(first.name_addr.uri), cited)
    shown = ", ".join(clip(a.name_addr.uri, 50) for a in found[:4])
    return passed(expected, shown, *way)


@CATALOGUE.add(
    "REG-40",
    "The 200 repeats the Path that the S-CSCF received.",
    source=("RFC 3327", None),
    node=Role.HOME_SCSCF,
    points=(Point.MW, Point.IC),
    severity=Severity.DEGRADED,
    condition="the REGISTER has a Path and the terminal supports path",
    since=5,
    kinds=(Kind.REGISTRATION, Kind.REREGISTRATION),
)
def path_repeated(registration: Registration) -> Finding:
    """RFC 3327: the registrar copies the Path into a successful response to who supports it."""
    expected = "Path of the REGISTER in the 200"
    accepted = registration.accepted
    if accepted is None:
        return unreached(expected, NOT_REACHED)
    # Behind the P-CSCF: nearer to the terminal the REGISTER has no Path yet.
    hop = next((h for h in reversed(accepted.hops) if h.request is not None and h.response is not None), None)
    if hop is None or hop.sender in (Role.UE, Role.ADAPTER) or hop.request is None or hop.response is None:
        return inconclusive(expected, "REGISTER and 200 behind the P-CSCF were not captured together")
    if hop.request.sip.first("Contact") is None and not hop.request.truncated:
        return not_applicable(expected, "the REGISTER has no Contact: it asks what is bound, and binds nothing")
    sent, back = addresses(hop.request, "Path"), addresses(hop.response, "Path")
    if not sent:
        return not_applicable(expected, "the REGISTER has no Path (REG-15)")
    if "path" not in option_tags(hop.request, "Supported"):
        return not_applicable(expected, "the terminal does not say that it supports path (REG-11)")
    cited = [cite_address(hop.request, "Path", found) for found in sent]
    wanted = ", ".join(clip(found.name_addr.uri, 60) for found in sent)
    if not back:
        return failed(f"Path: {wanted}", "no Path", *cited, cite_missing(hop.response, "Path"))
    cited += [cite_address(hop.response, "Path", found) for found in back]
    same = len(sent) == len(back) and all(
        same_uri(a.name_addr.uri, b.name_addr.uri) for a, b in zip(sent, back, strict=True)
    )
    shown = ", ".join(clip(found.name_addr.uri, 60) for found in back)
    return passed(expected, shown, *cited) if same else failed(f"Path: {wanted}", shown, *cited)


@CATALOGUE.add(
    "REG-42",
    "The S-CSCF that serves the terminal lies in its home network.",
    source=("3GPP TS 23.228", None),
    node=Role.HOME_SCSCF,
    points=(Point.GM, Point.MW, Point.CX, Point.IC),
    condition="the 200 has a Service-Route",
    kinds=(Kind.REGISTRATION, Kind.REREGISTRATION),
)
def home_scscf(registration: Registration) -> Finding:
    """3GPP TS 23.228: the S-CSCF is always in the home network."""
    expected = "Service-Route and Server-Name in the home domain"
    accepted = registration.accepted
    if accepted is None:
        return unreached(expected, NOT_REACHED)
    answers = _answers(accepted)
    response = answers[0][1]
    routes = addresses(response, "Service-Route")
    if not routes:
        return not_applicable(expected, "the 200 has no Service-Route (REG-38)")
    hosts = [(a.uri.host, cite_address(response, "Service-Route", a)) for a in routes if a.uri is not None]
    sar = accepted.first("SAR")
    named = None if sar is None else avp(sar.request, Avp.SERVER_NAME)
    if sar is not None and sar.request is not None and named is not None:
        name = text(named) or ""
        uri = parse_uri(name)
        if uri is not None:
            hosts.append((uri.host, cite_avp(sar.request, named, name)))
    home = registration.facts.home or _asked_domain(registration)
    names = [(host, cited) for host, cited in hosts if host and not is_numeric(host)]
    if home is None or not names:
        return inconclusive(expected, "only addresses and no names, or no home domain is known")
    outside = [(host, cited) for host, cited in names if not in_domain(host, home)]
    if not outside:
        return passed(f"in {home}", ", ".join(host for host, _ in names), *(cited for _, cited in names))
    shown = ", ".join(clip(host, 60) for host, _ in outside)
    if registration.facts.home is None:
        # Without a federation nobody says which domains are the home network's.
        return inconclusive(expected, f"{shown} is not in {home}; no federation says whose domain that is")
    return failed(f"in {home}", shown, *(cited for _, cited in outside))


def _asked_domain(registration: Registration) -> str | None:
    for hop in registration.first.hops:
        if hop.request is not None and hop.depth <= 2:
            uri = parse_uri(hop.request.sip.request_uri)
            if uri is not None and uri.host and not is_numeric(uri.host):
                return uri.host
    found = None
    for message in registration.messages:
        if isinstance(message, SipMessage):
            found = address(message, "To")
            break
    return None if found is None or found.uri is None else found.uri.host or None
