"""Finds the subscriptions to the registration event package (RFC 3680), one procedure a user.

A subscription is known by its Call-ID and the tag of the subscriber, whoever of the two sends. Subscriptions
belong to one user by the public identities that one registration shares (P-Associated-URI).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import unquote

from conformance.criteria.procedure import Facts
from conformance.criteria.registration import Exchange
from conformance.criteria.subscription import Accepted, Passage, RegistrationEvents, Subscription
from conformance.criteria.values import address, addresses, asked_expiry, avp, every, number, text
from conformance.judgement.attempts import Try, assign_exchanges, find_tries
from conformance.judgement.event_dialogs import DialogKey, event_dialogs, with_roles
from conformance.judgement.event_roles import Places, bind_notify, bind_subscribe
from conformance.judgement.event_service import NETWORK_FLOW, PCSCF_FLOW, service
from conformance.judgement.found import Found
from conformance.judgement.hops import RawHop
from conformance.judgement.proxies_before import proxies_before, whole_tries
from conformance.judgement.registrations import facts_of, subscriber_of
from conformance.judgement.roles import Declared, RoleTable
from conformance.judgement.surroundings import Surroundings
from conformance.trace.correlate import Transaction, correlate
from conformance.trace.model import DiameterMessage, Trace
from conformance.trace.sip_values import parse_uri
from conformance.vocabulary.federation import Federation
from conformance.vocabulary.numbers import Avp, ServerAssignmentType
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role

PACKAGE = "reg"
EVENT_FLOW = "registration-event"
_SEPARATORS = re.compile(r"[-.()]")


def find(
    trace: Trace, transactions: Sequence[Transaction], federation: Federation | None, around: Surroundings
) -> Iterator[Found]:
    """Find the registration event procedures of a trace, one a user.

    Args:
        trace: The trace.
        transactions: From `correlate(trace)`.
        federation: Where given: who is home, which nodes there are.
        around: What is known of the whole, where the trace is a part.
    """
    for events in find_registration_events(trace, transactions, federation, around):
        likely = EVENT_FLOW if events.of(Role.UE) else PCSCF_FLOW
        if events.terminations:
            likely = NETWORK_FLOW
        others = tuple(flow for flow in (EVENT_FLOW, NETWORK_FLOW) if flow != likely)
        yield Found(events, (likely,), partial(service, events), others)


def find_registration_events(
    trace: Trace,
    transactions: Sequence[Transaction],
    federation: Federation | None,
    around: Surroundings | None = None,
) -> list[RegistrationEvents]:
    """Return what was seen of the registration event package, user by user.

    Args:
        trace: The trace.
        transactions: From `correlate(trace)`.
        federation: Where given: who is home, which nodes there are.
        around: What is known of the whole, where the trace is a part.
    """
    around = around or Surroundings(trace)
    dialogs = event_dialogs(transactions, (PACKAGE,))
    terminations = [_exchange(t) for t in transactions if t.protocol == "Diameter" and t.method == "RTR"]
    if not dialogs and not terminations:
        return []
    declared = Declared(federation)
    tries = find_tries(transactions, around)
    assign_exchanges(tries, transactions)
    registered = [(one, accepted(one)) for one in tries if one.status is not None and 200 <= one.status < 300]
    known = around.once(_whole)
    places = Places(known.tries, around.speakers, declared, known.notifiers, proxies_before(around, declared))
    users = _Users()
    for one, register in registered:
        users.join(register.identity, *register.associated, *([f"impi:{one.username}"] if one.username else []))
    found: dict[str, _Group] = {}
    for key, passages in dialogs.items():
        found.setdefault(users.find(_identity(passages)), _Group()).dialogs[key] = passages
    for exchange in terminations:
        found.setdefault(users.find(*_names(exchange)), _Group()).terminations.append(exchange)
    for one, register in registered:
        group = found.get(users.find(register.identity))
        if group is not None:
            group.registers.append((one, register))
    locations = [_exchange(t) for t in transactions if t.protocol == "Diameter" and t.method == "LIR"]
    events = [_events(group, places, locations, around, federation, declared) for group in found.values()]
    return [one for one in events if next(one.messages, None) is not None]


@dataclass(frozen=True, slots=True)
class _Whole:
    """What is asked of the whole trace to know who is who."""

    tries: Sequence[Try]
    notifiers: set[tuple[str, int]]


def _whole(around: Surroundings) -> _Whole:
    transactions = correlate(around.trace)
    return _Whole(around.once(whole_tries), _notifiers(event_dialogs(transactions, (PACKAGE,))))


class _Group:
    """What belongs to one user."""

    def __init__(self) -> None:
        self.dialogs: dict[DialogKey, list[list[RawHop]]] = {}
        self.registers: list[tuple[Try, Accepted]] = []
        self.terminations: list[Exchange] = []


class _Users:
    """Which names are one user: public identities that one registration shares, and its private identity."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    def find(self, *names: str) -> str:
        """Return the representative of the first name that is known, or of the first one."""
        keys = [_key(name) for name in names if name]
        known = next((key for key in keys if key in self._parents), keys[0] if keys else "")
        while self._parents.setdefault(known, known) != known:
            known = self._parents[known]
        return known

    def join(self, *names: str) -> None:
        """Note that the names are one user's."""
        first, *others = [self.find(name) for name in names if name] or [""]
        for other in others:
            self._parents[self.find(other)] = self.find(first)


