"""What 3GPP TS 24.229 asks of an S-CSCF that brings a request to the presence server."""

from __future__ import annotations

from conformance.criteria.model import Catalogue, Finding, failed, not_applicable, passed
from conformance.criteria.presence import SERVERS, Publication, Watching, is_initial
from conformance.criteria.procedure import Kind
from conformance.criteria.ts24229_event import worst_of
from conformance.criteria.values import cite_header, cite_missing, clip
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Severity

CATALOGUE = Catalogue()


@CATALOGUE.add(
    "PRES-07",
    "The S-CSCF sends a request to the presence server with two Routes: the server, and the S-CSCF itself behind it.",
    source=("3GPP TS 24.229", "5.4.3.2 and 5.4.3.3"),
    node=Role.ORIG_SCSCF,
    points=(Point.ISC,),
    severity=Severity.DEGRADED,
    condition="an S-CSCF sends a PUBLISH or a SUBSCRIBE that begins a dialog to the presence server",
    kinds=(Kind.PUBLICATION, Kind.WATCHING),
)
def routed(seen: Publication | Watching) -> Finding:
    """3GPP TS 24.229 5.4.3.2 and 5.4.3.3: Route has the application server, then an own URI with the dialog's mark."""
    expected = "Route: application server, S-CSCF"
    parts = []
    for _, hop, request in seen.into_server():
        if hop.sender not in SERVERS or not is_initial(request):
            continue
        routes = request.sip.values("Route")
        headers = request.sip.all("Route")
        if len(routes) >= 2:
            cited = [cite_header(request, header) for header in headers[:2]]
            parts.append(passed(expected, clip(", ".join(one.text for one in routes[:2])), *cited, node=hop.sender))
        elif headers:
            parts.append(failed(expected, clip(headers[0].value), cite_header(request, headers[0]), node=hop.sender))
        else:
            parts.append(failed(expected, "no Route", cite_missing(request, "Route"), node=hop.sender))
    return worst_of(parts) or not_applicable(expected, "no request from an S-CSCF to the presence server was captured")
