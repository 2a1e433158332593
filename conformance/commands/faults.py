"""`netlab faults`: proves that faults are found, and that what is right is not accused."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from conformance.detection.captures import CaptureFault, capture_faults, run_capture_faults
from conformance.detection.live import run_live_faults
from conformance.detection.rows import HEAD, Row, line, summary
from conformance.faults.catalogue import Fault, load_catalogue
from conformance.federation import default_federation_path
from conformance.runs.folder import new_run_id
from conformance.vocabulary.errors import BadInput, Exit

KINDS = ("node", "terminal", "capture", "benign")


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "faults", help="detection table: each fault against the criteria that it must break"
    )
    command.add_argument("names", nargs="*", metavar="NAME", help="faults to show; all without it")
    command.add_argument("--kind", action="append", choices=KINDS, help="only faults of this kind; may be repeated")
    command.add_argument("--list", action="store_true", help="list the faults and run nothing")
    command.add_argument("--json", action="store_true", help="print one JSON list")
    command.add_argument("--federation", type=Path, metavar="FILE", help="federation whose nodes misbehave")
    command.add_argument("--reports", type=Path, metavar="DIR", help="keep captures and logs of live faults below DIR")
    command.set_defaults(execute=execute, passes_options_on=False)


def execute(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Show the chosen faults, print the table, and return 0 where all is as expected, else 1."""
    kinds = set(arguments.kind or KINDS)
    live = [fault for fault in load_catalogue().fault if fault.kind.value in kinds]
    captured = [fault for fault in capture_faults() if fault.kind in kinds] if kinds - {"node", "terminal"} else []
    live, captured = _named(arguments.names, live, captured)
    if arguments.list:
        listed = [(one.name, one.kind.value, one.expected, one.words) for one in live]
        listed += [(one.name, one.kind, tuple(sorted(one.expected)), one.words) for one in captured]
        for name, kind, expected, words in listed:
            print(f"{name:44} {kind:8} {', '.join(expected) or '-':16} {words}")
        return int(Exit.AS_EXPECTED if listed else Exit.NOTHING)
    rows = []
    if not arguments.json:
        print(HEAD, flush=True)
    for one in _rows(live, captured, arguments):
        rows.append(one)
        if not arguments.json:
            print(line(one), flush=True)
    if arguments.json:
        print(json.dumps([one.as_json() for one in rows], indent=1))
    else:
        print("\n".join(summary(rows)))
    return int(Exit.AS_EXPECTED if all(one.ok for one in rows) else Exit.DIFFERS)


def _named(
    names: Sequence[str], live: list[Fault], captured: list[CaptureFault]
) -> tuple[list[Fault], list[CaptureFault]]:
    """Keep the faults that were named; all where none was.

    Raises:
        BadInput: there is no such fault among those of the chosen kinds.
    """
    known = {fault.name for fault in live} | {fault.name for fault in captured}
    for name in names:
        if name not in known:
            raise BadInput(f"fault {name[:60]!r}: none of that name and kind; netlab faults --list shows all")
    if not names:
        return live, captured
    return [one for one in live if one.name in names], [one for one in captured if one.name in names]


def _rows(live: Sequence[Fault], captured: Sequence[CaptureFault], arguments: argparse.Namespace) -> Iterator[Row]:
    if live:
        yield from _live(live, arguments)
    yield from run_capture_faults(captured)


def _live(faults: Sequence[Fault], arguments: argparse.Namespace) -> Iterable[Row]:
    file = arguments.federation or default_federation_path()
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    if arguments.reports is not None:
        yield from run_live_faults(faults, file, worker, arguments.reports.absolute() / new_run_id())
        return
    with tempfile.TemporaryDirectory(prefix="netlab-faults-") as folder:
        yield from run_live_faults(faults, file, worker, Path(folder) / new_run_id())
