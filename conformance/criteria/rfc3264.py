"""Offer and answer of session descriptions (RFC 3264)."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.criteria.call import Call
from conformance.criteria.call_values import cite_body
from conformance.criteria.model import Catalogue, Citation, Finding, failed, not_applicable, passed
from conformance.criteria.procedure import Kind
from conformance.criteria.sdp import Stream, read_sdp
from conformance.criteria.values import clip
from conformance.trace.model import SipMessage
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role

CATALOGUE = Catalogue()
CALL = (Kind.CALL,)
Description = tuple[Stream, ...]


def exchanges_of(call: Call) -> Iterator[tuple[SipMessage, Description, SipMessage, Description, Role]]:
    """Yield each offer in a request and its answer, as near to who answers as they were captured, and who answers.

    Nodes on the way may change a session description: offer and answer are compared on one hop. An offer in an answer
    to a request without one is not looked at.
    """
    for one in call.requests:
        if one.method not in ("INVITE", "UPDATE", "PRACK"):
            continue
        answerer = Role.CALLEE if one.from_caller else Role.CALLER
        for hop in reversed(one.hops):
            offer = read_sdp(hop.request)
            finals = [] if hop.response is None else [hop.response]
            for answer in (*hop.provisional, *finals):
                description = read_sdp(answer)
                if hop.request is None or offer is None or description is None or (answer.sip.status or 0) >= 300:
                    continue
                yield hop.request, offer, answer, description, answerer
                break
            else:
                continue
            break


@CATALOGUE.add(
    "CALL-28",
    "An answer has the streams of the offer in number, kind and order, and a format of the offer in each that is not "
    "refused.",
    source=("RFC 3264", "6"),
    node=Role.CALLEE,
    points=(Point.GM, Point.MW),
    condition="a request with a session description and an answer with one were captured on one hop",
    kinds=CALL,
)
def answered_streams(call: Call) -> Finding:
    """RFC 3264 6: one `m=` line for each of the offer, in its order; port 0 refuses; one format in common."""
    expected = "the streams of the offer"
    citations: list[Citation] = []
    for request, offer, answer, description, answerer in exchanges_of(call):
        cited = (cite_body(answer), cite_body(request))
        offered, given = _kinds(offer), _kinds(description)
        if offered != given:
            return failed(f"streams {clip(offered, 60)}", f"streams {clip(given, 60)}", *cited, node=answerer)
        for wanted, got in zip(offer, description, strict=True):
            if got.port and not wanted.port:
                return failed("port 0, as in the offer", f"port {got.port}", *cited, node=answerer)
            common = set(wanted.formats) & set(got.formats) or wanted.encodings & got.encodings
            if got.port and not common:
                found = f"{clip(wanted.kind, 20)} {clip(' '.join(got.formats), 40)}"
                return failed(f"one of {clip(' '.join(wanted.formats), 60)}", found, *cited, node=answerer)
        citations += cited
    if not citations:
        return not_applicable(expected, "no offer and its answer were captured on one hop")
    return passed(expected, expected, *citations)


def _kinds(description: Description) -> str:
    return ", ".join(stream.kind for stream in description) or "none"
