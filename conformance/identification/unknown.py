"""What deviates and is no known quirk: what the reader stepped over, and failed criteria that nothing explains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from conformance.criteria.model import Citation
from conformance.identification.sign import cite
from conformance.identification.signs import Shown
from conformance.identification.terminals import Terminal
from conformance.vocabulary.results import CriterionResult, ProcedureResult
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Verdict

MOST = 20
"""Departures from the grammar that are told of one terminal."""


@dataclass(frozen=True, slots=True)
class Departure:
    """Something that a reader of messages had to step over."""

    what: str
    citation: Citation


def departures(terminal: Terminal, shown: Iterable[Shown]) -> list[Departure]:
    """Return the departures from the grammar in the REGISTERs of a terminal that no quirk of it explains, each once."""
    explained = [citation for one in shown for citation in one.citations if one.deviates]
    found: dict[str, Departure] = {}
    for one in _every(terminal):
        if one.what not in found and len(found) < MOST and not any(_explains(by, one.citation) for by in explained):
            found[one.what] = one
    return list(found.values())


def failures(procedures: Iterable[ProcedureResult], shown: Sequence[Shown]) -> list[CriterionResult]:
    """Return the criteria on the terminal that fail in its procedures and that no quirk of it breaks, each once."""
    broken = {id for one in shown for id in one.quirk.breaks}
    found: dict[str, CriterionResult] = {}
    for procedure in procedures:
        for criterion in procedure.criteria:
            if criterion.verdict is Verdict.FAIL and criterion.node == Role.UE and criterion.id not in broken:
                found.setdefault(criterion.id, criterion)
    return list(found.values())


def _every(terminal: Terminal) -> Iterator[Departure]:
    for turn in terminal.turns:
        for problem in turn.request.sip.problems if not turn.request.truncated else ():
            yield Departure(problem.what, cite(turn.request, "message", problem.span))
        for digest in turn.credentials:
            for problem in digest.credentials.problems:
                yield Departure(problem.what, cite(turn.request, "Authorization", problem.span))


def _explains(by: Citation, departure: Citation) -> bool:
    """Tell whether a departure is part of what shows a quirk: in Authorization one mistake draws others with it."""
    if by.message is not departure.message:
        return False
    if departure.field == "Authorization":
        return by.field.startswith("Authorization") and by.offset is not None
    if by.offset is None or by.length is None or departure.offset is None:
        return False
    return by.offset <= departure.offset <= by.offset + by.length
