"""One line of text for a terminal: the same words wherever a deviation is told."""

from __future__ import annotations

from conformance.report.text import short
from conformance.vocabulary.results import CriterionResult
from conformance.vocabulary.verdicts import Level

LIMIT = 300


def criterion_line(criterion: CriterionResult, node: str | None = None) -> str:
    """Return verdict, id, clause, node, expectation, finding and frames of a criterion in one line.

    What is weaker than SHALL says so: it is reported and counts for no verdict.

    Args:
        criterion: the result.
        node: who is to blame, in the words of somebody who knows whose node it is; the role where it is None.
    """
    level = "" if criterion.level is Level.SHALL else f" ({criterion.level})"
    frames = ", ".join(dict.fromkeys(str(evidence.frame) for evidence in criterion.evidence)) or "none"
    expected, found = short(criterion.expected, LIMIT), short(criterion.found, LIMIT)
    return (
        f"{criterion.verdict} {criterion.id}{level} [{criterion.clause}] {node or criterion.node or 'unknown node'}: "
        f"expected {expected}; found {found} (frames: {frames})"
    )
