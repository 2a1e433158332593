"""What RFC 3261 asks of the proxies that bring a MESSAGE to its receiver: text and answer arrive as they were sent."""

from __future__ import annotations

from conformance.criteria.call_values import PATIENCE_NS, cite_octets, not_there
from conformance.criteria.model import Catalogue, Finding, failed, inconclusive, not_applicable, passed, unreached
from conformance.criteria.page import Page
from conformance.criteria.procedure import Kind
from conformance.criteria.registration import Hop
from conformance.criteria.values import cite_status
from conformance.trace.model import SipMessage
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role

CATALOGUE = Catalogue()
MESSAGE = (Kind.MESSAGE,)
SERVERS = (Role.ORIG_AS, Role.TERM_AS)
"""What they do to a message is their service."""


@CATALOGUE.add(
    "MSG-10",
    "The body of a MESSAGE reaches the receiver's terminal octet by octet as the sender's terminal sent it.",
    source=("RFC 3261", "16.6"),
    node=Role.TERM_PCSCF,
    points=(Point.GM,),
    condition="the MESSAGE passes no application server",
    kinds=MESSAGE,
)
def same_body(page: Page) -> Finding:
    """RFC 3261 16.6: a proxy adds nothing to the body, changes nothing in it and takes nothing away."""
    expected = "the octets that were sent"
    if _served(page):
        return not_applicable(expected, "an application server has the MESSAGE on its way")
    known: tuple[Hop, SipMessage] | None = None
    for hop in page.invite.hops:
        if hop.request is None or hop.request.truncated:
            continue
        if known is not None and hop.request.sip.body != known[1].sip.body:
            before, after = len(known[1].sip.body), len(hop.request.sip.body)
            found = f"{after} octets, {before} before" if before != after else f"other {after} octets than before"
            cited = (cite_octets(hop.request), cite_octets(known[1]))
            if hop.depth != known[0].depth + 1:
                return inconclusive(expected, f"{found}; who changed them was not captured", *cited)
            return failed(expected, found, *cited, node=hop.sender)
        known = (hop, hop.request)
    first, last = page.invite.hop_from(Role.CALLER), page.into(Role.CALLEE)
    if first is None or first.request is None or last is None or last.request is None:
        return unreached(expected, "the MESSAGE was not captured at both terminals")
    if first.request.truncated or last.request.truncated:
        return inconclusive(expected, "the capture cut the MESSAGE short")
    return passed(
        expected, f"{len(last.request.sip.body)} octets", cite_octets(last.request), cite_octets(first.request)
    )


@CATALOGUE.add(
    "MSG-11",
    "The 2xx of the receiver's terminal comes back to the sender's terminal.",
    source=("RFC 3261", "16.7"),
    node=Role.ORIG_PCSCF,
    points=(Point.GM,),
    condition="the receiver's one terminal answers 2xx, and the MESSAGE passes no application server",
    kinds=MESSAGE,
)
def answer_comes_back(page: Page) -> Finding:
    """RFC 3261 16.7: a proxy forwards a 2xx at once, by the Via entries of the request, and changes no status."""
    expected = "the status that the receiver's terminal answers"
    last = page.into(Role.CALLEE)
    answer = None if last is None else last.response
    if last is None or answer is None or not 200 <= (answer.sip.status or 0) < 300:
        return not_applicable(expected, "no 2xx of the receiver's terminal was captured")
    if page.forks or _served(page):
        return not_applicable(expected, "several devices, or an application server, have the MESSAGE")
    behind = last
    for hop in reversed(page.invite.hops[: page.invite.hops.index(last)]):
        if hop.depth != behind.depth - 1:
            return inconclusive(expected, not_there(page), cite_status(answer))
        if hop.response is None:
            if hop.request is None or page.end_ns < answer.time_ns + PATIENCE_NS:
                return inconclusive(expected, "the capture ends before the answer can be missed", cite_status(answer))
            return failed(expected, "no answer", cite_status(answer), by_absence=True, node=hop.receiver)
        if hop.response.sip.status != answer.sip.status:
            cited = (cite_status(hop.response), cite_status(answer))
            if hop.response.time_ns < answer.time_ns:
                return inconclusive(expected, "the sender was answered before the receiver's terminal answered", *cited)
            return failed(f"{answer.sip.status}", f"{hop.response.sip.status}", *cited, node=hop.receiver)
        behind = hop
    if behind.sender is not Role.CALLER or behind.response is None:
        return inconclusive(expected, "no answer at the sender's terminal was captured", cite_status(answer))
    return passed(expected, f"{answer.sip.status}", cite_status(behind.response), cite_status(answer))


def _served(page: Page) -> bool:
    return any(role in SERVERS for hop in page.invite.hops for role in (hop.sender, hop.receiver))
