"""`netlab requirements`: the coverage table; fails where table, criteria and test cases disagree."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from conformance.requirements import run


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "requirements", help="coverage of the requirements; fails where the table and the code disagree"
    )
    command.add_argument("--json", action="store_true", help="print one JSON list")
    command.set_defaults(execute=execute, passes_options_on=False)


def execute(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Print the table and return 0 where it agrees with the code, else 1."""
    return run(json=arguments.json, out=sys.stdout)
