"""Reliable provisional answers and their acknowledgement (RFC 3262)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from conformance.criteria.call import Call, DialogRequest
from conformance.criteria.call_values import PATIENCE_NS, cite_all, cite_reverse, last_hop, tag
from conformance.criteria.model import Catalogue, Citation, Finding, failed, inconclusive, not_applicable, passed
from conformance.criteria.procedure import Kind
from conformance.criteria.registration import Hop
from conformance.criteria.sdp import read_sdp
from conformance.criteria.values import cite_status, clip, option_tags
from conformance.trace.model import SipMessage
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role

CATALOGUE = Catalogue()
CALL = (Kind.CALL,)
RELIABLE = "100rel"
POINTS = (Point.GM, Point.MW)
NONE_RELIABLE = "no provisional answer was sent reliably"
_RACK = re.compile(r"([0-9]{1,10})\s+([0-9]{1,10})\s+(\S+)")


def reliable(answers: Sequence[SipMessage]) -> list[SipMessage]:
    """Return the provisional answers that are sent reliably, each once, in time order."""
    found: dict[tuple[str, int | None], SipMessage] = {}
    for one in answers:
        if 100 < (one.sip.status or 0) < 200 and RELIABLE in option_tags(one, "Require"):
            found.setdefault((tag(one, "To"), rseq(one)), one)
    return sorted(found.values(), key=lambda one: one.time_ns)


def rseq(message: SipMessage) -> int | None:
    """Return the number in RSeq; None where there is none."""
    header = message.sip.first("RSeq")
    value = "" if header is None else header.value.strip()
    return int(value) if re.fullmatch(r"[0-9]{1,10}", value) else None


def rack(request: SipMessage | None) -> tuple[int, int, str] | None:
    """Return response number, CSeq number and method of RAck; None where there is none that can be read."""
    header = None if request is None else request.sip.first("RAck")
    match = None if header is None else _RACK.fullmatch(header.value.strip())
    return None if match is None else (int(match[1]), int(match[2]), match[3])


def _hop_with(call: Call, at_callee: bool) -> Hop | None:
    """Return the hop of the INVITE at one of the terminals."""
    return call.invite.hop_to(Role.CALLEE) if at_callee else call.invite.hop_from(Role.CALLER)


def _pracks(call: Call) -> list[DialogRequest]:
    return [one for one in call.all("PRACK") if one.from_caller]


@CATALOGUE.add(
    "CALL-20",
    "A reliable provisional answer has Require: 100rel and RSeq, is none with status 100, and comes to an INVITE that "
    "allows it.",
    source=("RFC 3262", "3"),
    node=Role.CALLEE,
    points=POINTS,
    condition="a provisional answer has Require: 100rel or RSeq",
    kinds=CALL,
)
def reliable_form(call: Call) -> Finding:
    """RFC 3262 3: RSeq and Require: 100rel go together; the INVITE has 100rel in Supported or Require."""
    expected = "Require: 100rel and RSeq, 100rel in the INVITE"
    citations: list[Citation] = []
    for hop in reversed(call.invite.hops):
        for answer in hop.provisional:
            requires, number = RELIABLE in option_tags(answer, "Require"), answer.sip.first("RSeq")
            if not requires and number is None:
                continue
            sender = hop.receiver
            if answer.sip.status == 100:
                return failed(expected, "a reliable 100", cite_status(answer), node=sender)
            if rseq(answer) is None:
                return failed(expected, "no RSeq that is a number", *cite_all(answer, "Require", "RSeq"), node=sender)
            if not requires:
                return failed(expected, "RSeq without Require: 100rel", *cite_all(answer, "RSeq"), node=sender)
            if hop.request is not None and not hop.request.truncated:
                allowed = option_tags(hop.request, "Supported") | option_tags(hop.request, "Require")
                if RELIABLE not in allowed:
                    found = f"{answer.sip.status} is reliable, the INVITE does not allow it"
                    return failed(expected, found, *cite_all(answer, "Require"), node=sender)
            citations += cite_all(answer, "RSeq")
    if not citations:
        return not_applicable(expected, NONE_RELIABLE)
    return passed(expected, "all of it", *citations)


@CATALOGUE.add(
    "CALL-21",
    "The caller acknowledges each reliable provisional answer with a PRACK whose RAck names it, and the PRACK is "
    "answered with 200.",
    source=("RFC 3262", "4"),
    node=Role.CALLER,
    points=(Point.GM,),
    condition="a reliable provisional answer reached the caller",
    kinds=CALL,
)
def acknowledged(call: Call) -> Finding:
    """RFC 3262 4 and 7.2: RAck has RSeq, the CSeq number and the method of what is acknowledged."""
    expected = "PRACK with RAck of each reliable answer, answered with 200"
    hop = _hop_with(call, at_callee=False)
    if hop is None:
        return inconclusive(expected, "no INVITE of the caller was captured")
    answers = reliable(hop.provisional)
    if not answers:
        return not_applicable(expected, NONE_RELIABLE)
    sent = [(one, request) for one in _pracks(call) if (request := one.request) is not None]
    citations: list[Citation] = []
    for answer in answers:
        wanted = (rseq(answer), answer.sip.cseq_number, "INVITE")
        of_dialog = [(one, request) for one, request in sent if tag(request, "To") == tag(answer, "To")]
        fitting = [(one, request) for one, request in of_dialog if rack(request) == wanted]
        words = f"RAck: {wanted[0]} {wanted[1]} INVITE"
        if not fitting:
            later = [request for _, request in of_dialog if request.time_ns >= answer.time_ns]
            if later and rack(later[0]) not in [(rseq(a), a.sip.cseq_number, "INVITE") for a in answers]:
                found = clip(getattr(later[0].sip.first("RAck"), "value", "")) or "no RAck"
                return failed(words, found, *cite_all(later[0], "RAck"), *cite_all(answer, "RSeq"))
            if call.end_ns - answer.time_ns < PATIENCE_NS:
                return inconclusive(expected, "the capture ends before the PRACK had to come", cite_status(answer))
            return failed(words, "no PRACK", *cite_all(answer, "RSeq"), by_absence=True)
        one, request = fitting[0]
        if one.status is not None and one.status >= 300 and one.response is not None:
            found = f"the PRACK is answered {one.status}"
            return failed(expected, found, cite_status(one.response), *cite_all(request, "RAck"), node=Role.CALLEE)
        citations += cite_all(request, "RAck")
    return passed(expected, f"{len(answers)} acknowledged", *citations)


@CATALOGUE.add(
    "CALL-22",
    "Each further reliable answer of a dialog has an RSeq one higher, and is not sent before the one ahead is "
    "acknowledged.",
    source=("RFC 3262", "3"),
    node=Role.CALLEE,
    points=(Point.GM,),
    condition="the callee sends two reliable provisional answers in one dialog",
    kinds=CALL,
)
def in_order(call: Call) -> Finding:
    """RFC 3262 3: the next one has RSeq plus one; the second is not sent until the first is acknowledged."""
    expected = "RSeq plus one, behind the PRACK of the answer before"
    hop = _hop_with(call, at_callee=True)
    answers = [] if hop is None else reliable(hop.provisional)
    citations: list[Citation] = []
    for one, following in pairwise(answers):
        if tag(one, "To") != tag(following, "To"):
            continue
        before, after = rseq(one), rseq(following)
        cited = (*cite_all(following, "RSeq"), *cite_all(one, "RSeq"))
        if before is None or after != before + 1:
            return failed(expected, f"RSeq {after} behind {before}", *cited)
        arrived = [
            end.request.time_ns
            for prack in _pracks(call)
            if (end := last_hop(prack)) is not None
            and end.request is not None
            and tag(end.request, "To") == tag(one, "To")
            and (named := rack(end.request)) is not None
            and named[0] == before
        ]
        if arrived and min(arrived) > following.time_ns and one.capture == following.capture:
            return failed(expected, f"RSeq {after} before the PRACK of {before}", *cited)
        citations += cited
    if not citations:
        return not_applicable(expected, "no two reliable answers of one dialog were captured at the callee")
    return passed(expected, "in order", *citations)


@CATALOGUE.add(
    "CALL-23",
    "The callee does not answer 2xx before the PRACK of a reliable answer with a session description has come.",
    source=("RFC 3262", "3"),
    node=Role.CALLEE,
    points=(Point.GM,),
    condition="the callee sends a reliable provisional answer with a session description, and a 2xx",
    kinds=CALL,
)
def answer_behind_prack(call: Call) -> Finding:
    """RFC 3262 3: no 2xx while a reliable answer with a session description is not acknowledged."""
    expected = "200 behind the PRACK of the answer with SDP"
    hop = _hop_with(call, at_callee=True)
    final = None if hop is None else hop.response
    if hop is None or final is None or not 200 <= (final.sip.status or 0) < 300:
        return not_applicable(expected, "no 2xx of the callee was captured at his terminal")
    described = [one for one in reliable(hop.provisional) if read_sdp(one) and tag(one, "To") == tag(final, "To")]
    if not described:
        return not_applicable(expected, "no reliable answer with a session description")
    citations: list[Citation] = []
    for answer in described:
        arrived = [
            (end.request.time_ns, end.request)
            for prack in _pracks(call)
            if (end := last_hop(prack)) is not None
            and end.request is not None
            and tag(end.request, "To") == tag(answer, "To")
            and (named := rack(end.request)) is not None
            and named[0] == rseq(answer)
        ]
        if not arrived:
            return inconclusive(expected, "its PRACK was not captured at the callee's terminal", cite_status(answer))
        time_ns, request = min(arrived, key=lambda pair: pair[0])
        cited = (cite_status(final), cite_reverse(request, "RAck"))
        if final.time_ns < time_ns and final.capture == request.capture:
            return failed(expected, f"{final.sip.status} before its PRACK", *cited)
        citations += cited
    return passed(expected, "in this order", *citations)
