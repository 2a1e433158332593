"""`netlab validate CAPTURE...`: judges captures that somebody sent."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import IO, Any

from conformance.report.judgement_text import judgement_lines
from conformance.validation import validate
from conformance.vocabulary.errors import Exit
from conformance.vocabulary.results import Judgement
from conformance.vocabulary.verdicts import Verdict, worst


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "validate",
        help="judge captures that somebody sent",
        epilog="Exit code: 0 as expected, 1 a FAIL, 2 usage or unreadable, 3 evidence is missing and nothing worse, "
        "4 tshark is missing or the harness erred, 5 no procedure was found.",
    )
    command.add_argument("captures", nargs="+", type=Path, metavar="CAPTURE", help="files of one and the same event")
    command.add_argument("--flow", metavar="ID", help="judge against this flow only (netlab flows lists them)")
    command.add_argument("--federation", type=Path, metavar="FILE", help="names and features of the testbeds")
    command.add_argument("--keys", type=Path, metavar="FILE", help="TLS key log lines and ESP security associations")
    command.add_argument("--workers", type=_count, default=1, metavar="N", help="processes that judge a large capture")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(execute=execute, passes_options_on=False)


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text[:4]) <= 64:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of processes, expected 1 to 64")
    return int(text)


def execute(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Judge the captures, print the result, and return the exit code that it deserves."""
    judgement = validate(
        *arguments.captures,
        federation=arguments.federation,
        flow=arguments.flow,
        keys=arguments.keys,
        workers=arguments.workers,
    )
    if arguments.json:
        _write_json(judgement, sys.stdout)
    else:
        for line in judgement_lines(judgement):
            print(line)
    return int(exit_code(judgement, flow=arguments.flow))


def exit_code(judgement: Judgement, *, flow: str | None) -> Exit:
    """Return the exit code that a judgement deserves.

    Args:
        judgement: What was found.
        flow: The flow that was asked for; a procedure that left it is not as expected, whatever its verdicts, and
            where packets may have been lost nobody can tell. None: each procedure has the flow that fits it best.
    """
    if not judgement.procedures:
        return Exit.NOTHING
    verdicts = [judgement.verdict]
    if flow is not None and any(procedure.departure is not None for procedure in judgement.brief):
        lossless = all(capture.drops == 0 for capture in judgement.captures)
        verdicts.append(Verdict.FAIL if lossless else Verdict.INCONCLUSIVE)
    return {
        Verdict.ERROR: Exit.BROKEN,
        Verdict.FAIL: Exit.DIFFERS,
        Verdict.INCONCLUSIVE: Exit.INCONCLUSIVE,
    }.get(worst(*verdicts), Exit.AS_EXPECTED)


def _write_json(judgement: Judgement, stream: IO[str]) -> None:
    """Write one JSON object, procedure by procedure: of a large capture it would be hundreds of megabytes as one text.

    The ladder is left out: it is the capture once more.
    """
    head = judgement.model_dump_json(by_alias=True, exclude={"procedures"})
    stream.write(f'{head[:-1]},"procedures":[')
    for index, procedure in enumerate(judgement.procedures):
        stream.write("," if index else "")
        stream.write(procedure.model_dump_json(by_alias=True, exclude={"ladder"}))
    stream.write("]}\n")
