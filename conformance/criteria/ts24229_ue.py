"""What 3GPP TS 24.229 asks of the terminal: identities, credentials, option tags of its REGISTER."""

from __future__ import annotations

import re
from itertools import pairwise

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
from conformance.criteria.procedure import Kind, in_pool
from conformance.criteria.registration import Registration
from conformance.criteria.rfc3261 import NO_REGISTER, from_terminal
from conformance.criteria.scheme import may_be_refresh, uses_aka
from conformance.criteria.values import (
    address,
    addresses,
    asked_expiry,
    authorization,
    cite_address,
    cite_header,
    cite_missing,
    cite_request_uri,
    cite_value,
    clip,
    is_numeric,
    option_tags,
    same_host,
    same_identity,
)
from conformance.trace.sip_values import parse_parameters, parse_uri
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Level, Severity

CATALOGUE = Catalogue()
TS24229 = "3GPP TS 24.229"
ASKED_EXPIRY_S = 600_000
"""Expiry that a terminal asks for, seconds (3GPP TS 24.229 5.1.1.2.1)."""
INTERVAL_TOO_BRIEF = 423
_TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")


@CATALOGUE.add(
    "REG-02",
    "The Request-URI of a REGISTER is the bare domain: no port and no URI parameters.",
    source=(TS24229, "5.1.1.2.1"),
    node=Role.UE,
    points=(Point.GM,),
)
def bare_domain(registration: Registration) -> Finding:
    """3GPP TS 24.229 5.1.1.2.1 f: the SIP URI of the home network's domain name.

    With a port, RFC 3263 4.2 leaves out NAPTR and SRV: the P-CSCF does not find the I-CSCF any more.
    """
    expected = "sip:<home domain> without port and parameters"
    requests = from_terminal(registration)
    if not requests:
        return inconclusive(expected, NO_REGISTER)
    for request in requests:
        uri = parse_uri(request.sip.request_uri)
        if uri is not None and (uri.port is not None or uri.params or uri.headers):
            return failed(expected, clip(request.sip.request_uri), cite_request_uri(request))
    return passed(expected, clip(requests[0].sip.request_uri), *map(cite_request_uri, requests))


@CATALOGUE.add(
    "REG-03",
    "From and To of a REGISTER are the public user identity that is registered; From has a tag, To has none.",
    source=(TS24229, "5.1.1.2.1"),
    node=Role.UE,
    points=(Point.GM,),
)
def identities(registration: Registration) -> Finding:
    """3GPP TS 24.229 5.1.1.2.1 a and b; RFC 3261 8.1.1.2 (no To tag) and 8.1.1.3 (From tag)."""
    expected = "From = To = public user identity, From with tag, To without"
    requests = from_terminal(registration)
    if not requests:
        return inconclusive(expected, NO_REGISTER)
    citations: list[Citation] = []
    for request in requests:
        sender, target = address(request, "From"), address(request, "To")
        for name, found in (("From", sender), ("To", target)):
            if found is None:
                header = request.sip.first(name)
                cited = cite_missing(request, name) if header is None else cite_header(request, header)
                return failed(expected, f"{name} missing or unreadable", cited)
        assert sender is not None
        assert target is not None
        pair = (cite_address(request, "From", sender), cite_address(request, "To", target))
        if not same_identity(sender.name_addr.uri, target.name_addr.uri):
            return failed(
                expected, f"From {clip(sender.name_addr.uri, 60)}, To {clip(target.name_addr.uri, 60)}", *pair
            )
        if not sender.name_addr.params.get("tag"):
            return failed(expected, "From without tag", pair[0])
        if "tag" in target.name_addr.params:
            header = request.sip.first("To")
            cited = pair[1] if header is None else cite_header(request, header, "tag")
            return failed(expected, "To with tag in a request outside a dialog", cited)
        citations += pair
    return passed(expected, clip(registration.subject), *citations)


