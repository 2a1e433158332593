"""The last lines of `netlab run`: how many cells, which verdicts, the first that differ, where the report is."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from conformance.commands.progress import Terminal
from conformance.report.text import visible
from conformance.runs.brief import CellBrief, RunBrief
from conformance.runs.outcome import Outcome, outcome
from conformance.runs.progress import clock, failing_line
from conformance.vocabulary.verdicts import Verdict

FIRST = 5
"""Cells that differ and are named once more at the end."""
_TEXT_LIMIT = 6000


def print_summary(run: RunBrief, report: Path, mistakes: Sequence[str] = (), planned: int = 0) -> None:
    """Print the summary on standard output.

    Args:
        run: the run, whether it came to its end or not.
        report: its page, as the user names it.
        mistakes: what pytest says of failures that no cell explains.
        planned: cells that were to be run, 0 where that is not known.
    """
    console = Terminal(sys.stdout)
    for text in mistakes:
        console.print(Text(visible(text, _TEXT_LIMIT)))
    for line in summary_lines(run, planned):
        console.print(Text(line))
    if report.is_file():
        # A console that is no terminal prints the words alone.
        link = f"link {report.resolve().as_uri()}"
        console.print(Text.assemble("report: ", (str(report), link)))
    else:
        console.print(Text(f"no report was written; the results are in {run.path}"))


def summary_lines(run: RunBrief, planned: int = 0) -> list[str]:
    """Return the summary without the place of the report."""
    differing = [cell for cell in run.cells if outcome(cell) in (Outcome.FAILED, Outcome.ERROR)]
    lines = [f"{_cells(len(run.cells))}{_duration(run)}, {_judgement(run.cells, len(differing))}"]
    if run.cut_short:
        before = f"The run was cut short before {planned - len(run.cells)} of {planned} cells." if planned else ""
        lines.insert(0, before or "The run was cut short.")
    pairs = Counter(str(cell.pair) for cell in run.cells)
    if len(pairs) > 1:
        told = ", ".join(f"{count} {pair}" for pair, count in pairs.most_common())
        lines.append(f"interoperability/conformance: {told}")
    reasons = {reason for cell in run.cells for reason in cell.reasons}
    if len(reasons) == 1 and differing and all(Verdict.ERROR in cell.pair for cell in run.cells):
        return [*lines, f"none could be judged: {reasons.pop()}"]
    lines += [f"  {failing_line(cell)}" for cell in differing[:FIRST]]
    if len(differing) > FIRST:
        lines.append(f"  and {len(differing) - FIRST} more")
    return lines


def _judgement(cells: Sequence[CellBrief], differing: int) -> str:
    others = Counter(_why_skipped(cell) for cell in cells if outcome(cell) is Outcome.SKIPPED)
    said = [f"{differing} {'differs' if differing == 1 else 'differ'} from what was expected"] if differing else []
    said += [f"{count} {why}" for why, count in others.items()]
    return ", ".join(said) or ("all as expected" if cells else "none was finished")


def _why_skipped(cell: CellBrief) -> str:
    if cell.not_run:
        return "not run"
    return "inconclusive" if Verdict.INCONCLUSIVE in cell.pair else "not applicable"


def _cells(count: int) -> str:
    return f"{count} {'cell' if count == 1 else 'cells'}"


def _duration(run: RunBrief) -> str:
    if run.footer is None:
        return ""
    return f" in {clock((run.footer.finished_ns - run.header.started_ns) / 1e9)}"
