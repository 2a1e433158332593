"""What JUnit XML says of a cell beside its outcome: properties of the test case.

CI systems that read properties can group and filter by them; names are stable, values are text in one line.
"""

from __future__ import annotations

from collections import Counter

from conformance.report.blame import blamed
from conformance.report.cell_times import times_of, written
from conformance.report.cell_view import whose
from conformance.report.text import short
from conformance.vocabulary.results import CellResult, CriterionResult
from conformance.vocabulary.times import TimeName

LIMIT = 300
MAX_FAILING = 50
"""More failing criteria than these are counted, not listed: their message and result.json have them all."""


def junit_properties(result: CellResult) -> list[tuple[str, str]]:
    """Return name and value of each property of a cell, in the order in which they are written.

    Args:
        result: the cell's result, of any outcome.

    Returns:
        The verdicts, what was expected, the axes of the matrix, the cell's folder, the times that were measured, and
        for each SHALL criterion that fails `failing.<id>` with clause, node to blame, expectation, finding and frames.
    """
    failures = [criterion for procedure in result.procedures for criterion in procedure.failures]
    properties = [
        ("interoperability", str(result.interoperability)),
        ("conformance", str(result.conformance)),
        ("expected", str(result.expected_pair)),
        ("as_expected", "yes" if result.as_expected else "no"),
        ("home", result.home),
        ("visited", result.visited),
        ("access_point", result.access_point),
        ("terminal", result.terminal),
        ("flow", result.flow),
        ("test_case", result.test_case),
        ("evidence", result.folder),
        ("blamed", short(" | ".join(blamed(result)), LIMIT)),
        ("failing", ", ".join(sorted(result.failed_criteria))),
    ]
    if result.profile:
        properties += [("core", result.core), ("adapted", "yes" if result.adapted else "no")]
    if result.tolerated:
        properties.append(("tolerated", str(result.tolerated)))
    if result.not_run:
        properties.append(("not_run", short(result.not_run, LIMIT)))
    times = times_of(result)
    took = ((f"{name.replace('-', '_')}_ms", written(times, name, " | ")) for name in TimeName)
    properties += [(name, value) for name, value in took if value]
    seen: Counter[str] = Counter()
    for criterion in failures[:MAX_FAILING]:
        seen[criterion.id] += 1
        again = f".{seen[criterion.id]}" if seen[criterion.id] > 1 else ""
        properties.append((f"failing.{criterion.id}{again}", _deviation(criterion, result)))
    if len(failures) > MAX_FAILING:
        properties.append(("failing.not_listed", str(len(failures) - MAX_FAILING)))
    return properties


def _deviation(criterion: CriterionResult, result: CellResult) -> str:
    frames = ", ".join(dict.fromkeys(str(evidence.frame) for evidence in criterion.evidence)) or "none"
    return (
        f"clause: {criterion.clause} | node: {whose(criterion.node, result)} | "
        f"expected: {short(criterion.expected, LIMIT)} | found: {short(criterion.found, LIMIT)} | frames: {frames}"
    )
