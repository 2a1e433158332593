"""`netlab report RUN`: writes the report of a run again, or a folder with what one partner may see of it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from conformance.runs.bundle import write_bundle
from conformance.runs.folder import named_run
from conformance.runs.publish import publish
from conformance.vocabulary.errors import BadInput, Exit


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "report",
        help="write the HTML report of a run again, or what a partner may see of it",
        description="Without options: write index.html of the run again. With --partner or --redact: write a folder.",
    )
    command.add_argument("run", metavar="RUN", help="folder of the run, its name, `latest` or `previous`")
    command.add_argument("--reports", type=Path, default=Path("reports"), metavar="DIR", help="where runs are written")
    command.add_argument(
        "--partner",
        metavar="ID",
        help="only cells in which this testbed is home or visited network; alone it changes nothing in them",
    )
    command.add_argument(
        "--redact",
        action="store_true",
        help="replace users of other testbeds (of all, without --partner), nonces, keys, digests and message bodies",
    )
    command.add_argument("--out", type=Path, metavar="DIR", help="where to: a new or an empty folder")
    command.set_defaults(execute=execute, passes_options_on=False)


def execute(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Render the page, or write the folder, and print where it is."""
    run = named_run(arguments.run, arguments.reports)
    if arguments.partner is None and not arguments.redact:
        if arguments.out is not None:
            raise BadInput("--out: goes with --partner or --redact; without them the page is written into the run")
        print(publish(run))
        return int(Exit.AS_EXPECTED)
    if arguments.out is None:
        raise BadInput("--out is missing: expected a new or an empty folder for what the partner may see")
    bundle = write_bundle(run, arguments.out, arguments.partner, redact=arguments.redact)
    print(f"{bundle.page}: {bundle.cells} cells, {bundle.left_out} left out")
    return int(Exit.AS_EXPECTED)
