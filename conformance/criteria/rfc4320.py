"""Provisional answers to requests other than INVITE (RFC 4320): none but 100, and that one late."""

from __future__ import annotations

from conformance.criteria.model import Catalogue, Citation, Finding, failed, inconclusive, passed
from conformance.criteria.registration import Attempt, Hop, Registration
from conformance.criteria.values import cite_request_uri, cite_status
from conformance.trace.model import SipMessage
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Severity

CATALOGUE = Catalogue()
TRYING = 100
EARLY_NS = 3_500_000_000
"""When Timer E is first set to T2: 500 ms, 1 s and 2 s behind the request (RFC 3261 17.1.2.2); on Gm it is later."""


@CATALOGUE.add(
    "REG-81",
    "A REGISTER over UDP gets no provisional answer but 100, and that one not before its sender repeats it every T2.",
    source=("RFC 4320", "4.1"),
    node=Role.HOME_PCSCF,
    points=(Point.GM, Point.MW),
    severity=Severity.COSMETIC,
    since=7,
)
def no_early_trying(registration: Registration) -> Finding:
    """RFC 4320 4.1: an early 100 slows the retransmissions down that the final answer needs. It is of 2006: Rel-7."""
    expected = "no 100 over UDP within 3.5 s, and no 101 to 199"
    citations: list[Citation] = []
    doubtful: Finding | None = None
    for attempt in registration.attempts:
        for hop in attempt.hops:
            if hop.request is None:
                continue
            for answer in hop.provisional:
                wrong = _wrong(hop.request, answer)
                if wrong is None:
                    continue
                if _is_first(attempt, hop.request) or answer.sip.status != TRYING:
                    cited = (cite_status(answer), cite_request_uri(hop.request))
                    return failed(expected, wrong, *cited, node=hop.receiver)
                doubtful = inconclusive(expected, f"{wrong}; whether the REGISTER had been sent before is unknown")
            citations += _answered(hop)
    if doubtful is not None:
        return doubtful
    if not citations:
        return inconclusive(expected, "no REGISTER and its answer were captured together")
    return passed(expected, "none", *citations)


def _answered(hop: Hop) -> list[Citation]:
    return [] if hop.response is None else [cite_status(hop.response)]


def _wrong(request: SipMessage, answer: SipMessage) -> str | None:
    """Return what is wrong with a provisional answer, in words."""
    status = answer.sip.status or 0
    if not TRYING <= status < 200:
        return None
    if status != TRYING:
        return f"{status} to a REGISTER"
    if request.source.transport != "udp" or request.capture != answer.capture:
        return None
    late_ns = answer.time_ns - request.time_ns
    return f"100 after {late_ns / 1e6:.0f} ms" if late_ns < EARLY_NS else None


def _is_first(attempt: Attempt, request: SipMessage) -> bool:
    """Tell whether a REGISTER was seen when it was sent first: what its receiver did because of it came later."""
    caused = [hop.request.time_ns for hop in attempt.hops if hop.request is not None and hop.request is not request]
    caused += [exchange.time_ns for exchange in attempt.exchanges]
    return any(time_ns > request.time_ns for time_ns in caused)
