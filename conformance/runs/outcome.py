"""From a cell's verdict pair to what pytest is told."""

from __future__ import annotations

from enum import StrEnum

from conformance.report.lines import criterion_line
from conformance.vocabulary.results import CellResult
from conformance.vocabulary.verdicts import Verdict, VerdictPair


class Outcome(StrEnum):
    """What pytest shows for a cell."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    ERROR = "error"


def outcome(pair: VerdictPair, expected: VerdictPair, *, strict: bool = False) -> Outcome:
    """Return what pytest shows.

    Args:
        pair: the cell's verdicts.
        expected: the pair that the test case or a known deviation expects.
        strict: an INCONCLUSIVE that nobody expected fails instead of being skipped.
    """
    if Verdict.ERROR in pair:
        return Outcome.ERROR
    if pair == expected:
        return Outcome.PASSED
    surprising = {got for got, wanted in zip(pair, expected, strict=True) if got != wanted}
    if surprising & {Verdict.FAIL, Verdict.PASS}:
        return Outcome.FAILED
    if Verdict.INCONCLUSIVE in surprising:
        return Outcome.FAILED if strict else Outcome.SKIPPED
    return Outcome.SKIPPED


def explain(result: CellResult) -> str:
    """Return a few lines that say what differs, whose it is and which frame shows it."""
    lines = [f"{result.cell}: interoperability {result.interoperability}, conformance {result.conformance}"]
    if result.pair != result.expected_pair:
        lines[0] += f" (expected {result.expected_pair})"
    lines += [f"  {reason}" for reason in result.reasons]
    for procedure in result.procedures:
        lines += [f"  {procedure.flow}: {reason}" for reason in procedure.reasons]
        lines += [f"  {criterion_line(c)}" for c in procedure.criteria if c.verdict in (Verdict.FAIL, Verdict.ERROR)]
    for node, log in result.node_logs.items():
        lines += [f"  {node} is down; its last lines:", *(f"    {line}" for line in log)]
    lines.append(f"  evidence: {result.folder}")
    return "\n".join(lines)
