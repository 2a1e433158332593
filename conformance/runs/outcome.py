"""From a cell's verdict pair to what pytest is told."""

from __future__ import annotations

from enum import StrEnum
from itertools import islice

from conformance.report.cell_view import whose
from conformance.report.difference_text import difference_lines
from conformance.report.lines import criterion_line
from conformance.runs.brief import CellBrief
from conformance.vocabulary.results import CellResult
from conformance.vocabulary.verdicts import Verdict

NOT_JUDGED = frozenset({Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE})


class Outcome(StrEnum):
    """What pytest shows for a cell."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    ERROR = "error"


def outcome(result: CellResult | CellBrief, *, strict: bool = False) -> Outcome:
    """Return what pytest shows for a cell.

    Args:
        result: the judged cell, with what was expected of it.
        strict: an INCONCLUSIVE that nobody expected fails instead of being skipped.
    """
    if Verdict.ERROR in result.pair:
        return Outcome.ERROR
    if result.not_run:
        return Outcome.SKIPPED  # the cell that found the testbed dead is the error, once
    if result.as_expected:
        # JUnit knows no verdict but the outcome: what could not be judged is never shown as passed.
        return Outcome.SKIPPED if set(result.pair) & NOT_JUDGED else Outcome.PASSED
    surprising = {got for got, wanted in zip(result.pair, result.expected_pair, strict=True) if got != wanted}
    if not surprising or surprising & {Verdict.FAIL, Verdict.PASS}:
        return Outcome.FAILED
    if Verdict.INCONCLUSIVE in surprising:
        return Outcome.FAILED if strict else Outcome.SKIPPED
    return Outcome.SKIPPED


def explain(result: CellResult) -> str:
    """Return a few lines that say what differs, whose it is and which frame shows it."""
    if result.not_run:
        return "\n".join([f"{result.cell}: not run", *(f"  {reason}" for reason in result.reasons)])
    lines = [f"{result.cell}: interoperability {result.interoperability}, conformance {result.conformance}"]
    if result.pair != result.expected_pair:
        lines[0] += f" (expected {result.expected_pair})"
    elif NOT_JUDGED & set(result.pair):
        lines[0] += " (as expected)"
    lines += _about_expectation(result)
    lines += [f"  {reason}" for reason in result.reasons]
    for procedure in result.procedures:
        lines += [f"  {procedure.flow}: {reason}" for reason in procedure.reasons]
        broken = [one for one in procedure.criteria if one.verdict in (Verdict.FAIL, Verdict.ERROR)]
        lines += [f"  {criterion_line(one, whose(one.node, result))}" for one in broken]
        # The sentence and who is to blame; the ladders are in the report.
        lines += [f"  {line}" for line in islice(difference_lines(procedure.difference), 2)]
    for node, log in result.node_logs.items():
        lines += [f"  {node} is down; its last lines:", *(f"    {line}" for line in log)]
    lines.append(f"  evidence: {result.folder}")
    return "\n".join(lines)


def _about_expectation(result: CellResult) -> list[str]:
    known = result.known
    whose = f" ({known.who}, {known.link})" if known else ""
    if known is not None and known.expired:
        return [f"  the known deviation ({known.reason}) expired on {known.expires}{whose}"]
    if result.pair == result.expected_pair and not result.as_expected:
        found, wanted = ", ".join(sorted(result.failed_criteria)), ", ".join(result.expected_criteria)
        return [f"  expected to fail: {wanted}; failed: {found}{whose}"]
    if known is not None and not result.as_expected and Verdict.FAIL not in result.pair:
        return [f"  the known deviation ({known.reason}) did not happen: remove its entry{whose}"]
    return []
