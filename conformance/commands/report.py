"""`netlab report RUN`: writes page and table (`cells.csv`) of a run again, also of one that was cut short."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from conformance.runs.publish import publish
from conformance.vocabulary.errors import Exit


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser("report", help="write the HTML report of a run again")
    command.add_argument("run", type=Path, metavar="RUN", help="folder of the run, for example reports/latest")
    command.set_defaults(execute=execute, passes_options_on=False)


def execute(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Render the page and print where it is."""
    print(publish(arguments.run))
    return int(Exit.AS_EXPECTED)
