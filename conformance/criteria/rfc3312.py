"""Preconditions of a session: resources before the callee is alerted (RFC 3312, RFC 4032)."""

from __future__ import annotations

from conformance.criteria.call import Call
from conformance.criteria.call_values import cite_all, cite_body, first_hop, last_hop, sent_by_caller, tag
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
from conformance.criteria.sdp import Stream, read_sdp
from conformance.criteria.values import cite_status, clip, option_tags
from conformance.trace.model import SipMessage
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role

CATALOGUE = Catalogue()
CALL = (Kind.CALL,)
TAG = "precondition"
NONE = "the offer has no preconditions"
_DIRECTIONS = {"none": frozenset(), "send": frozenset({"s"}), "recv": frozenset({"r"}), "sendrecv": frozenset("sr")}


def _states(stream: Stream, name: str) -> dict[str, frozenset[str]]:
    """Return the directions of `a=curr:qos` or `a=des:qos` by status type (`local`, `remote`)."""
    found = {}
    for value in stream.values(name):
        words = value.lower().split()
        if len(words) >= 3 and words[0] == "qos" and words[-1] in _DIRECTIONS:
            found[words[-2]] = _DIRECTIONS[words[-1]]
    return found


def _mandatory(stream: Stream) -> bool:
    words = [value.lower().split() for value in stream.values("des")]
    return any(one[:2] == ["qos", "mandatory"] for one in words)


def _asks(streams: tuple[Stream, ...] | None) -> list[Stream]:
    return [stream for stream in streams or () if stream.port and stream.values("des")]


def _waits(streams: tuple[Stream, ...] | None) -> bool:
    """Tell whether the resources of who sends a description are mandatory and not there."""
    for stream in _asks(streams):
        wanted, there = (_states(stream, name).get("local", frozenset()) for name in ("des", "curr"))
        if _mandatory(stream) and wanted - there:
            return True
    return False


def _offer(call: Call) -> SipMessage | None:
    return sent_by_caller(call) or call.invite.request


@CATALOGUE.add(
    "CALL-24",
    "An offer with preconditions says current and desired state of each such stream, and the INVITE names the "
    "extension; so does the answer.",
    source=("RFC 3312", "5"),
    node=Role.CALLER,
    points=(Point.GM, Point.MW),
    condition="the session description of the INVITE has desired states, or the INVITE requires preconditions",
    kinds=CALL,
)
def stated(call: Call) -> Finding:
    """RFC 3312 5 and 11: curr and des lines for local and remote; the option tag in Supported or Require."""
    expected = "a=curr:qos and a=des:qos for local and remote, option tag precondition"
    request = _offer(call)
    offer = read_sdp(request)
    if request is None or offer is None:
        return not_applicable(expected, NONE)
    required = TAG in option_tags(request, "Require")
    asking = _asks(offer)
    if not asking:
        if required:
            found = "Require: precondition, and no a=des:qos"
            return failed(expected, found, cite_body(request), *cite_all(request, "Require"))
        return not_applicable(expected, NONE)
    if not required and TAG not in option_tags(request, "Supported"):
        return failed(expected, "no option tag precondition", *cite_all(request, "Supported"), cite_body(request))
    for stream in asking:
        for name in ("curr", "des"):
            missing = {"local", "remote"} - set(_states(stream, name)) - {"e2e"}
            if missing and "e2e" not in _states(stream, name):
                found = f"{clip(stream.kind, 20)}: no a={name}:qos {' and '.join(sorted(missing))}"
                return failed(expected, found, cite_body(request))
    hop = call.invite.hop_to(Role.CALLEE) or call.invite.hops[-1]
    answer = next((m for m in (*hop.provisional, *((hop.response,) if hop.response else ())) if read_sdp(m)), None)
    citations: list[Citation] = [cite_body(request)]
    if answer is not None:
        # RFC 3312 5.1.2: who understands the offer answers with states of its own.
        for stream in read_sdp(answer) or ():
            if stream.port and not stream.values("curr") and TAG in option_tags(answer, "Require"):
                found = f"the answer has no a=curr:qos for {clip(stream.kind, 20)}"
                return failed(expected, found, cite_body(answer), node=Role.CALLEE)
        citations.append(cite_body(answer))
    return passed(expected, "all of it", *citations)


@CATALOGUE.add(
    "CALL-25",
    "When the caller's resources are there, he says so in an UPDATE (or PRACK), and the callee answers with his "
    "own state.",
    source=("RFC 3312", "6"),
    node=Role.CALLER,
    points=(Point.GM,),
    condition="the offer has mandatory preconditions that the caller does not meet yet, and the call is answered",
    kinds=CALL,
)
def told(call: Call) -> Finding:
    """RFC 3312 6 and RFC 3311 5: a new offer with the changed state, answered in the 200."""
    expected = "a=curr:qos local sendrecv in a new offer, answered"
    request = _offer(call)
    if not _waits(read_sdp(request)):
        return not_applicable(expected, "the offer has no precondition that the caller does not meet")
    for one in call.requests:
        if one.method not in ("UPDATE", "PRACK") or not one.from_caller:
            continue
        hop = first_hop(one) or one.hops[0]
        offer = read_sdp(hop.request)
        if hop.request is None or offer is None or _waits(offer) or not _asks(offer):
            continue
        cited = cite_body(hop.request)
        if hop.response is None:
            return inconclusive(expected, "its answer was not captured", cited)
        if 200 <= (hop.response.sip.status or 0) < 300 and read_sdp(hop.response) is None and one.method == "UPDATE":
            found = "the 200 to UPDATE has no session description"
            return failed(expected, found, cite_status(hop.response), node=Role.CALLEE)
        return passed(expected, f"in {one.method}", cited, cite_status(hop.response))
    final = call.invite.response
    if final is None or not call.invite.is_accepted:
        return unreached(expected, "the call was not answered")
    return failed(expected, "answered, and no such offer came", cite_status(final), by_absence=True)


@CATALOGUE.add(
    "CALL-26",
    "The callee is not alerted (180) before the mandatory preconditions of the caller are met.",
    source=("RFC 3312", "6"),
    node=Role.CALLEE,
    points=(Point.GM,),
    condition="the offer has mandatory preconditions that the caller does not meet yet, and the callee sends 180",
    kinds=CALL,
)
def alerted_behind_resources(call: Call) -> Finding:
    """RFC 3312 6: the callee waits for the new state of the caller before he is alerted."""
    expected = "180 behind the offer that says that the resources are there"
    hop = call.invite.hop_to(Role.CALLEE)
    if hop is None or hop.request is None:
        return unreached(expected, "no INVITE to the callee's terminal was captured")
    if not _waits(read_sdp(hop.request)):
        return not_applicable(expected, "the offer has no precondition that the caller does not meet")
    ringing = next((one for one in hop.provisional if one.sip.status == 180), None)
    if ringing is None:
        return not_applicable(expected, "the callee sends no 180")
    for one in call.requests:
        end = last_hop(one) if one.from_caller and one.method in ("UPDATE", "PRACK") else None
        offer = None if end is None else read_sdp(end.request)
        if end is None or end.request is None or offer is None or _waits(offer) or not _asks(offer):
            continue
        if tag(end.request, "To") != tag(ringing, "To"):
            continue  # of another device's dialog
        cited = (cite_status(ringing), cite_body(end.request))
        if end.request.capture == ringing.capture and ringing.time_ns < end.request.time_ns:
            return failed(expected, "180 before it", *cited)
        return passed(expected, "in this order", *cited)
    return failed(expected, "180, and no such offer came before", cite_status(ringing), by_absence=True)
