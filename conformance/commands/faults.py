"""`netlab faults`: proves that faults are found, and that what is right is not accused."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.criteria import all_criteria
from conformance.detection.benign import all_changes, run_benign
from conformance.detection.captures import CAPTURE, CaptureFault, capture_faults, run_capture_faults
from conformance.detection.chance import foreign_base, percentages, reference_bases, try_random
from conformance.detection.live import run_live_faults
from conformance.detection.rows import BENIGN, HEAD, Row, line, summary
from conformance.faults.benign import words_of
from conformance.faults.catalogue import Fault, load_catalogue
from conformance.federation import default_federation_path
from conformance.runs.folder import new_run_id
from conformance.vocabulary.errors import BadInput, Exit

KINDS = ("node", "terminal", "capture", "benign")
DEFAULT_SEED = 1


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "faults",
        help="detection table: each fault against the criteria that it must break",
        description="Without options every fault of nodes, terminals and captures is shown, and every benign change.",
    )
    command.add_argument("names", nargs="*", metavar="NAME", help="faults and benign changes to show; all without it")
    command.add_argument("--kind", action="append", choices=KINDS, help="only those of this kind; may be repeated")
    command.add_argument("--benign", action="store_true", help="the same as --kind benign")
    command.add_argument("--random", type=_number, metavar="N", help="N random mutations of every base capture instead")
    command.add_argument("--base", type=Path, action="append", metavar="CAPTURE", help="mutate these captures instead")
    command.add_argument("--seed", type=int, default=DEFAULT_SEED, help="where chance begins (default: %(default)s)")
    command.add_argument("--list", action="store_true", help="list the faults and run nothing")
    command.add_argument("--criteria", action="store_true", help="list the criteria with their faults and run nothing")
    command.add_argument("--json", action="store_true", help="print one JSON list")
    command.add_argument("--federation", type=Path, metavar="FILE", help="federation whose nodes misbehave")
    command.add_argument("--reports", type=Path, metavar="DIR", help="keep captures and logs of live faults below DIR")
    command.set_defaults(execute=execute, passes_options_on=False)


def _number(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1000:
        raise argparse.ArgumentTypeError(f"expected a number from 1 to 1000, found {number}")
    return number


@dataclass(frozen=True)
class _Chosen:
    """What is shown."""

    live: Sequence[Fault]
    captured: Sequence[CaptureFault]
    changes: Sequence[str]
    """Benign changes of all base captures."""

    def listed(self) -> Iterator[tuple[str, str, Collection[str], str]]:
        """Yield name, kind, criteria that must fail, and words."""
        yield from ((one.name, one.kind.value, one.expected, one.words) for one in self.live)
        yield from ((one.name, one.kind, sorted(one.expected), one.words) for one in self.captured)
        yield from ((name, BENIGN, (), words_of(name)) for name in self.changes)


def execute(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Show what was chosen, print the table, and return 0 where all is as expected, else 1."""
    if arguments.random is not None:
        return _random(arguments)
    if arguments.base:
        raise BadInput("--base: names what --random mutates; give --random N too")
    chosen = _chosen(arguments)
    if arguments.list or arguments.criteria:
        lines = list(_by_criterion(chosen) if arguments.criteria else _listed(chosen))
        print("\n".join(lines))
        return int(Exit.AS_EXPECTED if lines else Exit.NOTHING)
    rows = []
    if not arguments.json:
        print(HEAD, flush=True)
    for one in _rows(chosen, arguments):
        rows.append(one)
        if not arguments.json:
            print(line(one), flush=True)
    if arguments.json:
        print(json.dumps([one.as_json() for one in rows], indent=1))
    else:
        print("\n".join(summary(rows)))
    return int(Exit.AS_EXPECTED if all(one.ok for one in rows) else Exit.DIFFERS)


def _random(arguments: argparse.Namespace) -> int:
    if arguments.names or arguments.kind or arguments.benign:
        raise BadInput("--random: expected without names and kinds of faults: chance chooses")
    chosen = [foreign_base(file) for file in arguments.base] if arguments.base else reference_bases()
    tried = []
    for one in try_random(chosen, arguments.random, arguments.seed):
        tried.append(one)
        if not arguments.json:
            print(one.line(), flush=True)
    print(json.dumps([one.as_json() for one in tried], indent=1) if arguments.json else "\n".join(percentages(tried)))
    return int(Exit.AS_EXPECTED)


def _chosen(arguments: argparse.Namespace) -> _Chosen:
    """Return the faults of the named kinds and names.

    Raises:
        BadInput: there is no fault of such a name among those of the chosen kinds.
    """
    kinds = set((["benign"] if arguments.benign else []) + (arguments.kind or [])) or set(KINDS)
    live = [fault for fault in load_catalogue().fault if fault.kind.value in kinds]
    captured = [fault for fault in capture_faults() if fault.kind in kinds] if kinds - {"node", "terminal"} else []
    changes = all_changes() if BENIGN in kinds else ()
    names = arguments.names
    known = {fault.name for fault in live} | {fault.name for fault in captured} | set(changes)
    for name in names:
        if name not in known:
            raise BadInput(f"fault {name[:60]!r}: none of that name and kind; netlab faults --list shows all")
    if not names:
        return _Chosen(live, captured, changes)
    return _Chosen(
        [one for one in live if one.name in names],
        [one for one in captured if one.name in names],
        [name for name in changes if name in names],
    )


def _listed(chosen: _Chosen) -> Iterator[str]:
    for name, kind, expected, words in chosen.listed():
        yield f"{name:44} {kind:8} {', '.join(expected) or '-':16} {words}"


def _by_criterion(chosen: _Chosen) -> Iterator[str]:
    """Yield each criterion with the faults that must break it, those of nodes and terminals first."""
    for criterion in all_criteria():
        shown = [(kind, name) for name, kind, expected, _ in chosen.listed() if criterion.id in expected]
        driven = [name for kind, name in shown if kind != CAPTURE]
        captured = [name for kind, name in shown if kind == CAPTURE]
        yield f"{criterion.id:8} driven: {', '.join(driven) or '-'}; captured: {', '.join(captured) or '-'}"


def _rows(chosen: _Chosen, arguments: argparse.Namespace) -> Iterator[Row]:
    if chosen.live:
        yield from _live(chosen.live, arguments)
    if chosen.captured:
        yield from run_capture_faults(chosen.captured)
    if chosen.changes:
        yield from run_benign(chosen.changes, arguments.seed)


def _live(faults: Sequence[Fault], arguments: argparse.Namespace) -> Iterator[Row]:
    file = arguments.federation or default_federation_path()
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    if arguments.reports is not None:
        yield from run_live_faults(faults, file, worker, arguments.reports.absolute() / new_run_id())
        return
    with tempfile.TemporaryDirectory(prefix="netlab-faults-") as folder:
        yield from run_live_faults(faults, file, worker, Path(folder) / new_run_id())
