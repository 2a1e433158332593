"""`netlab flows [ID]`: lists the expected flows, or draws one."""

from __future__ import annotations

import argparse
from typing import Any

from conformance.flows import draw, list_flows, load_flow
from conformance.vocabulary.errors import Exit


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser("flows", help="list expected flows; draw one")
    command.add_argument("flow", nargs="?", metavar="ID", help="flow to draw")
    command.set_defaults(execute=execute, passes_options_on=False)


def execute(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Print the list or the drawing."""
    if arguments.flow:
        print(draw(load_flow(arguments.flow)))
    else:
        for flow in list_flows():
            print(f"{flow.id:28} {flow.title}")
    return int(Exit.AS_EXPECTED)
