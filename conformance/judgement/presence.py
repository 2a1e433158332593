"""Finds presence in a trace: publications, and subscriptions to presence, to its watchers and to lists.

The rules of a presentity, where the trace shows them on Ut, stand beside the subscriptions to its presence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from conformance.criteria.passage import CHALLENGES, Way
from conformance.criteria.presence import PRESENCE, WINFO, Publication, Rules, Watching
from conformance.criteria.procedure import Facts
from conformance.criteria.registration import Hop
from conformance.criteria.rfc3903 import PIDF_TYPE
from conformance.criteria.subscription import Passage, Subscription
from conformance.criteria.values import address, addresses, in_domain, option_tags, same_identity
from conformance.judgement.documents import rules_of
from conformance.judgement.event_dialogs import event_dialogs, package_of, start_of, with_roles
from conformance.judgement.found import Found
from conformance.judgement.hops import RawHop, chain, raw_hop
from conformance.judgement.presence_roles import Bound, bind_notify, bind_request, plain_proxies
from conformance.judgement.presence_service import publication_service, watching_service
from conformance.judgement.proxies_before import proxies_before
from conformance.judgement.registrations import subscriber_of
from conformance.judgement.roles import Declared, RoleTable
from conformance.judgement.surroundings import Surroundings
from conformance.trace.correlate import Transaction
from conformance.trace.model import SipMessage, Trace
from conformance.trace.sip_values import parse_uri
from conformance.vocabulary.federation import Federation, Testbed
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import TERMINALS, Role

PUBLISHED = "presence-publish"
VISITOR = "presence-visitor"
PUBLISHED_BY_PROXY = "presence-publish-sip"
WATCHED = "presence-watch"
WATCHED_BY_PROXY = "presence-watch-sip"
WATCHERS = "presence-winfo"
LIST = "presence-list"
REFUSED = "presence-refused"


def find(
    trace: Trace, transactions: Sequence[Transaction], federation: Federation | None, around: Surroundings
) -> Iterator[Found]:
    """Find the publications and the subscriptions of presence.

    Args:
        trace: The trace.
        transactions: From `correlate(trace)`.
        federation: Where given: who is home, which nodes there are.
        around: What is known of the whole, where the trace is a part.
    """
    declared = Declared(federation)
    for publication in _publications(transactions, declared, federation, around):
        served = PUBLISHED_BY_PROXY if _by_proxy(publication) else VISITOR if _visits(publication) else PUBLISHED
        told = [one for one in publication.publishes if not one.is_challenged]
        first = told[0].status if told else publication.publishes[0].status
        flows = (served,) if first is None or first < 300 else (served, REFUSED)
        others = tuple(flow for flow in (PUBLISHED, VISITOR, PUBLISHED_BY_PROXY, REFUSED) if flow not in flows)
        yield Found(publication, flows, partial(publication_service, publication), others)
    for watching in _watchings(transactions, declared, federation, around):
        served = WATCHERS if watching.package == WINFO else LIST if watching.is_list else WATCHED
        if served is WATCHED and _by_proxy(watching):
            served = WATCHED_BY_PROXY
        statuses = [one.status for one in watching.subscription.subscribes if one.status is not None]
        flows = (served, REFUSED) if statuses and all(status >= 300 for status in statuses) else (served,)
        others = tuple(flow for flow in (WATCHED, WATCHERS, LIST, WATCHED_BY_PROXY, REFUSED) if flow not in flows)
        yield Found(watching, flows, partial(watching_service, watching), others)


def _by_proxy(seen: Publication | Watching) -> bool:
    return Role.SIP_PROXY in seen.roles


def _visits(publication: Publication) -> bool:
    home, entry = publication.facts.home_network, publication.facts.entry_network
    return home is not None and entry is not None and home is not entry


# --- PUBLISH --------------------------------------------------------------------------------------------


def _publications(
    transactions: Sequence[Transaction], declared: Declared, federation: Federation | None, around: Surroundings
) -> Iterator[Publication]:
    published = _published(transactions)
    if not published:
        return
    proxies = plain_proxies(published, declared)
    before = proxies_before(around, declared)
    for ways in _chains(published):
        table = RoleTable()
        lines = [bind_request(hops, Role.PRESENTITY, declared, proxies, before) for hops in ways]
        publishes = [Way(_bound(hops, line, table)) for hops, line in zip(ways, lines, strict=True)]
        subject = _uri(ways[0][0].any, "To")
        roles = table.done()
        yield Publication(
            subject=subject,
            publishes=tuple(publishes),
            roles=roles,
            observed=around.points | _points(hop for one in publishes for hop in one.hops),
            lossless=around.lossless,
            facts=_facts(subject, subject, table, declared, federation),
            end_ns=around.end_ns,
        )


def _published(transactions: Iterable[Transaction]) -> list[list[RawHop]]:
    """Return each PUBLISH of presence as a chain of hops, in time order."""
    found: dict[tuple[str, int | None, str], list[RawHop]] = {}
    ours: set[tuple[str, int | None, str]] = set()
    for transaction in transactions:
        if transaction.protocol == "SIP" and transaction.method == "PUBLISH":
            hop = raw_hop(transaction)
            key = (hop.any.sip.call_id, hop.any.sip.cseq_number, _uri(hop.any, "To"))
            found.setdefault(key, []).append(hop)
            if _is_presence(hop.request):
                ours.add(key)
    return sorted((chain(hops) for key, hops in found.items() if key in ours), key=start_of)


def _proves(request: SipMessage | None) -> bool:
    return request is not None and any(request.sip.first(answered) for _, answered in CHALLENGES.values())


def _is_presence(request: SipMessage | None) -> bool:
    """Tell whether a PUBLISH is of presence, also where it forgets to say so."""
    package = package_of(request)
    return package == PRESENCE or (not package and _value(request, "Content-Type").lower().startswith(PIDF_TYPE))


def _chains(published: Sequence[list[RawHop]]) -> list[list[list[RawHop]]]:
    """Put PUBLISHes together that build on each other.

    SIP-If-Match has an entity-tag of an earlier answer; or one is sent once more, with the answer to a challenge.
    """
    found: list[list[list[RawHop]]] = []
    tags: list[set[str]] = []
    for hops in published:
        wanted = next((_value(hop.request, "SIP-If-Match") for hop in hops if hop.request is not None), "")
        given = {_value(hop.final, "SIP-ETag") for hop in hops} - {""}
        # What was cut short, or answered alone, builds on what its Call-ID began.
        call = hops[0].any.sip.call_id
        place = next((n for n, known in enumerate(tags) if wanted and wanted in known), None)
        if place is None and (wanted or hops[0].request is None or any(_proves(hop.request) for hop in hops)):
            place = next((n for n, ways in enumerate(found) if ways[0][0].any.sip.call_id == call), None)
        if place is None:
            place = len(found)
            found.append([])
            tags.append(set())
        found[place].append(hops)
        tags[place] |= given | ({wanted} - {""})
    return found


# --- SUBSCRIBE and NOTIFY -------------------------------------------------------------------------------


def _watchings(
    transactions: Sequence[Transaction], declared: Declared, federation: Federation | None, around: Surroundings
) -> Iterator[Watching]:
    rules = around.once(rules_of)
    for passages in event_dialogs(transactions, (PRESENCE, WINFO)).values():
        subscribes = [hops for hops in passages if hops[0].transaction.method == "SUBSCRIBE"]
        notifies = [hops for hops in passages if hops[0].transaction.method == "NOTIFY"]
        if any(_is_from_server(hops, declared) for hops in subscribes):
            continue  # a resource list server asks on behalf of its own subscriber
        first = passages[0][0]
        asks = first.transaction.method == "SUBSCRIBE"
        package = next((found for hops in passages for hop in hops if (found := package_of(hop.request))), PRESENCE)
        subscriber = Role.PRESENTITY if package == WINFO else Role.WATCHER
        table = RoleTable()
        proxies = plain_proxies(subscribes, declared)
        before = proxies_before(around, declared)
        lines = [bind_request(hops, subscriber, declared, proxies, before) for hops in subscribes]
        asked = [Passage(_bound(hops, line, table)) for hops, line in zip(subscribes, lines, strict=True)]
        places: dict[str, set[Role]] = {}
        for role, ends in table.done().items():
            for end in ends:
                places.setdefault(end.address, set()).add(role)
        told = [Passage(_bound(hops, bind_notify(hops, lines, subscriber, places), table)) for hops in notifies]
        subject, presentity = (_uri(first.any, name) for name in (("From", "To") if asks else ("To", "From")))
        asserted = (
            one.name_addr.uri
            for hops in subscribes
            for hop in hops
            if hop.request is not None
            for one in addresses(hop.request, "P-Asserted-Identity")
        )
        subject = next(asserted, subject)
        yield Watching(
            subject=subject,
            presentity=presentity,
            package=package,
            is_list=any(_wants_list(hop) for hops in passages for hop in hops),
            subscription=Subscription(subscriber, tuple(asked), tuple(told)),
            rules=tuple(_rules_for(presentity, rules)),
            roles=table.done(),
            observed=around.points | _points(hop for one in (*asked, *told) for hop in one.hops),
            lossless=around.lossless,
            facts=_facts(subject, presentity, table, declared, federation),
            end_ns=around.end_ns,
        )


def _rules_for(presentity: str, rules: Sequence[tuple[str, Rules]]) -> Iterator[Rules]:
    return (one for user, one in rules if user and same_identity(user, presentity))


def _wants_list(hop: RawHop) -> bool:
    """Tell whether a SUBSCRIBE may be answered with a list, or a NOTIFY is of one (RFC 4662)."""
    request = hop.request
    if request is None:
        return False
    name = "Supported" if hop.transaction.method == "SUBSCRIBE" else "Require"
    return "eventlist" in option_tags(request, name)


def _is_from_server(hops: Sequence[RawHop], declared: Declared) -> bool:
    sources = [hop.transaction.source.address for hop in hops if hop.depth == 1]
    return any(declared.role(source) in (Role.PRESENCE, Role.HOME_AS) for source in sources)


# --- what both have -------------------------------------------------------------------------------------


def _bound(hops: Sequence[RawHop], bound: Bound, table: RoleTable) -> tuple[Hop, ...]:
    found = []
    for hop, (sender, receiver) in zip(hops, bound.pairs, strict=True):
        table.add(sender, hop.transaction.source)
        table.add(receiver, hop.transaction.destination)
        found.append(with_roles(hop, sender, receiver))
    return tuple(found)


def _uri(message: SipMessage, name: str) -> str:
    found = address(message, name)
    return "" if found is None else found.name_addr.uri


def _value(message: SipMessage | None, name: str) -> str:
    header = None if message is None else message.sip.first(name)
    return "" if header is None else header.value.strip()


def _home(uri: str, federation: Federation | None, declared: Declared) -> Testbed | None:
    testbed, _ = subscriber_of(federation, uri, ())
    parsed = parse_uri(uri)
    if testbed is not None or parsed is None or not parsed.host:
        return testbed
    return next((one for one in declared.testbeds if one.domain and in_domain(parsed.host, one.domain)), None)


def _facts(subject: str, presentity: str, table: RoleTable, declared: Declared, federation: Federation | None) -> Facts:
    home, served = (_home(uri, federation, declared) for uri in (subject, presentity))
    entry = next(
        (
            testbed
            for end in table.done().get(Role.ORIG_PCSCF, ())
            if (testbed := declared.testbed(end.address)) is not None
        ),
        home,
    )
    networks: dict[Role, Testbed] = {}
    if home is not None:
        networks |= dict.fromkeys((Role.WATCHER, Role.ORIG_SCSCF), home)
    if entry is not None:
        networks[Role.ORIG_PCSCF] = entry
    if served is not None:
        networks |= dict.fromkeys((Role.PRESENTITY, Role.TERM_ICSCF, Role.TERM_SCSCF, Role.PRESENCE), served)
    if home is not None:
        networks[Role.SIP_PROXY] = home
    return Facts(
        home=None if home is None else home.domain,
        releases={role: testbed.release for role, testbed in networks.items()},
        testbeds=declared.testbeds,
        block=declared.block,
        home_network=home,
        entry_network=entry,
        networks=networks,
    )


def _points(hops: Iterable[Hop]) -> set[Point]:
    """Return the points that show messages, whether the capture names them or not."""
    found = set()
    for hop in hops:
        pair = (hop.sender, hop.receiver)
        if None in pair:
            continue
        terminal = any(role in TERMINALS for role in pair)
        found.add(Point.ISC if Role.PRESENCE in pair else Point.GM if terminal else Point.MW)
    return found
