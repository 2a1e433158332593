"""What RFC 3261 asks of the proxy that forks an INVITE: in a call, the S-CSCF of a callee who has several devices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from conformance.criteria.call import Call, Fork
from conformance.criteria.call_values import PATIENCE_NS, cite_all, route_of, same_route, tag
from conformance.criteria.model import (
    Catalogue,
    Citation,
    Finding,
    failed,
    inconclusive,
    not_applicable,
    passed,
)
from conformance.criteria.procedure import Kind
from conformance.criteria.registration import Hop
from conformance.criteria.values import (
    address,
    cite_address,
    cite_missing,
    cite_request_uri,
    cite_status,
    clip,
    same_identity,
)
from conformance.trace.model import SipMessage
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role

CATALOGUE = Catalogue()
CALL = (Kind.CALL,)
POINTS = (Point.MW, Point.IC)
NOT_FORKED = "the INVITE was sent to one contact alone"
CONDITION = "the INVITE was sent to several contacts of the callee"
RACE_NS = 100_000_000
"""What a proxy sends and what it gets within so long may have crossed each other."""
OF_THE_PROXY = (408, 487, 500)
"""What a proxy may answer by itself: nobody answered, the caller gave up, all that came was a 503 (RFC 3261 16.7)."""


@dataclass(frozen=True, eq=False)
class _Branching:
    """One node that forks: what it got, and what it sent on each branch."""

    got: Hop
    branches: tuple[Hop, ...]
    cancels: tuple[tuple[Hop, ...], ...]
    """CANCELs on the first hop of each branch."""

    @property
    def node(self) -> Role | None:
        return self.got.receiver


def _branchings(call: Call) -> Iterator[_Branching]:
    for parent in dict.fromkeys(fork.parent for fork in call.forks):
        forks = [fork for fork in call.forks if fork.parent is parent]
        own = next((hop for hop in call.invite.hops if hop.depth == parent.depth + 1), None)
        if own is None or any(fork.hops[0].depth != own.depth for fork in forks):
            continue  # which node forks was not seen
        of_taken = tuple(hop for one in call.all("CANCEL") for hop in one.hops if hop.depth == own.depth)
        cancels = tuple(_first_cancels(fork) for fork in forks)
        yield _Branching(parent, (own, *(fork.hops[0] for fork in forks)), (of_taken, *cancels))


def _first_cancels(fork: Fork) -> tuple[Hop, ...]:
    return tuple(hop for hop in fork.cancels if hop.depth == fork.hops[0].depth)


def _status(hop: Hop) -> int:
    return 0 if hop.response is None else hop.response.sip.status or 0


def _one_clock(*messages: SipMessage) -> bool:
    return len({message.capture for message in messages}) == 1


@CATALOGUE.add(
    "CALL-50",
    "A proxy that has forked an INVITE sends CANCEL on every branch without final answer, once another branch has "
    "answered 2xx or the caller has given up.",
    source=("RFC 3261", "16.7"),
    node=Role.TERM_SCSCF,
    points=POINTS,
    condition=f"{CONDITION}, and one of them answered 2xx or a CANCEL came",
    kinds=CALL,
)
def losers_are_cancelled(call: Call) -> Finding:
    """RFC 3261 16.7 item 10 (a final answer was forwarded) and 16.10 (a CANCEL came); 9.1: not before any answer."""
    expected = "CANCEL on each branch that has not answered"
    citations: list[Citation] = []
    for branching in _branchings(call):
        reason = _end_of_all(call, branching)
        if reason is None:
            continue
        for hop, cancels in zip(branching.branches, branching.cancels, strict=True):
            request, final = hop.request, hop.response
            if request is None or (final is not None and final.time_ns <= reason.time_ns + RACE_NS and not cancels):
                continue
            heard = [one.time_ns for one in (*hop.provisional, final) if one is not None]
            if not heard or hop.response is reason:
                continue  # RFC 3261 9.1: whoever has said nothing yet gets no CANCEL
            if not cancels:
                if call.end_ns - max(reason.time_ns, min(heard)) < PATIENCE_NS:
                    return inconclusive(expected, "the capture ends before the CANCEL had to come", cite_status(reason))
                cited = (cite_request_uri(request), _cite(reason))
                return failed(expected, "no CANCEL", *cited, by_absence=True, node=branching.node)
            citations += [cite_request_uri(one.request) for one in cancels[:1] if one.request is not None]
    if not citations:
        return not_applicable(expected, "no branch of a fork was open when another one answered 2xx or a CANCEL came")
    return passed(expected, f"{len(citations)} cancelled", *citations)


def _end_of_all(call: Call, branching: _Branching) -> SipMessage | None:
    """Return the first message behind which a node that forks has to give up its branches; None: there is none."""
    won = [hop.response for hop in branching.branches if hop.response is not None and 200 <= _status(hop) < 300]
    gave_up = [
        hop.request
        for one in call.all("CANCEL")
        for hop in one.hops
        if hop.depth == branching.got.depth and hop.request is not None
    ]
    return min((*won, *gave_up), key=lambda one: one.time_ns, default=None)


def _cite(message: SipMessage) -> Citation:
    return cite_request_uri(message) if message.sip.is_request else cite_status(message)


@CATALOGUE.add(
    "CALL-51",
    "Of the final answers of all branches a proxy sends on a 2xx if there is one, else a 6xx if there is one, else one "
    "of those that came, and no refusal before every branch has ended.",
    source=("RFC 3261", "16.7"),
    node=Role.TERM_SCSCF,
    points=POINTS,
    condition=f"{CONDITION}, and the node that forks gave a final answer",
    kinds=CALL,
)
def best_answer(call: Call) -> Finding:
    """RFC 3261 16.7 items 5 and 6."""
    expected = "the best answer of all branches, behind the last one"
    citations: list[Citation] = []
    for branching in _branchings(call):
        sent = branching.got.response
        finals = [hop.response for hop in branching.branches if hop.response is not None]
        if sent is None or not finals:
            continue
        status, came = sent.sip.status or 0, sorted({one.sip.status or 0 for one in finals})
        whole = len(finals) == len(branching.branches)
        cited = (cite_status(sent), *(cite_status(one) for one in finals))
        words = f"{status}; the branches answered {', '.join(map(str, came))}"
        late = [one for one in finals if one.time_ns > sent.time_ns and _one_clock(one, sent)]
        if status >= 300 and late:
            found = f"{status} before a branch answered {late[0].sip.status}"
            return failed(expected, found, *cited, node=branching.node)
        best = [one for one in came if 200 <= one < 300] or [one for one in came if one >= 600]
        # What nobody of those captured has sent may have come by a branch that was not captured.
        if best and status // 100 != best[0] // 100 and not 200 <= status < 300:
            return failed(f"{best[0]}", words, *cited, node=branching.node)
        if whole and not best and status not in (*came, *OF_THE_PROXY):
            return failed(f"one of {', '.join(map(str, came))}", words, *cited, node=branching.node)
        citations += cited
    if not citations:
        return not_applicable(expected, NOT_FORKED if not call.forks else "no final answer of the fork was captured")
    return passed(expected, "the best one", *citations)


@CATALOGUE.add(
    "CALL-52",
    "Each further branch goes to another contact, by the Path with which that device is registered, and names the "
    "identity that was called in P-Called-Party-ID.",
    source=("3GPP TS 24.229", None),
    node=Role.TERM_SCSCF,
    points=POINTS,
    condition=f"{CONDITION}",
    kinds=CALL,
)
def to_registered_contacts(call: Call) -> Finding:
    """3GPP TS 24.229 (procedures at the S-CSCF, requests to the served user); RFC 3261 16.5: no target twice."""
    expected = "Request-URI of a contact, Route of its Path, P-Called-Party-ID"
    citations: list[Citation] = []
    reached: set[str] = set()
    for fork in call.forks:
        sent, got = fork.hops[0].request, fork.parent.request
        if sent is None or sent.truncated or fork.hops[0].sender is not Role.TERM_SCSCF:
            continue
        if got is None or fork.hops[0].depth != fork.parent.depth + 1:
            continue
        uri = cite_request_uri(sent)
        if sent.sip.request_uri in reached:
            return failed("each contact once", f"{clip(sent.sip.request_uri)} twice", uri)
        reached.add(sent.sip.request_uri)
        register = fork.registered
        if register is not None and register.paths and not same_route(route_of(sent), list(register.paths)):
            found = clip(", ".join(route_of(sent))) or "no Route"
            return failed(f"Route {clip(', '.join(register.paths))}", found, *cite_all(sent, "Route"), uri)
        called = address(sent, "P-Called-Party-ID")
        if called is None:
            return failed(expected, "no P-Called-Party-ID", cite_missing(sent, "P-Called-Party-ID"), uri)
        cited = cite_address(sent, "P-Called-Party-ID", called)
        wanted = [call.callee, got.sip.request_uri]
        if not any(same_identity(called.name_addr.uri, one) for one in wanted):
            return failed(f"P-Called-Party-ID {clip(wanted[-1])}", clip(called.name_addr.uri), cited, uri)
        citations += (uri, cited)
    if not citations:
        return not_applicable(expected, NOT_FORKED)
    return passed(expected, "all of it", *citations)


@CATALOGUE.add(
    "CALL-53",
    "Every provisional answer of every branch but 100, and every 2xx, is sent on towards the caller at once.",
    source=("RFC 3261", "16.7"),
    node=Role.TERM_SCSCF,
    points=POINTS,
    condition=f"{CONDITION}, and two of them answered so",
    kinds=CALL,
)
def every_dialog_is_told(call: Call) -> Finding:
    """RFC 3261 16.7 item 5: until a final answer has been sent 1xx and 2xx, afterwards 2xx."""
    expected = "18x and 2xx of every branch towards the caller"
    citations: list[Citation] = []
    for branching in _branchings(call):
        sent = branching.got.response
        if sent is None and not branching.got.provisional:
            continue  # nothing of what it says towards the caller was captured
        told = {_what(one) for one in (*branching.got.provisional, *([sent] if sent is not None else []))}
        for hop in branching.branches:
            for answer in _to_be_told(hop, sent):
                if _what(answer) in told:
                    citations.append(cite_status(answer))
                    continue
                if call.end_ns - answer.time_ns < PATIENCE_NS:
                    return inconclusive(expected, "the capture ends before it had to come", cite_status(answer))
                found = f"{answer.sip.status} with tag {clip(tag(answer, 'To'), 40)} is not sent on"
                return failed(expected, found, cite_status(answer), by_absence=True, node=branching.node)
    if not citations:
        return not_applicable(expected, NOT_FORKED if not call.forks else "no branch rang or was answered")
    return passed(expected, "all of them", *citations)


def _what(answer: SipMessage) -> tuple[int | None, str]:
    return answer.sip.status, tag(answer, "To")


def _to_be_told(hop: Hop, sent: SipMessage | None) -> Sequence[SipMessage]:
    """Return the answers of a branch that go on at once; a provisional one that came with the final one need not."""
    answers = [one for one in (*hop.provisional, hop.response) if one is not None and one.retransmission_of is None]
    early = [one for one in answers if 100 < (one.sip.status or 0) < 200]
    if sent is not None:
        early = [one for one in early if one.time_ns + RACE_NS < sent.time_ns]
    return [*early, *(one for one in answers if 200 <= (one.sip.status or 0) < 300)]
