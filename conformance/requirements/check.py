"""Where the requirement tables and the code disagree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from conformance.requirements.load import Requirement


def check(requirements: Sequence[Requirement], criteria: Collection[str], test_cases: Collection[str]) -> list[str]:
    """Compare the tables with what exists.

    Args:
        requirements: All rows.
        criteria: Identifiers of all criteria.
        test_cases: Identifiers of all test cases.

    Returns:
        One line for each difference; empty where table and code agree.
    """
    return [
        *_rows(requirements, criteria, test_cases),
        *_unnamed("criterion", criteria, {each for row in requirements for each in row.criteria}),
        *_unnamed("test case", test_cases, {each for row in requirements for each in row.test_cases}),
    ]


def _rows(requirements: Sequence[Requirement], criteria: Collection[str], test_cases: Collection[str]) -> Iterator[str]:
    for id_, count in Counter(row.id for row in requirements).items():
        if count > 1:
            yield f"{id_}: found {count} rows, expected one: give each an id of its own"
    for row in requirements:
        for name in row.criteria:
            if name not in criteria:
                yield f"{row.id}: found unknown criterion {name}, expected one that exists: correct the row"
        for name in row.test_cases:
            if name not in test_cases:
                yield f"{row.id}: found unknown test case {name}, expected one that exists: correct the row"
        if row.is_covered and row.not_tested_reason is not None:
            yield f"{row.id}: found coverage and not_tested_reason, expected one of them: take the reason out"
        if not row.is_covered and row.not_tested_reason is None:
            yield f"{row.id}: found neither coverage nor not_tested_reason, expected one of them: add it"


def _unnamed(what: str, existing: Collection[str], named: set[str]) -> Iterator[str]:
    for name in sorted(set(existing) - named):
        yield f"{name}: found a {what} that no requirement names, expected at least one row: add it to a table"
