"""Refusals that say what is wrong, and terminals that act on it: 423, 420 (RFC 3261) and 494 (RFC 3329)."""

from __future__ import annotations

from itertools import pairwise

from conformance.criteria.model import Catalogue, Citation, Finding, failed, not_applicable, passed
from conformance.criteria.procedure import Kind
from conformance.criteria.registration import Attempt, Hop, Registration
from conformance.criteria.values import (
    addresses,
    asked_expiry,
    cite_header,
    cite_missing,
    cite_value,
    clip,
    option_tags,
    seconds,
)
from conformance.trace.model import SipMessage
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Severity

CATALOGUE = Catalogue()
INTERVAL_TOO_BRIEF, BAD_EXTENSION, AGREEMENT_REQUIRED = 423, 420, 494


def _answered_with(attempt: Attempt, status: int) -> Hop | None:
    """Return the hop nearest to the node that answered with a status."""
    hops = [h for h in attempt.hops if h.response is not None and h.response.sip.status == status]
    return hops[-1] if hops else None


@CATALOGUE.add(
    "REG-49",
    "A registrar that finds the interval too brief (423) says how long it must be, and the terminal that tries again "
    "asks for as long.",
    source=("RFC 3261", "10.3, 10.2.8"),
    node=Role.HOME_SCSCF,
    points=(Point.GM, Point.MW),
    condition="a REGISTER was answered with 423",
    kinds=(Kind.REGISTRATION, Kind.REREGISTRATION),
)
def too_brief(registration: Registration) -> Finding:
    """RFC 3261 10.3 item 7 (Min-Expires in every 423) and 10.2.8 (all contacts at least that long)."""
    expected = "Min-Expires in the 423, and at least that in the next REGISTER"
    citations: list[Citation] = []
    shown = ""
    following: list[Attempt | None] = [after for _, after in pairwise(registration.attempts)]
    for attempt, after in zip(registration.attempts, [*following, None], strict=True):
        hop = _answered_with(attempt, INTERVAL_TOO_BRIEF)
        if hop is None or hop.response is None:
            continue
        header = hop.response.sip.first("Min-Expires")
        least = None if header is None else seconds(header.value)
        if header is None:
            return failed(expected, "423 without Min-Expires", cite_missing(hop.response, "Min-Expires"))
        cited = cite_header(hop.response, header)
        if least is None:
            return failed(expected, f"Min-Expires: {clip(header.value)}", cited)
        citations.append(cited)
        shown = f"Min-Expires: {least}"
        request = None if after is None or after.gm is None else after.gm.request
        for contact in () if request is None else addresses(request, "Contact"):
            asked = None if request is None else asked_expiry(request, contact)
            if request is not None and asked is not None and 0 < asked < least:
                value = cite_value(request, "Contact", contact.value)
                return failed(f"at least {least} s", f"{asked} s", value, cited, node=Role.UE)
    if not citations:
        return not_applicable(expected, "no REGISTER was answered with 423")
    return passed(expected, shown, *citations)


@CATALOGUE.add(
    "REG-50",
    "A REGISTER that is refused for an extension (420) or for want of a security agreement (494) is answered with "
    "what was not taken, or what is asked for.",
    source=("RFC 3261", "8.2.2.3"),
    node=Role.HOME_SCSCF,
    points=(Point.GM, Point.MW),
    severity=Severity.DEGRADED,
    condition="a REGISTER was answered with 420 or 494",
)
def extensions(registration: Registration) -> Finding:
    """RFC 3261 8.2.2.3 (Unsupported in the 420), RFC 3329 (Security-Server in the 494)."""
    expected = "Unsupported in a 420, Security-Server in a 494"
    citations: list[Citation] = []
    shown = ""
    for attempt in registration.attempts:
        hop = _answered_with(attempt, BAD_EXTENSION)
        if hop is not None and hop.response is not None:
            finding = _unsupported(hop, hop.response, expected)
            if finding.verdict != "PASS":
                return finding
            citations += finding.citations
            shown = finding.found
        hop = _answered_with(attempt, AGREEMENT_REQUIRED)
        if hop is not None and hop.response is not None:
            headers = hop.response.sip.all("Security-Server")
            if not headers:
                missing = cite_missing(hop.response, "Security-Server")
                return failed(expected, "494 without Security-Server", missing, node=hop.receiver)
            citations += [cite_header(hop.response, header) for header in headers]
            shown = "494 with Security-Server"
    if not citations:
        return not_applicable(expected, "no REGISTER was answered with 420 or 494")
    return passed(expected, shown, *citations)


def _unsupported(hop: Hop, response: SipMessage, expected: str) -> Finding:
    headers = response.sip.all("Unsupported")
    if not headers:
        return failed(expected, "420 without Unsupported", cite_missing(response, "Unsupported"), node=hop.receiver)
    cited = [cite_header(response, header) for header in headers]
    named = option_tags(response, "Unsupported")
    request = hop.request
    wanted = set() if request is None else option_tags(request, "Require") | option_tags(request, "Proxy-Require")
    words = f"Unsupported: {clip(', '.join(sorted(named)))}"
    if not named or (request is not None and not named & wanted):
        asked = f"one of {clip(', '.join(sorted(wanted)))}"
        return failed(asked, words, *cited, node=hop.receiver, compared=[request])
    return passed(expected, words, *cited)
