"""`netlab validate CAPTURE...`: judges captures that somebody sent."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from conformance.federation import load_federation
from conformance.judgement import judge
from conformance.report.lines import criterion_line
from conformance.trace.decode import read_trace
from conformance.vocabulary.errors import Exit
from conformance.vocabulary.results import Judgement
from conformance.vocabulary.verdicts import Verdict, worst


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser("validate", help="judge captures that somebody sent")
    command.add_argument("captures", nargs="+", type=Path, metavar="CAPTURE", help="files of one and the same event")
    command.add_argument("--flow", metavar="ID", help="judge against this flow only")
    command.add_argument("--federation", type=Path, metavar="FILE", help="names and features of the testbeds")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(execute=execute, passes_options_on=False)


def execute(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Judge the captures, print the result, and return the exit code that it deserves."""
    federation = load_federation(arguments.federation) if arguments.federation else None
    judgement = judge(read_trace(arguments.captures), federation=federation, flow=arguments.flow)
    if arguments.json:
        print(judgement.model_dump_json(by_alias=True, exclude={"procedures": {"__all__": {"ladder"}}}))
    else:
        print(_text(judgement))
    return int(_exit_code(judgement))


def _exit_code(judgement: Judgement) -> Exit:
    if not judgement.procedures:
        return Exit.NOTHING
    overall = worst(*(verdict for procedure in judgement.procedures for verdict in procedure.pair))
    return {
        Verdict.ERROR: Exit.BROKEN,
        Verdict.FAIL: Exit.DIFFERS,
        Verdict.INCONCLUSIVE: Exit.INCONCLUSIVE,
    }.get(overall, Exit.AS_EXPECTED)


def _text(judgement: Judgement) -> str:
    lines = []
    for capture in judgement.captures:
        drops = "loss unknown" if capture.drops is None else f"{capture.drops} lost"
        lines.append(
            f"{capture.file}: {capture.frames} frames, {capture.signalling} with signalling, "
            f"{capture.copies} copies, {drops}"
        )
        lines += [f"  {problem}" for problem in capture.problems]
    for procedure in judgement.procedures:
        lines.append(
            f"{procedure.flow} of {', '.join(procedure.subject)}: interoperability {procedure.interoperability}, "
            f"conformance {procedure.conformance}"
        )
        lines += [f"  {reason}" for reason in procedure.reasons]
        lines += [
            f"  {criterion_line(criterion)}"
            for criterion in procedure.criteria
            if criterion.verdict in (Verdict.FAIL, Verdict.ERROR)
        ]
    if not judgement.procedures:
        lines.append("no procedure was found; expected SIP registrations")
    return "\n".join(lines)
