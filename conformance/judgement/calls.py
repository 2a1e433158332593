"""Finds the calls of a trace: each INVITE that begins a dialog, with all that belongs to it.

Registrations of the whole trace tell who is who and what caller and callee were given; LIR and SAR belong to a call by
the identity that they name and by the time.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from conformance.criteria.call import Call, DialogRequest, Fork
from conformance.criteria.phone_numbers import digits_of_name, enum_name, is_meant_for, number_in
from conformance.criteria.procedure import Facts
from conformance.criteria.registration import Hop, Lookup
from conformance.criteria.subscription import Accepted
from conformance.criteria.values import address, addresses, in_domain, same_contact
from conformance.judgement.attempts import find_tries
from conformance.judgement.call_exchanges import cx_around, exchanges_of
from conformance.judgement.call_flows import EVERY, flows_of
from conformance.judgement.call_forks import RawFork
from conformance.judgement.call_hops import RawCall, RawRequest, find_calls
from conformance.judgement.call_media import legs_of
from conformance.judgement.call_profiles import profile_of
from conformance.judgement.call_roles import Known, Pair, bind_fork, bind_invite, bind_within, bind_within_fork
from conformance.judgement.call_service import service
from conformance.judgement.event_dialogs import with_roles
from conformance.judgement.found import Found
from conformance.judgement.hops import RawHop
from conformance.judgement.registrations import lookups_of, subscriber_of
from conformance.judgement.roles import Declared, RoleTable, bind
from conformance.judgement.subscriptions import accepted
from conformance.judgement.surroundings import Surroundings
from conformance.judgement.third_party import canonical
from conformance.trace.correlate import Transaction, correlate
from conformance.trace.model import DnsMessage, SipMessage, Trace
from conformance.trace.sip_values import parse_uri
from conformance.vocabulary.federation import Federation, NodeKind, Testbed
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import TERMINALS, Role

_KINDS = {
    Role.HOME_PCSCF: NodeKind.PCSCF,
    Role.VISITED_PCSCF: NodeKind.PCSCF,
    Role.HOME_ICSCF: NodeKind.ICSCF,
    Role.HOME_SCSCF: NodeKind.SCSCF,
}
_TERMINATING = (Role.TERM_ICSCF, Role.TERM_SCSCF, Role.TERM_AS, Role.TERM_PCSCF)
_OF_CALLER = (Role.CALLER, Role.ORIG_SCSCF, Role.ORIG_AS, Role.ORIG_DNS)
_OF_CALLEE = (Role.CALLEE, Role.TERM_ICSCF, Role.TERM_HSS, Role.TERM_DNS, Role.TERM_SCSCF, Role.TERM_AS)


def find(
    trace: Trace, transactions: Sequence[Transaction], federation: Federation | None, around: Surroundings
) -> Iterator[Found]:
    """Find the calls of a trace or of a part of one.

    Args:
        trace: The trace.
        transactions: From `correlate(trace)`.
        federation: Where given: whose networks there are.
        around: What is known of the whole, where the trace is a part.
    """
    for call in find_trace_calls(transactions, federation, around):
        flows = flows_of(call)
        others = tuple(flow for flow in EVERY if flow not in flows)
        yield Found(call, flows, partial(service, call), others)


def find_trace_calls(
    transactions: Sequence[Transaction], federation: Federation | None, around: Surroundings
) -> list[Call]:
    """Return the calls, in the order of their INVITEs; arguments as in `find`."""
    raw = find_calls(transactions)
    if not raw:
        return []
    declared = Declared(federation)
    registered = around.once(_registered)
    queries = [transaction for transaction in transactions if transaction.protocol == "DNS"]
    return [_call(one, registered, queries, federation, declared, around) for one in raw]


@dataclass(frozen=True, slots=True)
class _Registered:
    """What registrations and Cx of a whole trace show."""

    by_contact: dict[str, list[Accepted]]
    """REGISTERs that were accepted, in time order."""
    by_identity: dict[str, list[Accepted]]
    kinds: dict[tuple[str, int], frozenset[NodeKind]]
    terminals: frozenset[str]


def _registered(around: Surroundings) -> _Registered:
    tries = find_tries(correlate(around.trace), around)
    kinds: dict[tuple[str, int], set[NodeKind]] = {}
    terminals: set[str] = set()
    nodes: set[str] = set()
    for one in tries:
        hops = one.chain
        for hop, (_, receiver) in zip(hops, bind(hops, around.speakers, Declared(None), None), strict=True):
            end = hop.transaction.destination
            nodes.add(end.address)
            if receiver in _KINDS:
                kinds.setdefault((end.address, end.port), set()).add(_KINDS[receiver])
            if hop.depth == 1:
                terminals.add(hop.transaction.source.address)
    found = [accepted(one) for one in tries if one.status is not None and 200 <= one.status < 300]
    by_contact: dict[str, list[Accepted]] = {}
    by_identity: dict[str, list[Accepted]] = {}
    for register in sorted(found, key=lambda one: one.end_ns):
        for uri in dict.fromkeys(map(canonical, register.contacts)):
            by_contact.setdefault(uri, []).append(register)
        for uri in dict.fromkeys(map(canonical, (register.identity, *register.associated))):
            by_identity.setdefault(uri, []).append(register)
    return _Registered(
        by_contact,
        by_identity,
        {end: frozenset(some) for end, some in kinds.items()},
        frozenset(terminals - nodes),
    )


# --- one call -----------------------------------------------------------------------------------------------


def _call(
    raw: RawCall,
    registered: _Registered,
    queries: Sequence[Transaction],
    federation: Federation | None,
    declared: Declared,
    around: Surroundings,
) -> Call:
    setup = raw.setups[-1]
    first = next(hop.request for hop in setup.hops if hop.request is not None)
    subject, callee = _caller_of(setup, first), first.sip.request_uri
    caller_home = _home(subject, federation, declared)
    dialled = (callee, *(hop.request.sip.request_uri for hop in setup.hops if hop.request is not None))
    # Whose network a number is in, its domain does not tell: it may be the caller's. What it was translated to does.
    by_name = sorted(dialled, key=lambda uri: number_in(uri) is not None)
    callee_home = next((home for uri in by_name if (home := _home(uri, federation, declared)) is not None), None)
    known = Known(declared, around.speakers, registered.kinds, registered.terminals, caller_home, callee_home)
    table = RoleTable()
    bound = {id(one): bind_invite(one.hops, known) for one in raw.setups}
    parts = _parts((one.hops, bound[id(one)]) for one in raw.setups)
    forks = [(fork, bind_fork(fork, setup.hops, known)) for fork in setup.forks]
    requests: list[DialogRequest] = []
    for one, number in zip(raw.requests, _rounds(raw.requests), strict=True):
        fork = next((each for each in forks if one.callee_tag in each[0].tags), None)
        if id(one) in bound:
            pairs = bound[id(one)]
        elif fork is None:
            pairs = bind_within(one.hops, one.from_caller, parts)
        else:
            shared = [hop for hop in setup.hops if hop.depth <= fork[0].parent.depth]
            ends = _parts([(shared, bound[id(setup)][: len(shared)]), (fork[0].hops, fork[1])])
            pairs = bind_within_fork(one.hops, one.from_caller, ends)
        hops = _hops(one.hops, pairs, table)
        requests.append(DialogRequest(hops, one.method, one.from_caller, number))
    invite = requests[next(place for place, one in enumerate(raw.requests) if one is setup)]
    exchanges = exchanges_of(invite, callee, around.once(cx_around))
    for exchange in exchanges:
        if exchange.request is not None:
            sender = Role.TERM_ICSCF if exchange.command == "LIR" else Role.TERM_SCSCF
            table.add(sender, exchange.request.source)
            table.add(Role.TERM_HSS, exchange.request.destination)
    networks = _networks(caller_home, callee_home, table, declared)
    lookups = _lookups(requests, invite, queries, table, networks, declared)
    return Call(
        subject=subject,
        callee=callee,
        invite=invite,
        requests=tuple(requests),
        branches=tuple(with_roles(hop, None, None) for one in raw.requests for hop in _in_vain(one, setup)),
        forks=tuple(_fork(fork, pairs, setup, invite, table, registered) for fork, pairs in forks),
        exchanges=tuple(exchanges),
        lookups=tuple(lookups),
        roles=table.done(),
        observed=around.points | _points(requests, networks),
        lossless=around.lossless,
        facts=_facts(caller_home, networks, declared),
        caller_registered=_register_of(first, registered),
        callee_registered=_register_reached(invite, callee, registered),
        media=legs_of(requests, around),
        vpn=around.trace.vpn,
        caller_profile=profile_of(subject, invite.time_ns, around),
        callee_profile=profile_of(callee, invite.time_ns, around),
        end_ns=around.end_ns,
        askers=around.speakers.senders.get(Role.HOME_ICSCF, frozenset()),
    )


def _parts(bound: Iterable[tuple[Sequence[RawHop], Sequence[Pair]]]) -> dict[str, frozenset[Role]]:
    """Return the roles that each address has on some ways."""
    found: dict[str, set[Role]] = {}
    for hops, pairs in bound:
        for hop, pair in zip(hops, pairs, strict=True):
            for role, end in zip(pair, (hop.transaction.source, hop.transaction.destination), strict=True):
                if role is not None:
                    found.setdefault(end.address, set()).add(role)
    return {end: frozenset(roles) for end, roles in found.items()}


def _in_vain(one: RawRequest, setup: RawRequest) -> Iterator[RawHop]:
    """Yield what was tried beside the way of a request; forks of an INVITE that was tried again are of no use."""
    yield from one.apart
    for fork in one.forks if one is not setup else ():
        yield from (*fork.hops, *fork.cancels, *fork.acks)


def _fork(
    fork: RawFork,
    pairs: Sequence[Pair],
    setup: RawRequest,
    invite: DialogRequest,
    table: RoleTable,
    registered: _Registered,
) -> Fork:
    """Return a fork with roles; CANCEL and ACK go between the same two nodes as the INVITE of their hop."""
    place = next(place for place, hop in enumerate(setup.hops) if hop is fork.parent)
    by_depth = {hop.depth: pair for hop, pair in zip(fork.hops, pairs, strict=True)}
    cancels, acks = (_hops(hops, [by_depth[hop.depth] for hop in hops], table) for hops in (fork.cancels, fork.acks))
    device = None if fork.hops[0].request is None else fork.hops[0].request.sip.request_uri
    return Fork(
        _hops(fork.hops, pairs, table),
        invite.hops[place],
        cancels,
        acks,
        None if device is None else _last(registered.by_contact.get(canonical(device), []), device, invite.time_ns),
    )


def _hops(hops: Sequence[RawHop], pairs: Sequence[Pair], table: RoleTable) -> tuple[Hop, ...]:
    found = []
    for hop, (sender, receiver) in zip(hops, pairs, strict=True):
        table.add(sender, hop.transaction.source)
        table.add(receiver, hop.transaction.destination)
        found.append(with_roles(hop, sender, receiver))
    return tuple(found)


def _caller_of(setup: RawRequest, first: SipMessage) -> str:
    """Return the identity of the caller: the one that the network asserts, else From."""
    asserted = (
        one.name_addr.uri
        for hop in setup.hops
        if hop.request is not None
        for one in addresses(hop.request, "P-Asserted-Identity")
        if one.uri is not None and one.uri.scheme in ("sip", "sips")
    )
    found = address(first, "From")
    return next(asserted, "" if found is None else found.name_addr.uri)


def _home(uri: str, federation: Federation | None, declared: Declared) -> Testbed | None:
    """Return the home network of an identity: that of its subscriber, else the one whose domain it is in."""
    number = number_in(uri)
    testbed, _ = subscriber_of(federation, uri if number is None else f"tel:{number}", ())
    if testbed is not None:
        return testbed
    parsed = parse_uri(uri)
    if parsed is None or not parsed.host:
        return None
    return next((one for one in declared.testbeds if one.domain and in_domain(parsed.host, one.domain)), None)


def _rounds(requests: Sequence[RawRequest]) -> Iterator[int]:
    """Yield the round of each request: what comes before the final answer of an INVITE lies in it."""
    number, open_until = -1, -1
    for one in requests:
        inside = one.method in ("PRACK", "UPDATE", "CANCEL", "INFO") and one.start_ns <= open_until
        if not inside:
            number += 1
        if one.method == "INVITE":
            ends = [hop.final.time_ns for hop in one.hops if hop.final is not None]
            open_until = max(ends) if ends else 1 << 63
        yield number


# --- registrations, Cx and DNS ------------------------------------------------------------------------------


def _register_of(invite: SipMessage, registered: _Registered) -> Accepted | None:
    """Return the REGISTER of the terminal that sends an INVITE."""
    for contact in addresses(invite, "Contact"):
        known = registered.by_contact.get(canonical(contact.name_addr.uri), [])
        found = _last(known, contact.name_addr.uri, invite.time_ns)
        if found is not None:
            return found
    return None


def _register_reached(invite: DialogRequest, callee: str, registered: _Registered) -> Accepted | None:
    """Return the REGISTER of the terminal that an INVITE reached, else the last one of who was dialled."""
    hop = invite.hop_to(Role.CALLEE)
    reached = None if hop is None or hop.request is None else hop.request.sip.request_uri
    if reached is not None:
        found = _last(registered.by_contact.get(canonical(reached), []), reached, invite.time_ns)
        if found is not None:
            return found
    return _last(registered.by_identity.get(canonical(callee), []), None, invite.time_ns)


def _last(known: Sequence[Accepted], contact: str | None, time_ns: int) -> Accepted | None:
    """Return the last REGISTER before a time, of a contact where one is given; None where it ended what it was for.

    An answer lists the contacts of all devices of the user: what the REGISTER itself asked for comes first.
    """
    before = known[: bisect_left(known, time_ns, key=lambda one: one.end_ns)]
    living: dict[str, Accepted] = {}
    for one in before:
        uris = one.asked or one.contacts
        if contact is not None:
            if any(same_contact(contact, uri) for uri in uris):
                living = {contact: one}
            elif not living and any(same_contact(contact, uri) for uri in one.contacts):
                living = {"": one}
            continue
        for uri in map(canonical, uris):
            living.pop(uri, None)
            living[uri] = one
    return next((one for one in reversed(living.values()) if not one.removes), None)


def _lookups(
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


# --- networks and points ------------------------------------------------------------------------------------


def _networks(
    caller: Testbed | None, callee: Testbed | None, table: RoleTable, declared: Declared
) -> dict[Role, Testbed]:
    """Return the network of each role: P-CSCFs by their addresses, all others by whom they serve."""
    found: dict[Role, Testbed] = {}
    ends = table.done()
    for home, roles, pcscf in (
        (caller, _OF_CALLER, Role.ORIG_PCSCF),
        (callee, _OF_CALLEE, Role.TERM_PCSCF),
    ):
        if home is None:
            continue
        found.update(dict.fromkeys(roles, home))
        at = (declared.testbed(end.address) for end in ends.get(pcscf, ()))
        found[pcscf] = next((testbed for testbed in at if testbed is not None), home)
    return found


def _facts(caller: Testbed | None, networks: dict[Role, Testbed], declared: Declared) -> Facts:
    if caller is None:
        return Facts(testbeds=declared.testbeds, block=declared.block, networks=networks)
    return Facts(
        home=caller.domain,
        releases={role: testbed.release for role, testbed in networks.items()},
        testbeds=declared.testbeds,
        block=declared.block,
        home_network=caller,
        entry_network=networks.get(Role.ORIG_PCSCF),
        networks=networks,
    )


def _points(requests: Iterable[DialogRequest], networks: dict[Role, Testbed]) -> set[Point]:
    """Return the points that show messages, whether the capture names them or not."""
    found: set[Point] = set()
    for one in requests:
        for hop in one.hops:
            pair = (hop.sender, hop.receiver)
            if None in pair:
                continue
            if any(role in TERMINALS for role in pair):
                found.add(Point.GM)
            elif Role.ORIG_AS in pair or Role.TERM_AS in pair:
                found.add(Point.ISC)
            else:
                a, b = (networks.get(role) for role in pair if role is not None)
                found.add(Point.IC if a is not None and b is not None and a is not b else Point.MW)
    return found
