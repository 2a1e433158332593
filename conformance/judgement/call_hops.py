"""Puts the SIP transactions of calls together: which belong to one call, and each request's hops in order.

A call is known by its Call-ID and the tag of the caller, whoever of the two sends. The hops of one request are put in
order by their Via elements: the elements of a hop nearer to the sender are the last ones of every hop behind it. So
the branches of a proxy that forks are told apart, and a node that plays two parts is passed twice. CANCEL, and ACK for
a refusal, are sent anew by each node: they follow the hops of their INVITE. Requests of several dialogs that one INVITE
made have the same numbers: the tag of the other side tells them apart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from conformance.criteria.border import PARAMETER
from conformance.criteria.passage import CHALLENGES
from conformance.criteria.values import address
from conformance.judgement.call_forks import RawFork, Vias, find_forks
from conformance.judgement.hops import RawHop, raw_hop
from conformance.trace.correlate import Transaction
from conformance.trace.model import SipMessage
from conformance.trace.sip_values import parse_via

FORKED = ("INVITE", "MESSAGE")
"""Methods of requests outside of dialogs that go to every device of a user."""
OUTSIDE = ("REGISTER", "OPTIONS", "MESSAGE", "PUBLISH", "SUBSCRIBE", "NOTIFY")
"""Methods that are no part of a call, or judged elsewhere."""
MOST_CALLERS = 32
"""Callers of one Call-ID that are looked at: there is one, unless somebody plays tricks."""
MOST_HOPS = 64
"""Hops of one request that are put in order; a hostile capture may have any number."""

_HIDDEN = " (hidden)"
"""How the name of a Via element ends that is a token."""


@dataclass(eq=False)
class RawRequest:
    """One request on its way, hops in order; its ends have no roles yet."""

    method: str
    number: int | None
    """Of CSeq."""
    from_caller: bool
    hops: list[RawHop]
    apart: list[RawHop] = field(default_factory=list)
    """Hops that lie on no way to the answer, and are no forks: what a proxy tried in vain."""
    forks: list[RawFork] = field(default_factory=list)
    """Of an INVITE: branches to other contacts of the callee."""

    @property
    def callee_tag(self) -> str:
        """Tag of the callee, where the request is one within a dialog."""
        request = next((hop.request for hop in self.hops if hop.request is not None), None)
        return "" if request is None else _tag(request, "To" if self.from_caller else "From")

    @property
    def start_ns(self) -> int:
        """Time of the first message, nanoseconds since 1970."""
        return min(hop.transaction.time_ns for hop in self.hops)

    @property
    def final(self) -> SipMessage | None:
        """Final response nearest to the sender."""
        return next((hop.final for hop in self.hops if hop.final is not None), None)


@dataclass(eq=False)
class RawCall:
    """The requests of one call, in time order."""

    call_id: str
    caller_tag: str
    requests: list[RawRequest]
    setups: list[RawRequest]
    """The INVITEs that begin the dialog; more than one where the first was challenged, say."""


def find_calls(transactions: Iterable[Transaction]) -> list[RawCall]:
    """Find the calls of a trace, in the order of their first INVITEs. A call whose INVITE was not captured is none."""
    by_call: dict[str, list[RawHop]] = {}
    for transaction in transactions:
        if transaction.protocol == "SIP" and transaction.method not in OUTSIDE:
            hop = raw_hop(transaction)
            by_call.setdefault(hop.any.sip.call_id, []).append(hop)
    found: list[RawCall] = []
    for call_id, hops in by_call.items():
        if any(hop.transaction.method == "INVITE" for hop in hops):
            found += _calls(call_id, hops)
    return sorted(found, key=lambda call: call.setups[0].start_ns)


def find_pages(transactions: Iterable[Transaction]) -> list[RawCall]:
    """Find the MESSAGEs outside of dialogs, each with those that were challenged before it, in time order.

    One whose request was captured nowhere is none: an answer does not tell what it was within.
    """
    by_call: dict[str, list[RawHop]] = {}
    for transaction in transactions:
        if transaction.protocol == "SIP" and transaction.method == "MESSAGE":
            hop = raw_hop(transaction)
            by_call.setdefault(hop.any.sip.call_id, []).append(hop)
    found: list[RawCall] = []
    for call_id, hops in by_call.items():
        for tag in _callers(hops, "MESSAGE"):
            tries: list[RawRequest] = []
            for one in _requests([hop for hop in hops if _tag(hop.any, "From") == tag], tag):
                if not _begins(one):
                    continue
                tries.append(one)
                if one.final is None or one.final.sip.status not in CHALLENGES:
                    found.append(RawCall(call_id, tag, tries, tries))
                    tries = []
            if tries:
                found.append(RawCall(call_id, tag, tries, tries))
    return sorted(found, key=lambda page: page.setups[0].start_ns)


def _callers(hops: Sequence[RawHop], method: str) -> list[str]:
    """Return the tags of who begins something with requests of a method."""
    tags = dict.fromkeys(
        tag
        for hop in hops
        if hop.transaction.method == method and hop.request is not None and not _tag(hop.request, "To")
        for tag in [_tag(hop.request, "From")]
    )
    return list(tags)[:MOST_CALLERS]


def _calls(call_id: str, hops: Sequence[RawHop]) -> Iterator[RawCall]:
    for tag in _callers(hops, "INVITE"):
        ours = [hop for hop in hops if tag in (_tag(hop.any, "From"), _tag(hop.any, "To"))]
        requests = _requests(ours, tag)
        setups = [one for one in requests if one.method == "INVITE" and _begins(one)]
        if setups:
            yield RawCall(call_id, tag, requests, setups)


def _begins(request: RawRequest) -> bool:
    first = next((hop.request for hop in request.hops if hop.request is not None), None)
    return request.from_caller and first is not None and not _tag(first, "To")


def _requests(hops: Sequence[RawHop], caller_tag: str) -> list[RawRequest]:
    by_key: dict[tuple[str, int | None, bool], list[RawHop]] = {}
    for hop in hops:
        message = hop.any
        from_caller = _tag(message, "From") == caller_tag
        by_key.setdefault((hop.transaction.method, message.sip.cseq_number, from_caller), []).append(hop)
    hops = revealed(hops)
    by_key = {key: revealed(some) for key, some in by_key.items()}
    places = {_branch(hop.any): hop.depth for hop in hops if hop.transaction.method == "INVITE"}
    tags = frozenset(tag for hop in hops if hop.transaction.method == "INVITE" for tag in hop.tags)
    found: list[RawRequest] = []
    # INVITEs first: CANCEL and ACK follow them, those of a fork that fork.
    for (method, number, from_caller), some in sorted(by_key.items(), key=lambda one: one[0][0] != "INVITE"):
        rest = some
        if method in ("ACK", "CANCEL"):
            for fork in (fork for one in found for fork in one.forks):
                theirs = _following(rest, {_branch(hop.any): hop.depth for hop in fork.hops})
                (fork.acks if method == "ACK" else fork.cancels).extend(theirs)
                rest = _without(rest, theirs)
            # By the branch, whatever number it has: a wrong number is for a criterion to find.
            following = _following(rest, places)
            rest = _without(rest, following)
            if following:
                found.append(RawRequest(method, number, from_caller, following))
        for of_dialog in _by_dialog(rest, from_caller, tags).values():
            ordered = way(of_dialog)
            apart = _without(of_dialog, ordered)
            forks = find_forks(ordered, apart[:MOST_HOPS], _revealed_vias([*ordered, *apart]))
            apart = _without(apart, [hop for fork in forks for hop in fork.hops])
            found.append(RawRequest(method, number, from_caller, ordered, apart, forks if method in FORKED else []))
    return sorted(found, key=lambda one: one.start_ns)


def _by_dialog(hops: Sequence[RawHop], from_caller: bool, tags: Collection[str]) -> dict[str, list[RawHop]]:
    """Group the hops of requests of one number by the tag of the callee.

    Args:
        hops: of one method and number, from one side.
        from_caller: which side.
        tags: of the callee, those that answers to the INVITE have. Another one is a mistake for a criterion to find.
    """
    name = "To" if from_caller else "From"
    named = {id(hop): _tag(hop.any, name) for hop in hops}
    several = {tag for tag in named.values() if tag in tags}
    if len(several) < 2 or any(hop.request is not None and not _tag(hop.request, name) for hop in hops):
        return {"": list(hops)} if hops else {}
    found: dict[str, list[RawHop]] = {}
    for hop in hops:
        tag = named[id(hop)]
        found.setdefault(tag if tag in several else min(several), []).append(hop)
    return found


def _without(hops: Sequence[RawHop], others: Sequence[RawHop]) -> list[RawHop]:
    placed = {id(hop.transaction) for hop in others}
    return [hop for hop in hops if id(hop.transaction) not in placed]


def _following(hops: Sequence[RawHop], places: Mapping[str, int]) -> list[RawHop]:
    """Return hops of CANCEL or ACK that have the branch of an INVITE, each as far from the caller as that INVITE."""
    found = [
        RawHop(hop.transaction, places[branch]) for hop in hops if (branch := _branch(hop.any)) in places and branch
    ]
    return sorted(found, key=lambda hop: hop.depth)


def way(hops: Sequence[RawHop]) -> list[RawHop]:
    """Return the hops of one request in order, those of the branch that was answered alone.

    Args:
        hops: All hops of one request, at least one.

    Returns:
        The hops from the sender to the one who gave the answer that the sender got, else to the one who gave any.
        A node in between that sends the request with a Via list of its own (a back-to-back user agent that keeps
        the Call-ID) does not end the way.
    """
    every = sorted(hops, key=lambda hop: hop.transaction.time_ns)[:MOST_HOPS]
    vias = _revealed_vias(every)
    outer = min(every, key=lambda hop: (hop.depth, hop.transaction.time_ns))
    answer = "" if outer.final is None else _tag(outer.final, "To")

    def rank(hop: RawHop) -> tuple[bool, bool, bool, int, int]:
        final = hop.final
        agrees = final is not None and bool(answer) and _tag(final, "To") == answer
        status = (final.sip.status or 0) if final is not None else 0
        return agrees, 200 <= status < 300, final is not None, hop.depth, hop.transaction.time_ns

    found: list[RawHop] = []
    rest = list(every)
    leaf: RawHop | None = max(rest, key=rank)
    while leaf is not None:
        part = _above(leaf, rest, vias)
        shift = part[-1].depth if found else 0
        found = [*part, *(RawHop(hop.transaction, hop.depth + shift) for hop in found)]
        chosen = {id(hop.transaction) for hop in found}
        rest = [hop for hop in rest if id(hop.transaction) not in chosen]
        source, start = found[0].transaction.source.address, found[0].transaction.time_ns
        before = [
            hop for hop in rest if hop.transaction.destination.address == source and hop.transaction.time_ns <= start
        ]
        # Whose Via list begins anew at a node that somebody sent the same request to: that node.
        leaf = max(before, key=rank, default=None) if found[0].depth == 1 else None
    return found


def revealed(hops: Sequence[RawHop]) -> list[RawHop]:
    """Return the hops of requests with the depth that they have where tokens stand for what they hide."""
    return [RawHop(hop.transaction, len(vias) or hop.depth) for hop, vias in _each_revealed(hops)]


def _revealed_vias(hops: Sequence[RawHop]) -> dict[int, Vias]:
    return {id(hop): vias for hop, vias in _each_revealed(hops)}


def _each_revealed(hops: Sequence[RawHop]) -> Iterator[tuple[RawHop, Vias]]:
    """Yield hops, each with its Via elements, where a network that hides its topology put tokens: what was there.

    Whoever makes a token puts its own element in front, and got the request with what it hides (3GPP TS 24.229
    5.10.4): what stood between its element and the rest is what the token stands for.
    """
    meaning: dict[str, Vias] = {}
    known: list[tuple[RawHop, Vias]] = []
    for hop in sorted(hops, key=lambda hop: hop.transaction.time_ns):
        vias = _vias(hop.any)
        for place, token in enumerate(vias[1:], 1):
            if token.endswith(_HIDDEN) and token not in meaning:
                rest = _plain(vias[place + 1 :], meaning)
                found = _hidden_by(hop, rest, known) if place == 1 else None
                if found is not None:
                    meaning[token] = found
        plain = _plain(vias, meaning)
        known.append((hop, plain))
        yield hop, plain


def _hidden_by(hop: RawHop, rest: Vias, known: Sequence[tuple[RawHop, Vias]]) -> Vias | None:
    """Return what a token stands for: of the same request as its maker got it, what comes before the rest."""
    for earlier, vias in reversed(known):
        same = earlier.transaction.method == hop.transaction.method
        same = same and earlier.any.sip.cseq_number == hop.any.sip.cseq_number
        if not same or earlier.transaction.destination.address != hop.transaction.source.address:
            continue
        hidden = len(vias) - len(rest)
        if hidden > 0 and vias[hidden:] == rest:
            return vias[:hidden]
    return None


def _plain(vias: Vias, meaning: Mapping[str, Vias]) -> Vias:
    return tuple(one for via in vias for one in meaning.get(via, (via,)))


def _above(leaf: RawHop, hops: Sequence[RawHop], vias: dict[int, Vias]) -> list[RawHop]:
    """Return a hop with those before it, nearest to the sender first: their Via elements are the last of its own."""
    own = vias[id(leaf)]
    by_length: dict[int, RawHop] = {}
    for hop in hops:
        theirs = vias[id(hop)]
        if 0 < len(theirs) < len(own) and own[len(own) - len(theirs) :] == theirs:
            by_length.setdefault(len(theirs), hop)
    return [*(by_length[length] for length in sorted(by_length)), leaf]


def _vias(message: SipMessage) -> Vias:
    """Return what names each Via element: branch and sent-by; whoever receives it adds parameters alone."""
    found = []
    for value in message.sip.values("Via"):
        via = parse_via(value)
        if via is None or PARAMETER in via.params:
            # Each node may fold and space what it sends as it likes (RFC 3261 7.3.1): the rest is compared.
            text = "".join(value.text.split())
            found.append(text + (_HIDDEN if PARAMETER in text.lower() else ""))
            continue
        found.append(f"{via.params.get('branch') or ''} {via.host}:{via.port or ''}")
    return tuple(found)


def _branch(message: SipMessage) -> str:
    value = next(iter(message.sip.values("Via")), None)
    via = None if value is None else parse_via(value)
    return "" if via is None else f"{via.params.get('branch') or ''} {via.host}"


def _tag(message: SipMessage, name: str) -> str:
    found = address(message, name)
    return (found.name_addr.params.get("tag") or "") if found is not None else ""
