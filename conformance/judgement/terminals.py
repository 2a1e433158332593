"""The terminals of a judged trace: the quirks of each, what else deviates, and the profile that it resembles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conformance.criteria.values import clip
from conformance.identification.nearest import nearest
from conformance.identification.signs import TWINS, Shown, shown, undecided
from conformance.identification.terminals import Terminal, find_terminals
from conformance.identification.unknown import departures, failures
from conformance.judgement.evidence import evidence
from conformance.judgement.terminal_quirks import quirk_result
from conformance.quirks.catalogue import all_quirks
from conformance.quirks.profiles import STANDARD
from conformance.trace.correlate import correlate
from conformance.trace.model import Trace
from conformance.vocabulary.identified import Identification, NearestProfile, TerminalResult, UnknownDeviation
from conformance.vocabulary.results import FrameRef, Judgement, ProcedureResult


def identify(trace: Trace, judgement: Judgement) -> Identification:
    """Identify the terminals of a trace.

    Args:
        trace: The trace.
        judgement: What `judge` says of it.
    """
    by_subject: dict[str, list[ProcedureResult]] = {}
    for procedure in judgement.brief:
        by_subject.setdefault(procedure.subject[0] if procedure.subject else "", []).append(procedure)
    terminals = [
        _result(terminal, [one for identity in terminal.identities for one in by_subject.get(identity, ())])
        for terminal in find_terminals(correlate(trace))
    ]
    return Identification(captures=judgement.captures, terminals=terminals)


def _result(terminal: Terminal, procedures: Sequence[ProcedureResult]) -> TerminalResult:
    found = shown(terminal)
    quirks = {one.quirk.id: quirk_result(one) for one in found}
    for quirk in (one for procedure in procedures for one in procedure.quirks):
        # The judge may know the secret of a registration, which shows more; what it cannot tell apart is told here.
        if quirk.id not in {*quirks, *TWINS, *TWINS.values()}:
            quirks[quirk.id] = quirk
    ids = [id for id in all_quirks() if id in quirks]
    silent = undecided(terminal) - set(ids)
    best = nearest(ids, silent)
    return TerminalResult(
        endpoint=str(terminal.endpoint),
        identities=[clip(identity) for identity in terminal.identities],
        registers=[FrameRef(capture=one.capture, frame=one.frame) for one in terminal.requests],
        profile="+".join([STANDARD, *ids]),
        quirks=[quirks[id] for id in ids],
        unknown=list(_unknown(terminal, found, procedures)),
        undecided=[id for id in all_quirks() if id in silent],
        nearest=NearestProfile(name=best.profile.name, more=list(best.more), less=list(best.less)),
    )


def _unknown(
    terminal: Terminal, found: Sequence[Shown], procedures: Sequence[ProcedureResult]
) -> Iterator[UnknownDeviation]:
    for departure in departures(terminal, found):
        cited = [evidence(departure.citation)]
        yield UnknownDeviation(what=departure.what, criterion=None, clause=None, level=None, evidence=cited)
    for one in failures(procedures, found):
        what = f"expected {one.expected}; found {one.found}"
        yield UnknownDeviation(
            what=what, criterion=one.id, clause=one.clause, level=one.level.value, evidence=one.evidence
        )