@CATALOGUE.add(
    "REG-06",
    "The REGISTER that answers the challenge keeps the Call-ID and counts CSeq up by one.",
    source=(TS24229, "5.1.1.5.1"),
    node=Role.UE,
    points=(Point.GM,),
    severity=Severity.DEGRADED,
    condition="the terminal answers a challenge",
)
def call_id(registration: Registration) -> Finding:
    """3GPP TS 24.229 5.1.1.5.1 (Call-ID of the 401); RFC 3261 10.2 (CSeq up by one)."""
    expected = "same Call-ID, CSeq + 1"
    requests = from_terminal(registration)
    if not requests:
        return inconclusive(expected, NO_REGISTER)
    if len(requests) < 2:
        return unreached(expected, "only one REGISTER of the terminal was captured")
    citations: list[Citation] = []
    for before, after in pairwise(requests):
        headers = [(m, m.sip.first(name)) for name in ("Call-ID", "CSeq") for m in (before, after)]
        cited = [cite_header(message, header) for message, header in headers if header is not None]
        if before.sip.call_id != after.sip.call_id:
            found = f"Call-ID {clip(before.sip.call_id, 50)}, then {clip(after.sip.call_id, 50)}"
            return failed(expected, found, *cited[:2], compared=(before, after))
        first, second = before.sip.cseq_number, after.sip.cseq_number
        if first is None or second is None or second != first + 1:
            # A REGISTER in between that the capture lost would explain a gap.
            gap = first is not None and second is not None and second > first + 1
            return failed(f"CSeq {first} + 1", f"CSeq {second}", *cited[2:], by_absence=gap, compared=(before, after))
        citations += cited
    numbers = ", ".join(str(request.sip.cseq_number) for request in requests)
    return passed(expected, f"same Call-ID, CSeq {numbers}", *citations)


@CATALOGUE.add(
    "REG-07",
    "The first REGISTER carries Digest credentials with username, realm and uri, and with empty nonce and response.",
    source=(TS24229, "5.1.1.2.2"),
    node=Role.UE,
    points=(Point.GM,),
    condition="the network authenticates with AKA",
    kinds=(Kind.REGISTRATION,),
)
def first_credentials(registration: Registration) -> Finding:
    """3GPP TS 24.229 5.1.1.2.2 a (before Rel-8 in 5.1.1.2)."""
    home, impi = registration.facts.home, registration.facts.impi
    expected = 'Authorization: Digest username, realm, uri, nonce="", response=""'
    aka = uses_aka(registration)
    if aka is False:
        return not_applicable(expected, "the network does not challenge with AKA")
    first = registration.first.gm
    if first is None or first.request is None:
        return inconclusive(expected, "the first REGISTER of the terminal was not captured")
    request = first.request
    digest = authorization(request, home)
    if aka is None:
        return unreached(expected, "no challenge was seen: AKA or password is unknown")
    if may_be_refresh(registration):
        return inconclusive(expected, "the first REGISTER that was captured may refresh an older registration")
    if digest is None:
        return failed(expected, "no Digest credentials", cite_missing(request, "Authorization", "Digest"))
    for name in ("username", "realm", "uri", "nonce", "response"):
        value = digest.value(name)
        if value is None:
            return failed(expected, f"no {name}", *digest.cite())
        if not value and name in ("username", "realm", "uri"):
            return failed(expected, f'{name}=""', *digest.cite(name))
        if value and name in ("nonce", "response"):
            return failed(f'{name}=""', f'{name}="{clip(value)}"', *digest.cite(name))
    username, realm = digest.value("username") or "", digest.value("realm") or ""
    if impi is not None and username != impi:
        return failed(f'username="{impi}"', f'username="{clip(username)}"', *digest.cite("username"))
    if home is not None and not same_host(realm, home):
        return failed(f'realm="{home}"', f'realm="{clip(realm)}"', *digest.cite("realm"))
    return passed(expected, f"credentials of {clip(username)}", *digest.cite("username", "realm", "uri"))


@CATALOGUE.add(
    "REG-11",
    "Every REGISTER of the terminal says that it supports path.",
    source=(TS24229, "5.1.1.2.1"),
    node=Role.UE,
    points=(Point.GM,),
    severity=Severity.DEGRADED,
    since=5,
    kinds=(Kind.REGISTRATION, Kind.REREGISTRATION),
)
def supports_path(registration: Registration) -> Finding:
    """3GPP TS 24.229 5.1.1.2.1 g: Supported with the option tag path (RFC 3327)."""
    expected = "Supported: path"
    requests = from_terminal(registration)
    if not requests:
        return inconclusive(expected, NO_REGISTER)
    citations: list[Citation] = []
    for request in requests:
        headers = request.sip.all("Supported")
        tags = option_tags(request, "Supported")
        if "path" not in tags:
            found = f"Supported: {clip(', '.join(sorted(tags)))}" if headers else "no Supported"
            cited = [cite_header(request, header) for header in headers]
            return failed(expected, found, *(cited or [cite_missing(request, "Supported")]))
        citations += [cite_header(request, header) for header in headers]
    return passed(expected, "Supported: path", *citations)


