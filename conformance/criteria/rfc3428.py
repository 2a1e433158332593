"""What RFC 3428 asks of a MESSAGE outside of dialogs, and of the 2xx to it."""

from __future__ import annotations

from conformance.criteria.call_values import cite_octets, not_there
from conformance.criteria.model import Catalogue, Finding, failed, inconclusive, not_applicable, passed
from conformance.criteria.page import Page
from conformance.criteria.procedure import Kind
from conformance.criteria.values import cite_header, cite_missing, cite_status, clip
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Severity

CATALOGUE = Catalogue()
MESSAGE = (Kind.MESSAGE,)


@CATALOGUE.add(
    "MSG-01",
    "A MESSAGE has no Contact: it begins no dialog.",
    source=("RFC 3428", "4"),
    node=Role.CALLER,
    points=(Point.GM, Point.MW, Point.IC),
    severity=Severity.COSMETIC,
    kinds=MESSAGE,
)
def no_contact(page: Page) -> Finding:
    """RFC 3428 4: a user agent puts no Contact into a MESSAGE; what goes between two nodes shows who did."""
    expected = "no Contact"
    request = None
    for hop in page.invite.hops:
        if hop.request is None:
            continue
        header = hop.request.sip.first("Contact")
        if header is not None:
            return failed(expected, f"Contact: {clip(header.value)}", cite_header(hop.request, header), node=hop.sender)
        request = request or hop.request
    if request is None:
        return inconclusive(expected, not_there(page))
    return passed(expected, expected, cite_missing(request, "Contact"))


@CATALOGUE.add(
    "MSG-09",
    "The 2xx to a MESSAGE has neither a body nor a Contact.",
    source=("RFC 3428", None),
    node=Role.CALLEE,
    points=(Point.GM, Point.MW, Point.IC),
    severity=Severity.COSMETIC,
    condition="the MESSAGE is answered 2xx",
    kinds=MESSAGE,
)
def empty_answer(page: Page) -> Finding:
    """RFC 3428 (processing at the user agent server): what the receiver has to say is a MESSAGE of its own."""
    expected = "neither a body nor a Contact"
    final = None
    for hop in reversed(page.invite.hops):  # from who answers
        if hop.response is None or not 200 <= (hop.response.sip.status or 0) < 300:
            continue
        header = hop.response.sip.first("Contact")
        if header is not None:
            found = f"Contact: {clip(header.value)}"
            return failed(expected, found, cite_header(hop.response, header), node=hop.receiver)
        length = len(hop.response.sip.body)
        if length:
            return failed(expected, f"a body of {length} octets", cite_octets(hop.response), node=hop.receiver)
        final = final or hop.response
    if final is None:
        return not_applicable(expected, "no 2xx to the MESSAGE was captured")
    return passed(expected, expected, cite_status(final), cite_missing(final, "Contact"))
