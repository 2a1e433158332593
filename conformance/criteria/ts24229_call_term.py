"""What 3GPP TS 24.229 asks of the callee's side: I-CSCF, S-CSCF and P-CSCF, in the INVITE that begins a call."""

from __future__ import annotations

from conformance.criteria.call import Call
from conformance.criteria.call_values import (
    TS24229,
    adds_itself,
    cite_all,
    cite_reverse,
    not_there,
    pair_at,
    route_of,
    same_number,
    same_route,
    sent_by_caller,
)
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
from conformance.criteria.procedure import Kind
from conformance.criteria.registration import Exchange, Hop
from conformance.criteria.ts24229_call_orig import ASSERTED
from conformance.criteria.values import (
    address,
    avp,
    cite_address,
    cite_avp,
    cite_command,
    cite_header,
    cite_missing,
    cite_no_avp,
    cite_request_uri,
    cite_status,
    clip,
    result,
    same_contact,
    same_identity,
    same_uri,
    text,
)
from conformance.trace.model import DiameterMessage, SipMessage
from conformance.vocabulary.federation import NodeKind
from conformance.vocabulary.numbers import Avp, DiameterResult
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Severity

CATALOGUE = Catalogue()
CALL = (Kind.CALL,)
CALLED = "P-Called-Party-ID"
CHARGING = ("P-Charging-Vector", "P-Charging-Function-Addresses")
NOT_FOUND = (404, 604)
UNAVAILABLE = (404, 480)


def _location(call: Call) -> Exchange | None:
    """Return the LIR of the call: the last one, where the I-CSCF asked again."""
    return next((one for one in reversed(call.exchanges) if one.command == "LIR"), None)


@CATALOGUE.add(
    "CALL-09",
    "The I-CSCF asks the HSS for the identity in the Request-URI, and sends the INVITE to the S-CSCF that the answer "
    "names.",
    source=("3GPP TS 29.228", None),
    node=Role.TERM_ICSCF,
    points=(Point.CX,),
    condition="Cx shows the LIR, or would have to",
    kinds=CALL,
)
def location(call: Call) -> Finding:
    """3GPP TS 29.228 (location query) and 24.229 (procedures at the I-CSCF): Public-Identity, then Server-Name."""
    expected = "LIR for the Request-URI, INVITE to Server-Name"
    asked = _location(call)
    got, sent = call.into(Role.TERM_ICSCF), call.out_of(Role.TERM_ICSCF)
    if asked is None or asked.request is None:
        if _would_show(call, got, sent):
            cited = [
                cite_request_uri(hop.request) for hop in (sent, got) if hop is not None and hop.request is not None
            ]
            return failed(expected, "no LIR", *cited, by_absence=True)
        return not_applicable(expected, "no LIR was captured")
    named = avp(asked.request, Avp.PUBLIC_IDENTITY)
    citations: list[Citation] = []
    if got is not None and got.request is not None:
        uri = got.request.sip.request_uri
        if named is None:
            missing = cite_no_avp(asked.request, "Public-Identity")
            return failed(clip(uri), "no Public-Identity", missing, cite_command(asked.request))
        identity = text(named) or ""
        identities = (cite_avp(asked.request, named, identity), cite_request_uri(got.request))
        if not same_identity(identity, uri) and not same_number(identity, uri):
            return failed(f"Public-Identity {clip(uri)}", clip(identity), *identities)
        citations += identities
    server = avp(asked.answer, Avp.SERVER_NAME)
    if server is not None and asked.answer is not None and sent is not None and sent.request is not None:
        name = text(server) or ""
        places = [*route_of(sent.request)[:1], sent.request.sip.request_uri]
        shown = (cite_avp(asked.answer, server, name), cite_reverse(sent.request, "Route"))
        if not any(same_contact(name, place) or _same_host(name, place) for place in places):
            return failed(f"INVITE to {clip(name)}", f"INVITE to {clip(places[0])}", *shown)
        citations += shown
    if not citations:
        return unreached(expected, "no INVITE before or behind the I-CSCF was captured")
    return passed(expected, clip(text(named) or ""), *citations)


