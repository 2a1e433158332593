"""The expected ladder of one procedure beside the actual one, row by row.

The expected side is the flow, instantiated: the transactions of the alternative that fits best, each as a request
and an answer. The actual side is all that was seen, in the order of time. Nothing is judged here: a row says only
how its two sides belong together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from conformance.criteria.procedure import Procedure, Seen
from conformance.flows.model import Flow, Step
from conformance.judgement.ladder import is_request
from conformance.judgement.matcher import Match
from conformance.trace.model import Message, SipMessage
from conformance.vocabulary.difference import RowStatus
from conformance.vocabulary.federation import NodeKind
from conformance.vocabulary.roles import Role

CLOCK_NS = 200_000
"""Two points of one capture may show two messages in the other order when they lie so close together."""


_KINDS = {
    Role.VISITED_PCSCF: NodeKind.PCSCF,
    Role.HOME_PCSCF: NodeKind.PCSCF,
    Role.HOME_ICSCF: NodeKind.ICSCF,
    Role.HOME_SCSCF: NodeKind.SCSCF,
    Role.HOME_HSS: NodeKind.HSS,
    Role.VISITED_DNS: NodeKind.DNS,
    Role.HOME_DNS: NodeKind.DNS,
    Role.ORIG_PCSCF: NodeKind.PCSCF,
    Role.ORIG_SCSCF: NodeKind.SCSCF,
    Role.ORIG_DNS: NodeKind.DNS,
    Role.TERM_ICSCF: NodeKind.ICSCF,
    Role.TERM_HSS: NodeKind.HSS,
    Role.TERM_DNS: NodeKind.DNS,
    Role.TERM_SCSCF: NodeKind.SCSCF,
    Role.TERM_PCSCF: NodeKind.PCSCF,
    Role.SIP_PROXY: NodeKind.SIP_PROXY,
}


@dataclass(eq=False, slots=True)
class Row:
    """One row of the two ladders."""

    status: RowStatus
    step: Step | None = None
    is_answer: bool = False
    message: Message | None = None
    seen: Seen | None = None
    """The transaction of the message, or of the request whose answer is missing."""
    before: Message | None = None
    """Of a row that is out of order: the message that should have come first."""
    expects: bool = True
    """False where the flow allows the message and does not ask for it: a provisional response, a retransmission."""


@dataclass(frozen=True, slots=True)
class _Ladders:
    flow: Flow
    match: Match
    procedure: Procedure
    wanted: frozenset[str]
    """Steps of the alternative that fits best."""


def rows(flow: Flow, match: Match, procedure: Procedure) -> list[Row]:
    """Return the rows of the two ladders.

    Args:
        flow: The flow that the procedure is compared with.
        match: How it fits, from `match(flow, procedure)`.
        procedure: What was seen.

    Returns:
        What was seen in the order of time; what is missing or cannot be seen stands behind the message that it
        was expected after.
    """
    steps = flow.steps if match.alternative is None else flow.alternative(match.alternative)
    ladders = _Ladders(flow, match, procedure, frozenset(step.id for step in steps))
    expected = list(_expected(ladders, None))
    _mark_order(flow, match, expected)
    taken = {id(message) for row in expected if (message := row.message) is not None}
    others = [
        Row(_status_of(message), message=message, seen=seen, expects=False)
        for seen in procedure.transactions()
        for message in seen.messages
        if id(message) not in taken
    ]
    return _merge(expected, others)


def absence(match: Match, step: Step, procedure: Procedure) -> RowStatus | None:
    """Tell why nothing was seen of a step: it is missing, or it cannot be seen; None for an option that was not taken.

    Two roles that never spoke to each other may be one process. Of a procedure that left its flow it is said to be
    missing all the same where a federation gives them an address each.
    """
    if step.id in match.missing:
        return RowStatus.MISSING
    if step.id not in match.unseen:
        return None
    apart = match.departure is not None and procedure.sees(step.point) and _declared_apart(step, procedure)
    return RowStatus.MISSING if apart else RowStatus.NOT_OBSERVABLE


def _declared_apart(step: Step, procedure: Procedure) -> bool:
    source, destination = (_declared(role, procedure) for role in (step.source, step.destination))
    return source is not None and destination is not None and source != destination


def _declared(role: Role, procedure: Procedure) -> str | None:
    """Return the address that the federation gives to a role; None where it does not speak of it."""
    kind = _KINDS.get(role)
    visited = role in (Role.VISITED_PCSCF, Role.VISITED_DNS)
    facts = procedure.facts
    network = facts.networks.get(role) or (facts.entry_network if visited else facts.home_network)
    node = None if network is None or kind is None else network.nodes.get(kind)
    return None if node is None else str(node.address)


def request_of(seen: Seen) -> Message | None:
    """Return the first request of a transaction, None where only answers were captured."""
    return next((message for message in seen.messages if is_request(message)), None)


def answer_of(seen: Seen) -> Message | None:
    """Return the last final answer of a transaction, None where there is none."""
    finals = [message for message in seen.messages if not is_request(message) and not _is_provisional(message)]
    return finals[-1] if finals else None


def _is_provisional(message: Message) -> bool:
    return isinstance(message, SipMessage) and (message.sip.status or 0) < 200


def _status_of(message: Message) -> RowStatus:
    return RowStatus.UNEXPECTED if message.retransmission_of is None else RowStatus.REPEATED


def _expected(ladders: _Ladders, parent: str | None) -> Iterator[Row]:
    for step in ladders.flow.children(parent):
        if step.id not in ladders.wanted:
            continue
        found = ladders.match.steps.get(step.id)
        if found:
            yield from _request_rows(step, found[0])
            yield from _expected(ladders, step.id)
            yield from _answer_rows(step, found[0])
            for seen in found[1:]:
                yield from _request_rows(step, seen)
                yield from _answer_rows(step, seen)
            continue
        status = absence(ladders.match, step, ladders.procedure)
        if status is not None:
            yield Row(status, step)
        yield from _expected(ladders, step.id)
        if status is not None:
            yield Row(status, step, is_answer=True)


def _request_rows(step: Step, seen: Seen) -> Iterator[Row]:
    requests = [message for message in seen.messages if is_request(message)]
    if not requests:
        # Its answer was seen, so it was sent: the capture began behind it or lost it.
        yield Row(RowStatus.NOT_OBSERVABLE, step, seen=seen)
    for number, message in enumerate(requests):
        status = RowStatus.MATCHED if number == 0 else RowStatus.REPEATED
        yield Row(status, step, message=message, seen=seen, expects=number == 0)


def _answer_rows(step: Step, seen: Seen) -> Iterator[Row]:
    final = answer_of(seen)
    for message in seen.messages:
        if is_request(message) or message is final:
            continue
        again = message.retransmission_of is not None or _same_answer(message, final)
        status = RowStatus.MATCHED if _is_provisional(message) else RowStatus.UNEXPECTED
        yield Row(RowStatus.REPEATED if again else status, step, True, message, seen, expects=False)
    if final is not None:
        status = RowStatus.MATCHED if step.accepts(seen.response) else RowStatus.DIFFERENT
        yield Row(status, step, True, final, seen)
    elif not step.accepts(None):
        yield Row(RowStatus.MISSING, step, True, seen=seen)


def _same_answer(message: Message, final: Message | None) -> bool:
    if isinstance(message, SipMessage) and isinstance(final, SipMessage):
        return message.sip.status == final.sip.status
    return final is not None and message.raw == final.raw


def _mark_order(flow: Flow, match: Match, expected: Sequence[Row]) -> None:
    """Mark what came before a message that the flow puts in front of it."""
    for row in expected:
        if row.status is not RowStatus.MATCHED or not row.expects or row.step is None or row.seen is None:
            continue
        if row.message is None or row.seen.attempt < 0:
            continue
        for other in _must_precede(flow, match, row.step, row.seen, row.is_answer):
            if _precedes(row.message, other):
                row.status, row.before = RowStatus.OUT_OF_ORDER, other
                break


def _must_precede(flow: Flow, match: Match, step: Step, seen: Seen, is_answer: bool) -> Iterator[Message]:
    """Yield the messages that come before a request, or before an answer, of the same attempt."""
    if is_answer:
        for child in flow.children(step.id):
            for one in match.steps.get(child.id, ()):
                final = answer_of(one)
                if one.attempt == seen.attempt and final is not None and not child.optional:
                    yield final
        return
    if step.inside is not None:
        for one in match.steps.get(step.inside, ()):
            asked = request_of(one)
            if one.attempt == seen.attempt and asked is not None:
                yield asked
        for name in step.after:
            for one in match.steps.get(name, ()):
                final = answer_of(one)
                if one.attempt == seen.attempt and final is not None:
                    yield final


def _precedes(message: Message, other: Message) -> bool:
    """Tell whether a message surely came before another one: the clocks of two captures are not compared."""
    if message.capture != other.capture:
        return False
    one_point = message.sightings[0].point is not None and message.sightings[0].point is other.sightings[0].point
    return message.time_ns + (0 if one_point else CLOCK_NS) < other.time_ns


def _merge(expected: Sequence[Row], others: Sequence[Row]) -> list[Row]:
    """Put what was seen in the order of time, and each absent row behind the one that it was expected after."""
    seen = sorted((row for row in (*expected, *others) if row.message is not None), key=_moment)
    behind: dict[int | None, list[Row]] = {}
    anchor: Row | None = None
    for row in expected:
        if row.message is None:
            behind.setdefault(None if anchor is None else id(anchor), []).append(row)
        elif row.expects and (anchor is None or _moment(anchor) < _moment(row)):
            anchor = row
    merged = behind.get(None, [])
    for row in seen:
        merged += [row, *behind.get(id(row), ())]
    return merged


def _moment(row: Row) -> tuple[int, int, int]:
    message = row.message
    assert message is not None
    return message.time_ns, message.capture, message.frame
