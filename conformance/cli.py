"""`netlab`: the command line.

Exit codes: 0 everything as expected; 1 a verdict that differs from the expected one (validate: a FAIL); 2 usage;
3 inconclusive evidence and nothing worse; 4 a testbed is down or the harness erred; 5 nothing was selected or found.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence

import conformance
from conformance.commands import compare, doctor, faults, flows, report, requirements, run, terminal, testbed, validate
from conformance.report.text import visible
from conformance.vocabulary.errors import Exit, NetlabError

COMMANDS = (run, validate, flows, requirements, faults, report, compare, testbed, terminal, doctor)


def parser() -> argparse.ArgumentParser:
    """Return the parser with all commands."""
    main_parser = argparse.ArgumentParser(
        prog="netlab", description="Conformance and interoperability of joined IMS testbeds, proven from captures."
    )
    main_parser.add_argument("--version", action="version", version=f"netlab-conformance {conformance.__version__}")
    commands = main_parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands)
    return main_parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; an error of ours is one line on standard error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # what a terminal cannot show is no reason to end
    arguments, rest = parser().parse_known_args(argv)
    if rest and not arguments.passes_options_on:
        parser().error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        return int(arguments.execute(arguments, rest))
    except NetlabError as error:
        print(f"netlab: {visible(str(error))}", file=sys.stderr)
        return int(error.exit_code)
    except KeyboardInterrupt:
        print("netlab: interrupted; what was finished is kept", file=sys.stderr)
        return int(Exit.BROKEN)
    except BrokenPipeError:
        # The reader of our output has gone, for example `netlab requirements | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(Exit.AS_EXPECTED)


if __name__ == "__main__":
    sys.exit(main())
