"""How long a registration lives: when 3GPP TS 24.229 has it refreshed, and what happens when it is taken away."""

from __future__ import annotations

from conformance.criteria.model import Catalogue, Citation, Finding, failed, inconclusive, not_applicable, passed
from conformance.criteria.procedure import Kind
from conformance.criteria.registration import Attempt, Registration
from conformance.criteria.ts24229_ue import TS24229
from conformance.criteria.values import (
    Address,
    addresses,
    avp,
    cite_address,
    cite_avp,
    cite_header,
    cite_no_avp,
    cite_request_uri,
    cite_value,
    clip,
    number,
    same_contact,
    seconds,
)
from conformance.trace.model import SipMessage
from conformance.vocabulary.numbers import Avp, ServerAssignmentType
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role

CATALOGUE = Catalogue()
LONG_S = 1200
EARLY_S = 600
"""Registrations for longer than `LONG_S` are refreshed so long before their end, shorter ones at half time."""
TOLERANCE_S = 1
"""A clock of the terminal counts from when it read the 200, and whole seconds."""


@CATALOGUE.add(
    "REG-47",
    "The terminal refreshes its registration in time: 600 seconds before it ends where it was granted for more than "
    "1200 seconds, else when half of it is over.",
    source=(TS24229, "5.1.1.4.1"),
    node=Role.UE,
    points=(Point.GM,),
    condition="the registration that is refreshed was captured",
    kinds=(Kind.REREGISTRATION,),
)
def in_time(registration: Registration) -> Finding:
    """3GPP TS 24.229 5.1.1.4.1; a terminal may refresh earlier at any time."""
    expected = f"{EARLY_S} s before the end, or at half time"
    before, gm = registration.before, registration.first.gm
    accepted = None if before is None else before.accepted
    if accepted is None or accepted.gm is None or accepted.gm.response is None:
        return not_applicable(expected, "the registration that is refreshed was not captured on Gm")
    if gm is None or gm.request is None:
        return inconclusive(expected, "the REGISTER that refreshes was not captured")
    granted = _granted(accepted, gm.request)
    if granted is None:
        return not_applicable(expected, "the 200 says of no binding of the terminal how long it lives")
    value, expiry = granted
    if accepted.gm.response.capture != gm.request.capture:
        return not_applicable(expected, "200 and REGISTER stand in captures of different clocks")
    due = expiry - EARLY_S if expiry > LONG_S else expiry / 2
    passed_s = (gm.request.time_ns - accepted.gm.response.time_ns) / 1e9
    cited = (cite_value(accepted.gm.response, "Contact", value.value), cite_request_uri(gm.request))
    wanted, shown = f"within {due:g} s of {expiry} s", f"after {passed_s:.1f} s"
    if passed_s > due + TOLERANCE_S:
        # A refresh in between that the capture lost would explain it.
        return failed(wanted, shown, *cited, by_absence=True)
    return passed(wanted, shown, *cited)


def _granted(attempt: Attempt, request: SipMessage) -> tuple[Address, int] | None:
    response = None if attempt.gm is None else attempt.gm.response
    ours = [found.name_addr.uri for found in addresses(request, "Contact")]
    for found in () if response is None else addresses(response, "Contact"):
        expiry = seconds(found.name_addr.params.get("expires"))
        if expiry and any(same_contact(found.name_addr.uri, one) for one in ours):
            return found, expiry
    return None


REMOVED = (ServerAssignmentType.USER_DEREGISTRATION, ServerAssignmentType.USER_DEREGISTRATION_STORE_SERVER_NAME)


@CATALOGUE.add(
    "REG-48",
    "A deregistration ends the binding, and the S-CSCF tells the HSS of it (SAR, USER_DEREGISTRATION).",
    source=("3GPP TS 29.228", None),
    node=Role.HOME_SCSCF,
    points=(Point.GM, Point.MW, Point.CX),
    kinds=(Kind.DEREGISTRATION,),
)
def taken_away(registration: Registration) -> Finding:
    """RFC 3261 10.2.2 and 10.3 (expiry 0 removes); 3GPP TS 29.228 and 29.229 (assignment types 5 and 7)."""
    expected = "the binding is gone from the 200, SAR with Server-Assignment-Type 5 or 7"
    accepted = registration.accepted
    if accepted is None:
        return (
            inconclusive(expected, "no 200 was seen")
            if registration.ended is None
            else not_applicable(expected, registration.ended)
        )
    hop = next((h for h in accepted.hops if h.request is not None and h.response is not None), None)
    if hop is None or hop.request is None or hop.response is None:
        return inconclusive(expected, "REGISTER and 200 of one hop were not captured together")
    left = addresses(hop.response, "Contact")
    removed = [found.name_addr.uri for found in addresses(hop.request, "Contact")]
    for found in left:
        # RFC 3261 10.3 item 8: the 200 lists what is still bound.
        same = any(same_contact(found.name_addr.uri, uri) for uri in removed)
        if same and seconds(found.name_addr.params.get("expires")) != 0:
            cited = cite_address(hop.response, "Contact", found)
            return failed(expected, f"{clip(found.name_addr.uri)} is still bound", cited)
    header = hop.request.sip.first("Contact")
    citations: list[Citation] = [] if header is None else [cite_header(hop.request, header)]
    if not registration.sees(Point.CX) or left:
        why = "Cx was not captured" if not left else "other bindings stay, so the HSS is told nothing"
        return passed(expected, f"the binding is gone; {why}", *citations)
    exchange = accepted.first("SAR")
    if exchange is None or exchange.request is None:
        if registration.before is None or not registration.before.accepted:
            return passed(expected, "the binding is gone; whether there was one is not known", *citations)
        if not _scscf_seen(registration):
            return passed(expected, "the binding is gone; the Cx of the S-CSCF was not captured", *citations)
        return failed(expected, "a 200 without SAR", *citations, by_absence=True)
    holder = avp(exchange.request, Avp.SERVER_ASSIGNMENT_TYPE)
    if holder is None:
        missing = cite_no_avp(exchange.request, "Server-Assignment-Type")
        return failed(expected, "no Server-Assignment-Type", missing)
    shown = number(holder)
    cited = cite_avp(exchange.request, holder, str(shown))
    if shown not in REMOVED:
        return failed("Server-Assignment-Type 5 or 7", f"Server-Assignment-Type {shown}", cited)
    return passed(expected, f"the binding is gone, Server-Assignment-Type {shown}", *citations, cited)


def _scscf_seen(registration: Registration) -> bool:
    before = () if registration.before is None else registration.before.attempts
    return any(attempt.all("MAR") or attempt.all("SAR") for attempt in (*before, *registration.attempts))
