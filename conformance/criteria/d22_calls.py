"""Calls as D2.2 1.4.1 has them: without preconditions where the terminals have their resources, and what users wait."""

from __future__ import annotations

from conformance.criteria.call import Call
from conformance.criteria.call_values import cite_all, cite_body, not_from_caller, not_there, sent_by_caller
from conformance.criteria.model import Catalogue, Citation, Finding, failed, not_applicable, passed, unreached
from conformance.criteria.procedure import Kind
from conformance.criteria.registration import Hop
from conformance.criteria.sdp import read_sdp
from conformance.criteria.values import cite_status, option_tags
from conformance.criteria.waits import between, first_media, ringing, success
from conformance.trace.model import SipMessage
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Level, Severity

CATALOGUE = Catalogue()
CALL = (Kind.CALL,)
TAG = "precondition"
EXTENSION_REQUIRED, PRECONDITION_FAILURE = 421, 580
LONGEST_DIALLING_S = 11.0
"""ITU-T E.721: 95 % of international calls ring sooner."""
LONGEST_SILENCE_S = 2.0
"""Behind the answer: who hears nothing says hello a second time, and then hangs up."""


@CATALOGUE.add(
    "CALL-27",
    "A call without preconditions is not refused for want of them: a terminal that has its resources needs none.",
    source=("D2.2", "1.4.1"),
    node=Role.CALLEE,
    points=(Point.GM, Point.MW),
    condition="the INVITE neither requires preconditions nor states any, and a final answer was captured",
    kinds=CALL,
)
def without_preconditions(call: Call) -> Finding:
    """D2.2 1.4.1, figure 1: INVITE, 180, PRACK, 200, ACK. Rel-5 terminals had to ask for the extension with 421."""
    expected = "no 421 that requires preconditions, and no 580"
    request = sent_by_caller(call) or call.invite.request
    if request is None:
        return not_applicable(expected, not_there(call))
    states = any(stream.values("des") or stream.values("curr") for stream in read_sdp(request) or ())
    if states or TAG in option_tags(request, "Require"):
        return not_applicable(expected, "the INVITE has preconditions")
    status = call.invite.status
    if status is None:
        return unreached(expected, "no final answer was captured")
    hop = _origin(call, status)
    answer = None if hop is None else hop.response
    if hop is not None and answer is not None:
        demands = TAG in option_tags(answer, "Require")
        if status == PRECONDITION_FAILURE or (status == EXTENSION_REQUIRED and demands):
            return failed(expected, f"{status}", cite_status(answer), *cite_all(answer, "Require"), node=hop.receiver)
    if status >= 300:
        return not_applicable(expected, f"refused with {status}, for another reason")
    cited: list[Citation] = [cite_body(request)]
    return passed(expected, f"{status}", *cited, *([cite_status(answer)] if answer is not None else []))


def _origin(call: Call, status: int) -> Hop | None:
    """Return the hop farthest from the caller on which that answer came."""
    hops = (hop for hop in reversed(call.invite.hops) if hop.response is not None)
    return next((hop for hop in hops if hop.response is not None and hop.response.sip.status == status), None)


@CATALOGUE.add(
    "CALL-39",
    "Post-dial delay, set-up time and the time from the answer to the first media are such as callers bear.",
    source=("ETSI TS 186 011", None),
    node=Role.TERM_PCSCF,
    points=(Point.GM,),
    level=Level.INFORMATION,
    severity=Severity.COSMETIC,
    condition="the INVITE was captured at the caller's terminal, and an answer to it",
    kinds=CALL,
)
def waits(call: Call) -> Finding:
    """Figures, with limits that no standard of the IMS has; how long the callee takes to answer is his own matter."""
    expected = f"post-dial delay to {LONGEST_DIALLING_S:g} s, first media to {LONGEST_SILENCE_S:g} s behind the answer"
    hop = call.invite.hop_from(Role.CALLER)
    if hop is None or hop.request is None:
        return not_applicable(expected, not_from_caller(call))
    rings, answers = ringing(hop), success(hop)
    dialling, set_up, silence = between(hop.request, rings), between(hop.request, answers), first_media(call)
    words, cited = [], []
    for name, wait, message, limit in (
        ("post-dial delay", dialling, rings, LONGEST_DIALLING_S),
        ("set-up", set_up, answers, None),
        ("first media behind the answer", silence, answers, LONGEST_SILENCE_S),
    ):
        if wait is None or not isinstance(message, SipMessage):
            continue
        words.append(f"{name} {wait[2] / 1e9:.3f} s")
        cited.append(cite_status(message))
        if limit is not None and wait[2] > limit * 1e9:
            return failed(expected, words[-1], *cited, nobody=True)
    if not words:
        return not_applicable(expected, "no 180, 183 or 2xx was captured at the caller's terminal")
    return passed(expected, ", ".join(words), *cited)
