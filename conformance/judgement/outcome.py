"""What became of one procedure: its verdicts at once, its whole result where somebody asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from conformance.criteria.procedure import Procedure
from conformance.judgement import confirmation
from conformance.judgement.choice import Chosen
from conformance.judgement.confirmation import Reading, opinion
from conformance.judgement.difference import explain
from conformance.judgement.evidence import evidence
from conformance.judgement.ladder import ladder
from conformance.judgement.masking import mask_text
from conformance.judgement.terminal_quirks import quirks_of
from conformance.judgement.times import times
from conformance.judgement.verdicts import Judged, actor, conformance
from conformance.trace.model import Trace
from conformance.vocabulary.events import TerminalEvent
from conformance.vocabulary.results import CriterionResult, FrameRef, ProcedureResult
from conformance.vocabulary.verdicts import Verdict

Readings = Mapping[tuple[int, int], Reading]
"""Second readings of frames by capture and frame number."""

WRONG = (Verdict.FAIL, Verdict.ERROR)


@dataclass(frozen=True, slots=True)
class Asked:
    """What every procedure of a trace is judged with."""

    trace: Trace
    """The whole trace."""
    events: Sequence[TerminalEvent] = ()
    cell: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdicts on one procedure."""

    chosen: Chosen
    criteria: Sequence[Judged]
    """All criteria; what FAILs cite was read a second time, if it shall be."""
    readings: Readings | None
    service: Verdict
    conformance: Verdict
    reasons: tuple[str, ...]

    def result(self, asked: Asked, *, brief: bool = False) -> ProcedureResult:
        """Return the result.

        Args:
            asked: What it was judged with.
            brief: Of the criteria those alone that fail or could not be judged, and no frames and no ladder.
        """
        flow, procedure = self.chosen.flow, self.chosen.found.procedure
        shown = [one for one in self.criteria if one.finding.verdict in WRONG] if brief else self.criteria
        frames = () if brief else sorted({(message.capture, message.frame) for message in procedure.messages})
        roles = {role.value: [str(endpoint) for endpoint in ends] for role, ends in procedure.roles.items()}
        return ProcedureResult.model_construct(
            flow=flow.id,
            subject=list(procedure.parties),
            cell=asked.cell,
            roles=roles,
            frames=[FrameRef.model_construct(capture=capture, frame=frame) for capture, frame in frames],
            interoperability=self.service,
            conformance=self.conformance,
            criteria=[_criterion(one, procedure, self.readings) for one in shown],
            reasons=list(self.reasons),
            departure=self.chosen.match.departure,
            ladder=[] if brief else ladder(procedure, self.chosen.match),
            difference=explain(asked.trace, self.chosen, self.criteria, self.service),
            times=times(procedure),
            quirks=quirks_of(procedure),
        )


def conclude(chosen: Chosen, criteria: Sequence[Judged], readings: Readings | None, asked: Asked) -> Outcome:
    """Give the verdicts on a procedure.

    Args:
        chosen: The procedure and its flow.
        criteria: From `apply_all`.
        readings: Second readings of all frames that FAILs cite; None where nothing is read a second time.
        asked: What it is judged with.
    """
    if readings is not None and any(one.finding.verdict is Verdict.FAIL for one in criteria):
        criteria = [Judged(one.criterion, confirmation.confirm(one.finding, readings)) for one in criteria]
    verdict, reasons = conformance(criteria, asked.trace.captures)
    service, why = chosen.found.service(chosen.expected, asked.events, asked.trace.captures)
    every = [*chosen.reasons, *([] if why is None else [why]), *reasons]
    return Outcome(chosen, criteria, readings, service, verdict, tuple(dict.fromkeys(every)))


def _criterion(judged: Judged, procedure: Procedure, readings: Readings | None) -> CriterionResult:
    criterion, finding = judged
    node = None if finding.nobody else finding.node or actor(criterion, procedure)
    confirms = readings is not None and finding.verdict in WRONG
    return CriterionResult.model_construct(
        id=criterion.id,
        verdict=finding.verdict,
        level=criterion.level,
        severity=criterion.severity,
        clause=criterion.source,
        statement=criterion.statement,
        node=None if node is None else node.value,
        expected=mask_text(finding.expected) or criterion.statement,
        found=mask_text(finding.found),
        evidence=[
            evidence(citation, opinion(citation, readings).words if confirms and readings is not None else None)
            for citation in finding.citations
        ],
    )
