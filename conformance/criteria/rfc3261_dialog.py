"""What RFC 3261 asks within a dialog: identifiers, sequence numbers, remote target and route set."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.criteria.border import covers, ends_with
from conformance.criteria.call import Call, DialogRequest
from conformance.criteria.call_values import (
    PATIENCE_NS,
    cite_all,
    cite_reverse,
    first_hop,
    last_hop,
    route_of,
    same_route,
    tag,
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
from conformance.criteria.registration import Hop
from conformance.criteria.values import (
    address,
    cite_address,
    cite_header,
    cite_request_uri,
    cite_status,
    clip,
    same_contact,
    same_uri,
)
from conformance.trace.model import Message, SipMessage
from conformance.trace.sip_values import parse_via
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role

CATALOGUE = Catalogue()
CALL = (Kind.CALL,)


def creating(call: Call, of: DialogRequest) -> SipMessage | None:
    """Return the answer that made the dialog of a request, as the caller got it; None where it was not captured."""
    hop = call.invite.hop_from(Role.CALLER)
    if hop is None or of.request is None:
        return None
    wanted = tag(of.request, "To" if of.from_caller else "From")
    finals = () if hop.response is None else (hop.response,)
    answers = [one for one in (*hop.provisional, *finals) if 100 < (one.sip.status or 0) < 300]
    before = [one for one in answers if tag(one, "To") == wanted and one.time_ns <= of.time_ns]
    # RFC 3261 13.2.2.4: the 2xx computes the route set once more.
    return before[-1] if before else None


def route_set(call: Call, of: DialogRequest) -> tuple[list[str], SipMessage] | None:
    """Return the route set of who sends a request within the dialog, and the message that it is taken from."""
    if of.from_caller:
        answer = creating(call, of)
        return None if answer is None else (route_of(answer, "Record-Route")[::-1], answer)
    fork = None if of.request is None else call.fork_of(tag(of.request, "From"))
    hop = call.invite.hop_to(Role.CALLEE) if fork is None else fork.hop_to(Role.OTHER_CALLEE)
    if hop is None or hop.request is None:
        return None
    return route_of(hop.request, "Record-Route"), hop.request


def _within(call: Call) -> Iterator[tuple[DialogRequest, SipMessage]]:
    """Yield requests within the dialog as they leave their terminal; what follows the INVITE hop by hop is none."""
    for one in call.later:
        hop = first_hop(one)
        if one.method == "CANCEL" or hop is None or hop.request is None or hop.request.truncated:
            continue
        if one.method == "ACK" and not _acknowledges_2xx(call, one):
            continue
        yield one, hop.request


def _acknowledges_2xx(call: Call, ack: DialogRequest) -> bool:
    """Tell whether an ACK is for a 2xx: the INVITE that it names got one."""
    invites = [one for one in call.all("INVITE") if _number(one) == _number(ack) and one.from_caller is ack.from_caller]
    return any(one.is_accepted for one in invites)


def _number(one: DialogRequest) -> int | None:
    message = one.request or one.response
    return None if message is None else message.sip.cseq_number


@CATALOGUE.add(
    "CALL-18",
    "Who forwards the INVITE keeps the Record-Route entries that it got, in their order; the callee gets one of each "
    "P-CSCF and S-CSCF.",
    source=("RFC 3261", "16.6"),
    node=Role.TERM_PCSCF,
    points=(Point.MW, Point.IC),
    kinds=CALL,
)
def kept_record_route(call: Call) -> Finding:
    """RFC 3261 16.6 step 4: a proxy puts its own in front of what is there, and removes nothing."""
    expected = "Record-Route as received, own entries in front"
    citations: list[Citation] = []
    for node in call.route:
        if node.request is None or node.sent is None or node.request.truncated or node.sent.truncated:
            continue
        got, sent = route_of(node.request, "Record-Route"), route_of(node.sent, "Record-Route")
        cited = (cite_reverse(node.sent, "Record-Route"), cite_reverse(node.request, "Record-Route"))
        if got and not ends_with(sent, got):
            found = clip(", ".join(sent)) or "no Record-Route"
            return failed(f"behind its own: {clip(', '.join(got))}", found, *cited, node=node.role)
        citations += cited
    if not citations:
        return unreached(expected, "no INVITE was captured before and behind one node")
    return passed(expected, expected, *citations)


@CATALOGUE.add(
    "CALL-29",
    "The ACK for a 2xx has the CSeq number of the INVITE, the remote target as Request-URI and the route set as Route.",
    source=("RFC 3261", "13.2.2.4"),
    node=Role.CALLER,
    points=(Point.GM,),
    condition="a 2xx to the INVITE reached the caller",
    kinds=CALL,
)
def acknowledgement(call: Call) -> Finding:
    """RFC 3261 13.2.2.4 and 12.2.1.1: CSeq of the INVITE, Contact of the 2xx, its Record-Route reversed."""
    expected = "ACK to the Contact of the 2xx, by its Record-Route"
    hop = call.invite.hop_from(Role.CALLER)
    final = None if hop is None else hop.response
    if hop is None or final is None:
        return inconclusive(expected, "no final answer at the caller's terminal was captured")
    if not 200 <= (final.sip.status or 0) < 300:
        return not_applicable(expected, f"the INVITE was answered {final.sip.status}")
    sent = [(one, end.request) for one in call.all("ACK") if one.from_caller and (end := first_hop(one)) is not None]
    request = next((one for _, one in sent if one is not None and one.time_ns >= final.time_ns), None)
    if request is None:
        if call.end_ns - final.time_ns < PATIENCE_NS:
            return inconclusive(expected, "the capture ends before the ACK had to come", cite_status(final))
        return failed(expected, "no ACK", cite_status(final), by_absence=True)
    if request.sip.cseq_number != call_number(call):
        return failed(f"CSeq {call_number(call)}", f"CSeq {request.sip.cseq_number}", *cite_all(request, "CSeq"))
    target = address(final, "Contact")
    uri = cite_request_uri(request)
    if target is not None and not same_uri(target.name_addr.uri, request.sip.request_uri):
        places = (uri, cite_address(final, "Contact", target))
        return failed(clip(target.name_addr.uri), clip(request.sip.request_uri), *places)
    wanted, given = route_of(final, "Record-Route")[::-1], route_of(request)
    cited = (cite_reverse(request, "Route"), cite_reverse(final, "Record-Route"))
    if not same_route(wanted, given):
        return failed(f"Route {clip(', '.join(wanted))}", clip(", ".join(given)) or "no Route", *cited)
    return passed(expected, "all of it", uri, *cited)


def call_number(call: Call) -> int | None:
    """Return the CSeq number of the INVITE."""
    return _number(call.invite)


@CATALOGUE.add(
    "CALL-30",
    "Requests within the dialog have its tags, and each sender counts CSeq upwards.",
    source=("RFC 3261", "12.2.1.1"),
    node=Role.CALLER,
    points=(Point.GM,),
    condition="a request within the dialog was captured at the terminal that sends it",
    kinds=CALL,
)
def identifiers(call: Call) -> Finding:
    """RFC 3261 12.2.1.1: tags of the dialog; CSeq grows by one for each new request but ACK and CANCEL."""
    expected = "tags of the dialog, CSeq greater than before"
    known = {
        tag(answer, "To")
        for hop in call.invite.hops
        for answer in (*hop.provisional, *((hop.response,) if hop.response is not None else ()))
        if (answer.sip.status or 0) > 100
    }
    known |= {tag(answer, "To") for hop in call.branches for answer in hop.messages if isinstance(answer, SipMessage)}
    known |= {one for fork in call.forks for one in fork.tags}
    citations: list[Citation] = []
    # RFC 3261 12.1.2: each dialog that the INVITE made counts from its number on.
    last: dict[tuple[bool, str], int | None] = {}
    for one, request in _within(call):
        sender = Role.CALLER if one.from_caller else Role.CALLEE
        name = "To" if one.from_caller else "From"
        other = tag(request, name)
        if known - {""} and other not in known:
            found = f"{name} tag {clip(other, 60) or 'absent'}"
            return failed("a tag of the dialog", found, *cite_all(request, name), node=sender)
        citations += cite_all(request, "CSeq")
        number, dialog = request.sip.cseq_number, (one.from_caller, other)
        before = last.get(dialog, call_number(call) if one.from_caller else None)
        if one.method == "ACK" or number is None:
            continue
        if before is not None and number <= before:
            found = f"CSeq {number} behind {before}"
            return failed(f"CSeq above {before}", found, *cite_all(request, "CSeq"), node=sender)
        last[dialog] = number
    if not citations:
        return not_applicable(expected, "no request within the dialog was captured at the terminal that sends it")
    return passed(expected, "all of it", *citations)


@CATALOGUE.add(
    "CALL-31",
    "Requests within the dialog carry its route set, and pass every node that put itself in Record-Route.",
    source=("RFC 3261", "12.2.1.1"),
    node=Role.CALLER,
    points=(Point.GM, Point.MW),
    condition="a request within the dialog and the answer that made the dialog were captured at one terminal",
    kinds=CALL,
)
def by_the_route_set(call: Call) -> Finding:
    """RFC 3261 12.1.2 and 12.2.1.1 (Route of the route set), 16.4 and 16.6 (each node takes its own entry away)."""
    expected = "Route of the dialog, every node of it passed"
    citations: list[Citation] = []
    for one, request in _within(call):
        found = route_set(call, one)
        if found is None:
            continue
        wanted, source = found
        given = route_of(request)
        sender = Role.CALLER if one.from_caller else Role.CALLEE
        cited = (cite_reverse(request, "Route"), cite_reverse(source, "Record-Route"))
        # The border of a network may make another token in each answer; any of them is of the dialog.
        if not covers(wanted, given):
            words = f"{one.method}: {clip(', '.join(given)) or 'no Route'}"
            return failed(f"Route {clip(', '.join(wanted))}", words, *cited, node=sender)
        citations += cited
        skipping = _skips(one)
        if skipping is not None:
            got, sent, role = skipping
            places = (cite_reverse(sent, "Route"), cite_reverse(got, "Route"))
            words = f"{one.method} with Route {clip(', '.join(route_of(sent))) or 'of nobody'}"
            return failed("the Route that it got without its own entries in front", words, *places, node=role)
    if not citations:
        return not_applicable(expected, "no request within the dialog, or nothing of its route set, was captured")
    return passed(expected, "the route set, every node passed", *citations)


def _skips(one: DialogRequest) -> tuple[SipMessage, SipMessage, Role | None] | None:
    """Return what a node got and sent, where it took more than its own entry, or another one, out of Route.

    A node may have two entries of its own, one for each side: both name the same host.
    """
    for hop, following in zip(one.hops, one.hops[1:], strict=False):
        got, sent = hop.request, following.request
        if got is None or sent is None or following.depth != hop.depth + 1 or got.truncated or sent.truncated:
            continue
        before, after = route_of(got), route_of(sent)
        taken = (before[:some] for some in range(len(before) + 1) if covers(before[some:], after))
        if all(len({_host_of(uri) for uri in own}) > 1 for own in taken):
            return got, sent, hop.receiver
    return None


def _host_of(uri: str) -> str:
    return uri.partition(":")[2].rpartition("@")[2].partition(";")[0].partition(":")[0].lower()


@CATALOGUE.add(
    "CALL-32",
    "BYE is answered with 200 by the terminal that gets it.",
    source=("RFC 3261", "15.1.2"),
    node=Role.CALLEE,
    points=(Point.GM,),
    condition="a BYE was captured, and not lost on its way to the other terminal",
    kinds=CALL,
)
def end_of_dialog(call: Call) -> Finding:
    """RFC 3261 15.1.2: the one who gets BYE for a dialog that is there answers 200."""
    expected = "200 to BYE"
    citations: list[Citation] = []
    lost = ""
    for one in call.all("BYE"):
        hop = last_hop(one) or one.hops[-1]
        who = Role.CALLEE if one.from_caller else Role.CALLER
        if hop.response is None:
            if hop.request is None or call.end_ns - hop.request.time_ns < PATIENCE_NS:
                return inconclusive(expected, "the capture ends before the answer had to come")
            if hop.receiver is not who and _terminal_seen(call, who):
                # Who would have had to answer was never asked; a node on the way may be down.
                name = hop.receiver.value if hop.receiver is not None else hop.request.destination.address
                lost = f"a BYE was not seen beyond {name}, which gave no answer"
                continue
            return failed(expected, "no answer", cite_request_uri(hop.request), by_absence=True, node=hop.receiver)
        if (hop.response.sip.status or 0) >= 300 and hop.response.sip.status not in (401, 407):
            return failed(expected, f"{hop.response.sip.status}", cite_status(hop.response), node=hop.receiver or who)
        citations.append(cite_status(hop.response))
    if not citations:
        return not_applicable(expected, lost or "no BYE was captured")
    return passed(expected, "200", *citations)


def _terminal_seen(call: Call, who: Role) -> bool:
    """Tell whether what reaches a terminal was captured: the INVITE did, or left it."""
    hop = call.invite.hop_to(who) if who is Role.CALLEE else call.invite.hop_from(who)
    return hop is not None and hop.request is not None


@CATALOGUE.add(
    "CALL-33",
    "CANCEL repeats Request-URI, Call-ID, From, To and CSeq number of its INVITE and has its top Via alone; it is "
    "answered 200 and the INVITE 487.",
    source=("RFC 3261", "9.1"),
    node=Role.CALLER,
    points=(Point.GM, Point.MW),
    condition="a CANCEL was captured",
    kinds=CALL,
)
def cancel(call: Call) -> Finding:
    """RFC 3261 9.1 and 9.2."""
    expected = "CANCEL like its INVITE on each hop, 200, 487"
    citations: list[Citation] = []
    every = [*call.invite.hops, *(hop for fork in call.forks for hop in fork.hops)]
    invites = {top_via(next(hop.messages)): hop for hop in every}
    sent = [one.hops for one in call.all("CANCEL")] + [fork.cancels for fork in call.forks]
    for hops in sent:
        for hop in hops:
            if hop.sender is Role.ADAPTER:
                continue  # RFC 3261 16.10: a proxy that keeps no transactions sends it on with a Via of its own
            invite = invites.get(top_via(next(hop.messages)))
            got, wanted = hop.request, None if invite is None else invite.request
            if got is None or wanted is None or invite is None or got.truncated or wanted.truncated:
                continue
            different = _cancel_differs(got, wanted)
            if different is not None:
                name, words, places = different
                return failed(f"{name} of the INVITE", words, *places, node=hop.sender)
            status = 0 if hop.response is None else hop.response.sip.status or 0
            # 481 where the INVITE is not known (any more), which a CANCEL behind the answer meets.
            crossed = status == 481 and invite.response is not None
            if hop.response is not None and status >= 300 and not crossed:
                return failed(
                    "200 to CANCEL", f"CANCEL answered {status}", cite_status(hop.response), node=hop.receiver
                )
            citations.append(cite_request_uri(got))
    if not citations:
        return not_applicable(expected, "no CANCEL and its INVITE were captured on one hop")
    for way in (call.invite, *call.forks):
        end = way.hop_to(Role.CALLEE) or way.hop_to(Role.OTHER_CALLEE)
        if end is None or end.response is None:
            continue
        reached = (hop for hops in sent for hop in hops if hop.receiver is end.receiver)
        cancelled = [hop for hop in reached if hop.request is not None and _is_of(hop.request, end)]
        if not cancelled or cancelled[0].request is None:
            continue
        late = end.response.time_ns > cancelled[0].request.time_ns
        if late and end.response.sip.status != 487 and not 200 <= (end.response.sip.status or 0) < 300:
            found = f"INVITE answered {end.response.sip.status}"
            return failed("487 to the INVITE", found, cite_status(end.response), node=end.receiver)
        citations.append(cite_status(end.response))
    return passed(expected, "as the INVITE", *citations)


def _is_of(cancel: SipMessage, invite: Hop) -> bool:
    return top_via(cancel) == top_via(next(invite.messages))


def top_via(message: Message) -> str:
    """Return branch and sent-by of the topmost Via: CANCEL has those of its INVITE (RFC 3261 9.1)."""
    value = next(iter(message.sip.values("Via")), None) if isinstance(message, SipMessage) else None
    via = None if value is None else parse_via(value)
    return "" if via is None else f"{via.params.get('branch') or ''} {via.host}:{via.port or ''}"


def _cancel_differs(got: SipMessage, wanted: SipMessage) -> tuple[str, str, list[Citation]] | None:
    if got.sip.request_uri != wanted.sip.request_uri and not same_contact(got.sip.request_uri, wanted.sip.request_uri):
        return "Request-URI", clip(got.sip.request_uri), [cite_request_uri(got), cite_request_uri(wanted)]
    if got.sip.cseq_number != wanted.sip.cseq_number:
        return "CSeq number", f"CSeq {got.sip.cseq_number}", cite_all(got, "CSeq")
    for name in ("From", "To"):
        if tag(got, name) != tag(wanted, name):
            return name, f"tag {clip(tag(got, name), 60) or 'absent'}", cite_all(got, name)
    if len(got.sip.values("Via")) != 1:
        return "one Via", f"{len(got.sip.values('Via'))} Via elements", [cite_header(got, got.sip.all("Via")[0])]
    return None
