"""What is written of a cell: its result, whether it was driven or could not be."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from conformance.runs.bench import DeadNodes, NotRun
from conformance.runs.cell_identity import CellIdentity
from conformance.runs.folder import RunFolder
from conformance.vocabulary.errors import NetlabError
from conformance.vocabulary.events import TerminalEvent
from conformance.vocabulary.results import CaptureInfo, CellResult, Judgement, Mishap, ProcedureResult
from conformance.vocabulary.verdicts import Verdict, VerdictPair, worst

BOTH_ERROR = VerdictPair(Verdict.ERROR, Verdict.ERROR)
BOTH_NOT_APPLICABLE = VerdictPair(Verdict.NOT_APPLICABLE, Verdict.NOT_APPLICABLE)


def error_result(identity: CellIdentity, run: RunFolder, error: NetlabError) -> CellResult:
    """Write and return an ERROR for a cell that could not even be opened."""
    dead = error.logs if isinstance(error, DeadNodes) else {}
    result = result_of(
        identity, run, run.cell_folder(identity.name), time.time_ns(), BOTH_ERROR, [str(error)], dead=dead
    )
    run.add(result)
    return result


def not_run(identity: CellIdentity, run: RunFolder, error: NotRun) -> CellResult:
    """Write and return that a cell was not run, because an earlier one has found its testbed dead.

    Both verdicts are INCONCLUSIVE: there is no evidence, and there could have been.
    """
    pair = VerdictPair(Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE)
    result = result_of(
        identity, run, run.cell_folder(identity.name), time.time_ns(), pair, [str(error)], not_run=error.first
    )
    run.add(result)
    return result


def not_applicable(identity: CellIdentity, run: RunFolder, reason: str) -> CellResult:
    """Write and return NOT_APPLICABLE for a cell that lacks a feature or a program; nothing was driven."""
    folder = run.cell_folder(identity.name)
    result = result_of(identity, run, folder, time.time_ns(), BOTH_NOT_APPLICABLE, [reason])
    run.add(result)
    return result


def result_of(
    identity: CellIdentity,
    run: RunFolder,
    folder: Path,
    started_ns: int,
    pair: VerdictPair,
    reasons: list[str],
    *,
    judgement: Judgement | None = None,
    events: Sequence[TerminalEvent] = (),
    dead: dict[str, list[str]] | None = None,
    mishaps: Sequence[Mishap] = (),
    not_run: str = "",
) -> CellResult:
    """Return the result of a cell; the arguments are what it has been told and has found."""
    judgement = judgement or Judgement(captures=[], procedures=[])
    return CellResult(
        cell=identity.name,
        test_case=identity.test_case,
        title=identity.title,
        home=identity.square.home,
        visited=identity.square.visited,
        access_point=identity.square.access_point,
        terminal=identity.terminal,
        profile=identity.square.profile,
        core=identity.core,
        adapted=identity.square.adapted,
        flow=identity.flow,
        interoperability=pair.interoperability,
        conformance=pair.conformance,
        expected_interoperability=identity.expected.pair.interoperability,
        expected_conformance=identity.expected.pair.conformance,
        started_ns=started_ns,
        duration_ms=round((time.time_ns() - started_ns) / 1e6, 3),
        captures=[_with_name_only(capture) for capture in judgement.captures],
        procedures=list(judgement.procedures),
        media=judgement.media,
        events=list(events),
        reasons=reasons,
        folder=str(folder.relative_to(run.path)),
        sheet=identity.sheet,
        known=identity.expected.known,
        expected_criteria=list(identity.expected.criteria),
        mishaps=list(mishaps),
        not_run=not_run,
        node_logs=dead or {},
    )


def verdicts_of(
    procedures: Sequence[ProcedureResult], events: Sequence[TerminalEvent], reasons: list[str]
) -> VerdictPair:
    """Join the verdicts of the cell's procedures; without a procedure there is no evidence."""
    if procedures:
        return VerdictPair(
            worst(*(p.interoperability for p in procedures)), worst(*(p.conformance for p in procedures))
        )
    reasons.append(
        "no procedure of this cell's subscriber was found in the capture"
        + ("" if events else ", and the terminal sent nothing")
    )
    return VerdictPair(Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE)


def _with_name_only(capture: CaptureInfo) -> CaptureInfo:
    """Name the capture relative to the cell's folder, so that a run folder can be moved."""
    return capture.model_copy(update={"file": Path(capture.file).name})
