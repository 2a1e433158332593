"""What 3GPP TS 23.003 asks of public user identities: how they are written."""

from __future__ import annotations

import re

from conformance.criteria.model import Catalogue, Citation, Finding, failed, not_applicable, passed, unreached
from conformance.criteria.procedure import Kind
from conformance.criteria.registration import Attempt, Registration
from conformance.criteria.values import addresses, avp, cite_address, clip, is_numeric
from conformance.trace.sip_values import SipUri
from conformance.vocabulary.numbers import Avp
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Severity

CATALOGUE = Catalogue()
_GLOBAL = re.compile(r"\+[0-9][0-9().-]*")
_NAME = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.?")
"""A host name: RFC 3261 25.1 lets the last label begin with a letter only."""


@CATALOGUE.add(
    "REG-82",
    "The public user identities of the 200 are SIP URIs with user and domain, and tel URIs of global numbers or with "
    "their phone-context.",
    source=("3GPP TS 23.003", None),
    node=Role.HOME_SCSCF,
    points=(Point.GM, Point.MW, Point.IC),
    severity=Severity.DEGRADED,
    condition="the 200 has P-Associated-URI",
    kinds=(Kind.REGISTRATION, Kind.REREGISTRATION),
)
def identities(registration: Registration) -> Finding:
    """3GPP TS 23.003 (forms of the public user identity), RFC 3261 25.1 (host), RFC 3966 (local numbers)."""
    expected = "sip:user@domain, tel:+number, or tel:number;phone-context=..."
    accepted = registration.accepted
    if accepted is None:
        return unreached(expected, "no 200 was seen: the registration did not get that far")
    response = next((hop.response for hop in reversed(accepted.hops) if hop.response is not None), None)
    found = [] if response is None else addresses(response, "P-Associated-URI")
    if response is None or not found:
        return not_applicable(expected, "the 200 has no P-Associated-URI (REG-39)")
    citations: list[Citation] = []
    for one in found:
        cited = cite_address(response, "P-Associated-URI", one)
        why = None if one.uri is None else _malformed(one.uri)
        if one.uri is None or why:
            shown = f"{clip(one.name_addr.uri, 60)}: {why or 'no URI'}"
            return failed(expected, shown, cited, node=_author(accepted, one.name_addr.uri))
        citations.append(cited)
    return passed(expected, ", ".join(clip(one.name_addr.uri, 50) for one in found[:4]), *citations)


def _malformed(uri: SipUri) -> str | None:
    """Return what is wrong with the form of an identity, None where nothing is or nobody knows."""
    if uri.scheme in ("sip", "sips"):
        if not uri.user:
            return "no user part"
        return None if is_numeric(uri.host) or _NAME.fullmatch(uri.host) else "no host name"
    if uri.scheme == "tel" and not _GLOBAL.fullmatch(uri.user) and not uri.params.get("phone-context"):
        return "a local number without phone-context"
    return None


def _author(accepted: Attempt, identity: str) -> Role:
    """Return who wrote an identity so: the HSS where its user profile has the same text."""
    for exchange in accepted.all("SAR"):
        profile = avp(exchange.answer, Avp.USER_DATA)
        if profile is not None and identity.encode() in profile.data:
            return Role.HOME_HSS
    return Role.HOME_SCSCF
