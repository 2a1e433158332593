"""What 3GPP TS 24.229 asks of the I-CSCF in a registration: ask the HSS every time, forward to its answer."""

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
from conformance.criteria.registration import Attempt, Registration
from conformance.criteria.ts24229_ue import TS24229
from conformance.criteria.values import (
    avp,
    cite_avp,
    cite_command,
    cite_request_uri,
    cite_status,
    clip,
    inner,
    number,
    result,
    same_contact,
    same_uri,
    text,
)
from conformance.trace.model import DiameterAvp, DiameterMessage, SipMessage
from conformance.vocabulary.numbers import VENDOR_3GPP, Avp, DiameterResult
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Severity

CATALOGUE = Catalogue()
FORBIDDEN = 403


@CATALOGUE.add(
    "REG-25",
    "The I-CSCF forwards a REGISTER with the name of the S-CSCF as Request-URI.",
    source=(TS24229, None),
    node=Role.HOME_ICSCF,
    points=(Point.MW,),
)
def request_uri(registration: Registration) -> Finding:
    """3GPP TS 24.229, procedures at the I-CSCF: Server-Name of the UAA, or the S-CSCF that it selected."""
    expected = "Request-URI = name of the S-CSCF"
    citations: list[Citation] = []
    found = ""
    for attempt in registration.attempts:
        hop = attempt.from_icscf
        if hop is None or hop.request is None:
            continue
        request, uri = hop.request, hop.request.sip.request_uri
        named = assigned_scscf(attempt)
        received = None if attempt.to_icscf is None else attempt.to_icscf.request
        if named is not None:
            message, holder = named
            name = text(holder) or ""
            cited = (cite_request_uri(request), cite_avp(message, holder, name))
            if not same_contact(uri, name):
                return failed(f"Request-URI {clip(name)}", clip(uri), *cited)
            citations += cited
        elif received is not None:
            cited = (cite_request_uri(received), cite_request_uri(request))
            if same_uri(uri, received.sip.request_uri) and not _is_offered(attempt, uri):
                return failed(expected, f"{clip(uri)} as received", *cited)
            citations += cited
        found = clip(uri)
    if not citations:
        return unreached(expected, "no REGISTER between I-CSCF and S-CSCF was captured")
    return passed(expected, found, *citations)


def _is_offered(attempt: Attempt, uri: str) -> bool:
    """Tell whether the HSS offers an S-CSCF of that name among its capabilities."""
    holders = (avp(exchange.answer, Avp.SERVER_CAPABILITIES) for exchange in attempt.all("UAR"))
    names = (text(name) for holder in holders if holder is not None for name in holder.find(*_SERVER_NAME))
    return any(name is not None and same_contact(uri, name) for name in names)


_SERVER_NAME = (Avp.SERVER_NAME, VENDOR_3GPP)


def assigned_scscf(attempt: Attempt) -> tuple[DiameterMessage, DiameterAvp] | None:
    """Return the last UAA of an attempt that names an S-CSCF, and its Server-Name."""
    for exchange in reversed(attempt.all("UAR")):
        holder = avp(exchange.answer, Avp.SERVER_NAME)
        if exchange.answer is not None and holder is not None:
            return exchange.answer, holder
    return None


