"""100 Trying (RFC 3261 17.2.1): who gets an INVITE says so soon, so that it is not sent again."""

from __future__ import annotations

from conformance.criteria.call import Call
from conformance.criteria.model import Catalogue, Citation, Finding, failed, inconclusive, passed
from conformance.criteria.procedure import Kind
from conformance.criteria.values import cite_request_uri
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Severity

CATALOGUE = Catalogue()
SOON_NS = 200_000_000
TOLERANCE_NS = 50_000_000
"""What a sniffer and a path may add."""


@CATALOGUE.add(
    "CALL-19",
    "An INVITE gets an answer, 100 at least, within 200 ms on each hop.",
    source=("RFC 3261", "17.2.1"),
    node=Role.ORIG_PCSCF,
    points=(Point.GM, Point.MW),
    severity=Severity.DEGRADED,
    kinds=(Kind.CALL,),
)
def trying(call: Call) -> Finding:
    """RFC 3261 17.2.1: the transaction sends 100 unless it knows that another answer comes within 200 ms.

    An I-CSCF may be stateless, and then sends none of its own (16.11). A retransmission that was not captured as one
    would make an answer look late: the first INVITE counts.
    """
    expected = "an answer within 200 ms on each hop"
    citations: list[Citation] = []
    for hop in (*call.invite.hops, *(hop for fork in call.forks for hop in fork.hops)):
        request = hop.request
        if request is None or hop.receiver in (None, Role.TERM_ICSCF):
            continue
        answers = [one for one in hop.messages if one.time_ns >= request.time_ns and one is not request]
        answers = [one for one in answers if one not in hop.retransmissions and one.capture == request.capture]
        first = min(answers, key=lambda one: one.time_ns, default=None)
        if first is None:
            continue
        late_ns = first.time_ns - request.time_ns
        if late_ns > SOON_NS + TOLERANCE_NS:
            found = f"first answer behind {late_ns / 1e6:.0f} ms"
            return failed(expected, found, cite_request_uri(request), by_absence=True, node=hop.receiver)
        citations.append(cite_request_uri(request))
    if not citations:
        return inconclusive(expected, "no INVITE and its answer were captured together")
    return passed(expected, "on each hop that was seen", *citations)
