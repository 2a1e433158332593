"""One line of text for a terminal: the same words wherever a deviation is told."""

from __future__ import annotations

from conformance.report.text import short
from conformance.vocabulary.results import CriterionResult, Evidence, QuirkResult
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


def quirk_line(quirk: QuirkResult) -> str:
    """Return a quirk of a terminal in one line: what it is, the bytes that show it, what it costs, what cures it."""
    weight = str(quirk.severity) if quirk.deviates else "legal"
    first = quirk.evidence[0] if quirk.evidence else None
    where = "" if first is None else f": {short(first.field, 60)} {_bytes(first)}"
    frames = ", ".join(dict.fromkeys(str(one.frame) for one in quirk.evidence)) or "none"
    more = quirk.places - len(quirk.evidence)
    frames += f", and {more} more" if more > 0 else ""
    told = [f"breaks {', '.join(quirk.breaks)}"] if quirk.breaks and quirk.deviates else []
    told += [f"blocks registration at {', '.join(quirk.blocks)}"] if quirk.blocks else []
    told += [f"adapter cures it ({quirk.cure})"] if quirk.cure != "none" else []
    line = f"terminal {quirk.id} ({weight}) {quirk.title}{where} (frames: {frames})"
    return short("; ".join([line, *told]), 2 * LIMIT)


def _bytes(item: Evidence) -> str:
    if item.offset is None or item.length is None:
        return "absent"
    shown = "" if item.excerpt is None else f" {short(item.excerpt.marked, 80)!r}"
    return f"bytes {item.offset} to {item.offset + item.length}{shown}"
