"""Who is to blame where a procedure left its flow, and why: only what the capture proves.

A node is named where it got what should have set it off and did something else, or nothing, in a capture that lost
nothing and went on long enough to show it. Everywhere else the reason says what is not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from conformance.criteria.procedure import Procedure, Seen
from conformance.criteria.values import clip, in_domain
from conformance.flows.model import Flow, Step
from conformance.judgement.difference_rows import Row, absence, answer_of, request_of
from conformance.judgement.ladder import summary
from conformance.judgement.matcher import Match
from conformance.trace.model import DnsMessage, Message
from conformance.vocabulary.difference import RowStatus
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.roles import Role

PATIENCE_NS = 1_000_000_000
"""So long a capture has to go on before silence says something, where nothing else of the procedure came."""


@dataclass(frozen=True, slots=True)
class Blame:
    """Who, and why."""

    node: Role | None
    why: str


@dataclass(frozen=True, slots=True)
class Case:
    """One procedure that left its flow."""

    flow: Flow
    match: Match
    procedure: Procedure
    rows: Sequence[Row]
    end_ns: int
    """Time of the last message of the trace, nanoseconds since 1970."""

    def name(self, role: Role | None) -> str:
        """Return a role, with its network where a federation knows it: `home-icscf of uc3m`."""
        if role is None:
            return "a node that no role was found for"
        network = network_name(self.procedure, role)
        return role.value if network is None else f"{role.value} of {network}"


def network_name(procedure: Procedure, role: Role) -> str | None:
    """Return the name of the testbed that has a node at the address of a role; None where nobody says."""
    endpoints: Mapping[Role, tuple[Endpoint, ...]] = procedure.roles
    for endpoint in endpoints.get(role, ()):
        network = procedure.facts.network_of(endpoint.address)
        if network is not None:
            return network.name
    return None


def blame(case: Case, place: int) -> Blame:
    """Return who is to blame for the row where the ladders part.

    Args:
        case: The procedure and its rows.
        place: Index of that row; its status is one that parts.
    """
    row = case.rows[place]
    if row.status is RowStatus.DIFFERENT:
        return _for_another_answer(case, row)
    if row.status is RowStatus.OUT_OF_ORDER:
        return _for_order(case, row)
    return _for_no_answer(case, place, row) if row.is_answer else _for_no_request(case, place, row)


def _for_another_answer(case: Case, row: Row) -> Blame:
    step, message = _step(row), _message(row)
    hidden = _hidden_behind(case, step)
    failed = _failed_lookups(case, step.destination, _asked_at(row))
    if failed is not None:
        return Blame(failed[0] if hidden is None else None, failed[1])
    if hidden is not None:
        return Blame(None, f"what {case.name(step.destination)} saw behind it cannot be told: {hidden}")
    return Blame(step.destination, f"{case.name(step.destination)} gave this answer first, in frame {message.frame}")


def _for_order(case: Case, row: Row) -> Blame:
    return Blame(sender(row), f"{case.name(sender(row))} did not wait for it")


def _for_no_request(case: Case, place: int, row: Row) -> Blame:
    step = _step(row)
    trigger = _trigger(case, step)
    source = case.name(step.source)
    if trigger is None:
        return Blame(None, f"{source} should have sent it; what sets it off was not seen, so it may not have had to")
    begin = f"{source} got {_words(trigger)} in frame {trigger.frame}"
    if not case.procedure.lossless:
        return Blame(None, f"{begin}; but the capture lost packets, or does not say: it may have been sent")
    if not _goes_on(case, place, trigger):
        return Blame(None, f"{begin}; but the capture ends before it had to go on")
    # The peers of Diameter are configured and not looked up for each request.
    failed = _failed_lookups(case, step.source, trigger.time_ns) if step.protocol == "SIP" else None
    if failed is not None:
        return Blame(failed[0], f"{begin}; {failed[1]}")
    if step.id in case.match.unseen:
        peer = case.name(step.destination)
        return Blame(None, f"{begin} and said nothing to {peer} in this procedure: the way to it may be broken")
    elsewhere = next(_sent_elsewhere(case, step), None)
    if elsewhere is not None and (asked := request_of(elsewhere)) is not None:
        if elsewhere.destination is None:
            where = f"{asked.destination}, of which nothing says who it is"
            return Blame(
                None, f"{begin} and sent {step.label} to {where} (frame {asked.frame}): it may be the right one"
            )
        where = case.name(elsewhere.destination)
        return Blame(step.source, f"{begin} and sent {step.label} to {where} instead (frame {asked.frame})")
    return Blame(step.source, f"{begin} and never sent {step.label} to {case.name(step.destination)}")


def _for_no_answer(case: Case, place: int, row: Row) -> Blame:
    step = _step(row)
    asked = None if row.seen is None else request_of(row.seen)
    answerer = case.name(step.destination)
    if asked is None:
        return Blame(None, f"{answerer} should have answered; the request was not seen, so it may not have had to")
    begin = f"{answerer} was asked in frame {asked.frame}"
    if not case.procedure.lossless:
        return Blame(None, f"{begin}; but the capture lost packets, or does not say: it may have answered")
    hidden = _hidden_behind(case, step)
    failed = _failed_lookups(case, step.destination, asked.time_ns)
    if failed is not None:
        return Blame(failed[0] if hidden is None else None, f"{begin}; {failed[1]}")
    if hidden is not None:
        return Blame(None, f"{begin}; who behind it did not answer cannot be told: {hidden}")
    if any(_presupposes(later, step) for later in case.rows[place + 1 :]):
        return Blame(None, f"{begin}; {case.name(step.source)} went on as though it had been answered")
    if not _goes_on(case, place, asked):
        return Blame(None, f"{begin}; but the capture ends before it had to answer")
    return Blame(step.destination, f"{begin} and did not answer, or the path to it is broken")


def _trigger(case: Case, step: Step) -> Message | None:
    """Return what reached the sender of a step and should have set it off."""
    for name in reversed(step.after):
        for seen in case.match.steps.get(name, ()):
            if seen.protocol == "DNS":
                continue  # what sets a step off is the message before the look-up
            final = answer_of(seen)
            if seen.source is step.source and final is not None:
                return final
            if seen.destination is step.source:
                return request_of(seen)
        if step.inside is None:
            return None
    for seen in case.match.steps.get(step.inside or "", ()):
        if seen.destination is step.source:
            return request_of(seen)
    return None


def _hidden_behind(case: Case, step: Step) -> str | None:
    """Say why it cannot be seen what a node did before it answered; None where all that it has to do is seen."""
    for child in case.flow.children(step.id):
        if absence(case.match, child, case.procedure) is RowStatus.NOT_OBSERVABLE:
            between = f"{child.source.value} and {child.destination.value}"
            return f"nothing between {between} ({child.point.value}) was seen"
        if not child.optional and (deeper := _hidden_behind(case, child)) is not None:
            return deeper
    return None


def _goes_on(case: Case, place: int, since: Message) -> bool:
    """Tell whether the capture shows enough after a message for silence to mean something."""
    later = any(row.message is not None and row.message.time_ns > since.time_ns for row in case.rows[place + 1 :])
    return later or case.end_ns - since.time_ns >= PATIENCE_NS


def _asked_at(row: Row) -> int:
    asked = None if row.seen is None else request_of(row.seen)
    return 0 if asked is None else asked.time_ns


def _failed_lookups(case: Case, asker: Role, since_ns: int) -> tuple[Role | None, str] | None:
    """Return who is to blame and what was said, where a node asked DNS since then and got no record.

    A server that says that there is no such name may be right: it is named for its silence, and for names of the
    home network that a federation speaks of.
    """
    asked = [
        seen
        for seen in case.procedure.transactions()
        if seen.protocol == "DNS" and seen.source is asker and seen.start_ns >= since_ns
    ]
    answers = [answer_of(seen) for seen in asked]
    if not asked or any(isinstance(a, DnsMessage) and any(r.section == "answer" for r in a.records) for a in answers):
        return None
    last, question = asked[-1], request_of(asked[-1])
    if question is None:
        return None
    silent = answers[-1] is None
    home = case.procedure.facts.home
    name = question.question_name if isinstance(question, DnsMessage) else ""
    node = last.destination if silent or (home is not None and in_domain(name, home)) else None
    said = "got no answer" if answers[-1] is None else f"was answered with {_words(answers[-1])}"
    return node, f"its question {_words(question)} (frame {question.frame}) {said}"


def _presupposes(row: Row, step: Step) -> bool:
    """Tell whether a message shows that its sender got the answer to a step: the next step, or the expected answer."""
    if row.status is not RowStatus.MATCHED or not row.expects or sender(row) is not step.source:
        return False
    return (_step(row).id == step.inside) if row.is_answer else step.id in _step(row).after


def _sent_elsewhere(case: Case, step: Step) -> Iterator[Seen]:
    """Yield what the sender of a step sent of the same kind to somebody else than the flow says."""
    for row in case.rows:
        seen = row.seen
        if row.status is not RowStatus.UNEXPECTED or seen is None or seen.source is not step.source:
            continue
        if seen.protocol == step.protocol and seen.request in step.request:
            yield seen


def sender(row: Row) -> Role:
    """Return who sends the message of a row of the flow."""
    step = _step(row)
    return step.destination if row.is_answer else step.source


def _step(row: Row) -> Step:
    assert row.step is not None, "only a row of the flow can part from it"
    return row.step


def _message(row: Row) -> Message:
    assert row.message is not None, "only a message that came can differ"
    return row.message


def _words(message: Message) -> str:
    return clip(summary(message), 80)
