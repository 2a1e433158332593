"""What RFC 3261 asks of a registration: request line, Via, Max-Forwards, CSeq, digest uri, bindings."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

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
from conformance.criteria.on_the_way import as_sent
from conformance.criteria.procedure import Kind
from conformance.criteria.registration import Attempt, Hop, Registration, once
from conformance.criteria.values import (
    Address,
    addresses,
    asked_expiry,
    authorization,
    cite_address,
    cite_header,
    cite_missing,
    cite_request_uri,
    cite_value,
    clip,
    same_contact,
    same_host,
    same_uri,
    seconds,
)
from conformance.trace.model import SipMessage
from conformance.trace.sip import Value
from conformance.trace.sip_values import parse_uri, parse_via
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Severity

CATALOGUE = Catalogue()
MAGIC_COOKIE = "z9hg4bk"
PCSCFS = (Role.HOME_PCSCF, Role.VISITED_PCSCF)
NO_REGISTER = "no REGISTER of the terminal was captured"


@once
def from_terminal(registration: Registration) -> Sequence[SipMessage]:
    """Return the REGISTER requests as the terminal sent them, one an attempt."""
    return [a.gm.request for a in registration.attempts if a.gm is not None and a.gm.request is not None]


@CATALOGUE.add(
    "REG-01",
    "The Request-URI of a REGISTER names the home network's domain and has no user part.",
    source=("RFC 3261", "10.2"),
    node=Role.UE,
    points=(Point.GM,),
)
def request_uri(registration: Registration) -> Finding:
    """RFC 3261 10.2: userinfo and "@" must not be present; the URI names the domain of the registrar."""
    home = registration.facts.home
    expected = f"sip:{home or 'home domain'}, no user part"
    requests = from_terminal(registration)
    if not requests:
        return inconclusive(expected, NO_REGISTER)
    for request in requests:
        uri = parse_uri(request.sip.request_uri)
        shown = clip(request.sip.request_uri)
        if uri is None or uri.scheme not in ("sip", "sips"):
            return failed(expected, f"{shown!r} is no SIP URI", cite_request_uri(request))
        if uri.user or "@" in request.sip.request_uri:
            return failed(expected, f"{shown} has a user part", cite_request_uri(request))
        if home is not None and not same_host(uri.host, home):
            return failed(expected, f"{shown} is not in {home}", cite_request_uri(request))
    return passed(expected, clip(requests[0].sip.request_uri), *map(cite_request_uri, requests))


@CATALOGUE.add(
    "REG-04",
    "Each REGISTER of the terminal has a Via branch of its own that begins with z9hG4bK.",
    source=("RFC 3261", "8.1.1.7"),
    node=Role.UE,
    points=(Point.GM,),
)
def branches(registration: Registration) -> Finding:
    """RFC 3261 8.1.1.7: unique over space and time, and it begins with the magic cookie."""
    expected = "branch begins z9hG4bK, another one for each REGISTER"
    requests = from_terminal(registration)
    if not requests:
        return inconclusive(expected, NO_REGISTER)
    seen: dict[str, Citation] = {}
    for request in requests:
        top = next(iter(request.sip.values("Via")), None)
        if top is None:
            return failed(expected, "no Via", cite_missing(request, "Via"))
        citation = cite_value(request, "Via", top)
        branch = _branch(top)
        if not branch.lower().startswith(MAGIC_COOKIE):
            return failed(expected, f"branch={clip(branch)}" if branch else "no branch", citation)
        if branch in seen:
            return failed(expected, f"branch={clip(branch)} in two REGISTERs", seen[branch], citation)
        seen[branch] = citation
    return passed(expected, ", ".join(clip(branch, 40) for branch in seen), *seen.values())


def _branch(value: Value) -> str:
    via = parse_via(value)
    return "" if via is None else via.params.get("branch") or ""


@CATALOGUE.add(
    "REG-05",
    "Max-Forwards is in every REGISTER and goes down by one at each CSCF.",
    source=("RFC 3261", "8.1.1.6, 16.6"),
    node=Role.UE,
    points=(Point.GM, Point.MW),
    severity=Severity.DEGRADED,
)
def max_forwards(registration: Registration) -> Finding:
    """RFC 3261 8.1.1.6 (the terminal inserts it) and 16.6 item 3 (a proxy takes one off)."""
    expected = "Max-Forwards present, one less behind each CSCF"
    rows: list[str] = []
    citations: list[Citation] = []
    for attempt in registration.attempts:
        before: tuple[Hop, int] | None = None
        for hop in attempt.hops:
            if hop.request is None:
                continue
            header = hop.request.sip.first("Max-Forwards")
            value = None if header is None else seconds(header.value)
            if header is None or value is None or value > 255:
                found = "no Max-Forwards" if header is None else f"Max-Forwards: {clip(header.value)}"
                cited = (
                    cite_missing(hop.request, "Max-Forwards") if header is None else cite_header(hop.request, header)
                )
                return failed(expected, found, cited, node=hop.sender)
            cited = cite_header(hop.request, header)
            # A P-CSCF that is a user agent towards the core (it begins the Via chain anew) counts from where it likes.
            anew = len(hop.request.sip.values("Via")) < hop.depth
            if before is not None and not (anew and hop.sender in PCSCFS):
                # Hops between that were not seen have taken theirs off, too.
                wanted = before[1] - (hop.depth - before[0].depth)
                if value != wanted:
                    found = f"{before[1]} became {value}, expected {wanted}"
                    return failed(expected, found, citations[-1], cited, node=hop.sender)
            before = (hop, value)
            rows.append(str(value))
            citations.append(cited)
    if not rows:
        return inconclusive(expected, "no REGISTER was captured")
    return passed(expected, ", ".join(rows), *citations)


@CATALOGUE.add(
    "REG-08",
    "The digest uri of a REGISTER is its Request-URI.",
    source=("RFC 3261", "22.4"),
    node=Role.UE,
    points=(Point.GM,),
    condition="the REGISTER has digest credentials with a uri",
)
def digest_uri(registration: Registration) -> Finding:
    """RFC 3261 22.4 item 3 and RFC 2617 3.2.2.5: the uri duplicates the Request-URI of the sender."""
    expected = "uri equal to the Request-URI"
    requests = from_terminal(registration)
    if not requests:
        return inconclusive(expected, NO_REGISTER)
    citations: list[Citation] = []
    found = ""
    for request in requests:
        digest = authorization(request)
        if digest is None:
            continue
        uri = digest.value("uri")
        if uri is None:
            if digest.value("response"):  # that the first one lacks it is REG-07's business
                return failed(expected, "credentials without uri", *digest.cite())
            continue
        found = clip(uri)
        cited = (*digest.cite("uri"), cite_request_uri(request))
        if not same_uri(uri, request.sip.request_uri):
            return failed(f'uri="{clip(request.sip.request_uri)}"', f'uri="{found}"', *cited)
        citations += cited
    if not citations:
        return not_applicable(expected, "no REGISTER has digest credentials with a uri")
    return passed(expected, f'uri="{found}"', *citations)


@CATALOGUE.add(
    "REG-41",
    "The 200 lists the terminal's binding with an expiry that is above zero and not longer than asked.",
    source=("RFC 3261", "10.3"),
    node=Role.HOME_SCSCF,
    points=(Point.GM, Point.MW),
    kinds=(Kind.REGISTRATION, Kind.REREGISTRATION),
)
def binding(registration: Registration) -> Finding:
    """RFC 3261 10.3 item 8: all bindings, each with expires; item 7: the registrar may shorten only."""
    expected = "Contact of the terminal with 0 < expires <= the expiry asked"
    accepted = registration.accepted
    if accepted is None:
        return unreached(expected, "no 200 was seen: the registration did not get that far")
    hop = next((h for h in accepted.hops if h.request is not None and h.response is not None), None)
    if hop is None or hop.request is None or hop.response is None:
        return inconclusive(expected, "REGISTER and 200 of one hop were not captured together")
    bound = addresses(hop.response, "Contact")
    citations: list[Citation] = []
    found: list[str] = []
    for contact in addresses(hop.request, "Contact"):
        asked = asked_expiry(hop.request, contact)
        same = [b for b in bound if same_contact(b.name_addr.uri, contact.name_addr.uri)]
        if not same:
            shown = ", ".join(clip(b.name_addr.uri, 60) for b in bound[:4]) or "no Contact"
            cited = (
                [cite_address(hop.response, "Contact", b) for b in bound[:4]]
                if bound
                else [cite_missing(hop.response, "Contact")]
            )
            wanted = f"binding {clip(contact.name_addr.uri)}"
            node, nobody, why, seen = _who_changed(registration, accepted, contact)
            return failed(wanted, shown + why, *cited, *seen, node=node, nobody=nobody)
        text = same[0].name_addr.params.get("expires")
        granted = seconds(text)
        cited_value = cite_value(hop.response, "Contact", same[0].value)
        if granted is None or granted == 0 or (asked is not None and granted > asked):
            shown = "no expires" if text is None else f"expires={clip(text, 20)}"
            limit = "expires above 0" if asked is None else f"0 < expires <= {asked}"
            return failed(limit, shown, cited_value)
        citations.append(cited_value)
        found.append(f"expires={granted}" + ("" if asked is None else f" of {asked} asked"))
    if not citations:
        return not_applicable(expected, "the REGISTER asks for no binding")
    return passed(expected, ", ".join(found), *citations)


def _who_changed(
    registration: Registration, accepted: Attempt, contact: Address
) -> tuple[Role | None, bool, str, list[Citation]]:
    """Return who changed a Contact before it came to the registrar, which bound what it was asked for.

    Returns:
        Role, None for the registrar's own or where nobody can be named; whether nobody can be named; words; the two
        messages that show it.
    """
    for before, hop in pairwise(accepted.hops):
        if hop.request is None or before.request is None or _has(hop.request, contact):
            continue
        sent = as_sent(registration, hop.request)
        nobody = sent is not None and _has(sent, contact)
        here = [cite_address(hop.request, "Contact", one) for one in addresses(hop.request, "Contact")[:1]]
        there = sent if nobody and sent is not None else before.request
        shown = [cite_address(there, "Contact", one) for one in addresses(there, "Contact")[:1]]
        if nobody:
            way = f"from {hop.sender} to {hop.receiver}" if hop.sender and hop.receiver else "between two nodes"
            return None, True, f": somebody changed Contact of the REGISTER on its way {way}", [*shown, *here]
        return hop.sender, False, ": Contact of the REGISTER was changed before", [*shown, *here]
    return None, False, "", []


def _has(message: SipMessage, contact: Address) -> bool:
    return any(same_contact(one.name_addr.uri, contact.name_addr.uri) for one in addresses(message, "Contact"))
