"""What a judgement means to somebody who expects one flow: `assert_flow` without pytest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import islice

from conformance.criteria import all_criteria
from conformance.report.judgement_text import NOTHING, judgement_lines
from conformance.report.lines import LIMIT, criterion_line
from conformance.report.text import short
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.results import Judgement
from conformance.vocabulary.verdicts import Verdict, worst

LINES_AT_MOST = 60
"""Of the text; a capture of many users has a failure for each."""


class Conclusion(Enum):
    """What a capture says of an expected flow."""

    AS_EXPECTED = "shows {flow}, and it conforms"
    DIFFERS = "does not show {flow} as expected"
    EVIDENCE_MISSING = "cannot show whether {flow} is as expected: evidence is missing"
    CANNOT_JUDGE = "could not be judged against {flow}"


_OF_VERDICT = {
    Verdict.ERROR: Conclusion.CANNOT_JUDGE,
    Verdict.FAIL: Conclusion.DIFFERS,
    Verdict.INCONCLUSIVE: Conclusion.EVIDENCE_MISSING,
    Verdict.PASS: Conclusion.AS_EXPECTED,
}


def conclude(judgement: Judgement, flow: str, criteria: Sequence[str] | None) -> tuple[Conclusion, str]:
    """Say what a judgement means to somebody who expects a flow.

    Without `criteria` both verdicts of every procedure count. With them a FAIL of the service and the verdicts of
    these criteria count, SHOULD or SHALL alike; one that applies to no procedure is missing evidence. A flow that was
    left differs, or is missing evidence where the capture may have lost what was not seen.

    Args:
        judgement: Of captures that were judged against this flow alone.
        flow: Identifier of the flow.
        criteria: Ids of the criteria that decide; None for all.

    Returns:
        The conclusion, and the text for a person: what differs, by which clause, whose it is, in which frame.

    Raises:
        BadInput: A criterion is not known, or none was named.
    """
    _check_ids(criteria)
    verdicts = [*_verdicts(judgement, criteria), *_of_departures(judgement)]
    conclusion = _OF_VERDICT.get(worst(*verdicts), Conclusion.EVIDENCE_MISSING)
    if not judgement.procedures:
        conclusion = Conclusion.DIFFERS
    files = ", ".join(capture.file for capture in judgement.captures)
    lines = judgement_lines(judgement) if criteria is None else _lines(judgement, criteria)
    shown = [f"{files} {conclusion.value.format(flow=flow)}", *islice(lines, LINES_AT_MOST)]
    if next(lines, None) is not None:
        shown.append(f"... only the first {LINES_AT_MOST} lines are shown; netlab validate --flow {flow} prints all")
    return conclusion, "\n".join(shown)


def _check_ids(criteria: Sequence[str] | None) -> None:
    if criteria is None:
        return
    known = {criterion.id for criterion in all_criteria()}
    unknown = [name for name in criteria if name not in known]
    if unknown or not criteria:
        named = ", ".join(unknown) or "none was named"
        raise BadInput(f"criteria: {named}; expected ids that `netlab requirements` lists, such as REG-38")


def _of_departures(judgement: Judgement) -> list[Verdict]:
    if all(procedure.departure is None for procedure in judgement.brief):
        return []
    lossless = all(capture.drops == 0 for capture in judgement.captures)
    return [Verdict.FAIL if lossless else Verdict.INCONCLUSIVE]


def _verdicts(judgement: Judgement, criteria: Sequence[str] | None) -> Iterator[Verdict]:
    for procedure in judgement.brief:
        if criteria is None:
            yield from procedure.pair
        elif procedure.interoperability in (Verdict.FAIL, Verdict.ERROR):
            yield procedure.interoperability
    for given in _given(judgement, criteria or ()).values():
        applied = given - {Verdict.NOT_APPLICABLE}
        yield worst(*applied) if applied else Verdict.INCONCLUSIVE


def _given(judgement: Judgement, criteria: Sequence[str]) -> dict[str, set[Verdict]]:
    """Return the verdicts of each criterion in all procedures; of a large capture these are made once more here."""
    given: dict[str, set[Verdict]] = {name: set() for name in criteria}
    for procedure in judgement.procedures if criteria else ():
        for one in procedure.criteria:
            if one.id in given:
                given[one.id].add(one.verdict)
    return given


def _lines(judgement: Judgement, criteria: Sequence[str]) -> Iterator[str]:
    """Yield what the named criteria say, and nothing of the others."""
    for name, given in _given(judgement, criteria).items():
        if judgement.procedures and not given:
            yield f"{name} speaks of other procedures"
    for procedure in judgement.procedures:
        subject = short(", ".join(procedure.subject), LIMIT)
        yield f"{procedure.flow} of {subject}: interoperability {procedure.interoperability}"
        if procedure.departure is not None:
            yield f"  {short(procedure.departure, LIMIT)}"
        for one in procedure.criteria:
            if one.id in criteria and one.verdict is not Verdict.PASS:
                yield f"  {criterion_line(one)}"
    if not judgement.procedures:
        yield NOTHING