def _would_show(call: Call, got: Hop | None, sent: Hop | None) -> bool:
    """Tell whether a capture would show the LIR of the INVITE that an I-CSCF sends on.

    So it is where questions of this I-CSCF were captured, and a federation has I-CSCF, S-CSCF and HSS at three
    addresses. An INVITE whose Route names the S-CSCF already needs no question.
    """
    network = call.facts.networks.get(Role.TERM_ICSCF)
    if got is None or sent is None or got.request is None or sent.request is None or network is None:
        return False
    kinds = (NodeKind.ICSCF, NodeKind.SCSCF, NodeKind.HSS)
    if Point.CX not in call.observed or not call.lossless or any(kind not in network.nodes for kind in kinds):
        return False
    places = [str(network.node(kind).address) for kind in kinds]
    passed_on = [got.request.destination.address, sent.request.destination.address]
    if places[0] not in call.askers:
        return False  # what passes between this I-CSCF and its HSS was not seen at all
    return len(set(places)) == len(kinds) and passed_on == places[:2] and len(route_of(got.request)) < 2


def _same_host(name: str, place: str) -> bool:
    """Tell whether two URIs lead to one server: the I-CSCF may add a user part that tells its kind of request."""
    return same_contact(name, "sip:" + place.partition(":")[2].rpartition("@")[2])


def _refusal_of(call: Call, code: DiameterResult) -> tuple[DiameterMessage | None, SipMessage | None]:
    """Return the LIA that has a result and the final answer of the I-CSCF."""
    asked = _location(call)
    if asked is None or asked.answer is None or result(asked.answer) != (code, True):
        return None, None
    hop = call.into(Role.TERM_ICSCF)
    return asked.answer, None if hop is None else hop.response


@CATALOGUE.add(
    "CALL-10",
    "Where the HSS does not know the callee, the I-CSCF answers 404 (or 604).",
    source=TS24229,
    node=Role.TERM_ICSCF,
    points=(Point.CX,),
    condition="LIA with DIAMETER_ERROR_USER_UNKNOWN",
    kinds=CALL,
)
def unknown_callee(call: Call) -> Finding:
    """3GPP TS 24.229 (procedures at the I-CSCF): 404, or 604."""
    return _answered(call, DiameterResult.ERROR_USER_UNKNOWN, NOT_FOUND, "the HSS did not say that it knows nobody")


@CATALOGUE.add(
    "CALL-38",
    "A call to somebody who is not registered and has no services then is answered 480 (or 404).",
    source=TS24229,
    node=Role.TERM_ICSCF,
    points=(Point.CX,),
    condition="LIA with DIAMETER_ERROR_IDENTITY_NOT_REGISTERED",
    kinds=CALL,
)
def unregistered_callee(call: Call) -> Finding:
    """3GPP TS 29.228 (5003 in the LIA) and 24.229: 480 Temporarily unavailable."""
    code = DiameterResult.ERROR_IDENTITY_NOT_REGISTERED
    return _answered(call, code, UNAVAILABLE, "the HSS did not say that the callee is not registered")


def _answered(call: Call, code: DiameterResult, statuses: tuple[int, ...], otherwise: str) -> Finding:
    expected = " or ".join(map(str, statuses))
    answer, final = _refusal_of(call, code)
    if answer is None:
        return not_applicable(expected, otherwise)
    if final is None:
        return inconclusive(expected, "no final answer of the I-CSCF was captured")
    cited = (cite_status(final), cite_command(answer))
    if final.sip.status not in statuses:
        return failed(expected, f"{final.sip.status}", *cited)
    return passed(expected, f"{final.sip.status}", *cited)


