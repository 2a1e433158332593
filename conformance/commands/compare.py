"""`netlab compare RUN RUN`: what became better or worse from one run to another."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from conformance.history.comparison import Comparison, compare
from conformance.history.page import write_page
from conformance.history.text import text
from conformance.runs.brief import read_brief
from conformance.runs.folder import named_run
from conformance.vocabulary.errors import Exit


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser("compare", help="what became better or worse between runs")
    names = "folder of a run, its name, `latest` or `previous`"
    command.add_argument("old", metavar="RUN", help=names)
    command.add_argument("new", metavar="RUN", help="the later one, named likewise")
    command.add_argument("--reports", type=Path, default=Path("reports"), metavar="DIR", help="where runs are written")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.add_argument("--html", type=Path, default=None, metavar="FILE", help="write a page beside what is printed")
    command.set_defaults(execute=execute, passes_options_on=False)


def execute(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Print the comparison; return 1 where something became worse, 5 where no cell is in both runs."""
    old, new = (read_brief(named_run(name, arguments.reports)) for name in (arguments.old, arguments.new))
    found = compare(old, new)
    if arguments.html is not None:
        write_page(found, old, new, arguments.html)
    print(found.model_dump_json(indent=1) if arguments.json else text(found))
    return int(exit_code(found))


def exit_code(found: Comparison) -> Exit:
    """Return the exit code that a comparison deserves."""
    if found.worse:
        return Exit.DIFFERS
    return Exit.AS_EXPECTED if found.compared else Exit.NOTHING
