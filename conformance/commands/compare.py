"""`netlab compare RUN RUN`: what became better or worse from one run to another."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from conformance.history.comparison import Change, Comparison, compare
from conformance.report.text import short
from conformance.runs.folder import named_run, read_run
from conformance.vocabulary.errors import Exit

_LIMIT = 200


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser("compare", help="what became better or worse between runs")
    names = "folder of a run, its name, `latest` or `previous`"
    command.add_argument("old", metavar="RUN", help=names)
    command.add_argument("new", metavar="RUN", help="the later one, named likewise")
    command.add_argument("--reports", type=Path, default=Path("reports"), metavar="DIR", help="where runs are written")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(execute=execute, passes_options_on=False)


def execute(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Print the comparison; return 1 where something became worse."""
    old, new = (read_run(named_run(name, arguments.reports)) for name in (arguments.old, arguments.new))
    found = compare(old, new)
    print(found.model_dump_json(indent=1) if arguments.json else text(found))
    return int(Exit.DIFFERS if found.worse else Exit.AS_EXPECTED)


def text(found: Comparison) -> str:
    """Return the comparison for a terminal: what is worse comes first."""
    lines = [f"{found.old} -> {found.new}"]
    lines += [f"{run} was cut short: what it lacks was not reached" for run in found.cut_short]
    for title, changes in (
        ("new failures", found.new_failures),
        ("newly inconclusive", found.newly_inconclusive),
        ("still failing", found.still_failing),
        ("fixed", found.fixed),
        ("no longer run", found.no_longer_run),
        ("newly run", found.newly_run),
    ):
        if changes:
            lines += [f"{title}: {len(changes)}", *(line for change in changes for line in _lines(change))]
    if found.timing:
        lines.append(f"timing beyond noise, the pace of the run ({found.pace:g}) taken out: {len(found.timing)}")
        lines += [f"  {one.cell}: {one.old_ms:.0f} ms -> {one.new_ms:.0f} ms" for one in found.timing]
    lines.append(f"same: {found.same} cells as expected in both runs, durations {found.pace:g} times the old ones")
    lines.append("something became worse" if found.worse else "nothing became worse")
    return "\n".join(lines)


def _lines(change: Change) -> list[str]:
    old, new = change.old or "not run", change.new or "not run"
    lines = [f"  {change.cell}: {old} -> {new}"]
    if change.new and change.new != change.expected:
        lines[0] += f", expected {change.expected}"
    if change.criteria:
        lines.append(f"    fails now: {', '.join(change.criteria)}")
    if change.new != change.expected:
        lines += [f"    {short(reason, _LIMIT)}" for reason in change.reasons]
    return lines