@CATALOGUE.add(
    "CALL-11",
    "The callee's S-CSCF makes his registered contact the Request-URI and his stored Path the Route, and names the "
    "identity that was called in P-Called-Party-ID.",
    source=TS24229,
    node=Role.TERM_SCSCF,
    points=(Point.MW, Point.IC),
    kinds=CALL,
)
def terminating_scscf(call: Call) -> Finding:
    """3GPP TS 24.229 (procedures at the S-CSCF, requests to the served user); RFC 3455 4.2."""
    expected = "Request-URI of the contact, Route of the Path, P-Called-Party-ID = Request-URI as received"
    pair = pair_at(call, Role.TERM_SCSCF)
    if pair is None:
        return unreached(expected, f"no {call.invite.method} was captured before and behind the callee's S-CSCF")
    got, sent, behind = pair
    was, now = got.sip.request_uri, sent.sip.request_uri
    uris = (cite_request_uri(sent), cite_request_uri(got))
    registered = call.callee_registered
    if registered is not None and not any(same_contact(now, contact) for contact in registered.contacts):
        return failed(f"Request-URI {clip(', '.join(registered.contacts))}", clip(now), *uris)
    if same_uri(was, now) and registered is None:
        return failed("Request-URI of the callee's contact", f"{clip(now)} as received", *uris)
    # The border of the own network stands in front, where the Path leads out of it.
    route = route_of(sent)[1 if behind.receiver is Role.IBCF else 0 :]
    if registered is not None and registered.paths and not same_route(route, list(registered.paths)):
        found = clip(", ".join(route)) or "no Route"
        return failed(f"Route {clip(', '.join(registered.paths))}", found, *cite_all(sent, "Route"))
    called = address(sent, CALLED)
    if called is None:
        return failed(expected, f"no {CALLED}", cite_missing(sent, CALLED), *uris)
    before = call.into(Role.TERM_SCSCF)
    first = was if before is None or before.request is None else before.request.sip.request_uri
    cited = cite_address(sent, CALLED, called)
    if not same_identity(called.name_addr.uri, first) and not same_identity(called.name_addr.uri, call.callee):
        return failed(f"{CALLED} {clip(first)}", clip(called.name_addr.uri), cited, *uris)
    return passed(expected, clip(now), *uris, cited)


@CATALOGUE.add(
    "CALL-12",
    "The callee's P-CSCF keeps the charging header fields to itself and puts itself in Record-Route.",
    source=TS24229,
    node=Role.TERM_PCSCF,
    points=(Point.GM,),
    severity=Severity.DEGRADED,
    kinds=CALL,
)
def terminating_pcscf(call: Call) -> Finding:
    """3GPP TS 24.229 (procedures at the P-CSCF, requests to the terminal)."""
    expected = "no P-Charging-Vector, no P-Charging-Function-Addresses, Record-Route of the P-CSCF"
    hop = call.invite.hop_to(Role.CALLEE)
    if hop is None or hop.request is None:
        return unreached(expected, "no INVITE to the callee's terminal was captured")
    request = hop.request
    for name in CHARGING:
        header = request.sip.first(name)
        if header is not None:
            return failed(expected, f"{name}: {clip(header.value)}", cite_header(request, header), node=hop.sender)
    got = call.into(Role.TERM_PCSCF)
    citations = [cite_missing(request, CHARGING[0]), *cite_all(request, "Record-Route")]
    if got is not None and got.request is not None:
        if not adds_itself(got.request, request):
            return failed(expected, "no Record-Route of the P-CSCF", *citations)
    elif not request.sip.values("Record-Route"):
        return failed(expected, "no Record-Route", *citations)
    return passed(expected, "all of it", *citations)


@CATALOGUE.add(
    "CALL-13",
    "With Privacy: id the asserted identity of the caller reaches every CSCF and not the callee's terminal.",
    source=("RFC 3325", "7"),
    node=Role.TERM_PCSCF,
    points=(Point.GM,),
    condition="the INVITE has Privacy: id",
    kinds=CALL,
)
def privacy(call: Call) -> Finding:
    """RFC 3325 7 and 9.3: with the value id, it is removed before the message leaves the trust domain."""
    expected = f"no {ASSERTED} towards the callee"
    asked = sent_by_caller(call)
    request = asked or call.invite.request
    if request is None:
        return inconclusive(expected, not_there(call))
    values = {one.strip().lower() for value in request.sip.values("Privacy") for one in value.text.split(";")}
    if "id" not in values:
        return not_applicable(expected, "the INVITE does not ask for Privacy: id")
    hop = call.invite.hop_to(Role.CALLEE)
    if hop is None or hop.request is None:
        return unreached(expected, "no INVITE to the callee's terminal was captured")
    found = hop.request.sip.first(ASSERTED)
    if found is not None:
        return failed(expected, f"{ASSERTED}: {clip(found.value)}", cite_header(hop.request, found), node=hop.sender)
    return passed(expected, expected, cite_missing(hop.request, ASSERTED), *cite_all(request, "Privacy"))