@CATALOGUE.add(
    "REG-37",
    "The I-CSCF asks the HSS (UAR) for every REGISTER that it receives, before it forwards it.",
    source=(TS24229, "5.3.1.2"),
    node=Role.HOME_ICSCF,
    points=(Point.CX,),
    severity=Severity.DEGRADED,
)
def query_every_time(registration: Registration) -> Finding:
    """3GPP TS 24.229 5.3.1.2: a REGISTER from a trusted domain starts the registration status query."""
    expected = "UAR before each REGISTER that goes on to the S-CSCF"
    reached = [attempt for attempt in registration.attempts if _forwarded(attempt)]
    if not reached:
        return unreached(expected, "no REGISTER that went through the I-CSCF was captured")
    if not any(attempt.all("UAR") for attempt in registration.attempts):
        return inconclusive(expected, "no UAR at all: the Cx of the I-CSCF may not have been captured")
    citations: list[Citation] = []
    parts: list[Finding] = []
    for attempt in reached:
        request = _request(attempt)
        query = attempt.first("UAR")
        if query is not None and query.request is None:
            continue  # the answer alone was captured
        if query is None and not _came_in(registration, attempt):
            why = "the capture begins behind the REGISTER that the I-CSCF got, and may have begun behind the UAR"
            parts.append(inconclusive(expected, why))
            continue
        if query is None or query.request is None:
            which = registration.attempts.index(attempt) + 1
            cited = [] if request is None else [cite_request_uri(request)]
            found = f"REGISTER {which} was forwarded without UAR"
            return failed(expected, found, *cited, by_absence=True)
        if request is not None:
            # Files of different machines have different clocks: no order is read across them.
            same_clock = request.capture == query.request.capture
            if same_clock and query.request.time_ns > request.time_ns:
                return failed(
                    expected,
                    "the UAR came behind the REGISTER that it is for",
                    cite_command(query.request),
                    cite_request_uri(request),
                )
            citations.append(cite_request_uri(request))
        citations.append(cite_command(query.request))
    if parts:
        return parts[0]
    if not citations:
        return inconclusive(expected, "of each UAR the answer alone was captured")
    return passed(expected, f"{len(reached)} of {len(reached)}", *citations)


def _came_in(registration: Registration, attempt: Attempt) -> bool:
    """Tell whether the capture had begun when the REGISTER of an attempt came to the I-CSCF."""
    before = next((hop.request for hop in attempt.hops if hop.request is not None), None)
    return registration.attempts.index(attempt) > 0 or (before is not None and before is not _request(attempt))


def _forwarded(attempt: Attempt) -> bool:
    """Tell whether the REGISTER got to the S-CSCF: seen there, or the S-CSCF asked the HSS because of it."""
    return _request(attempt) is not None or bool(attempt.all("MAR") or attempt.all("SAR"))


def _request(attempt: Attempt) -> SipMessage | None:
    return None if attempt.from_icscf is None else attempt.from_icscf.request


REFUSED_BY_HSS = (
    DiameterResult.ERROR_USER_UNKNOWN,
    DiameterResult.ERROR_IDENTITIES_DONT_MATCH,
    DiameterResult.ERROR_ROAMING_NOT_ALLOWED,
)


@CATALOGUE.add(
    "REG-24",
    "A REGISTER that the HSS does not authorise is answered with 403 and does not reach an S-CSCF.",
    source=(TS24229, None),
    node=Role.HOME_ICSCF,
    points=(Point.CX,),
    condition="the UAA says that the user is unknown, the identities do not match, or roaming is not allowed",
)
def refused_by_hss(registration: Registration) -> Finding:
    """3GPP TS 24.229, procedures at the I-CSCF; results 5001, 5002 and 5004 of 3GPP TS 29.229."""
    expected = "403, and no REGISTER to an S-CSCF"
    citations: list[Citation] = []
    found = ""
    for attempt in registration.attempts:
        # Where several HSSs were asked the last answer counts.
        refusal = next((e for e in reversed(attempt.all("UAR")) if e.answer is not None), None)
        if refusal is None or refusal.answer is None or not _refuses(refusal.answer):
            continue
        group = avp(refusal.answer, Avp.EXPERIMENTAL_RESULT)
        code = inner(group, Avp.EXPERIMENTAL_RESULT_CODE)
        cause = [] if code is None else [cite_avp(refusal.answer, code, str(number(code)))]
        forwarded = None if attempt.from_icscf is None else attempt.from_icscf.request
        if forwarded is not None:
            return failed(expected, f"UAA {number(code)}, and a REGISTER went on", cite_request_uri(forwarded), *cause)
        hop = attempt.to_icscf or attempt.from_pcscf or attempt.gm
        if hop is None or hop.response is None:
            return inconclusive(expected, f"UAA {number(code)}; the answer to the REGISTER was not captured")
        cited = cite_status(hop.response)
        if hop.response.sip.status != FORBIDDEN:
            return failed(expected, f"UAA {number(code)}, answered with {hop.response.sip.status}", cited, *cause)
        found = f"UAA {number(code)}, 403"
        citations += [*cause, cited]
    if not citations:
        return not_applicable(expected, "the HSS refused no REGISTER with 5001, 5002 or 5004")
    return passed(expected, found, *citations)


def _refuses(answer: DiameterMessage | None) -> bool:
    code, experimental = result(answer)
    return experimental and code in REFUSED_BY_HSS
