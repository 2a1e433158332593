"""The session timer: how long a session lasts without a refresh, and who refreshes it (RFC 4028)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from conformance.criteria.call import Call, DialogRequest
from conformance.criteria.call_values import PATIENCE_NS, cite_all, first_hop
from conformance.criteria.model import Catalogue, Citation, Finding, failed, inconclusive, not_applicable, passed
from conformance.criteria.procedure import Kind
from conformance.criteria.registration import Hop
from conformance.criteria.values import cite_missing, cite_status, clip, option_tags, seconds
from conformance.trace.model import SipMessage
from conformance.trace.sip_values import parse_parameters
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Level, Severity

CATALOGUE = Catalogue()
CALL = (Kind.CALL,)
POINTS = (Point.GM, Point.MW)
EXPIRES = "Session-Expires"
MIN_SE = "Min-SE"
TIMER = "timer"
TOO_SMALL = 422
NO_TIMER = "no 2xx with Session-Expires was captured together with its request"
_REFRESHING = ("INVITE", "UPDATE")
_SECOND_NS = 1_000_000_000
_LONGEST_S = 10**9


class Interval(NamedTuple):
    """What Session-Expires says."""

    seconds: int
    refresher: str
    """`uac`, `uas`, or empty."""


def interval(message: SipMessage | None) -> Interval | None:
    """Return what Session-Expires says; None where there is none that can be read."""
    value = None if message is None else next(iter(message.sip.values(EXPIRES)), None)
    if value is None:
        return None
    text, params = parse_parameters(value)
    duration = seconds(text)
    return None if duration is None else Interval(duration, (params.get("refresher") or "").lower())


def least(message: SipMessage | None) -> int | None:
    """Return the seconds of Min-SE; None where there is none that can be read."""
    value = None if message is None else next(iter(message.sip.values(MIN_SE)), None)
    return None if value is None else seconds(parse_parameters(value)[0])


def knows(request: SipMessage) -> bool:
    """Tell whether who sends a request understands the extension."""
    return TIMER in option_tags(request, "Supported") | option_tags(request, "Require")


def _refreshing(call: Call) -> Iterator[DialogRequest]:
    return (one for one in call.requests if one.method in _REFRESHING)


def _is_success(message: SipMessage | None) -> bool:
    return message is not None and 200 <= (message.sip.status or 0) < 300


def _agreed(call: Call) -> Iterator[tuple[Hop, SipMessage, SipMessage, Interval]]:
    """Yield the hop nearest to who answers, request, 2xx and interval of all that begins or refreshes a timer."""
    for one in _refreshing(call):
        for hop in reversed(one.hops):
            request, response = hop.request, hop.response
            said = interval(response)
            if request is None or response is None or said is None or not _is_success(response):
                continue
            if not request.truncated and not response.truncated:
                yield hop, request, response, said
            break


@CATALOGUE.add(
    "CALL-44",
    "A 422 to INVITE or UPDATE says in Min-SE which session interval would be long enough.",
    source=("RFC 4028", "6"),
    node=Role.ORIG_PCSCF,
    points=POINTS,
    condition="a 422 was captured",
    kinds=CALL,
)
def refusal_with_minimum(call: Call) -> Finding:
    """RFC 4028 6: Min-SE of a 422 has the minimum of the server that refuses."""
    expected = "Min-SE with seconds in the 422"
    citations: list[Citation] = []
    for one in _refreshing(call):
        for hop in reversed(one.hops):
            refusal = hop.response
            if refusal is None or refusal.sip.status != TOO_SMALL:
                continue
            if least(refusal) is None:
                found = "no Min-SE" if not refusal.sip.all(MIN_SE) else "a Min-SE that is no number"
                return failed(expected, found, *cite_all(refusal, MIN_SE), cite_status(refusal), node=hop.receiver)
            citations += cite_all(refusal, MIN_SE)
    if not citations:
        return not_applicable(expected, "no 422 was captured")
    return passed(expected, expected, *citations)


@CATALOGUE.add(
    "CALL-45",
    "Who repeats an INVITE or UPDATE after a 422 repeats the largest Min-SE that was asked for, and asks for no "
    "shorter interval.",
    source=("RFC 4028", None),
    node=Role.CALLER,
    points=(Point.GM,),
    condition="the terminal that got a 422 sends the request once more",
    kinds=CALL,
)
def repeated_with_minimum(call: Call) -> Finding:
    """RFC 4028: Min-SE of the next request is the largest of all 422; an interval below it would be refused again."""
    expected = "Min-SE of the 422, and an interval of at least that"
    citations: list[Citation] = []
    for from_caller, who in ((True, Role.CALLER), (False, Role.CALLEE)):
        largest: int | None = None
        refused: SipMessage | None = None
        for one in _refreshing(call):
            hop = first_hop(one)
            if one.from_caller is not from_caller or hop is None or hop.request is None or hop.request.truncated:
                continue
            request = hop.request
            if largest is not None and refused is not None and request.time_ns > refused.time_ns:
                given, asked = least(request), interval(request)
                cited = (*cite_all(request, MIN_SE), *cite_all(refused, MIN_SE))
                if given is None or given < largest:
                    words = "no Min-SE" if given is None else f"Min-SE: {given}"
                    return failed(f"Min-SE: {largest} at least", words, *cited, node=who)
                if asked is not None and asked.seconds < largest:
                    cited = (*cite_all(request, EXPIRES), *cite_all(refused, MIN_SE))
                    words = f"{EXPIRES}: {asked.seconds}"
                    return failed(f"{EXPIRES}: {largest} at least", words, *cited, node=who)
                citations += cited
            response = hop.response
            wanted = least(response) if response is not None and response.sip.status == TOO_SMALL else None
            if wanted is not None and wanted >= (largest or 0):
                largest, refused = wanted, response
    if not citations:
        return not_applicable(expected, "no request behind a 422 was captured at the terminal that sends it")
    return passed(expected, expected, *citations)


@CATALOGUE.add(
    "CALL-46",
    "Session-Expires of a 2xx is not longer than that of the request, and not shorter than its Min-SE.",
    source=("RFC 4028", "9"),
    node=Role.CALLEE,
    points=(Point.GM,),
    condition="a 2xx with Session-Expires was captured at the terminal that gives it",
    kinds=CALL,
)
def interval_of_answer(call: Call) -> Finding:
    """RFC 4028 9: who answers may shorten the interval down to Min-SE and never lengthens it.

    Who does not know the extension cannot be refused with 422, so that its interval may be lengthened (erratum 1687).
    """
    expected = "an interval between Min-SE and Session-Expires of the request"
    citations: list[Citation] = []
    for hop, request, response, said in _agreed(call):
        asked, minimum = interval(request), least(request)
        cited = (*cite_all(response, EXPIRES), *cite_all(request, EXPIRES))
        at_terminal = hop.receiver in (Role.CALLER, Role.CALLEE)
        if asked is not None and minimum is not None and asked.seconds < minimum:
            continue  # no answer could be right
        if asked is not None and at_terminal and knows(request) and said.seconds > asked.seconds:
            return failed(f"{asked.seconds} s at most", f"{said.seconds} s", *cited, node=hop.receiver)
        if minimum is not None and at_terminal and said.seconds < minimum:
            cited = (*cite_all(response, EXPIRES), *cite_all(request, MIN_SE))
            return failed(f"{minimum} s at least", f"{said.seconds} s", *cited, node=hop.receiver)
        if at_terminal:
            citations += cited
    if not citations:
        return not_applicable(expected, NO_TIMER)
    return passed(expected, expected, *citations)


@CATALOGUE.add(
    "CALL-47",
    "A 2xx with Session-Expires says who refreshes: whom the request names, or who answers where its sender does not "
    "know the extension; with refresher=uac it has Require: timer.",
    source=("RFC 4028", "9"),
    node=Role.CALLEE,
    points=POINTS,
    condition="a 2xx with Session-Expires was captured",
    kinds=CALL,
)
def refresher_of_answer(call: Call) -> Finding:
    """RFC 4028 9, table 2: refresher is always there, and does not change what the request says of it."""
    expected = "refresher as the request has it, Require: timer with uac"
    citations: list[Citation] = []
    for hop, request, response, said in _agreed(call):
        cited = (*cite_all(response, EXPIRES), *cite_all(request, EXPIRES))
        if said.refresher not in ("uac", "uas"):
            found = f"refresher={clip(said.refresher, 20)}" if said.refresher else "no refresher"
            return failed("refresher=uac or uas", found, *cited, node=hop.receiver)
        asked = interval(request)
        wanted = asked.refresher if asked is not None and asked.refresher in ("uac", "uas") else said.refresher
        if not knows(request):
            wanted = "uas"
        if hop.receiver in (Role.CALLER, Role.CALLEE) and said.refresher != wanted:
            places = (*cited, *cite_all(request, "Supported"))
            return failed(f"refresher={wanted}", f"refresher={said.refresher}", *places, node=hop.receiver)
        if said.refresher == "uac" and TIMER not in option_tags(response, "Require"):
            places = (cite_missing(response, "Require", TIMER), *cite_all(response, EXPIRES))
            return failed("Require: timer with refresher=uac", "no Require: timer", *places, node=hop.receiver)
        citations += cited
    if not citations:
        return not_applicable(expected, NO_TIMER)
    return passed(expected, expected, *citations)


@CATALOGUE.add(
    "CALL-48",
    "A session whose interval ends without a refresh is ended by BYE.",
    source=("RFC 4028", "10"),
    node=Role.CALLEE,
    points=(Point.GM,),
    level=Level.SHOULD,
    severity=Severity.DEGRADED,
    condition="the session has a timer, and the capture goes on until its interval has ended",
    kinds=CALL,
)
def ended_in_time(call: Call) -> Finding:
    """RFC 4028 10: who does not refresh ends a session that is not refreshed, slightly before its interval ends."""
    expected = "a refresh or BYE within the session interval"
    answers = sorted(_agreed(call), key=lambda one: one[2].time_ns)
    if not answers:
        return not_applicable(expected, NO_TIMER)
    hop, _, response, said = answers[-1]
    ends = [end for one in _refreshing(call) if (end := one.response) is not None and one.is_accepted]
    if any(end.time_ns > response.time_ns and interval(end) is None for end in ends):
        return not_applicable(expected, "a later 2xx ends the timer: it has no Session-Expires")
    if said.seconds > _LONGEST_S:
        return not_applicable(expected, "the interval is longer than any call")
    cited = tuple(cite_all(response, EXPIRES))
    end_ns = response.time_ns + said.seconds * _SECOND_NS
    goodbyes = [one for one in call.all("BYE") if one.time_ns >= response.time_ns]
    if goodbyes:
        if goodbyes[0].time_ns <= end_ns + PATIENCE_NS:
            return passed(expected, "BYE in time", *cited)
        late_s = (goodbyes[0].time_ns - end_ns) / _SECOND_NS
        goodbye = goodbyes[0].request or goodbyes[0].response
        places = () if goodbye is None else tuple(cite_all(goodbye, "CSeq"))
        return failed(expected, f"BYE {late_s:.0f} s behind its end", *places, *cited, node=_waits(hop, said))
    if call.end_ns < end_ns + PATIENCE_NS:
        return inconclusive(expected, f"the capture ends before the session interval of {said.seconds} s")
    found = f"neither within {said.seconds} s"
    return failed(expected, found, *cited, by_absence=True, node=_waits(hop, said))


def _waits(hop: Hop, said: Interval) -> Role | None:
    """Return the terminal that does not refresh, and so has to end a session that nobody refreshes."""
    answers = hop.receiver if hop.receiver in (Role.CALLER, Role.CALLEE) else None
    if answers is None:
        return None
    asks = Role.CALLER if answers is Role.CALLEE else Role.CALLEE
    return answers if said.refresher == "uac" else asks


@CATALOGUE.add(
    "CALL-49",
    "Who forwards INVITE or UPDATE never lowers Min-SE, and makes no interval that is shorter than it.",
    source=("RFC 4028", "8.1"),
    node=Role.ORIG_PCSCF,
    points=POINTS,
    condition="a request with Session-Expires or Min-SE was captured before and behind a node",
    kinds=CALL,
)
def forwarded_interval(call: Call) -> Finding:
    """RFC 4028 8.1: a proxy may raise Min-SE and shorten or, for who does not know it, lengthen the interval."""
    expected = "Min-SE not lower, Session-Expires not below it"
    citations: list[Citation] = []
    for one in _refreshing(call):
        for hop, following in zip(one.hops, one.hops[1:], strict=False):
            got, sent = hop.request, following.request
            if got is None or sent is None or got.truncated or sent.truncated or following.depth != hop.depth + 1:
                continue
            before, after, asked, left = least(got), least(sent), interval(got), interval(sent)
            if before is None and after is None and asked is None and left is None:
                continue
            if before is not None and (after is None or after < before):
                words = "no Min-SE" if after is None else f"Min-SE: {after}"
                cited = (*cite_all(sent, MIN_SE), *cite_all(got, MIN_SE))
                return failed(f"Min-SE: {before} at least", words, *cited, node=hop.receiver)
            changed = before != after or asked is None or (left is not None and asked.seconds != left.seconds)
            if changed and left is not None and after is not None and left.seconds < after:
                cited = (*cite_all(sent, EXPIRES), *cite_all(sent, MIN_SE))
                return failed(f"{after} s at least", f"{EXPIRES}: {left.seconds}", *cited, node=hop.receiver)
            citations += cite_all(sent, EXPIRES if left is not None else MIN_SE)
    if not citations:
        return not_applicable(expected, "no request with a session timer was captured before and behind one node")
    return passed(expected, expected, *citations)
