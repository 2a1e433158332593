"""Which Cx exchanges belong to a call: the LIR of the I-CSCF that its INVITE reached, and what its S-CSCF asks.

Registrations, subscriptions and other calls make the same nodes ask the same HSS at the same time.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from conformance.criteria.call import DialogRequest
from conformance.criteria.call_values import same_number
from conformance.criteria.registration import Exchange
from conformance.criteria.values import avp, number, same_identity, text
from conformance.judgement.surroundings import Surroundings
from conformance.judgement.third_party import canonical
from conformance.trace.correlate import Transaction
from conformance.trace.model import DiameterMessage, Message, SipMessage
from conformance.vocabulary.numbers import Avp, ServerAssignmentType
from conformance.vocabulary.roles import Role

CX_OF_CALLS = ("LIR", "SAR")
_OF_CALLS = (ServerAssignmentType.NO_ASSIGNMENT, ServerAssignmentType.UNREGISTERED_USER, None)
"""What a SAR of a call asks for; None where it does not say. Other types are of registrations."""
_LOCATED = ("INVITE", "MESSAGE", "OPTIONS", "PUBLISH", "SUBSCRIBE")
"""Methods of requests to a user whose S-CSCF an I-CSCF asks for."""


@dataclass(frozen=True, slots=True)
class CxAround:
    """What a whole trace has of it."""

    exchanges: Sequence[Exchange]
    """LIRs and SARs in time order."""
    wanted: frozenset[tuple[str, str]]
    """Where requests that may set off an LIR arrived, and whom they are for."""


def cx_around(around: Surroundings) -> CxAround:
    """Return what a whole trace has of Cx, and of requests that set it off."""
    return CxAround(
        [_exchange(transaction) for transaction in around.diameter if transaction.method in CX_OF_CALLS],
        frozenset(
            (message.destination.address, canonical(message.sip.request_uri))
            for message in around.trace.messages
            if isinstance(message, SipMessage) and message.sip.is_request and message.sip.method in _LOCATED
        ),
    )


def exchanges_of(invite: DialogRequest, callee: str, cx: CxAround) -> list[Exchange]:
    """Return the Cx exchanges that an INVITE set off.

    An LIR asks for the identity that the INVITE names at the I-CSCF, from there and while the INVITE is there; where
    none does, the one that no other request explains. A SAR is that of an S-CSCF which serves somebody who is not
    registered.

    Args:
        invite: With roles bound.
        callee: Request-URI that the caller dialled.
        cx: From `cx_around`.
    """
    begin = bisect_left(cx.exchanges, invite.time_ns, key=lambda one: one.time_ns)
    stop = bisect_right(cx.exchanges, _end(invite), key=lambda one: one.time_ns)
    during = cx.exchanges[begin:stop]
    names = [callee, *(hop.request.sip.request_uri for hop in invite.hops if hop.request is not None)]
    served = {canonical(name) for name in names}
    return [*_location(invite, names, during, cx.wanted), *(one for one in during if _serves(one, served))]


def _location(
    invite: DialogRequest, names: Sequence[str], during: Sequence[Exchange], wanted: Collection[tuple[str, str]]
) -> list[Exchange]:
    """Return the LIR of an INVITE, with those that the I-CSCF sent before in vain."""
    got = invite.hop_to(Role.TERM_ICSCF)
    sent = next((hop for hop in invite.hops if hop.sender is Role.TERM_ICSCF), None)
    arrived = None if got is None else got.request
    left = None if sent is None else sent.request
    nodes = {message.destination.address for message in (arrived,) if message is not None}
    nodes |= {message.source.address for message in (left,) if message is not None}
    if not nodes:  # not known which it is: any that had the INVITE
        nodes = {end for hop in invite.hops if hop.request is not None for end in _both(hop.request)}
    begin = invite.time_ns if arrived is None else arrived.time_ns
    end = _end(invite) if left is None else left.time_ns
    asked = [
        one for one in during if one.command == "LIR" and begin <= one.time_ns <= end and not nodes.isdisjoint(_by(one))
    ]
    if arrived is not None:
        names = [arrived.sip.request_uri]
    ours = [one for one in asked if any(_is_for(one, name) for name in names)]
    if not ours:
        ours = [one for one in asked if not any((node, canonical(_named(one))) in wanted for node in nodes)]
    answered = next((place for place, one in enumerate(ours) if one.answer is not None), len(ours))
    return ours[: answered + 1]


def _is_for(exchange: Exchange, name: str) -> bool:
    return same_identity(_named(exchange), name) or same_number(_named(exchange), name)


def _serves(exchange: Exchange, served: Collection[str]) -> bool:
    kind = number(avp(exchange.request, Avp.SERVER_ASSIGNMENT_TYPE))
    return exchange.command == "SAR" and kind in _OF_CALLS and canonical(_named(exchange)) in served


def _named(exchange: Exchange) -> str:
    return text(avp(exchange.request or exchange.answer, Avp.PUBLIC_IDENTITY)) or ""


def _by(exchange: Exchange) -> set[str]:
    """Return the address that asked, once from the request and once from the answer."""
    found = {one.source.address for one in (exchange.request,) if one is not None}
    return found | {one.destination.address for one in (exchange.answer,) if one is not None}


def _both(message: Message) -> tuple[str, str]:
    return message.source.address, message.destination.address


def _end(invite: DialogRequest) -> int:
    return max(message.time_ns for message in invite.messages)


def _exchange(transaction: Transaction) -> Exchange:
    request, answer = transaction.request, transaction.final
    return Exchange(
        transaction.method,
        request if isinstance(request, DiameterMessage) else None,
        answer if isinstance(answer, DiameterMessage) else None,
    )
