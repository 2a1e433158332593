"""How SIP servers are found: the records that DNS answers and the questions that nodes ask (RFC 3263)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.criteria.model import (
    Catalogue,
    Citation,
    Claim,
    Finding,
    failed,
    inconclusive,
    not_applicable,
    passed,
)
from conformance.criteria.phone_numbers import is_enum_name
from conformance.criteria.registration import Lookup, Registration
from conformance.criteria.values import clip, is_numeric
from conformance.trace.model import DnsMessage, DnsRecord, SipMessage
from conformance.trace.sip_values import SipUri, parse_name_addr, parse_uri
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Level, Severity

CATALOGUE = Catalogue()
RFC3263 = ("RFC 3263", None)
NXDOMAIN = 3
NOT_CAPTURED = "DNS was not captured"

_SIP_SERVICE = re.compile(r"sips?\+d2[a-z]", re.IGNORECASE)
_NEARLY = re.compile(r"\bsips?\b", re.IGNORECASE)
_SRV_NAME = re.compile(r"_[a-z0-9-]+\._[a-z0-9-]+\.(.+)")


def _cite_record(message: DnsMessage, record: DnsRecord, field: str) -> Citation:
    name = f"dns.{record.type.lower()}.{field}"
    shown = record.fields.get(field, "")
    return Citation(message, record.type, record.offset, record.length, (Claim(name, (shown[:80],)),))


def _cite_question(message: DnsMessage) -> Citation:
    return Citation(message, "question", 12, None, (Claim("dns.qry.name", (message.question_name[:80],)),))


def _answers(lookup: Lookup, type_: str) -> list[DnsRecord]:
    if lookup.response is None:
        return []
    return [r for r in lookup.response.records if r.section == "answer" and r.type == type_]


@CATALOGUE.add(
    "DNS-01",
    "NAPTR records of a SIP domain have flag s, a SIP service such as SIP+D2U, and the SRV name as replacement.",
    source=RFC3263,
    node=Role.HOME_DNS,
    points=(Point.DNS,),
    condition="a NAPTR query for a SIP domain was answered with records",
)
def naptr(registration: Registration) -> Finding:
    """RFC 3263 4.1, RFC 3403; E2U+sip with flag u belongs to ENUM (RFC 6116), not to a domain."""
    expected = 'flags "s", service SIP+D2U, SIP+D2T, SIPS+D2T or SIP+D2S, replacement = SRV name'
    if not registration.sees(Point.DNS):
        return inconclusive(expected, NOT_CAPTURED)
    citations: list[Citation] = []
    found: list[str] = []
    for lookup in registration.lookups:
        if lookup.type != "NAPTR" or is_enum_name(lookup.name) or lookup.response is None:
            continue
        for record in _answers(lookup, "NAPTR"):
            service = record.fields.get("service", "")
            flags, replacement = record.fields.get("flags", ""), record.fields.get("replacement", "")
            if not _NEARLY.search(service.replace("+", " ")):
                continue  # a record for another application: RFC 3263 4.1 lets the client discard it
            shown = f'flags "{clip(flags, 20)}", service "{clip(service, 40)}", replacement {clip(replacement, 60)}'
            cited = _cite_record(lookup.response, record, "service")
            right = _SIP_SERVICE.fullmatch(service) and flags.lower() == "s" and replacement.strip(".")
            if not right:
                return failed(expected, shown or "no replacement", cited)
            citations.append(cited)
            found.append(f"{service} {replacement}")
    if not citations:
        return not_applicable(expected, "no NAPTR answer for a SIP domain was seen")
    return passed(expected, "; ".join(clip(f, 80) for f in found), *citations)


@CATALOGUE.add(
    "DNS-02",
    "Each target of an SRV answer has an address.",
    source=RFC3263,
    node=Role.HOME_DNS,
    points=(Point.DNS,),
    condition="an SRV query was answered and the address of a target was asked for or came along",
)
def srv_target(registration: Registration) -> Finding:
    """RFC 3263 4.2, RFC 2782: a target must have one or more address records."""
    expected = "A or AAAA of each SRV target"
    if not registration.sees(Point.DNS):
        return inconclusive(expected, NOT_CAPTURED)
    citations: list[Citation] = []
    found: list[str] = []
    for lookup in registration.lookups:
        if lookup.response is None:
            continue
        # RFC 3263 4.1: a server may send the SRV records along with the NAPTR records.
        for record in (r for r in lookup.response.records if r.type == "SRV"):
            target = record.fields.get("target", "").lower().rstrip(".")
            if not target:
                continue  # RFC 2782: the target "." says that the service is decidedly not available
            address, refusals = _addresses(registration, lookup, target)
            cited = _cite_record(lookup.response, record, "target")
            if address is not None:
                citations.append(cited)
                found.append(f"{target} {address}")
            elif refusals:
                shown = f"{clip(target)} has no address"
                return failed(expected, shown, cited, *map(_cite_question, refusals))
    if not citations:
        return not_applicable(expected, "no SRV answer whose target was looked up was seen")
    return passed(expected, "; ".join(clip(f, 80) for f in dict.fromkeys(found)), *citations)


def _addresses(registration: Registration, asked: Lookup, target: str) -> tuple[str | None, list[DnsMessage]]:
    """Return an address of the target, or the responses that say that it has none."""
    lookups = [asked, *(lookup for lookup in registration.lookups if lookup.name == target)]
    for lookup in lookups:
        for record in () if lookup.response is None else lookup.response.records:
            if record.type in ("A", "AAAA") and record.name == target:
                return record.fields.get("address", ""), []
    refusals = {
        lookup.type: lookup.response
        for lookup in lookups[1:]
        if lookup.type in ("A", "AAAA") and lookup.response is not None
    }
    # An empty answer for one family says nothing of the other; a name that does not exist has neither.
    if any(r.rcode == NXDOMAIN for r in refusals.values()):
        return None, list(refusals.values())
    empty = {t for t, r in refusals.items() if r.rcode == 0 and not any(x.type == "CNAME" for x in r.records)}
    return None, list(refusals.values()) if empty == {"A", "AAAA"} else []


@CATALOGUE.add(
    "DNS-03",
    "The host of a URI with a port is looked up by address alone, without NAPTR and SRV.",
    source=RFC3263,
    node=Role.HOME_PCSCF,
    points=(Point.DNS,),
    level=Level.SHOULD,
    severity=Severity.COSMETIC,
    condition="a URI with name and port is the target of a request",
)
def explicit_port(registration: Registration) -> Finding:
    """RFC 3263 4.1 and 4.2: with a port in the URI the client asks for A or AAAA."""
    expected = "A or AAAA only"
    with_port: set[str] = set()
    without: set[str] = set()
    for uri in _targets(registration):
        if uri.host and not is_numeric(uri.host):
            (without if uri.port is None else with_port).add(uri.host.lower().rstrip("."))
    hosts = with_port - without
    if not hosts:
        return not_applicable(expected, "no request has a target with name and port")
    if not registration.sees(Point.DNS):
        return inconclusive(expected, NOT_CAPTURED)
    stranger: Lookup | None = None
    for lookup in registration.lookups:
        match = _SRV_NAME.fullmatch(lookup.name) if lookup.type == "SRV" else None
        name = match.group(1) if match else lookup.name
        if lookup.type not in ("NAPTR", "SRV") or name not in hosts or lookup.query is None:
            continue
        if lookup.asker is None:
            stranger = lookup
            continue
        shown = f"{lookup.type} {clip(lookup.name)}"
        return failed(expected, shown, _cite_question(lookup.query), node=lookup.asker)
    if stranger is not None and stranger.query is not None:
        who = f"{stranger.type} {clip(stranger.name)} was asked by {stranger.query.source.address}"
        return inconclusive(expected, f"{who}, which is no node of this registration")
    asked = [lookup for lookup in registration.lookups if lookup.name in hosts and lookup.query is not None]
    if not asked:
        return not_applicable(expected, "no query for such a host was seen")
    names = ", ".join(f"{lookup.type} {clip(lookup.name, 60)}" for lookup in asked[:4])
    return passed(expected, names, *(_cite_question(lookup.query) for lookup in asked if lookup.query))


@CATALOGUE.add(
    "DNS-04",
    "An address in a URI is used as it stands, without a DNS query.",
    source=RFC3263,
    node=Role.HOME_PCSCF,
    points=(Point.DNS,),
    level=Level.SHOULD,
    severity=Severity.COSMETIC,
    condition="a URI with an address is the target of a request",
)
def numeric_host(registration: Registration) -> Finding:
    """RFC 3263 4.1 and 4.2: a numeric target needs no DNS."""
    expected = "no query"
    hosts = {uri.host.lower() for uri in _targets(registration) if uri.host and is_numeric(uri.host)}
    if not hosts:
        return not_applicable(expected, "no request has an address as its target")
    for lookup in registration.lookups:
        match = _SRV_NAME.fullmatch(lookup.name) if lookup.type == "SRV" else None
        name = match.group(1) if match else lookup.name
        if name in hosts and lookup.query is not None:
            shown = f"{lookup.type} {clip(lookup.name)}"
            return failed(expected, shown, _cite_question(lookup.query), node=lookup.asker)
    return passed(expected, f"none for {', '.join(sorted(hosts))}")


def _targets(registration: Registration) -> Iterator[SipUri]:
    """Yield the URIs that requests of the registration were sent to: the top Route, else the Request-URI."""
    for attempt in registration.attempts:
        for hop in attempt.hops:
            if hop.request is not None:
                uri = _target(hop.request)
                if uri is not None:
                    yield uri


def _target(request: SipMessage) -> SipUri | None:
    routes = request.sip.values("Route")
    if not routes:
        return parse_uri(request.sip.request_uri)
    found = parse_name_addr(routes[0])
    return None if found is None else parse_uri(found.uri)
