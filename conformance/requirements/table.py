"""The coverage of the requirements, as a text table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.requirements.load import Requirement


def text_table(requirements: Sequence[Requirement], problems: Sequence[str]) -> str:
    """Write one line a requirement, the problems, and the counts as the last line.

    Args:
        requirements: All rows.
        problems: Differences between table and code, from `check`.

    Returns:
        Columns id, level, covered by, words; lines end in a newline.
    """
    rows = [("id", "level", "covered by", "words")]
    rows += [(row.id, row.level.value, _covered_by(row), row.words) for row in requirements]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["  ".join([*(row[n].ljust(widths[n]) for n in range(3)), row[3]]) for row in rows]
    lines += ["", *_reasons(requirements), "", *(f"problem: {problem}" for problem in problems)]
    covered = sum(row.is_covered for row in requirements)
    lines.append(
        f"{len(requirements)} requirements: {covered} covered, {len(requirements) - covered} not tested yet, "
        f"{len(problems)} problems"
    )
    return "\n".join(lines) + "\n"


def as_json(requirements: Sequence[Requirement]) -> list[dict[str, Any]]:
    """Give the rows in the stable form: id, source, level, criteria, test_cases, not_tested_reason."""
    fields = {"id", "source", "level", "criteria", "test_cases", "not_tested_reason"}
    return [row.model_dump(mode="json", include=fields) for row in requirements]


def _covered_by(row: Requirement) -> str:
    """Criteria, and test cases by their function names: the full identifiers are in the JSON form."""
    names = [*row.criteria, *(case.rpartition("::")[2] for case in row.test_cases)]
    return " ".join(names) or "-"


def _reasons(requirements: Sequence[Requirement]) -> list[str]:
    """Say why rows are not tested yet: each reason once, with the number of its rows, most frequent first."""
    counts: dict[str, int] = {}
    for row in requirements:
        if row.not_tested_reason is not None:
            counts[row.not_tested_reason] = counts.get(row.not_tested_reason, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [f"not tested yet: {count:3} {reason}" for reason, count in ordered]
