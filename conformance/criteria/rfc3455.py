"""What RFC 3455 (now RFC 7315) asks of who tells where a terminal is: not in the clear, and not before it is known."""

from __future__ import annotations

from conformance.criteria.model import Catalogue, Finding, failed, inconclusive, not_applicable, passed
from conformance.criteria.procedure import Kind
from conformance.criteria.registration import Registration
from conformance.criteria.rfc3261 import NO_REGISTER
from conformance.criteria.scheme import may_be_refresh
from conformance.criteria.values import authorization, cite_header, cite_request_uri
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Level, Severity

CATALOGUE = Catalogue()
NAME = "P-Access-Network-Info"


@CATALOGUE.add(
    "REG-83",
    "A terminal does not say where it is (P-Access-Network-Info) in a first REGISTER that nothing protects.",
    source=("RFC 3455", None),
    node=Role.UE,
    points=(Point.GM,),
    level=Level.SHOULD,
    severity=Severity.COSMETIC,
    condition="the REGISTER is the first one, without authentication and without security association",
    kinds=(Kind.REGISTRATION,),
)
def place_in_the_clear(registration: Registration) -> Finding:
    """RFC 3455, security considerations of the header: the cell is the place of a person."""
    expected = f"no {NAME} in the first REGISTER"
    first = registration.first.gm
    request = None if first is None else first.request
    if request is None:
        return inconclusive(expected, NO_REGISTER)
    digest = authorization(request)
    if may_be_refresh(registration) or (digest is not None and digest.value("response")):
        return not_applicable(expected, "the first REGISTER that was captured is authenticated")
    if any("esp" in sighting.encapsulation for sighting in request.sightings):
        return not_applicable(expected, "the REGISTER comes over a security association")
    header = request.sip.first(NAME)
    if header is not None:
        return failed(expected, f"{NAME} is there", cite_header(request, header))
    return passed(expected, "none", cite_request_uri(request))
