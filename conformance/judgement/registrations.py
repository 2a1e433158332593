"""Finds the registrations of a trace: REGISTER transactions of one user, their Cx exchanges, their DNS."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from conformance.criteria.registration import Attempt, Exchange, Facts, Hop, Lookup, Registration
from conformance.criteria.values import (
    address,
    addresses,
    asked_expiry,
    authorization,
    avp,
    challenge,
    same_contact,
    same_identity,
    text,
)
from conformance.judgement.hops import RawHop, chain, raw_hop
from conformance.judgement.roles import CX_COMMANDS, CxSpeakers, Declared, RoleTable, bind, cx_speakers
from conformance.trace.correlate import Transaction
from conformance.trace.model import DiameterMessage, DnsMessage, SipMessage, Trace
from conformance.trace.sip_values import parse_uri
from conformance.vocabulary.federation import AccessSecurity, Federation, Subscriber, Testbed
from conformance.vocabulary.numbers import CX_APPLICATION, Avp
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role

BEFORE_NS = 2_000_000_000
"""How long before the first REGISTER a DNS answer may have been asked for (the P-CSCF may ask ahead)."""
AFTER_NS = 5_000_000_000
"""How long behind the last message of an attempt the HSS may still answer."""

_SRV_NAME = re.compile(r"_[a-z0-9-]+\._[a-z0-9-]+\.(.+)")


@dataclass(slots=True)
class _Try:
    """One REGISTER of a terminal while the trace is read."""

    key: tuple[str, int | None]
    hops: list[RawHop]
    exchanges: list[Exchange] = field(default_factory=list)

    @property
    def chain(self) -> list[RawHop]:
        return chain(self.hops)

    @property
    def start_ns(self) -> int:
        return min(hop.transaction.time_ns for hop in self.hops)

    @property
    def end_ns(self) -> int:
        return max(message.time_ns for hop in self.hops for message in hop.messages)

    @property
    def sample(self) -> SipMessage:
        """A request where there is one: it has credentials and Contact."""
        hops = self.chain
        return next((hop.request for hop in hops if hop.request is not None), hops[0].any)

    @property
    def status(self) -> int | None:
        return next((hop.final.sip.status for hop in self.chain if hop.final is not None), None)

    @property
    def subject(self) -> str:
        found = address(self.sample, "To")
        return found.name_addr.uri if found is not None else ""

    @property
    def username(self) -> str | None:
        digest = authorization(self.sample)
        return None if digest is None else digest.value("username")


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
    tries = _tries(transactions, speakers)
    _assign(tries, transactions)
    declared = Declared(federation)
    return [
        _registration(procedure, trace, transactions, speakers, declared, federation)
        for procedure in _procedures(tries)
    ]


# --- REGISTER -----------------------------------------------------------------------------------------


def _tries(transactions: Iterable[Transaction], speakers: CxSpeakers) -> list[_Try]:
    """Put the hops of one REGISTER together: Call-ID, To and CSeq number stay the same on all of them."""
    by_key: dict[tuple[str, str, int | None], list[_Try]] = {}
    hops = [raw_hop(t) for t in transactions if t.protocol == "SIP" and t.method == "REGISTER"]
    relays = {hop.transaction.destination.address for hop in hops}
    for hop in hops:
        message = hop.any
        if _is_third_party(hop, speakers, relays):
            continue
        target = address(message, "To")
        subject = "" if target is None else target.name_addr.uri
        key = (message.sip.call_id, _canonical(subject), message.sip.cseq_number)
        known = by_key.setdefault(key, [])
        if known and not _is_over(known[-1], hop):
            known[-1].hops.append(hop)
        else:
            known.append(_Try((key[0], key[2]), [hop]))
    return sorted((t for some in by_key.values() for t in some), key=lambda t: t.start_ns)


def _is_over(known: _Try, hop: RawHop) -> bool:
    """Tell whether a REGISTER with a CSeq number that was used before begins another attempt."""
    outer = known.chain[0]
    return hop.depth <= outer.depth and outer.final is not None and outer.final.time_ns <= hop.transaction.time_ns


def _is_third_party(hop: RawHop, speakers: CxSpeakers, relays: set[str]) -> bool:
    """Tell whether a REGISTER is that of an S-CSCF to an application server (3GPP TS 24.229 5.4.1.7)."""
    source = hop.transaction.source.address
    if hop.depth > 1 or not (speakers.speaks(source) or source in relays):
        return False
    sender, target = address(hop.any, "From"), address(hop.any, "To")
    if sender is None or target is None:
        return False
    return not same_identity(sender.name_addr.uri, target.name_addr.uri)


def _canonical(uri: str) -> str:
    parsed = parse_uri(uri)
    if parsed is None:
        return uri
    return f"{parsed.scheme}:{unquote(parsed.user)}@{parsed.host.lower()}"


def _procedures(tries: Sequence[_Try]) -> list[list[_Try]]:
    """Cut the attempts of each user into procedures and keep the initial registrations."""
    running: list[list[_Try]] = []
    registered: list[_Try] = []
    found: list[list[_Try]] = []
    for attempt in tries:
        procedure = next((p for p in reversed(running) if _continues(p, attempt)), None)
        if procedure is None:
            procedure = [attempt]
            if not _removes(attempt) and not any(_same_binding(r, attempt) for r in registered):
                found.append(procedure)
        else:
            running.remove(procedure)
            procedure.append(attempt)
        if _is_open(attempt):
            running.append(procedure)
        elif attempt.status is not None and attempt.status < 300:
            registered = [r for r in registered if not _same_binding(r, attempt)]
            if not _removes(attempt):
                registered.append(attempt)
    return found


def _is_open(attempt: _Try) -> bool:
    """Tell whether another REGISTER of the same procedure may follow."""
    return attempt.status is None or attempt.status in (401, 407)


def _continues(procedure: list[_Try], attempt: _Try) -> bool:
    last = procedure[-1]
    if _canonical(last.subject) != _canonical(attempt.subject):
        return False
    if last.key[0] == attempt.key[0]:
        return True
    # A terminal that changes its Call-ID still answers the challenge that it got.
    nonces = {c.value("nonce") for hop in last.chain if (c := challenge(hop.final)) is not None}
    digest = authorization(attempt.sample)
    return digest is not None and bool(digest.value("nonce")) and digest.value("nonce") in nonces


def _removes(attempt: _Try) -> bool:
    request = attempt.sample
    if not request.sip.is_request:
        return False
    contacts = addresses(request, "Contact")
    return bool(contacts) and all(asked_expiry(request, contact) == 0 for contact in contacts)


def _same_binding(one: _Try, other: _Try) -> bool:
    if _canonical(one.subject) != _canonical(other.subject):
        return False
    a, b = addresses(one.sample, "Contact"), addresses(other.sample, "Contact")
    return any(
        x.name_addr.uri == "*" or y.name_addr.uri == "*" or same_contact(x.name_addr.uri, y.name_addr.uri)
        for x in a
        for y in b
    )


# --- Cx -----------------------------------------------------------------------------------------------


def _assign(tries: Sequence[_Try], transactions: Iterable[Transaction]) -> None:
    """Give each Cx exchange to the attempt that set it off: its user, the last one begun before it."""
    for transaction in transactions:
        if transaction.protocol != "Diameter" or transaction.method not in CX_COMMANDS:
            continue
        request, answer = transaction.request, transaction.final
        exchange = Exchange(
            transaction.method,
            request if isinstance(request, DiameterMessage) else None,
            answer if isinstance(answer, DiameterMessage) else None,
        )
        asked = exchange.request or exchange.answer
        if asked is None or asked.application != CX_APPLICATION:
            continue
        candidates = [t for t in tries if _is_for(asked, t) and t.start_ns <= exchange.time_ns]
        if candidates:
            owner = max(candidates, key=lambda t: t.start_ns)
            if exchange.time_ns <= owner.end_ns + AFTER_NS:
                owner.exchanges.append(exchange)


def _is_for(message: DiameterMessage, attempt: _Try) -> bool:
    name, identity = text(avp(message, Avp.USER_NAME)), text(avp(message, Avp.PUBLIC_IDENTITY))
    if identity is not None and attempt.subject and same_identity(identity, attempt.subject):
        return True
    return name is not None and name == attempt.username


# --- DNS ----------------------------------------------------------------------------------------------


def _lookups(
    names: set[str],
    attempts: Sequence[Attempt],
    transactions: Iterable[Transaction],
    table: RoleTable,
) -> list[Lookup]:
    """Return the look-ups of the hosts of a registration, and of the names that their answers lead to."""
    found: list[Lookup] = []
    times = [message.time_ns for attempt in attempts for message in attempt.messages]
    begin_ns, end_ns = min(times) - BEFORE_NS, max(times)
    for transaction in transactions:
        if transaction.protocol != "DNS" or not begin_ns <= transaction.time_ns <= end_ns:
            continue
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


def _registration(
    procedure: Sequence[_Try],
    trace: Trace,
    transactions: Sequence[Transaction],
    speakers: CxSpeakers,
    declared: Declared,
    federation: Federation | None,
) -> Registration:
    subject = procedure[0].subject
    usernames = [t.username for t in procedure if t.username]
    home, subscriber = _subscriber(federation, subject, usernames)
    table = RoleTable()
    attempts = []
    for one in procedure:
        hops = one.chain
        roles = bind(hops, speakers, declared, home)
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
    lookups = _lookups(_hosts(sip), attempts, transactions, table)
    return Registration(
        attempts=tuple(attempts),
        subject=subject,
        roles=table.done(),
        lookups=tuple(lookups),
        observed=_observed(trace, attempts, transactions),
        lossless=all(capture.drops == 0 for capture in trace.captures),
        security=home.features.access_security if home is not None else _security(sip),
        facts=_facts(home, subscriber, table, declared),
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


def _observed(trace: Trace, attempts: Iterable[Attempt], transactions: Iterable[Transaction]) -> frozenset[Point]:
    """Return the points that were captured: those that a capture declares, and those that show messages.

    A file without names of points (plain pcap) still shows where it was taken by what is in it.
    """
    points = {point for capture in trace.captures for point in capture.points}
    for attempt in attempts:
        points |= {Point.GM if hop.depth == 1 else Point.MW for hop in attempt.hops}
        if attempt.exchanges:
            points.add(Point.CX)
    if any(t.protocol == "DNS" for t in transactions):
        points.add(Point.DNS)
    if any(t.protocol == "Diameter" and t.method in CX_COMMANDS for t in transactions):
        points.add(Point.CX)
    return frozenset(points)


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
