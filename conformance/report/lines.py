"""One line of text for a terminal: the same words wherever a deviation is told."""

from __future__ import annotations

from conformance.report.text import short
from conformance.vocabulary.results import CriterionResult

LIMIT = 300


def criterion_line(criterion: CriterionResult) -> str:
    """Return verdict, id, clause, node, expectation, finding and frames of a criterion in one line."""
    frames = ", ".join(dict.fromkeys(str(evidence.frame) for evidence in criterion.evidence)) or "none"
    expected, found = short(criterion.expected, LIMIT), short(criterion.found, LIMIT)
    return (
        f"{criterion.verdict} {criterion.id} [{criterion.clause}] {criterion.node or 'unknown node'}: "
        f"expected {expected}; found {found} (frames: {frames})"
    )
