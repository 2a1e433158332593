"""Builds the registrations that criteria see: hops and Cx with their roles, DNS, and what a federation knows."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from conformance.criteria.procedure import Facts, Kind
from conformance.criteria.registration import Attempt, Exchange, Hop, Lookup, Registration
from conformance.criteria.values import addresses, authorization, same_identity
from conformance.judgement.access_proxies import access_proxies
from conformance.judgement.attempts import Segment, Try, assign_exchanges, find_tries, segments
from conformance.judgement.found import Found
from conformance.judgement.hops import RawHop
from conformance.judgement.interoperability import Window, interoperability
from conformance.judgement.roles import CX_COMMANDS, CxSpeakers, Declared, RoleTable, bind
from conformance.judgement.surroundings import Surroundings
from conformance.judgement.third_party import belonging
from conformance.trace.correlate import Transaction
from conformance.trace.model import CaptureFile, DnsMessage, SipMessage, Trace, VpnStream
from conformance.trace.sip_values import parse_uri
from conformance.vocabulary.events import TerminalEvent
from conformance.vocabulary.federation import AccessSecurity, Federation, NodeKind, Subscriber, Testbed
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Verdict

BEFORE_NS = 2_000_000_000
"""How long before the first REGISTER a DNS answer may have been asked for (the P-CSCF may ask ahead)."""

_SRV_NAME = re.compile(r"_[a-z0-9-]+\._[a-z0-9-]+\.(.+)")


def find_registrations(
    trace: Trace,
    transactions: Sequence[Transaction],
    federation: Federation | None,
    around: Surroundings | None = None,
) -> list[Registration]:
    """Find registrations, re-registrations and deregistrations, in the order of their first messages.

    Args:
        trace: The trace.
        transactions: From `correlate(trace)`.
        federation: Where given: who is home, what was agreed, which nodes there are.
        around: What is known of the whole, where the trace is a part.
    """
    around = around or Surroundings(trace)
    third_party: list[RawHop] = []
    tries = find_tries(transactions, around, third_party)
    assign_exchanges(tries, transactions)
    world = _World(
        speakers=around.speakers,
        declared=Declared(federation),
        queries=[transaction for transaction in transactions if transaction.protocol == "DNS"],
        observed=around.points,
        lossless=around.lossless,
        end_ns=around.end_ns,
        federation=federation,
        vpn=around.trace.vpn,
    )
    found: dict[int, Registration] = {}
    ended: dict[str, int] = {}
    procedures = segments(tries)
    told = belonging(third_party, procedures)
    for segment in procedures:
        before = None if segment.before is None else found[id(segment.before)]
        user = segment.attempts[0].user
        registration = _registration(segment, before, world, told.get(id(segment), ()), ended.get(user, 0))
        found[id(segment)] = registration
        ended[user] = max(ended.get(user, 0), *(m.time_ns for a in registration.attempts for m in a.messages))
    return list(found.values())


def find(
    trace: Trace, transactions: Sequence[Transaction], federation: Federation | None, around: Surroundings
) -> Iterator[Found]:
    """Find the procedures that consist of REGISTERs, with the flows that they may follow.

    What was asked of a plain SIP proxy that the federation declares is left out: no IMS is there that could be judged.
    """
    declared = Declared(federation)
    everything = find_registrations(trace, transactions, federation, around)
    found = [registration for registration in everything if not _without_ims(registration, declared)]
    begins: dict[str, list[int]] = {}
    for registration in found:
        begins.setdefault(registration.subject, []).append(registration.first.start_ns)
    for registration in found:
        begin = registration.first.start_ns
        others = begins[registration.subject]
        window = Window(
            begin - CLOCK_NS if min(others) < begin else None,
            min((other - CLOCK_NS for other in others if other > begin), default=None),
        )
        flows = _flows(registration, federation)
        related = tuple(flow for flow in RELATED[registration.kind] if flow not in flows)
        yield Found(registration, flows, partial(_service, registration, window), related)


def _without_ims(registration: Registration, declared: Declared) -> bool:
    ends = registration.roles.get(registration.pcscf, ())
    return bool(ends) and all(NodeKind.SIP_PROXY in declared.kinds(end.address) for end in ends)


CLOCK_NS = 2_000_000
"""A terminal says that it sends a REGISTER so long before the capture shows it, at most."""

REFUSED = "registration-refused"
RESYNC = "registration-resync"
CHALLENGED_AGAIN = "registration-challenged-again"
RELATED = {
    Kind.REGISTRATION: (
        "registration-home",
        "registration-visited",
        "registration-home-access",
        RESYNC,
        CHALLENGED_AGAIN,
        REFUSED,
    ),
    Kind.REREGISTRATION: ("reregistration", REFUSED),
    Kind.DEREGISTRATION: ("deregistration", REFUSED),
}


def _flows(registration: Registration, federation: Federation | None) -> tuple[str, ...]:
    """Return the flows that a procedure may follow: by its kind, by the access point, by what happened in it."""
    if registration.kind is not Kind.REGISTRATION:
        flows: tuple[str, ...] = (registration.kind.value,)
    elif registration.pcscf is Role.VISITED_PCSCF:
        flows = ("registration-visited",)
    elif registration.tunnelled:
        # A home network of its own may use GTP-U as well: only a federation says that all tunnels come from away.
        flows = ("registration-home-access", "registration-home")
        flows = flows if federation is not None else flows[::-1]
    else:
        flows = ("registration-home",)
    requests = [a.gm.request for a in registration.attempts if a.gm is not None]
    if any((digest := authorization(request)) is not None and digest.value("auts") for request in requests):
        flows = (*flows, RESYNC)
    statuses = [attempt.status for attempt in registration.attempts]
    if any(status is not None and status >= 300 and status not in (401, 407) for status in statuses):
        flows = (*flows, REFUSED)
    return flows


def _service(
    registration: Registration,
    window: Window,
    flow: str,
    events: Sequence[TerminalEvent],
    captures: Sequence[CaptureFile],
) -> tuple[Verdict, str | None]:
    return interoperability(registration, flow, events, captures, window)


@dataclass(frozen=True, slots=True)
class _World:
    """What all registrations of a trace share."""

    speakers: CxSpeakers
    declared: Declared
    queries: Sequence[Transaction]
    """DNS, in time order."""
    observed: frozenset[Point]
    lossless: bool
    end_ns: int
    """Time of the last message of the whole, nanoseconds since 1970."""
    federation: Federation | None
    vpn: tuple[VpnStream, ...]


# --- DNS ----------------------------------------------------------------------------------------------


def _lookups(
    names: set[str],
    attempts: Sequence[Attempt],
    queries: Sequence[Transaction],
    table: RoleTable,
    declared: Declared,
    home: Testbed | None,
    since_ns: int,
) -> list[Lookup]:
    """Return the look-ups of the hosts of a registration, and of the names that their answers lead to.

    What was asked before `since_ns`, when an earlier procedure of the same user was under way, is that one's.
    """
    times = [message.time_ns for attempt in attempts for message in attempt.messages]

    def asker(lookup: Transaction) -> Role | None:
        return _asker(lookup, attempts, table)

    def server(lookup: Transaction, asked_by: Role | None) -> Role:
        return _server(lookup, asked_by, declared, home)

    since_ns = since_ns if since_ns < min(times) else 0
    return lookups_of(names, max(min(times) - BEFORE_NS, since_ns), max(times), queries, table, asker, server)


def lookups_of(
    names: set[str],
    begin_ns: int,
    end_ns: int,
    queries: Sequence[Transaction],
    table: RoleTable,
    asker: Callable[[Transaction], Role | None],
    server: Callable[[Transaction, Role | None], Role],
) -> list[Lookup]:
    """Return the look-ups of hosts, and of the names that their answers lead to, within a time.

    Args:
        names: Hosts, lower case; those that answers lead to are added.
        begin_ns: From when, nanoseconds since 1970.
        end_ns: To when.
        queries: DNS transactions in time order.
        table: Gets the endpoints of the servers.
        asker: Tells who asked.
        server: Tells the role of the server, of a look-up and of who asked.
    """
    found: list[Lookup] = []
    begin = bisect_left(queries, begin_ns, key=lambda query: query.time_ns)
    end = bisect_right(queries, end_ns, key=lambda query: query.time_ns)
    for transaction in queries[begin:end]:
        query = transaction.request if isinstance(transaction.request, DnsMessage) else None
        response = transaction.final if isinstance(transaction.final, DnsMessage) else None
        message = query or response
        if message is None:
            continue
        match = _SRV_NAME.fullmatch(message.question_name) if message.question_type == "SRV" else None
        if message.question_name not in names and (match is None or match.group(1) not in names):
            continue
        who = asker(transaction)
        role = server(transaction, who)
        table.add(role, transaction.destination)
        found.append(Lookup(query, response, who, role))
        for record in () if response is None else response.records:
            for key in ("replacement", "target"):
                name = record.fields.get(key, "").lower().rstrip(".")
                if name and record.type in ("NAPTR", "SRV", "CNAME"):
                    names.add(name)
    return found


def _server(lookup: Transaction, asker: Role | None, declared: Declared, home: Testbed | None) -> Role:
    """Return the role of a DNS server: that of its network, undeclared that of the network of who asks it."""
    testbed = declared.testbed(lookup.destination.address)
    if testbed is not None and home is not None:
        return Role.HOME_DNS if testbed.domain == home.domain else Role.VISITED_DNS
    return Role.VISITED_DNS if asker is Role.VISITED_PCSCF else Role.HOME_DNS


def _asker(lookup: Transaction, attempts: Iterable[Attempt], table: RoleTable) -> Role | None:
    """Return the role that asked; of several on one address the one that sends the next REGISTER."""
    roles = [role for role in table.at(lookup.source.address) if role not in (Role.HOME_DNS, Role.VISITED_DNS)]
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


def _registration(
    segment: Segment, before: Registration | None, world: _World, third_party: Sequence[RawHop], since_ns: int
) -> Registration:
    procedure = segment.attempts
    subject = procedure[0].subject
    usernames = [t.username for t in procedure if t.username]
    home, subscriber = subscriber_of(world.federation, subject, usernames)
    table = RoleTable()
    attempts = []
    proxies = access_proxies([one.chain for one in procedure], world.declared)
    for one in procedure:
        hops = one.chain
        roles = bind(hops, world.speakers, world.declared, home, proxies)
        bound = []
        for hop, (sender, receiver) in zip(hops, roles, strict=True):
            table.add(sender, hop.transaction.source)
            table.add(receiver, hop.transaction.destination)
            bound.append(_hop(hop, sender, receiver))
        exchanges = sorted(one.exchanges, key=lambda exchange: exchange.time_ns)
        for exchange in exchanges:
            _bind_cx(table, exchange)
        attempts.append(Attempt(tuple(bound), tuple(exchanges)))
    for hop in third_party:
        table.add(Role.HOME_SCSCF, hop.transaction.source)
        table.add(Role.HOME_AS, hop.transaction.destination)
    messages = [m for attempt in attempts for m in attempt.messages]
    sip = [m for m in messages if isinstance(m, SipMessage)]
    lookups = (
        _lookups(_hosts(sip), attempts, world.queries, table, world.declared, home, since_ns) if world.queries else []
    )
    return Registration(
        attempts=tuple(attempts),
        subject=subject,
        roles=table.done(),
        lookups=tuple(lookups),
        observed=world.observed | _points_of(attempts) | ({Point.ISC} if third_party else frozenset()),
        lossless=world.lossless,
        security=home.features.access_security if home is not None else _security(sip),
        facts=facts_of(home, subscriber, table, world.declared),
        kind=segment.kind,
        before=before,
        apart=tuple(_apart(procedure)),
        third_party=tuple(_hop(hop, Role.HOME_SCSCF, Role.HOME_AS) for hop in third_party),
        end_ns=world.end_ns,
        vpn=world.vpn,
    )


def _apart(procedure: Iterable[Try]) -> Iterator[SipMessage]:
    """Yield the messages of hops that the chain from the terminal to the S-CSCF left out."""
    for one in procedure:
        chosen = {id(hop.transaction) for hop in one.chain}
        for hop in one.hops:
            if id(hop.transaction) not in chosen:
                yield from (message for message in hop.messages if isinstance(message, SipMessage))


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


def _points_of(attempts: Iterable[Attempt]) -> frozenset[Point]:
    return frozenset(_point_of(hop) for attempt in attempts for hop in attempt.hops)


def _point_of(hop: Hop) -> Point:
    if hop.depth == 1:
        return Point.GM
    return Point.IC if hop.sender is Role.VISITED_PCSCF else Point.MW


def _security(messages: Iterable[SipMessage]) -> AccessSecurity:
    """Without a federation, Security-Client decides (a terminal that offers a security association)."""
    for message in messages:
        for value in message.sip.values("Security-Client"):
            if value.text.lower().startswith("ipsec-3gpp"):
                return AccessSecurity.IPSEC_3GPP
    return AccessSecurity.NONE


def subscriber_of(
    federation: Federation | None, subject: str, usernames: Sequence[str]
) -> tuple[Testbed | None, Subscriber | None]:
    """Return testbed and subscriber of a public identity, or of one of the private ones; None where unknown.

    Of the devices that share a public identity it is the one that the private identities name.
    """
    for testbed in federation.testbeds.values() if federation is not None else ():
        devices = [one for one in testbed.subscribers if any(same_identity(impu, subject) for impu in one.impus)]
        if devices:
            return testbed, next((one for one in devices if one.impi in usernames), devices[0])
    for testbed in federation.testbeds.values() if federation is not None else ():
        for subscriber in testbed.subscribers:
            if subscriber.impi in usernames:
                return testbed, subscriber
    return None, None


def facts_of(home: Testbed | None, subscriber: Subscriber | None, table: RoleTable, declared: Declared) -> Facts:
    """Return what a federation says of the networks of a subscriber; nothing where it does not know the home."""
    testbeds = declared.testbeds
    if home is None:
        return Facts(testbeds=testbeds, block=declared.block)
    roles = table.done()
    entry = None
    for role in (Role.VISITED_PCSCF, Role.HOME_PCSCF):
        for endpoint in roles.get(role, ()):
            entry = entry or declared.testbed(endpoint.address)
    visited = entry or home
    releases = dict.fromkeys(Role, home.release)
    releases[Role.VISITED_PCSCF] = releases[Role.VISITED_DNS] = visited.release
    password = subscriber.password if subscriber is not None else None
    return Facts(
        home=home.domain,
        impi=None if subscriber is None else subscriber.impi,
        impus=() if subscriber is None else subscriber.impus,
        visited_network_id=None if entry is None else entry.visited_network_id,
        releases=releases,
        password=None if password is None else password.reveal(),
        testbeds=testbeds,
        block=declared.block,
        home_network=home,
        entry_network=entry,
    )
