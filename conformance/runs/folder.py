"""The folder of one run: `reports/<run-id>/` with `run.jsonl`, one folder a cell, and `reports/latest`.

`run.jsonl` has a header, one line a cell and a mandatory footer. Every line is written with one append, so
that a run that is killed keeps all that it had finished, and so that parallel workers can share the file.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.results import CellResult, RunCell, RunFooter, RunHeader

RUN_FILE = "run.jsonl"
RESULT_FILE = "result.json"
SPOOL = "spool"
NODES = "nodes"
VPN = "vpn"
"""Below the nodes: what OpenVPN was told, and what it said."""
PROCESS_FILE = ".process"
"""Of a run that was taken up again: the number of the process that makes it now."""
_INTERRUPTED = 2
"""Exit code of pytest in the footer of a run that somebody stopped."""


def new_run_id() -> str:
    """Return a name for a run that begins now, in UTC: `20261122-184512-4711` (date, time, process)."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{os.getpid()}"


def slug(name: str) -> str:
    """Return a folder name for a cell: letters, digits and `@ . _ -` stay, the rest becomes one `.`."""
    return re.sub(r"[^A-Za-z0-9@_-]+", ".", name).strip(".")[:120] or "cell"


@dataclass(frozen=True)
class RunFolder:
    """Writes one run. All methods may be called by several workers of the same run."""

    path: Path

    @property
    def run_id(self) -> str:
        """Name of the run."""
        return self.path.name

    def begin(self, header: RunHeader) -> bool:
        """Create the folder and write the header; return False where another worker has done so."""
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(self.path / RUN_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        except FileExistsError:
            return False
        os.write(descriptor, _line(header.model_dump_json(by_alias=True)))
        os.close(descriptor)
        self._point_latest_here()
        return True

    @property
    def is_under_way(self) -> bool:
        """Whether the process that makes the run still exists: that which took it up last, or whose number it has."""
        try:
            number = (self.path / PROCESS_FILE).read_text(encoding="ascii")
        except OSError:
            number = self.run_id.rpartition("-")[2]
        if not number.isdigit() or int(number) == os.getpid():
            return True
        try:
            os.kill(int(number), 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True

    def take_up(self) -> None:
        """Go on with a run that was cut short: this process makes it now."""
        file = self.path / RUN_FILE
        text = file.read_bytes()
        whole = text.rfind(b"\n") + 1
        if whole < len(text):  # it was killed in the middle of a line, which was never there for a reader
            os.truncate(file, whole)
        (self.path / PROCESS_FILE).write_text(str(os.getpid()), encoding="ascii")
        self._point_latest_here()

    def cell_folder(self, name: str) -> Path:
        """Create and return an empty folder for a cell; a second cell of the same name gets one of its own."""
        base = self.path / "cells" / slug(name)
        candidate, number = base, 1
        while True:
            try:
                candidate.mkdir(parents=True)
            except FileExistsError:
                number += 1
                candidate = base.with_name(f"{base.name}-{number}")
            else:
                return candidate

    def add(self, result: CellResult) -> None:
        """Write `result.json` of the cell, whole or not at all, then its line in `run.jsonl`."""
        file = self.path / result.folder / RESULT_FILE
        unfinished = file.with_suffix(".part")
        unfinished.write_text(result.model_dump_json(by_alias=True, indent=1) + "\n", encoding="utf-8")
        unfinished.replace(file)
        line = RunCell(
            cell=result.cell,
            test_case=result.test_case,
            folder=result.folder,
            interoperability=result.interoperability,
            conformance=result.conformance,
            as_expected=result.as_expected,
        )
        self._append(line.model_dump_json())

    def finish(self, exit_code: int) -> None:
        """Write the footer: from now on the run counts as complete."""
        cells = [entry for entry in read_lines(self.path) if isinstance(entry, RunCell)]
        footer = RunFooter(
            finished_ns=time.time_ns(),
            cells=len(cells),
            differing=[entry.cell for entry in cells if not entry.as_expected],
            exit_code=exit_code,
        )
        self._append(footer.model_dump_json())
        (self.path / PROCESS_FILE).unlink(missing_ok=True)

    def _append(self, text: str) -> None:
        descriptor = os.open(self.path / RUN_FILE, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(descriptor, _line(text))
        finally:
            os.close(descriptor)

    def _point_latest_here(self) -> None:
        latest = self.path.parent / "latest"
        fresh = latest.with_name(f".latest-{os.getpid()}")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(self.path.name)
        fresh.replace(latest)


def is_cut_short(footer: RunFooter | None) -> bool:
    """Tell whether a run with that last footer was killed, or stopped by somebody, before all its cells were done."""
    return footer is None or footer.exit_code == _INTERRUPTED


@dataclass(frozen=True)
class FinishedRun:
    """A run as it is found on disk."""

    path: Path
    header: RunHeader
    cells: Sequence[CellResult]
    footer: RunFooter | None
    """None: the run was cut short."""


def read_lines(folder: Path) -> list[RunHeader | RunCell | RunFooter]:
    """Return the entries of `run.jsonl`; a last line that a killed run left unfinished is passed over.

    Raises:
        BadInput: the folder holds no run, or a line is none of the three kinds.
    """
    file = folder / RUN_FILE
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise BadInput(
            f"{file}: cannot be read ({error.strerror}); expected the folder of a run, for example reports/latest"
        ) from None
    complete, entries = lines[:-1], []
    kinds: dict[str, type[RunHeader] | type[RunCell] | type[RunFooter]] = {
        "header": RunHeader,
        "cell": RunCell,
        "footer": RunFooter,
    }
    for number, line in enumerate(complete, start=1):
        try:
            kind = json.loads(line)["kind"]
            entries.append(kinds[kind].model_validate_json(line))
        except (ValueError, KeyError, TypeError):
            raise BadInput(
                f"{file}:{number}: not a line of a run; expected a header, cell or footer object. "
                "Was the file edited? Use the run folder as the run wrote it"
            ) from None
    return entries


def named_run(name: str, reports: Path) -> Path:
    """Return the folder of a run.

    Args:
        name: its path, its name below `reports`, `latest`, or `previous`: the newest but one.
        reports: where runs are written.

    Raises:
        BadInput: there is no such run.
    """
    if name == "previous":
        files = [file for file in reports.glob(f"*/{RUN_FILE}") if not file.parent.is_symlink()]
        if len(files) < 2:
            raise BadInput(f"{reports}: found {len(files)} runs, expected two or more for `previous`; run once more")
        newest_first = sorted(files, key=lambda file: -file.stat().st_mtime_ns)
        # What `latest` points at is not the newest file where runs were copied, or where two ran at the same time.
        latest = (reports / "latest").resolve()
        others = [file.parent for file in newest_first if file.parent.resolve() != latest]
        return others[0] if len(others) < len(files) else others[1]
    for folder in (reports / name, Path(name)):
        if (folder / RUN_FILE).is_file():
            return folder
    raise BadInput(f"{name}: no such run in {reports} and no folder of a run; expected one that holds {RUN_FILE}")


@dataclass(frozen=True)
class OpenRun:
    """A run on disk whose cells are read one by one: there may be ten thousand."""

    path: Path
    header: RunHeader
    lines: Sequence[RunCell]
    """One a cell, in the order in which they ended."""
    footer: RunFooter | None
    """None: the run was cut short."""

    @property
    def cut_short(self) -> bool:
        """Whether it was killed, or stopped by somebody, before all its cells were done."""
        return is_cut_short(self.footer)

    def test_case_of(self, line: RunCell) -> str:
        """Return the identifier of a cell's test case."""
        return line.test_case or self.cell(line).test_case

    def cells(self) -> Iterator[CellResult]:
        """Read the results, one after the other.

        Raises:
            BadInput: one cannot be read.
        """
        for line in self.lines:
            yield self.cell(line)

    def cell(self, line: RunCell) -> CellResult:
        """Read one result.

        Raises:
            BadInput: it cannot be read.
        """
        file = self.path / line.folder / RESULT_FILE
        if Path(line.folder).is_absolute() or ".." in Path(line.folder).parts:
            raise BadInput(
                f"{self.path / RUN_FILE}: the folder of {line.cell!r} is {line.folder!r}, expected one inside the run; "
                "use the run folder as the run wrote it"
            )
        try:
            result = CellResult.model_validate_json(file.read_bytes())
        except (OSError, ValidationError):
            raise BadInput(f"{file}: cannot be read as a cell's result; was the run folder copied whole?") from None
        if result.folder != line.folder:
            raise BadInput(f"{file}: says that it lies in {result.folder!r}, expected {line.folder!r}")
        return result


def open_run(folder: Path) -> OpenRun:
    """Return the run that `folder` holds, cut short or complete; its results are not read yet.

    Raises:
        BadInput: the folder holds no readable run; one line says which file and why.
    """
    entries = read_lines(folder)
    header = next((entry for entry in entries if isinstance(entry, RunHeader)), None)
    if header is None:
        raise BadInput(f"{folder / RUN_FILE}: has no header line; expected a run that was begun by netlab or pytest")
    # A run that was taken up again has the footers of those who stopped it, too.
    footer = next((entry for entry in reversed(entries) if isinstance(entry, RunFooter)), None)
    return OpenRun(folder, header, [entry for entry in entries if isinstance(entry, RunCell)], footer)


def read_run(folder: Path) -> FinishedRun:
    """Return the run that `folder` holds with all its results.

    Raises:
        BadInput: the folder holds no readable run; one line says which file and why.
    """
    run = open_run(folder)
    return FinishedRun(path=folder, header=run.header, cells=list(run.cells()), footer=run.footer)


def _line(text: str) -> bytes:
    return text.encode() + b"\n"
