"""What was asked of DNS for a call: the names that its requests point at, and of numbers ENUM."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from conformance.criteria.call import DialogRequest
from conformance.criteria.phone_numbers import digits_of_name, enum_name, is_meant_for, number_in
from conformance.criteria.registration import Lookup
from conformance.criteria.values import addresses
from conformance.judgement.registrations import lookups_of
from conformance.judgement.roles import Declared, RoleTable
from conformance.trace.correlate import Transaction
from conformance.trace.model import DnsMessage, SipMessage
from conformance.trace.sip_values import parse_uri
from conformance.vocabulary.federation import Testbed
from conformance.vocabulary.roles import Role

_TERMINATING = (Role.TERM_ICSCF, Role.TERM_SCSCF, Role.TERM_AS, Role.TERM_PCSCF)


def lookups_of_call(
    requests: Sequence[DialogRequest],
    invite: DialogRequest,
    queries: Sequence[Transaction],
    table: RoleTable,
    networks: dict[Role, Testbed],
    declared: Declared,
) -> list[Lookup]:
    """Return the look-ups of the names that requests of a call point at, and of ENUM, while it lasts."""
    if not queries:
        return []
    sip = [message for one in requests for message in one.messages if isinstance(message, SipMessage)]
    # What was asked before the INVITE came is of the registrations: nobody knew then who would be called.
    begin = min(message.time_ns for message in sip)
    end = max(message.time_ns for message in invite.messages)
    sent = [(hop.request.time_ns, hop.sender) for hop in invite.hops if hop.request is not None and hop.sender]

    def asker(lookup: Transaction) -> Role | None:
        roles = [role for role in table.at(lookup.source.address) if role not in (Role.ORIG_DNS, Role.TERM_DNS)]
        if len(roles) < 2:
            return next(iter(roles), None)
        following = [pair for pair in sent if pair[1] in roles and pair[0] >= lookup.time_ns]
        return min(following, key=lambda pair: pair[0])[1] if following else None

    def server(lookup: Transaction, asked_by: Role | None) -> Role:
        testbed = declared.testbed(lookup.destination.address)
        if asked_by is None and testbed is not None and testbed is not networks.get(Role.ORIG_SCSCF):
            return Role.TERM_DNS
        return Role.TERM_DNS if asked_by in _TERMINATING else Role.ORIG_DNS

    names = _hosts(sip)
    numbers = {number for message in sip if message.sip.is_request and (number := number_in(message.sip.request_uri))}
    if numbers:
        first = bisect_left(queries, begin, key=lambda query: query.time_ns)
        last = bisect_right(queries, end, key=lambda query: query.time_ns)
        asked = {_name(one) for one in queries[first:last]}
        names |= {name for name in asked if any(_may_be(name, number) for number in numbers)}
    return lookups_of(names, begin, end, queries, table, asker, server)


def _name(lookup: Transaction) -> str:
    message = lookup.request or lookup.final
    return message.question_name if isinstance(message, DnsMessage) else ""


def _may_be(name: str, number: str) -> bool:
    """Tell whether a name is what a number is looked up under: rightly, in any tree, or wrongly."""
    return digits_of_name(name) == number[1:] or is_meant_for(name, number)


def _hosts(messages: Iterable[SipMessage]) -> set[str]:
    """Return the host names that requests point at."""
    found: set[str] = set()
    for message in messages:
        uris = [message.sip.request_uri] if message.sip.is_request else []
        uris += [one.name_addr.uri for one in addresses(message, "Route")]
        for uri in uris:
            parsed = parse_uri(uri)
            if parsed is not None and parsed.host:
                found.add(parsed.host.lower().rstrip("."))
            if (number := number_in(uri)) is not None:
                found.add(enum_name(number))
    return found
