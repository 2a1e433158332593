"""The quirks of a procedure's terminal, as the result tells them: each with its bytes and with what it costs."""

from __future__ import annotations

from conformance.criteria.procedure import Procedure
from conformance.criteria.registration import Registration
from conformance.identification.signs import Shown, shown
from conformance.identification.terminals import terminal_of
from conformance.judgement.evidence import evidence
from conformance.vocabulary.results import QuirkResult

PLACES = 4
"""Places of one quirk that a result cites."""


def quirks_of(procedure: Procedure) -> list[QuirkResult]:
    """Return the quirks that the REGISTERs of a procedure show; none where it has no REGISTER of a terminal."""
    if not isinstance(procedure, Registration):
        return []
    terminal = terminal_of(procedure)
    return [] if terminal is None else [quirk_result(one) for one in shown(terminal)]


def quirk_result(found: Shown) -> QuirkResult:
    """Return what the result says of one quirk."""
    quirk = found.quirk
    return QuirkResult.model_construct(
        id=quirk.id,
        title=quirk.title,
        words=quirk.words,
        severity=quirk.severity,
        deviates=found.deviates,
        evidence=[evidence(citation) for citation in found.citations[:PLACES]],
        places=len(found.citations),
        breaks=list(quirk.breaks),
        blocks=list(quirk.blocks),
        cure=quirk.cure.value,
        advice=quirk.advice,
    )
