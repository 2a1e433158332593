"""What 3GPP TS 24.229 asks of the caller's side: terminal, P-CSCF and S-CSCF, in the INVITE that begins a call."""

from __future__ import annotations

from conformance.criteria.call import Call
from conformance.criteria.call_values import (
    TS24229,
    adds_itself,
    charging,
    cite_all,
    cite_reverse,
    not_from_caller,
    not_there,
    pair_at,
    route_of,
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
from conformance.criteria.values import (
    addresses,
    cite_address,
    cite_header,
    cite_missing,
    clip,
    same_identity,
    same_uri,
)
from conformance.trace.model import SipMessage
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Severity

CATALOGUE = Catalogue()
CALL = (Kind.CALL,)
ASSERTED, PREFERRED = "P-Asserted-Identity", "P-Preferred-Identity"
NOT_OF_THE_TERMINAL = ("P-Charging-Vector", "P-Charging-Function-Addresses", "P-Visited-Network-ID")
"""Header fields that networks alone put in."""


@CATALOGUE.add(
    "CALL-01",
    "The Route of the caller's INVITE is his P-CSCF and then the Service-Route of his registration, all loose routers.",
    source=TS24229,
    node=Role.CALLER,
    points=(Point.GM,),
    condition="the registration of the caller's terminal was captured",
    kinds=CALL,
)
def preloaded_route(call: Call) -> Finding:
    """3GPP TS 24.229 (procedures at the UE) and RFC 3608: the Service-Route is a preloaded route, in its order."""
    expected = "Route: P-CSCF, then Service-Route, each with lr"
    if call.caller_registered is None or not call.caller_registered.at_terminal:
        return not_applicable(expected, "no registration of the caller's terminal was captured")
    request = sent_by_caller(call)
    if request is None:
        return inconclusive(expected, not_from_caller(call))
    route, service = route_of(request), list(call.caller_registered.service_route)
    expected = f"P-CSCF, then {clip(', '.join(service)) or 'nothing more'}"
    cited = cite_all(request, "Route")
    if not route:
        return failed(expected, "no Route", *cited)
    if not same_route(route[1:], service):
        return failed(expected, clip(", ".join(route)), *cited)
    strict = next((one for one in addresses(request, "Route") if one.uri is None or "lr" not in one.uri.params), None)
    if strict is not None:
        found = f"{clip(strict.name_addr.uri)} without lr"
        return failed(expected, found, cite_address(request, "Route", strict))
    return passed(expected, clip(", ".join(route)), *cited)


@CATALOGUE.add(
    "CALL-02",
    "P-Preferred-Identity, where the caller sends it, is one of his registered identities, and no P-CSCF forwards it.",
    source=("RFC 3325", "9.2"),
    node=Role.ORIG_PCSCF,
    points=(Point.GM, Point.MW),
    condition="the INVITE of the caller has P-Preferred-Identity",
    kinds=CALL,
)
def preferred_identity(call: Call) -> Finding:
    """RFC 3325 9.2: a proxy that gets it from a user agent removes it and asserts an identity."""
    expected = "P-Preferred-Identity of a registered identity, and not behind the P-CSCF"
    request = sent_by_caller(call)
    preferred = [] if request is None else list(addresses(request, PREFERRED))
    cited: list[Citation] = []
    for hop in call.invite.hops:
        header = None if hop.request is None else hop.request.sip.first(PREFERRED)
        if hop.request is not None and header is not None and hop.sender not in (Role.CALLER, Role.ADAPTER, None):
            return failed(expected, f"{PREFERRED}: {clip(header.value)}", cite_header(hop.request, header))
    if request is None:
        return inconclusive(expected, not_from_caller(call))
    if not preferred:
        return not_applicable(expected, f"the {call.invite.method} has no {PREFERRED}")
    known = _registered(call)
    for one in preferred:
        cited.append(cite_address(request, PREFERRED, one))
        if known and not any(same_identity(one.name_addr.uri, uri) for uri in known):
            found = f"{clip(one.name_addr.uri)}, which is not registered"
            return failed(expected, found, cited[-1], node=Role.CALLER)
    behind = call.invite.hop_from(Role.ORIG_PCSCF)
    if behind is None or behind.request is None:
        return inconclusive(expected, not_there(call), *cited)
    return passed(expected, expected, *cited, cite_missing(behind.request, PREFERRED))


def _registered(call: Call) -> tuple[str, ...]:
    """Return the identities that the caller registered, empty where that was not seen."""
    if call.caller_registered is None:
        return ()
    return (call.caller_registered.identity, *call.caller_registered.associated)


@CATALOGUE.add(
    "CALL-03",
    "The caller's P-CSCF puts in P-Asserted-Identity: a SIP URI, a tel URI or one of each, of the caller's registered "
    "identities; what stands there further on can be read as well.",
    source=("RFC 3325", "9.1"),
    node=Role.ORIG_PCSCF,
    points=(Point.MW, Point.IC),
    kinds=CALL,
)
def asserted_identity(call: Call) -> Finding:
    """3GPP TS 24.229 (procedures at the P-CSCF); RFC 3325 9.1: one value, or two of which one is tel."""
    expected = f"{ASSERTED} with one SIP URI, one tel URI or both"
    hop = call.invite.hop_from(Role.ORIG_PCSCF)
    if hop is None or hop.request is None:
        return inconclusive(expected, not_there(call))
    request = hop.request
    values, read = request.sip.values(ASSERTED), addresses(request, ASSERTED)
    cited = cite_all(request, ASSERTED)
    if not values:
        return failed(expected, f"no {ASSERTED}", *cited, node=hop.sender)
    schemes = sorted(one.uri.scheme.rstrip("s") for one in read if one.uri is not None)
    if len(schemes) != len(values) or schemes not in (["sip"], ["tel"], ["sip", "tel"]):
        return failed(expected, clip(", ".join(value.text for value in values)), *cited)
    known = _registered(call)
    for one in read:
        if known and not any(same_identity(one.name_addr.uri, uri) for uri in known):
            return failed("an identity that the caller registered", clip(one.name_addr.uri), *cited)
    for later in call.invite.hops:
        # Whoever puts another one in its place puts in one that can be read.
        if later.request is None or later.depth <= hop.depth or later.request.truncated:
            continue
        broken = [one for one in addresses(later.request, ASSERTED) if one.uri is None]
        if broken:
            found = clip(broken[0].name_addr.uri)
            return failed(expected, found, *cite_all(later.request, ASSERTED), *cited, node=later.sender)
    return passed(expected, clip(", ".join(one.name_addr.uri for one in read)), *cited)


@CATALOGUE.add(
    "CALL-04",
    "The P-CSCF forwards nothing that only networks put in: charging vector, charging addresses and visited network of "
    "the terminal's INVITE go no further.",
    source=TS24229,
    node=Role.ORIG_PCSCF,
    points=(Point.MW, Point.IC),
    condition="the INVITE of the terminal has such a header field",
    kinds=CALL,
)
def nothing_from_the_terminal(call: Call) -> Finding:
    """3GPP TS 24.229 (procedures at the P-CSCF): such header fields of the terminal are removed."""
    expected = "charging and network header fields of the terminal removed or replaced"
    request, hop = sent_by_caller(call), call.invite.hop_from(Role.ORIG_PCSCF)
    if request is None:
        return inconclusive(expected, not_from_caller(call))
    sent = [name for name in NOT_OF_THE_TERMINAL if request.sip.first(name) is not None]
    if not sent:
        return not_applicable(expected, "the terminal's INVITE has none")
    if hop is None or hop.request is None:
        return inconclusive(expected, not_there(call))
    citations: list[Citation] = []
    for name in sent:
        before = {_plain(value.text) for value in request.sip.values(name)}
        for value in hop.request.sip.values(name):
            if _plain(value.text) in before or _same_icid(name, request, hop.request):
                return failed(expected, f"{name}: {clip(value.text)}", *cite_all(hop.request, name))
        citations += cite_all(request, name)
    return passed(expected, "removed or replaced", *citations)


def _plain(text: str) -> str:
    return "".join(text.lower().split())


def _same_icid(name: str, one: SipMessage, other: SipMessage) -> bool:
    if name != "P-Charging-Vector":
        return False
    before, after = charging(one), charging(other)
    return bool(before and after and before.get("icid-value") and before["icid-value"] == after.get("icid-value"))


@CATALOGUE.add(
    "CALL-05",
    "The caller's P-CSCF puts itself in Record-Route and adds P-Charging-Vector with an icid-value.",
    source=TS24229,
    node=Role.ORIG_PCSCF,
    points=(Point.MW, Point.IC),
    severity=Severity.DEGRADED,
    kinds=CALL,
)
def record_route_of_pcscf(call: Call) -> Finding:
    """3GPP TS 24.229 (procedures at the P-CSCF); without it, requests within the dialog pass the P-CSCF by."""
    expected = "Record-Route of the P-CSCF, P-Charging-Vector with icid-value"
    hop = call.invite.hop_from(Role.ORIG_PCSCF)
    if hop is None or hop.request is None:
        return inconclusive(expected, not_there(call))
    request = hop.request
    got = call.into(Role.ORIG_PCSCF)
    cited = cite_all(request, "Record-Route", "P-Charging-Vector")
    before = None if got is None else got.request
    if not (request.sip.values("Record-Route") if before is None else adds_itself(before, request)):
        return failed(expected, "no Record-Route of the P-CSCF", *cited)
    vector = charging(request)
    if vector is None:
        return failed(expected, "no P-Charging-Vector", *cited)
    if not vector.get("icid-value"):
        return failed(expected, "P-Charging-Vector without icid-value", *cited)
    return passed(expected, "both", *cited)


@CATALOGUE.add(
    "CALL-07",
    "The caller's S-CSCF takes its own Route away, puts itself in Record-Route and names its network in orig-ioi of "
    "what leaves it for another one.",
    source=TS24229,
    node=Role.ORIG_SCSCF,
    points=(Point.MW, Point.IC),
    severity=Severity.DEGRADED,
    kinds=CALL,
)
def originating_scscf(call: Call) -> Finding:
    """3GPP TS 24.229 (procedures at the S-CSCF, requests of the served user)."""
    expected = "own Route gone, Record-Route of the S-CSCF, orig-ioi towards another network"
    pair = pair_at(call, Role.ORIG_SCSCF)
    if pair is None:
        return unreached(expected, "no INVITE was captured before and behind the caller's S-CSCF")
    got, sent, _ = pair
    # Application servers send the INVITE back to it by an entry of its own, too.
    came = [hop.request for hop in call.invite.hops if hop.receiver is Role.ORIG_SCSCF and hop.request is not None]
    own = [uri for request in came for uri in route_of(request)[:1]]
    still = next(
        (one for one in addresses(sent, "Route") if any(same_uri(one.name_addr.uri, uri) for uri in own)), None
    )
    if still is not None:
        found = f"Route {clip(still.name_addr.uri)} is still there"
        return failed(expected, found, cite_address(sent, "Route", still), cite_reverse(got, "Route"))
    if not adds_itself(got, sent):
        return failed(expected, "no Record-Route of the S-CSCF", *cite_all(sent, "Record-Route"))
    networks = call.facts.networks
    caller, callee = networks.get(Role.ORIG_SCSCF), networks.get(Role.TERM_SCSCF)
    vector = charging(sent)
    leaves = caller is not None and callee is not None and caller is not callee
    if leaves and (vector is None or not vector.get("orig-ioi")):
        found = "no P-Charging-Vector" if vector is None else "P-Charging-Vector without orig-ioi"
        return failed(expected, found, *cite_all(sent, "P-Charging-Vector"))
    return passed(expected, clip(", ".join(route_of(sent, "Record-Route"))), *cite_all(sent, "Record-Route"))


@CATALOGUE.add(
    "CALL-08",
    "Between two home networks, orig-ioi names the caller's network and term-ioi the callee's: they are not the same.",
    source=("RFC 3455", "4.6"),
    node=Role.TERM_SCSCF,
    points=(Point.IC,),
    severity=Severity.DEGRADED,
    condition="caller and callee have two home networks as a federation has it, and an answer has both parameters",
    kinds=CALL,
)
def inter_operator_identifiers(call: Call) -> Finding:
    """RFC 3455 4.6: orig-ioi is of the network that the request is from, term-ioi of the one that answers."""
    expected = "orig-ioi and term-ioi of two networks"
    networks = call.facts.networks
    caller, callee = networks.get(Role.ORIG_SCSCF), networks.get(Role.TERM_SCSCF)
    if caller is None or callee is None or caller is callee:
        return not_applicable(expected, "no two home networks that a federation declares")
    hop = call.out_of(Role.ORIG_SCSCF)
    answers = () if hop is None else (*hop.provisional, *((hop.response,) if hop.response is not None else ()))
    for answer in answers:
        vector = charging(answer)
        if vector is None or not vector.get("orig-ioi") or not vector.get("term-ioi"):
            continue
        cited = cite_all(answer, "P-Charging-Vector")
        names = f"{clip(vector['orig-ioi'] or '', 50)} and {clip(vector['term-ioi'] or '', 50)}"
        if (vector["orig-ioi"] or "").lower() == (vector["term-ioi"] or "").lower():
            return failed(expected, names, *cited)
        return passed(expected, names, *cited)
    return not_applicable(expected, "no answer from the callee's network has both")
