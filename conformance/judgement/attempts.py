"""Finds the attempts of a trace, and which of them make one registration.

An attempt is one REGISTER of a terminal on all its hops, with the Cx exchanges that it set off.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from conformance.criteria.procedure import Kind
from conformance.criteria.registration import Exchange
from conformance.criteria.values import (
    address,
    addresses,
    asked_expiry,
    authorization,
    avp,
    challenge,
    same_contact,
    seconds,
    text,
)
from conformance.judgement.hops import RawHop, chain, raw_hop
from conformance.judgement.roles import CX_COMMANDS
from conformance.judgement.surroundings import Surroundings
from conformance.judgement.third_party import ThirdParty, canonical
from conformance.trace.correlate import Transaction
from conformance.trace.model import DiameterMessage, SipMessage
from conformance.vocabulary.numbers import CX_APPLICATION, Avp

AFTER_NS = 5_000_000_000
"""How long behind the last message of an attempt the HSS may still answer."""


@dataclass(eq=False)
class Try:
    """One REGISTER of a terminal while the trace is read. What is cached is asked for when all hops are in."""

    call_id: str
    hops: list[RawHop]
    exchanges: list[Exchange] = field(default_factory=list)

    @cached_property
    def chain(self) -> list[RawHop]:
        """One hop a depth, nearest to the terminal first."""
        return chain(self.hops)

    @cached_property
    def start_ns(self) -> int:
        """Time of the first message, nanoseconds since 1970."""
        return min(hop.transaction.time_ns for hop in self.hops)

    @cached_property
    def end_ns(self) -> int:
        """Time of the last SIP message, nanoseconds since 1970."""
        return max(message.time_ns for hop in self.hops for message in hop.messages)

    @cached_property
    def sample(self) -> SipMessage:
        """A request where there is one: it has credentials and Contact."""
        hops = self.chain
        return next((hop.request for hop in hops if hop.request is not None), hops[0].any)

    @cached_property
    def status(self) -> int | None:
        """Status of the final response nearest to the terminal."""
        return next((hop.final.sip.status for hop in self.chain if hop.final is not None), None)

    @cached_property
    def subject(self) -> str:
        """URI of the To header; empty where there is none."""
        found = address(self.sample, "To")
        return found.name_addr.uri if found is not None else ""

    @cached_property
    def user(self) -> str:
        """The public user identity in a form that can be looked up."""
        return canonical(self.subject)

    @cached_property
    def contacts(self) -> list[str]:
        """URIs of the Contact header."""
        return [contact.name_addr.uri for contact in addresses(self.sample, "Contact")]

    @cached_property
    def username(self) -> str | None:
        """Private user identity of the credentials."""
        digest = authorization(self.sample)
        return None if digest is None else digest.value("username")


# --- REGISTER -----------------------------------------------------------------------------------------


def find_tries(
    transactions: Sequence[Transaction], around: Surroundings, apart: list[RawHop] | None = None
) -> list[Try]:
    """Put the hops of one REGISTER together: Call-ID, To and CSeq number stay the same on all of them.

    Args:
        transactions: Of the trace, or of a part of it.
        around: What is known of the whole trace.
        apart: Where REGISTERs of S-CSCFs to application servers are put, which are no attempts of a terminal.
    """
    by_key: dict[tuple[str, str, int | None], list[Try]] = {}
    hops = [raw_hop(t) for t in transactions if t.protocol == "SIP" and t.method == "REGISTER"]
    third_party = ThirdParty(around)
    for hop in hops:
        message = hop.any
        if third_party.sent(hop):
            if apart is not None:
                apart.append(hop)
            continue
        target = address(message, "To")
        subject = "" if target is None else target.name_addr.uri
        key = (message.sip.call_id, canonical(subject), message.sip.cseq_number)
        known = by_key.setdefault(key, [])
        if known and not _is_over(known[-1], hop):
            known[-1].hops.append(hop)
        else:
            known.append(Try(message.sip.call_id, [hop]))
    return sorted((t for some in by_key.values() for t in some), key=lambda t: t.start_ns)


def _is_over(known: Try, hop: RawHop) -> bool:
    """Tell whether a REGISTER with a CSeq number that was used before begins another attempt."""
    outer = min(known.hops, key=lambda one: one.depth)
    if hop.request is None and hop.depth < outer.depth:
        return False  # an answer on its way to the terminal, whose request was not captured
    return hop.depth <= outer.depth and outer.final is not None and outer.final.time_ns <= hop.transaction.time_ns


@dataclass(eq=False)
class Segment:
    """The attempts of one procedure."""

    kind: Kind
    attempts: list[Try]
    before: Segment | None = None
    """The procedure that made the binding which this one refreshes or takes away."""


def segments(tries: Sequence[Try]) -> list[Segment]:
    """Cut the attempts of each user into procedures, in the order of their beginnings."""
    running: dict[str, list[Segment]] = {}
    registered: dict[str, list[tuple[Try, Segment]]] = {}
    found: list[Segment] = []
    for attempt in tries:
        open_ones = running.setdefault(attempt.user, [])
        bindings = registered.setdefault(attempt.user, [])
        procedure = _continued(open_ones, attempt)
        if procedure is None:
            living = [(binding, one) for binding, one in bindings if not _has_expired(binding, attempt)]
            before = next((one for binding, one in reversed(living) if _same_binding(binding, attempt)), None)
            if _removes(attempt):
                kind = Kind.DEREGISTRATION
            else:
                kind = Kind.REGISTRATION if before is None else Kind.REREGISTRATION
            procedure = Segment(kind, [attempt], before)
            found.append(procedure)
        else:
            open_ones.remove(procedure)
            if _removes(attempt) and not any(one.sample.sip.is_request for one in procedure.attempts):
                procedure.kind = Kind.DEREGISTRATION  # of the attempts before, answers alone were captured
            procedure.attempts.append(attempt)
        if _is_open(attempt):
            open_ones.append(procedure)
        elif attempt.status is not None and attempt.status < 300:
            bindings[:] = [(one, by) for one, by in bindings if not _same_binding(one, attempt)]
            if not _removes(attempt):
                bindings.append((attempt, procedure))
    return found


def _is_open(attempt: Try) -> bool:
    """Tell whether another REGISTER of the same procedure may follow."""
    return attempt.status is None or attempt.status in (401, 407, 423)


def _continued(running: Sequence[Segment], attempt: Try) -> Segment | None:
    """Return the procedure of the same user that an attempt goes on with."""
    fitting = [procedure for procedure in reversed(running) if _has_same_aim(procedure, attempt)]
    for procedure in fitting:
        if procedure.attempts[-1].call_id == attempt.call_id:
            return procedure
    # A terminal that changes its Call-ID still answers the challenge that it got.
    digest = authorization(attempt.sample)
    nonce = None if digest is None else digest.value("nonce")
    for procedure in fitting if nonce else ():
        challenges = (challenge(hop.final) for hop in procedure.attempts[-1].chain)
        if any(offered is not None and offered.value("nonce") == nonce for offered in challenges):
            return procedure
    return None


def _has_same_aim(procedure: Segment, attempt: Try) -> bool:
    """Tell whether an attempt may belong to a procedure: what takes a binding away is not what would make it."""
    last = next((one for one in reversed(procedure.attempts) if one.sample.sip.is_request), None)
    return last is None or not attempt.sample.sip.is_request or _removes(last) == _removes(attempt)


def _removes(attempt: Try) -> bool:
    request = attempt.sample
    if not request.sip.is_request:
        return False
    contacts = addresses(request, "Contact")
    return bool(contacts) and all(asked_expiry(request, contact) == 0 for contact in contacts)


def _has_expired(binding: Try, now: Try) -> bool:
    """Tell whether what a 200 granted had ended when another REGISTER was sent."""
    for response in (hop.final for hop in binding.chain if hop.final is not None):
        granted = [
            seconds(found.name_addr.params.get("expires"))
            for found in addresses(response, "Contact")
            if any(same_contact(found.name_addr.uri, uri) for uri in binding.contacts)
        ]
        if granted and granted[0] is not None:
            return now.start_ns > response.time_ns + granted[0] * 1_000_000_000
    return False


def _same_binding(one: Try, other: Try) -> bool:
    if "*" in one.contacts or "*" in other.contacts:
        return True
    return any(same_contact(a, b) for a in one.contacts for b in other.contacts)


# --- Cx -----------------------------------------------------------------------------------------------


def assign_exchanges(tries: Sequence[Try], transactions: Iterable[Transaction]) -> None:
    """Give each Cx exchange to the attempt that set it off: its user, the last one begun before it."""
    by_name: dict[str, list[Try]] = {}
    for attempt in tries:
        # Two terminals may share a public identity: then both of its names together say whose query it is.
        username = attempt.username or ""
        for name in {attempt.user, username, f"{attempt.user} {username}"} - {""}:
            by_name.setdefault(name, []).append(attempt)
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
        # The attempts of a name are in time order; one that begins later did not set this exchange off.
        candidates = [
            some[place - 1]
            for name in _names(asked)
            if (some := by_name.get(name))
            and (place := bisect_right(some, exchange.time_ns, key=lambda one: one.start_ns))
        ]
        candidates = [one for one in candidates if exchange.time_ns <= one.end_ns + AFTER_NS]
        ahead = None
        if exchange.command == "UAR" and all(exchange.time_ns > one.end_ns for one in candidates):
            ahead = _ahead(exchange, (by_name.get(name, []) for name in _names(asked)))
        if ahead is not None:
            ahead.exchanges.append(exchange)
        elif candidates:
            # What began when an attempt was over was most likely set off by another one.
            best = max(
                candidates,
                key=lambda one: (exchange.time_ns <= one.end_ns, _likeness(asked, one), one.start_ns),
            )
            best.exchanges.append(exchange)


def _ahead(exchange: Exchange, named: Iterable[Sequence[Try]]) -> Try | None:
    """Return the attempt that a UAR was asked for before the first hop of it that was captured: behind the I-CSCF."""
    following = [
        some[place]
        for some in named
        if (place := bisect_right(some, exchange.time_ns, key=lambda one: one.start_ns)) < len(some)
    ]
    soon = [one for one in following if one.start_ns <= exchange.time_ns + AFTER_NS and one.chain[0].depth > 1]
    return min(soon, key=lambda one: one.start_ns, default=None)


def _likeness(message: DiameterMessage, attempt: Try) -> int:
    """Tell how much of an attempt a query names: both identities, the public or the private one alone."""
    names = list(_names(message))
    # 3GPP TS 24.229 5.3.1.2: without credentials the private identity is derived from the public one.
    private = attempt.username or attempt.user.partition(":")[2]
    return 2 * (attempt.user in names) + (private in names)


def _names(message: DiameterMessage) -> Iterator[str]:
    identity, name = text(avp(message, Avp.PUBLIC_IDENTITY)), text(avp(message, Avp.USER_NAME))
    if identity:
        yield canonical(identity)
    if name:
        yield name
    if identity and name:
        yield f"{canonical(identity)} {name}"
