"""Who is to blame for a cell, and why, in the order in which it was found."""

from __future__ import annotations

from conformance.report.cell_view import whose
from conformance.vocabulary.results import CellResult, ProcedureResult


def blamed(result: CellResult) -> list[str]:
    """Return who is to blame, each once: by the SHALL criteria that fail, else by where the flow was left."""
    roles = [role for procedure in result.procedures for role in _roles(procedure)]
    return list(dict.fromkeys(whose(role, result) for role in roles))


def causes(result: CellResult) -> list[str]:
    """Return the sentences that say why, each once: of the cell, of its procedures, and where they left the flow."""
    sentences = list(result.reasons)
    for procedure in result.procedures:
        sentences += procedure.reasons
        if procedure.departure is not None:
            sentences.append(procedure.departure)
    return list(dict.fromkeys(sentences))


def _roles(procedure: ProcedureResult) -> list[str | None]:
    if procedure.failures:
        return [criterion.node for criterion in procedure.failures]
    left = procedure.difference
    return [left.node] if left is not None and left.node is not None else []
