"""Finds the calls of a trace: each INVITE that begins a dialog, with all that belongs to it.

Registrations of the whole trace tell who is who and what caller and callee were given; LIR and SAR belong to a call by
the identity that they name and by the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from conformance.criteria.call import Call, DialogRequest, Fork
from conformance.criteria.phone_numbers import number_in
from conformance.criteria.procedure import Facts
from conformance.criteria.registration import Hop
from conformance.criteria.values import address, addresses, in_domain
from conformance.judgement.call_exchanges import cx_around, exchanges_of
from conformance.judgement.call_flows import EVERY, flows_of
from conformance.judgement.call_forks import RawFork
from conformance.judgement.call_hops import RawCall, RawRequest, find_calls
from conformance.judgement.call_lookups import lookups_of_call
from conformance.judgement.call_media import legs_of
from conformance.judgement.call_profiles import profile_of
from conformance.judgement.call_registered import Registered, last_of, register_of, register_reached, registered_in
from conformance.judgement.call_roles import Known, Pair, bind_fork, bind_invite, bind_within, bind_within_fork
from conformance.judgement.call_service import service
from conformance.judgement.event_dialogs import with_roles
from conformance.judgement.found import Found
from conformance.judgement.hops import RawHop
from conformance.judgement.proxies_before import proxies_before
from conformance.judgement.registrations import subscriber_of
from conformance.judgement.roles import Declared, RoleTable
from conformance.judgement.surroundings import Surroundings
from conformance.judgement.third_party import canonical
from conformance.trace.correlate import Transaction
from conformance.trace.model import SipMessage, Trace
from conformance.trace.sip_values import parse_uri
from conformance.vocabulary.federation import Federation, Testbed
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import TERMINALS, Role

View = TypeVar("View", bound=Call)
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
    return views_of(Call, find_calls(transactions), transactions, federation, around)


def views_of(
    view: type[View],
    raw: Sequence[RawCall],
    transactions: Sequence[Transaction],
    federation: Federation | None,
    around: Surroundings,
) -> list[View]:
    """Return what was put together as criteria see it: who is who, with Cx, DNS and registrations.

    Args:
        view: A call, or a request that is brought to its receiver as an INVITE is.
        raw: From `call_hops`.
        transactions: As in `find`, the other ones as well.
        federation: As in `find`.
        around: As in `find`.
    """
    if not raw:
        return []
    declared = Declared(federation)
    registered = around.once(registered_in)
    queries = [transaction for transaction in transactions if transaction.protocol == "DNS"]
    return [_call(view, one, registered, queries, federation, declared, around) for one in raw]


# --- one call -----------------------------------------------------------------------------------------------


def _call(
    view: type[View],
    raw: RawCall,
    registered: Registered,
    queries: Sequence[Transaction],
    federation: Federation | None,
    declared: Declared,
    around: Surroundings,
) -> View:
    setup = raw.setups[-1]
    first = next(hop.request for hop in setup.hops if hop.request is not None)
    subject, callee = _caller_of(setup, first), first.sip.request_uri
    caller_home = _home(subject, federation, declared)
    dialled = (callee, *(hop.request.sip.request_uri for hop in setup.hops if hop.request is not None))
    # Whose network a number is in, its domain does not tell: it may be the caller's. What it was translated to does.
    by_name = sorted(dialled, key=lambda uri: number_in(uri) is not None)
    callee_home = next((home for uri in by_name if (home := _home(uri, federation, declared)) is not None), None)
    before = proxies_before(around, declared)
    known = Known(declared, around.speakers, registered.kinds, registered.terminals, caller_home, callee_home, before)
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
            pairs = bind_within(one.hops, one.from_caller, parts, before)
        else:
            shared = [hop for hop in setup.hops if hop.depth <= fork[0].parent.depth]
            ends = _parts([(shared, bound[id(setup)][: len(shared)]), (fork[0].hops, fork[1])])
            pairs = bind_within_fork(one.hops, one.from_caller, ends, before)
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
    lookups = lookups_of_call(requests, invite, queries, table, networks, declared)
    return view(
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
        caller_registered=register_of(first, registered),
        callee_registered=register_reached(invite, callee, registered),
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
    registered: Registered,
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
        None if device is None else last_of(registered.by_contact.get(canonical(device), []), device, invite.time_ns),
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