def _key(name: str) -> str:
    if name.startswith("impi:"):
        return name
    uri = parse_uri(name)
    if uri is None:
        return name.partition(";")[0]
    if uri.scheme == "tel":
        return f"tel:{_SEPARATORS.sub('', uri.user)}"
    return f"{uri.scheme}:{unquote(uri.user)}@{uri.host}"


# --- SUBSCRIBE and NOTIFY ------------------------------------------------------------------------------


def _identity(passages: Sequence[Sequence[RawHop]]) -> str:
    """Return the identity whose registration is watched: To of SUBSCRIBE, From of NOTIFY."""
    first = passages[0][0]
    found = address(first.any, "To" if first.transaction.method == "SUBSCRIBE" else "From")
    return "" if found is None else found.name_addr.uri


def _notifiers(dialogs: dict[DialogKey, list[list[RawHop]]]) -> set[tuple[str, int]]:
    """Return where NOTIFYs come from: S-CSCFs."""
    hops = (passage[0] for passages in dialogs.values() for passage in passages)
    sources = [hop.transaction.source for hop in hops if hop.transaction.method == "NOTIFY" and hop.depth == 1]
    return {(source.address, source.port) for source in sources}


# --- REGISTER and Cx -----------------------------------------------------------------------------------


def accepted(one: Try) -> Accepted:
    """Return what a REGISTER with a final 2xx shows."""
    hops = one.chain
    outer = next(hop for hop in hops if hop.final is not None)
    response = outer.final
    assert response is not None  # the try has a status
    requests = [hop.request for hop in hops if hop.request is not None]
    contacts = [a.name_addr.uri for request in requests for a in addresses(request, "Contact")]
    own = tuple(dict.fromkeys(contacts))
    contacts += [a.name_addr.uri for a in addresses(response, "Contact")]
    paths = [a.name_addr.uri for request in requests for a in addresses(request, "Path")]
    asked = [(request, contact) for request in requests[:1] for contact in addresses(request, "Contact")]
    assigned = [exchange.request for exchange in one.exchanges if exchange.command == "SAR"]
    return Accepted(
        request=requests[0] if requests else None,
        response=response,
        at_terminal=outer.depth == 1,
        contacts=tuple(dict.fromkeys(contacts)),
        asked=own,
        paths=tuple(dict.fromkeys(paths)),
        removes=bool(asked) and all(asked_expiry(request, contact) == 0 for request, contact in asked),
        is_first=any(
            number(avp(sar, Avp.SERVER_ASSIGNMENT_TYPE)) == ServerAssignmentType.REGISTRATION for sar in assigned
        ),
        time_ns=one.start_ns,
        end_ns=response.time_ns,
    )


def _exchange(transaction: Transaction) -> Exchange:
    request, answer = transaction.request, transaction.final
    return Exchange(
        transaction.method,
        request if isinstance(request, DiameterMessage) else None,
        answer if isinstance(answer, DiameterMessage) else None,
    )