@CATALOGUE.add(
    "REG-12",
    "The Contact of a REGISTER is the address that it comes from, and 600000 seconds are asked for.",
    source=(TS24229, "5.1.1.2.1"),
    node=Role.UE,
    points=(Point.GM,),
    level=Level.SHOULD,
    severity=Severity.DEGRADED,
    kinds=(Kind.REGISTRATION, Kind.REREGISTRATION),
)
def contact(registration: Registration) -> Finding:
    """3GPP TS 24.229 5.1.1.2.1: address or name of the terminal in Contact; the expiry that it asks for.

    Another address means that a translator stands between: then nobody reaches the terminal by its Contact.
    """
    expected = f"Contact with the terminal's address, expiry {ASKED_EXPIRY_S}"
    requests = from_terminal(registration)
    if not requests:
        return inconclusive(expected, NO_REGISTER)
    citations: list[Citation] = []
    lengthened = {
        id(after.gm.request)
        for before, after in pairwise(registration.attempts)
        if before.status == INTERVAL_TOO_BRIEF and after.gm is not None
    }
    longer = False
    for request in requests:
        longer = longer or id(request) in lengthened
        for found in addresses(request, "Contact"):
            if found.uri is None:
                continue
            cited = cite_value(request, "Contact", found.value)
            host, source = found.uri.host, request.source.address
            if is_numeric(host) and not same_host(host.strip("[]"), source):
                if source == request.destination.address:
                    told = f"REGISTER from {source} to itself: perhaps from a proxy there, not from the terminal"
                    return inconclusive(expected, told, cited)
                return failed(expected, f"Contact {clip(host, 60)}, sent from {source}", cited)
            asked = asked_expiry(request, found)
            if asked is not None and asked > ASKED_EXPIRY_S and not longer:
                return inconclusive(expected, f"expiry {asked}: a 423 before the capture may have asked for more")
            if asked != ASKED_EXPIRY_S and not longer:
                return failed(expected, "no expiry" if asked is None else f"expiry {asked}", cited)
            citations.append(cited)
    if not citations:
        return not_applicable(expected, "no REGISTER has a Contact")
    return passed(expected, expected, *citations)


@CATALOGUE.add(
    "REG-14",
    "P-Access-Network-Info is in a REGISTER that comes over a security association, and has the form of its grammar.",
    source=(TS24229, None),
    node=Role.UE,
    points=(Point.GM,),
    severity=Severity.COSMETIC,
    condition="the REGISTER has the header, or comes over a security association from an access network that a "
    "federation declares",
)
def access_network(registration: Registration) -> Finding:
    """3GPP TS 24.229 (where the terminal has the information); the form is that of RFC 3455 and RFC 7315."""
    expected = "P-Access-Network-Info: access type and parameters"
    name = "P-Access-Network-Info"
    requests = from_terminal(registration)
    if not requests:
        return inconclusive(expected, NO_REGISTER)
    citations: list[Citation] = []
    for request in requests:
        values = request.sip.values(name)
        protected = any("esp" in sighting.encapsulation for sighting in request.sightings)
        if not values and protected and _is_declared(registration, request.source.address):
            return failed(expected, f"no {name} over the security association", cite_missing(request, name))
        for value in values:
            cited = cite_value(request, name, value)
            word, params = parse_parameters(value)
            if not _TOKEN.fullmatch(word.strip()) or any(not _TOKEN.fullmatch(key) for key in params):
                return failed(expected, clip(value.text) or "an empty value", cited)
            citations.append(cited)
        if request.sip.all(name) and not values:
            return failed(expected, "an empty value", *(cite_header(request, h) for h in request.sip.all(name)))
    if not citations:
        why = ipsec_undeclared(registration)
        if offers_ipsec(registration):
            why = "whether the terminal knows its access network is not known"
        return not_applicable(expected, f"no REGISTER has {name}, and {why}")
    return passed(expected, expected, *citations)


def _is_declared(registration: Registration, address: str) -> bool:
    """Tell whether a federation says what access network an address is of: then the terminal has the information."""
    return any(in_pool(address, testbed) for testbed in registration.facts.testbeds)
