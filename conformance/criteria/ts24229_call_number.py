"""What becomes of a tel URI in the caller's network (3GPP TS 24.229)."""

from __future__ import annotations

from conformance.criteria.call import Call
from conformance.criteria.call_values import TS24229, not_from_caller, sent_by_caller
from conformance.criteria.model import Catalogue, Finding, failed, inconclusive, not_applicable, passed
from conformance.criteria.procedure import Kind
from conformance.criteria.values import cite_request_uri, cite_status, clip
from conformance.trace.sip_values import parse_uri
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role

CATALOGUE = Catalogue()
UNSUPPORTED_SCHEME = 416


@CATALOGUE.add(
    "CALL-40",
    "A tel URI is not refused as an unknown scheme (416) in the caller's network: the S-CSCF finds out whose number it "
    "is, hands it to a gateway, or says that nobody has it.",
    source=TS24229,
    node=Role.ORIG_SCSCF,
    points=(Point.GM,),
    condition="the caller's terminal dials a tel URI, and a final answer was captured",
    kinds=(Kind.CALL,),
)
def scheme_of_numbers(call: Call) -> Finding:
    """3GPP TS 24.229 (procedures at the S-CSCF): a tel URI is translated; RFC 3261 21.4.14 says what 416 means."""
    expected = f"no {UNSUPPORTED_SCHEME} by the caller's P-CSCF or S-CSCF"
    request = sent_by_caller(call)
    if request is None:
        return inconclusive(expected, not_from_caller(call))
    uri = parse_uri(request.sip.request_uri)
    if uri is None or uri.scheme != "tel":
        return not_applicable(expected, "no tel URI was dialled")
    answered = [hop for hop in call.invite.hops if hop.response is not None]
    if not answered:
        return inconclusive(expected, "no final answer was captured")
    last = answered[-1]
    assert last.response is not None
    cited = (cite_status(last.response), cite_request_uri(request))
    refused_here = last is call.invite.hops[-1] and last.receiver in (Role.ORIG_PCSCF, Role.ORIG_SCSCF)
    if last.response.sip.status == UNSUPPORTED_SCHEME and refused_here:
        return failed(expected, f"{UNSUPPORTED_SCHEME} for {clip(request.sip.request_uri)}", *cited, node=last.receiver)
    return passed(expected, f"{last.response.sip.status}", *cited)
