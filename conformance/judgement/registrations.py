"""Builds the registrations that criteria see: hops and Cx with their roles, DNS, and what a federation knows."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from conformance.criteria.procedure import Facts
from conformance.criteria.registration import Attempt, Exchange, Hop, Lookup, Registration
from conformance.criteria.values import addresses, same_identity
from conformance.judgement.attempts import Try, assign_exchanges, find_tries, initial_registrations
from conformance.judgement.found import Found
from conformance.judgement.hops import RawHop
from conformance.judgement.roles import CX_COMMANDS, CxSpeakers, Declared, RoleTable, bind, cx_speakers
from conformance.judgement.verdicts import interoperability
from conformance.trace.correlate import Transaction
from conformance.trace.model import CaptureFile, DnsMessage, SipMessage, Trace
from conformance.trace.sip_values import parse_uri
from conformance.vocabulary.events import TerminalEvent
from conformance.vocabulary.federation import AccessSecurity, Federation, Subscriber, Testbed
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Verdict

BEFORE_NS = 2_000_000_000
"""How long before the first REGISTER a DNS answer may have been asked for (the P-CSCF may ask ahead)."""

_SRV_NAME = re.compile(r"_[a-z0-9-]+\._[a-z0-9-]+\.(.+)")


def find_registrations(
    trace: Trace, transactions: Sequence[Transaction], federation: Federation | None
) -> list[Registration]:
    """Find the initial registrations of a trace, in the order of their first messages.

    Re-registrations and deregistrations are procedures of their own; their messages belong to none of these.

    Args:
        trace: The trace.
        transactions: From `correlate(trace)`.
        federation: Where given: who is home, what was agreed, which nodes there are.
    """
    speakers = cx_speakers(transactions)
    tries = find_tries(transactions, speakers)
    assign_exchanges(tries, transactions)
    world = _World(
        speakers=speakers,
        declared=Declared(federation),
        queries=[transaction for transaction in transactions if transaction.protocol == "DNS"],
        observed=_observed(trace, transactions),
        lossless=all(capture.drops == 0 for capture in trace.captures),
        federation=federation,
    )
    return [_registration(procedure, world) for procedure in initial_registrations(tries)]


def find(trace: Trace, transactions: Sequence[Transaction], federation: Federation | None) -> Iterator[Found]:
    """Find the procedures that consist of REGISTERs, with the flows that they may follow."""
    for registration in find_registrations(trace, transactions, federation):
        yield Found(registration, ("registration-home",), partial(_service, registration))


def _service(
    registration: Registration, flow: str, events: Sequence[TerminalEvent], captures: Sequence[CaptureFile]
) -> tuple[Verdict, str | None]:
    return interoperability(registration, events, captures)


@dataclass(frozen=True, slots=True)
class _World:
    """What all registrations of a trace share."""

    speakers: CxSpeakers
    declared: Declared
    queries: Sequence[Transaction]
    """DNS, in time order."""
    observed: frozenset[Point]
    lossless: bool
    federation: Federation | None


# --- DNS ----------------------------------------------------------------------------------------------


def _lookups(
    names: set[str],
    attempts: Sequence[Attempt],
    queries: Sequence[Transaction],
    table: RoleTable,
) -> list[Lookup]:
    """Return the look-ups of the hosts of a registration, and of the names that their answers lead to."""
    found: list[Lookup] = []
    times = [message.time_ns for attempt in attempts for message in attempt.messages]
    begin = bisect_left(queries, min(times) - BEFORE_NS, key=lambda query: query.time_ns)
    end = bisect_right(queries, max(times), key=lambda query: query.time_ns)
    for transaction in queries[begin:end]:
        query = transaction.request if isinstance(transaction.request, DnsMessage) else None
        response = transaction.final if isinstance(transaction.final, DnsMessage) else None
        message = query or response
        if message is None:
            continue
        match = _SRV_NAME.fullmatch(message.question_name) if message.question_type == "SRV" else None
        if message.question_name not in names and (match is None or match.group(1) not in names):
            continue
        table.add(Role.HOME_DNS, transaction.destination)
        found.append(Lookup(query, response, _asker(transaction, attempts, table)))
        for record in () if response is None else response.records:
            for key in ("replacement", "target"):
                name = record.fields.get(key, "").lower().rstrip(".")
                if name and record.type in ("NAPTR", "SRV", "CNAME"):
                    names.add(name)
    return found


def _asker(lookup: Transaction, attempts: Iterable[Attempt], table: RoleTable) -> Role | None:
    """Return the role that asked; of several on one address the one that sends the next REGISTER."""
    roles = [role for role in table.at(lookup.source.address) if role is not Role.HOME_DNS]
    if len(roles) < 2:
        return next(iter(roles), None)
    following = [
        (hop.request.time_ns, hop.sender)
        for attempt in attempts
        for hop in attempt.hops
        if hop.request is not None and hop.sender in roles and hop.request.time_ns >= lookup.time_ns
    ]
    return min(following, key=lambda pair: pair[0])[1] if following else None


def _hosts(messages: Iterable[SipMessage]) -> set[str]:
    """Return the host names that requests and responses of the registration point at."""
    found: set[str] = set()
    for message in messages:
        uris = [message.sip.request_uri] if message.sip.is_request else []
        for name in ("Route", "Path", "Service-Route"):
            uris += [a.name_addr.uri for a in addresses(message, name)]
        for uri in uris:
            parsed = parse_uri(uri)
            if parsed is not None and parsed.host:
                found.add(parsed.host.lower().rstrip("."))
    return found


# --- all of it ----------------------------------------------------------------------------------------


def _registration(procedure: Sequence[Try], world: _World) -> Registration:
    subject = procedure[0].subject
    usernames = [t.username for t in procedure if t.username]
    home, subscriber = _subscriber(world.federation, subject, usernames)
    table = RoleTable()
    attempts = []
    for one in procedure:
        hops = one.chain
        roles = bind(hops, world.speakers, world.declared, home)
        bound = []
        for hop, (sender, receiver) in zip(hops, roles, strict=True):
            table.add(sender, hop.transaction.source)
            table.add(receiver, hop.transaction.destination)
            bound.append(_hop(hop, sender, receiver))
        exchanges = sorted(one.exchanges, key=lambda exchange: exchange.time_ns)
        for exchange in exchanges:
            _bind_cx(table, exchange)
        attempts.append(Attempt(tuple(bound), tuple(exchanges)))
    messages = [m for attempt in attempts for m in attempt.messages]
    sip = [m for m in messages if isinstance(m, SipMessage)]
    lookups = _lookups(_hosts(sip), attempts, world.queries, table)
    return Registration(
        attempts=tuple(attempts),
        subject=subject,
        roles=table.done(),
        lookups=tuple(lookups),
        observed=world.observed | _points_of(attempts),
        lossless=world.lossless,
        security=home.features.access_security if home is not None else _security(sip),
        facts=_facts(home, subscriber, table, world.declared),
    )


def _hop(hop: RawHop, sender: Role | None, receiver: Role | None) -> Hop:
    final = hop.final
    others = tuple(m for m in hop.transaction.retransmissions if isinstance(m, SipMessage))
    rest = tuple(m for m in hop.transaction.responses if isinstance(m, SipMessage) and m is not final)
    return Hop(sender, receiver, hop.request, final, hop.depth, others, rest)


def _bind_cx(table: RoleTable, exchange: Exchange) -> None:
    role = CX_COMMANDS[exchange.command]
    if exchange.request is not None:
        table.add(role, exchange.request.source)
        table.add(Role.HOME_HSS, exchange.request.destination)
    elif exchange.answer is not None:
        table.add(role, exchange.answer.destination)
        table.add(Role.HOME_HSS, exchange.answer.source)


def _observed(trace: Trace, transactions: Iterable[Transaction]) -> frozenset[Point]:
    """Return the points that were captured: those that a capture declares, and those that show messages.

    A file without names of points (plain pcap) still shows where it was taken by what is in it.
    """
    points = {point for capture in trace.captures for point in capture.points}
    for transaction in transactions:
        if transaction.protocol == "DNS":
            points.add(Point.DNS)
        elif transaction.protocol == "Diameter" and transaction.method in CX_COMMANDS:
            points.add(Point.CX)
    return frozenset(points)


def _points_of(attempts: Iterable[Attempt]) -> frozenset[Point]:
    return frozenset(Point.GM if hop.depth == 1 else Point.MW for attempt in attempts for hop in attempt.hops)


def _security(messages: Iterable[SipMessage]) -> AccessSecurity:
    """Without a federation, Security-Client decides (a terminal that offers a security association)."""
    for message in messages:
        for value in message.sip.values("Security-Client"):
            if value.text.lower().startswith("ipsec-3gpp"):
                return AccessSecurity.IPSEC_3GPP
    return AccessSecurity.NONE


def _subscriber(
    federation: Federation | None, subject: str, usernames: Sequence[str]
) -> tuple[Testbed | None, Subscriber | None]:
    for testbed in federation.testbeds.values() if federation is not None else ():
        for subscriber in testbed.subscribers:
            if any(same_identity(impu, subject) for impu in subscriber.impus):
                return testbed, subscriber
    for testbed in federation.testbeds.values() if federation is not None else ():
        for subscriber in testbed.subscribers:
            if subscriber.impi in usernames:
                return testbed, subscriber
    return None, None


def _facts(home: Testbed | None, subscriber: Subscriber | None, table: RoleTable, declared: Declared) -> Facts:
    if home is None:
        return Facts()
    roles = table.done()
    visited = home
    for role in (Role.VISITED_PCSCF, Role.HOME_PCSCF):
        for endpoint in roles.get(role, ()):
            visited = declared.testbed(endpoint.address) or visited
    releases = dict.fromkeys(Role, home.release)
    releases[Role.VISITED_PCSCF] = releases[Role.VISITED_DNS] = visited.release
    password = subscriber.password if subscriber is not None else None
    return Facts(
        home=home.domain,
        impi=None if subscriber is None else subscriber.impi,
        impus=() if subscriber is None else subscriber.impus,
        visited_network_id=visited.visited_network_id,
        releases=releases,
        password=None if password is None else password.reveal(),
    )
