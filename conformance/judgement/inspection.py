"""Finds and judges the procedures of a trace, or of a part of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conformance.criteria.registration import Registration
from conformance.judgement import calls, documents, messages, presence, registrations, subscriptions
from conformance.judgement.application import apply_all
from conformance.judgement.choice import AskedFlows, Chosen, choose
from conformance.judgement.found import Finder, Found
from conformance.judgement.surroundings import Surroundings
from conformance.judgement.verdicts import Judged
from conformance.trace.correlate import correlate
from conformance.trace.model import SipMessage, Trace
from conformance.vocabulary.federation import Federation

FINDERS: tuple[Finder, ...] = (
    registrations.find,
    subscriptions.find,
    calls.find,
    messages.find,
    presence.find,
    documents.find,
)
"""Who finds procedures. Each finder knows kinds that no other one knows."""

MOST_METHODS = 30
LONGEST_METHOD = 32


@dataclass(frozen=True, slots=True)
class Inspected:
    """What was found in a trace or in a part of one."""

    chosen: Sequence[Chosen]
    """In the order of their first messages."""
    judged: Sequence[Sequence[Judged]]
    """Criteria and findings of each; nothing was read a second time."""
    unjudged: Counter[str]
    """SIP messages that belong to no procedure, by method."""


def inspect(part: Trace, around: Surroundings, federation: Federation | None, flow: AskedFlows) -> Inspected:
    """Find the procedures of a trace, or of a part of one, and apply the criteria.

    Args:
        part: The trace, or a part that has all messages of its users.
        around: What is known of the whole trace.
        federation: What the partners agreed and declared.
        flow: The only flow to judge, or several as `choose` has them; None for the best fitting one of each
            procedure.

    Raises:
        BadInput: `flow` is not known.
    """
    transactions = correlate(part)
    every = [found for finder in FINDERS for found in finder(part, transactions, federation, around)]
    every.sort(key=lambda found: min((m.time_ns, m.capture, m.frame) for m in found.procedure.messages))
    chosen = choose(every, flow)
    return Inspected(chosen, [apply_all(one.found.procedure) for one in chosen], _unjudged(part, every))


def _unjudged(part: Trace, every: Iterable[Found]) -> Counter[str]:
    known: set[int] = set()
    for found in every:
        known.update(map(id, found.procedure.messages))
        if isinstance(found.procedure, Registration):
            known.update(map(id, found.procedure.apart))
    counts: Counter[str] = Counter()
    for message in part.messages:
        if isinstance(message, SipMessage) and id(message) not in known:
            method = (message.sip.method or "no method")[:LONGEST_METHOD]
            counts[method if method in counts or len(counts) < MOST_METHODS else "other"] += 1
    return counts