def _names(exchange: Exchange) -> list[str]:
    """Return the identities that a query names, the public ones first."""
    message = exchange.request or exchange.answer
    identities = [text(one) or "" for one in every(message, Avp.PUBLIC_IDENTITY)]
    user = text(avp(message, Avp.USER_NAME))
    return [*identities, *([f"impi:{user}"] if user else [])]


# --- all of it ------------------------------------------------------------------------------------------


def _events(
    group: _Group,
    places: Places,
    locations: Sequence[Exchange],
    around: Surroundings,
    federation: Federation | None,
    declared: Declared,
) -> RegistrationEvents:
    registers = sorted((register for _, register in group.registers), key=lambda one: one.time_ns)
    watched = [_identity(passages) for passages in group.dialogs.values()]
    named = [name for exchange in group.terminations for name in _names(exchange)]
    public = [name for name in named if not name.startswith("impi:")]
    private = [name.removeprefix("impi:") for name in named if name.startswith("impi:")]
    subject = next((name for name in (*(r.identity for r in registers), *watched, *public, *private) if name), "")
    usernames = [one.username for one, _ in group.registers if one.username] + private
    home, subscriber = subscriber_of(federation, subject, usernames)
    table = RoleTable()
    subscriptions = [_subscription(passages, places.at_home(home), table) for passages in group.dialogs.values()]
    subscriptions.sort(key=lambda one: min(passage.time_ns for passage in one.passages))
    for exchange in group.terminations:
        if exchange.request is not None:
            table.add(Role.HOME_HSS, exchange.request.source)
            table.add(Role.HOME_SCSCF, exchange.request.destination)
    asked = list(_locations(subscriptions, locations))
    for _, exchange in asked:
        if exchange.request is not None:
            table.add(Role.HOME_ICSCF, exchange.request.source)
            table.add(Role.HOME_HSS, exchange.request.destination)
    return RegistrationEvents(
        subject=subject,
        subscriptions=tuple(subscriptions),
        registers=tuple(registers),
        terminations=tuple(group.terminations),
        locations=tuple(asked),
        roles=table.done(),
        observed=around.points | _points(subscriptions, group),
        lossless=around.lossless,
        facts=facts_of(home, subscriber, table, declared) if home is not None else Facts(),
        end_ns=around.end_ns,
    )


def _subscription(passages: Sequence[Sequence[RawHop]], places: Places, table: RoleTable) -> Subscription:
    subscribes = [hops for hops in passages if hops[0].transaction.method == "SUBSCRIBE"]
    notifies = [hops for hops in passages if hops[0].transaction.method == "NOTIFY"]
    watcher = places.watcher(subscribes, notifies)
    bound: dict[str, list[Passage]] = {"SUBSCRIBE": [], "NOTIFY": []}
    for method, some, bind in (("SUBSCRIBE", subscribes, bind_subscribe), ("NOTIFY", notifies, bind_notify)):
        for hops in some:
            found = []
            for hop, (sender, receiver) in zip(hops, bind(hops, watcher, places), strict=True):
                table.add(sender, hop.transaction.source)
                table.add(receiver, hop.transaction.destination)
                found.append(with_roles(hop, sender, receiver))
            bound[method].append(Passage(tuple(found)))
    return Subscription(watcher.role, tuple(bound["SUBSCRIBE"]), tuple(bound["NOTIFY"]))


def _locations(
    subscriptions: Iterable[Subscription], locations: Sequence[Exchange]
) -> Iterator[tuple[Passage, Exchange]]:
    """Give each LIR to the SUBSCRIBE that was on its way then and names the same identity."""
    for subscription in subscriptions:
        for passage in subscription.subscribes:
            target = None if passage.request is None else address(passage.request, "To")
            end = max(message.time_ns for message in passage.messages)
            for exchange in locations:
                names = [_key(name) for name in _names(exchange)]
                if target is None or _key(target.name_addr.uri) not in names:
                    continue
                if passage.time_ns <= exchange.time_ns <= end:
                    yield passage, exchange


def _points(subscriptions: Iterable[Subscription], group: _Group) -> set[Point]:
    """Return the points that show messages, whether the capture names them or not."""
    pairs = {
        frozenset((hop.sender, hop.receiver))
        for one in subscriptions
        for passage in one.passages
        for hop in passage.hops
    }
    points = {Point.GM if Role.UE in pair else Point.MW for pair in pairs}
    return points | ({Point.CX} if group.terminations else set())
