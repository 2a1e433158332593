"""An earlier run that is taken up again: finished where it was cut short, or its failing cells run once more.

A run remembers in its header with which words it was begun, on which federation and commit. Who finishes it uses the
same words; a cell that has a line is not run again. Both is refused where federation, options or commit are others:
one run has one set-up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.runs.brief import CellBrief, read_brief
from conformance.runs.folder import RUN_FILE, RunFolder, named_run, open_run
from conformance.runs.outcome import Outcome, outcome
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.results import RunHeader

CellName = tuple[str, str]
"""Identifier of the test case, and the short name of the cell: functions of two files may have the same name."""
_OF_ONE_RUN = ("--reports", "--run-id", "--junitxml", "--junit-xml", "--alluredir")
"""Options with a value that name a place of one run."""


@dataclass(frozen=True)
class Earlier:
    """What a run takes from an earlier one."""

    done: frozenset[CellName] = frozenset()
    """Cells that are not run again."""
    only: frozenset[CellName] | None = None
    """The cells that may be run; None: all."""
    resumed: bool = False
    """The earlier run itself goes on."""

    def wants(self, cell: CellName) -> bool:
        """Whether a cell is to be run."""
        return cell not in self.done and (self.only is None or cell in self.only)

    def to_json(self) -> dict[str, Any]:
        """Return it for an xdist worker."""
        only = None if self.only is None else [list(name) for name in sorted(self.only)]
        return {"done": [list(name) for name in sorted(self.done)], "only": only, "resumed": self.resumed}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Earlier:
        """Return what `to_json` told."""
        only = None if values["only"] is None else _names(values["only"])
        return cls(_names(values["done"]), only, values["resumed"])


def unfinished_run(name: str, reports: Path) -> Path:
    """Return the folder of a run that was cut short.

    Args:
        name: of the run; empty for the newest one that was cut short.
        reports: where runs are written.

    Raises:
        BadInput: there is none, it came to its end, or it is still under way.
    """
    if not name:
        files = [file for file in reports.glob(f"*/{RUN_FILE}") if not file.parent.is_symlink()]
        newest_first = sorted(files, key=lambda file: -file.stat().st_mtime_ns)
        found = next((file.parent for file in newest_first if open_run(file.parent).cut_short), None)
        if found is None:
            raise BadInput(f"{reports}: none of {len(files)} runs was cut short, so there is nothing to resume")
    else:
        found = named_run(name, reports).resolve()
        if not open_run(found).cut_short:
            raise BadInput(f"{name}: this run came to its end; --rerun-failed={name} runs its failing cells once more")
    if RunFolder(found).is_under_way:
        raise BadInput(f"{found.name}: this run is still under way; wait for its end, or stop it first")
    return found


def resumed(folder: Path) -> Earlier:
    """Return what is left out when the run in `folder` goes on.

    Raises:
        BadInput: the folder holds no readable run.
    """
    run = open_run(folder)
    return Earlier(done=frozenset((run.test_case_of(line), line.cell) for line in run.lines), resumed=True)


def rerun_failed(folder: Path) -> Earlier:
    """Return which cells of the run in `folder` are run once more: those that differ, are ERROR, or were not run.

    Raises:
        BadInput: the folder holds no readable run, or all its cells came out as expected.
    """
    failed = [cell for cell in read_brief(folder).cells if _has_failed(cell)]
    if not failed:
        raise BadInput(f"{folder.name}: all cells of this run came out as expected; there is nothing to run once more")
    return Earlier(only=frozenset((cell.test_case, cell.cell) for cell in failed))


def require_same(earlier: RunHeader, now: RunHeader) -> None:
    """Refuse to go on with a run whose set-up is no longer what it was.

    Raises:
        BadInput: federation file, options or commit differ.
    """
    what = None
    if earlier.federation_digest != now.federation_digest:
        what = f"the federation file has changed ({now.federation})"
    elif earlier.options != now.options:
        what = f"it was run with {' '.join(earlier.options)}, now with {' '.join(now.options)}"
    elif earlier.commit != now.commit:
        what = f"it was run with commit {_short(earlier.commit)}, the checkout is at {_short(now.commit)}"
    if what:
        raise BadInput(f"{earlier.run}: cannot be resumed: {what}; begin a new run, or --rerun-failed={earlier.run}")


def digest(file: Path) -> str:
    """Return SHA-256 of a federation file, in hexadecimal; empty where it is gone."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""


def words_to_repeat(words: Sequence[str]) -> list[str]:
    """Return the words with which a run can be begun again: all but those that name one run and its places."""
    kept: list[str] = []
    skip = False
    for word in words:
        name, has_value, _ = word.partition("=")
        if skip or name in _OF_ONE_RUN:
            skip = not skip and not has_value
        elif name not in ("--resume", "--rerun-failed"):
            kept.append(word)
    return kept


def _has_failed(cell: CellBrief) -> bool:
    return cell.not_run or outcome(cell, strict=True) in (Outcome.FAILED, Outcome.ERROR)


def _names(pairs: Iterable[Sequence[str]]) -> frozenset[CellName]:
    return frozenset((test_case, cell) for test_case, cell in pairs)


def _short(commit: str | None) -> str:
    return commit[:12] if commit else "unknown"
