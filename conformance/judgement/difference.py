"""Explains how a procedure differs from what was expected of it.

The expected ladder beside the actual one, the first point where they part, the node to blame where the capture
proves it, and the header lines that decide. It explains verdicts and never makes one: where nothing failed and no
flow was left, nobody is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from conformance.criteria.model import Citation
from conformance.criteria.procedure import Seen
from conformance.criteria.values import clip
from conformance.flows.load import load_flow
from conformance.flows.model import Step
from conformance.judgement.choice import Chosen, against
from conformance.judgement.difference_blame import Case, blame, sender
from conformance.judgement.difference_lines import OTHER_ATTEMPT, compare, header_line, marked_line
from conformance.judgement.difference_rows import Row, answer_of, request_of, rows
from conformance.judgement.ladder import is_request, lanes, protocol, relays, summary
from conformance.judgement.masking import mask_text
from conformance.judgement.verdicts import Judged, actor
from conformance.trace.model import Message, SipMessage, Trace
from conformance.vocabulary.difference import (
    Difference,
    ExpectedMessage,
    HeaderDifference,
    LadderRow,
    LineKind,
    RowStatus,
    SeenMessage,
)
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.roles import TERMINALS, Role
from conformance.vocabulary.verdicts import Level, Verdict

SMALL = 2_000
"""Messages of a trace so small that every procedure gets its ladders, also one that is as expected."""
MOST_ROWS = 600
"""Rows that are kept; nobody reads more, and a hostile capture repeats one request without end."""
WINDOW = (4, 8)
"""Rows that are kept before and behind the parting in a trace that is not small."""
MOST_LINES = 12
"""Header-level differences that are told."""
FOUND = 200
NO_REFUSAL = (401, 407, 408, 480)
"""Challenges, and what says that somebody did not answer in time."""


def explain(trace: Trace, chosen: Chosen, judged: Sequence[Judged], service: Verdict) -> Difference | None:
    """Explain how a procedure differs from its flow.

    Args:
        trace: The trace that it was found in.
        chosen: The procedure, its flow and how it fits.
        judged: The criteria and their findings, confirmed.
        service: The interoperability verdict.

    Returns:
        The explanation; None for a procedure that is as expected, in a trace of more than `SMALL` messages.
    """
    failed = [one for one in judged if one.finding.verdict is Verdict.FAIL]
    refused = chosen.flow.id != chosen.expected and service is Verdict.FAIL and chosen.match.departure is None
    small = len(trace.messages) <= SMALL
    if not failed and not refused and chosen.match.departure is None and not small:
        return None
    case, place = _case(trace, chosen, failed, refused)
    if place is not None:
        sentence, why, node = _words_of(case, place, failed)
        if node is not None and service is not Verdict.FAIL and not any(_counts(one) for one in failed):
            # The flow is the usual way; to leave it breaks no rule where no criterion says so.
            why, node = f"{why}; no criterion fails, and the user got the service", None
        if node is None and any(_counts(one) for one in failed) and case.flow.id == chosen.flow.id:
            # Where the flow was left may be a gap of the capture; what a criterion found wrong was seen.
            place, sentence, why, node = _first_failure(case, failed)
    elif failed:
        place, sentence, why, node = _first_failure(case, failed)
    else:
        sentence, why, node = "", "", None
    lines = list(_lines(case, place, failed)) if sentence else []
    # Of a large trace, where thousands may fail, the rows around the parting are kept and no others.
    alone, passed = _alone(case), relays(case.procedure)
    first = 0 if small else max(0, (place or 0) - WINDOW[0])
    shown = case.rows[first:] if small else case.rows[first : first + sum(WINDOW) + 1]
    return Difference(
        flow=case.flow.id,
        sentence=sentence,
        why=why,
        node=None if node is None else node.value,
        row=None if place is None else place - first,
        rows=[_shown(row, alone, passed) for row in shown],
        headers=lines[:MOST_LINES],
        rows_before=first,
        rows_behind=len(case.rows) - first - len(shown),
    )


# --- where they part --------------------------------------------------------------------------------------


def _case(trace: Trace, chosen: Chosen, failed: Sequence[Judged], refused: bool) -> tuple[Case, int | None]:
    """Return the rows to explain, and the one where they part.

    What a refused user wanted is compared with what came, unless a criterion finds a fault in the refusal itself.
    """
    if refused:
        case = _rows_of(trace, against(chosen.found, load_flow(chosen.expected)))
        place = _departure(case)
        if place is not None and (any(_failed_before(case, place, failed)) or not any(_counts(one) for one in failed)):
            return case, place
    case = _rows_of(trace, chosen)
    early = _disorder(case, failed)
    left = _departure(case) if case.match.departure is not None else None
    return case, min((place for place in (early, left) if place is not None), default=None)


def _rows_of(trace: Trace, chosen: Chosen) -> Case:
    procedure = chosen.found.procedure
    found = rows(chosen.flow, chosen.match, procedure)[:MOST_ROWS]
    return Case(chosen.flow, chosen.match, procedure, found, trace.messages[-1].time_ns)


def _counts(one: Judged) -> bool:
    return one.criterion.level is Level.SHALL


def _departure(case: Case) -> int | None:
    """Return the first row where something is missing or answered otherwise."""
    parts = (RowStatus.MISSING, RowStatus.DIFFERENT)
    return next((place for place, row in enumerate(case.rows) if row.status in parts), None)


def _disorder(case: Case, failed: Sequence[Judged]) -> int | None:
    """Return the first row that is out of order and for which a criterion blames its sender.

    Order alone accuses nobody.
    """
    cited = {(id(citation.message), _node_of(case, one)) for one in failed for citation in one.finding.citations}
    for place, row in enumerate(case.rows):
        if row.status is RowStatus.OUT_OF_ORDER and {(id(m), sender(row)) for m in (row.message, row.before)} & cited:
            return place
    return None


def _words_of(case: Case, place: int, failed: Sequence[Judged]) -> tuple[str, str, Role | None]:
    row = case.rows[place]
    found = blame(case, place)
    why, node = found.why, found.node
    earlier = list(_failed_before(case, place, failed))
    if _is_refusal(case):
        # A network may refuse whom it likes: only a rule that was broken before names somebody.
        why = f"{why}; a refusal breaks no rule by itself"
        node = _node_of(case, earlier[0]) if earlier else None
    if earlier:
        why += ". Wrong already before: " + ", ".join(
            f"{one.criterion.id} in frame {cited.message.frame} ({case.name(_node_of(case, one))})"
            for one in earlier
            if (cited := _decisive(case, one)) is not None
        )
    return _sentence(case, place, row), why, node


def _is_refusal(case: Case) -> bool:
    """Tell whether the terminal was told last that it may not, and not that something broke or did not answer."""
    answers = (
        row.message.sip.status or 0
        for row in reversed(case.rows)
        if row.seen is not None
        and row.seen.source in TERMINALS
        and isinstance(row.message, SipMessage)
        and not row.message.sip.is_request
    )
    last = next(answers, 0)
    return (300 <= last < 500 or last >= 600) and last not in NO_REFUSAL


def _sentence(case: Case, place: int, row: Row) -> str:
    wanted = _expected(case, row)
    if row.status is RowStatus.DIFFERENT and row.message is not None:
        return f"Expected {wanted}; came {_told(row.message)}."
    if row.status is RowStatus.OUT_OF_ORDER and row.message is not None and row.before is not None:
        return f"{_told(row.message)} came before {_told(row.before)}, which the flow puts first."
    following = next((later.message for later in case.rows[place + 1 :] if _goes_on(later)), None)
    came = "nothing more came" if following is None else f"next came {_told(following, case)}"
    return f"Expected next {wanted}; {came}."


def _goes_on(row: Row) -> bool:
    """Tell whether a row is more than a provisional answer or a retransmission."""
    return row.message is not None and (row.expects or row.status is RowStatus.UNEXPECTED)


def _expected(case: Case, row: Row) -> str:
    step = row.step
    if step is None:
        return "nothing"
    source, destination = case.name(step.source), case.name(step.destination)
    if not row.is_answer:
        return f"{step.label} from {source} to {destination}"
    asked = None if row.seen is None else request_of(row.seen)
    where = "" if asked is None else f" of frame {asked.frame}"
    return f"{step.answer} from {destination} to {source}, as the answer to {step.label}{where}"


def _told(message: Message, case: Case | None = None) -> str:
    ends = ""
    if case is not None:
        row = next((row for row in case.rows if row.message is message), None)
        if row is not None and row.seen is not None:
            roles = (row.seen.source, row.seen.destination)
            source, destination = lanes(message, roles, relays(case.procedure))
            ends = f" from {source} to {destination}"
    return f"{clip(summary(message), 80)}{ends} (frame {message.frame})"


def _failed_before(case: Case, place: int, failed: Sequence[Judged]) -> Iterator[Judged]:
    for one in failed:
        where = _place_of(case, one)
        if where is not None and where <= place and _counts(one):
            yield one


def _first_failure(case: Case, failed: Sequence[Judged]) -> tuple[int | None, str, str, Role | None]:
    """Return the row of the earliest message that a criterion finds wrong, and words for it."""
    counting = [one for one in failed if _counts(one)] or list(failed)
    places = [(_place_of(case, one), one) for one in counting]
    seen = [(place, one) for place, one in places if place is not None]
    place, first = min(seen, key=lambda pair: pair[0]) if seen else (None, counting[0])
    criterion, finding = first.criterion, first.finding
    node = _node_of(case, first)
    message = None if place is None else case.rows[place].message
    where = f"{criterion.id} fails" if message is None else f"The first that is wrong is {_told(message, case)}"
    hidden = any(row.status is RowStatus.NOT_OBSERVABLE for row in case.rows)
    came = "Of the flow came all that can be seen here. " if hidden else "Every message that the flow asks for came. "
    if any(row.status.parts for row in case.rows):
        came = ""
    sentence = (
        f"{came}{where}: {'' if message is None else f'{criterion.id}, '}"
        f"expected {clip(mask_text(finding.expected), FOUND)}; found {clip(mask_text(finding.found), FOUND)}."
    )
    if finding.nobody:
        return place, sentence, f"{criterion.source}; none of the nodes did it, somebody between them did", None
    return place, sentence, f"{criterion.source} asks it of {case.name(node)}", node


def _node_of(case: Case, one: Judged) -> Role | None:
    return None if one.finding.nobody else one.finding.node or actor(one.criterion, case.procedure)


def _decisive(case: Case, one: Judged) -> Citation | None:
    """Return the citation of the message that is wrong: one that the node to blame sent, else the first.

    A criterion that compares cites the message that it compares with as well.
    """
    citations = one.finding.citations
    return next((cited for cited in citations if _sender(case, cited.message) is _node_of(case, one)), None) or next(
        iter(citations), None
    )


def _place_of(case: Case, one: Judged) -> int | None:
    """Return the row of the message that a criterion finds wrong."""
    cited = _decisive(case, one)
    return None if cited is None else _row_of(case, cited.message)


def _row_of(case: Case, message: Message) -> int | None:
    return next((place for place, row in enumerate(case.rows) if row.message is message), None)


def _sender(case: Case, message: Message) -> Role | None:
    place = _row_of(case, message)
    seen = None if place is None else case.rows[place].seen
    return None if seen is None else seen.source if is_request(message) else seen.destination


# --- header lines -----------------------------------------------------------------------------------------


def _lines(case: Case, place: int | None, failed: Sequence[Judged]) -> Iterator[HeaderDifference]:
    if place is not None:
        yield from _at(case, case.rows[place])
    at = place or 0
    for one in sorted(failed, key=lambda one: abs((_place_of(case, one) or 0) - at)):
        decisive = _decisive(case, one)
        for citation in one.finding.citations:
            if decisive is not None and citation.message is decisive.message:
                yield _cited(case, one, citation)
    if place is not None:
        yield from _nearest(case, case.rows[place])


def _at(case: Case, row: Row) -> Iterator[HeaderDifference]:
    """Mark the status or the result of an answer that is another one than expected."""
    if row.status is not RowStatus.DIFFERENT or row.message is None or row.step is None:
        return
    span = _result_span(row.message)
    if span is not None:
        yield HeaderDifference(
            kind=LineKind.WRONG,
            field="Status-Line" if isinstance(row.message, SipMessage) else "Result-Code",
            capture=row.message.capture,
            frame=row.message.frame,
            line=marked_line(row.message, *span),
            expected=row.step.answer,
        )


def _result_span(message: Message) -> tuple[int, int] | None:
    if isinstance(message, SipMessage):
        return message.sip.start_span.offset + len("SIP/2.0 "), 3
    for avp in getattr(message, "avps", ()):
        if avp.name in ("Result-Code", "Experimental-Result"):
            return avp.offset, avp.length
    return None


def _cited(case: Case, one: Judged, citation: Citation) -> HeaderDifference:
    message, name = citation.message, citation.field.partition(":")[0]
    before = _before(case, message)
    other = None if before is None else header_line(before, name)
    line = None
    if citation.offset is not None and citation.length is not None:
        line = marked_line(message, citation.offset, citation.length)
    return HeaderDifference(
        kind=LineKind.ABSENT if citation.offset is None else LineKind.WRONG,
        field=clip(citation.field, FOUND),
        capture=message.capture,
        frame=message.frame,
        line=line,
        other=None if before is None or _same_header(message, before, name) else other,
        expected=clip(mask_text(one.finding.expected or one.criterion.statement), FOUND),
        criterion=one.criterion.id,
    )


def _same_header(message: Message, before: Message, name: str) -> bool:
    if not isinstance(message, SipMessage) or not isinstance(before, SipMessage):
        return False
    return [header.value for header in message.sip.all(name)] == [header.value for header in before.sip.all(name)]


def _nearest(case: Case, row: Row) -> Iterator[HeaderDifference]:
    """Compare what came in place of a missing request with the hop before it, or with the other attempt."""
    if row.status is not RowStatus.MISSING or row.is_answer or row.step is None:
        return
    near = next((other for other in case.rows if _is_near(other, row.step)), None)
    if near is None or near.message is None:
        return
    other = _same_step(case, near)
    if other is not None:
        yield from compare(near.message, other, OTHER_ATTEMPT)
    elif (before := _before(case, near.message)) is not None:
        yield from compare(near.message, before)


def _is_near(row: Row, step: Step) -> bool:
    seen = row.seen
    if row.status is not RowStatus.UNEXPECTED or seen is None or row.message is None or not is_request(row.message):
        return False
    return seen.protocol == step.protocol and seen.request in step.request


def _same_step(case: Case, near: Row) -> Message | None:
    """Return the request of the same kind and sender that did fit the flow: that of the other attempt."""
    fitting = [
        row.message
        for row in case.rows
        if row.status is RowStatus.MATCHED
        and row.message is not None
        and row.seen is not None
        and near.seen is not None
        and is_request(row.message)
        and (row.seen.protocol, row.seen.request) == (near.seen.protocol, near.seen.request)
        and row.seen.source is near.seen.source
    ]
    return fitting[-1] if fitting else None


def _before(case: Case, message: Message) -> Message | None:
    """Return the same SIP message one hop earlier on its way."""
    seen = next((row.seen for row in case.rows if row.message is message), None)
    if seen is None or not isinstance(message, SipMessage):
        return None
    for other in _hops(case, seen):
        if is_request(message) and other.destination is seen.source:
            return request_of(other)
        if not is_request(message) and other.source is seen.destination:
            return answer_of(other)
    return None


def _hops(case: Case, seen: Seen) -> Iterator[Seen]:
    for row in case.rows:
        other = row.seen
        if other is None or other is seen or None in (seen.source, seen.destination):
            continue
        if (other.protocol, other.request, other.attempt) == (seen.protocol, seen.request, seen.attempt):
            yield other


# --- what is written --------------------------------------------------------------------------------------


def _alone(case: Case) -> dict[str, str]:
    """Return the role of each address that has one role only: a node asks DNS from ports that no role was bound to."""
    found: dict[str, set[str]] = {}
    for role, endpoints in case.procedure.roles.items():
        for endpoint in endpoints:
            found.setdefault(endpoint.address, set()).add(role.value)
    return {address: names.pop() for address, names in found.items() if len(names) == 1}


def _shown(row: Row, alone: Mapping[str, str], passed: Mapping[str, Role]) -> LadderRow:
    # Built without validation, as all results of the judge: there are dozens of rows a procedure.
    seen = _seen_message(row, alone, passed)
    return LadderRow.model_construct(status=row.status, expected=_expected_message(row), seen=seen)


def _expected_message(row: Row) -> ExpectedMessage | None:
    return None if row.step is None or not row.expects else _side(row.step, row.is_answer)


@lru_cache(maxsize=512)
def _side(step: Step, is_answer: bool) -> ExpectedMessage:
    """Return one expected message of a flow; all procedures share it."""
    ends = (step.source, step.destination)
    source, destination = reversed(ends) if is_answer else ends
    return ExpectedMessage.model_construct(
        step=step.id,
        source=source.value,
        destination=destination.value,
        text=step.answer if is_answer else step.label,
    )


def _seen_message(row: Row, alone: Mapping[str, str], passed: Mapping[str, Role]) -> SeenMessage | None:
    message = row.message
    if message is None or row.seen is None:
        return None
    source, destination = lanes(message, (row.seen.source, row.seen.destination), passed)
    return SeenMessage.model_construct(
        capture=message.capture,
        frame=message.frame,
        protocol=protocol(message),
        source=_named(source, message.source, alone),
        destination=_named(destination, message.destination, alone),
        summary=clip(_short(message)),
    )


def _named(lane: str, endpoint: Endpoint, alone: Mapping[str, str]) -> str:
    return alone.get(endpoint.address, lane) if lane == str(endpoint) else lane


def _short(message: Message) -> str:
    """Return what fits on an arrow: of a SIP request the method alone."""
    return message.sip.method if isinstance(message, SipMessage) and message.sip.is_request else summary(message)
