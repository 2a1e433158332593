"""The pytest plugin of `netlab run` that shows how far the run is: drawn on a terminal, else in a few plain lines.

`commands/run.py` alone registers it; `pytest testcases` keeps the output of pytest. Under xdist only the controller has
it, and is told of all workers' cells by the same hooks.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

import pytest
from rich.console import Console, ConsoleDimensions, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from conformance.report.text import short, visible
from conformance.runs.brief import CellBrief, read_cell
from conformance.runs.folder import RESULT_FILE
from conformance.runs.outcome import Outcome, outcome
from conformance.runs.progress import LINE_LIMIT, NAME_LIMIT, Progress, clock, failing_line
from conformance.vocabulary.errors import BadInput

OPTIONS = ("-qq", "--no-summary", "-oconsole_output_style=classic")
"""What keeps pytest's own reporter from drawing into the progress and from telling each failure a second time."""
_OWN_OUTPUT = frozenset(
    [
        "--verbose",
        "--help",
        "--version",
        "--collect-only",
        "--co",
        "--fixtures",
        "--fixtures-per-test",
        "--markers",
        "--pdb",
        "--trace",
        "--capture",
        "--setup-only",
        "--setup-show",
        "--setup-plan",
        "--cache-show",
        "--log-cli-level",
        "--tb",
        "--full-trace",
        "--durations",
        "--showlocals",
        "--pastebin",
        "--debug",
    ]
)
_OWN_OUTPUT_LETTERS = re.compile("-[xq]*[hlrsv]")
"""Options of somebody who wants to see what pytest prints."""
_MOST_OF_ONE_REASON = 3
"""Lines of cells that were not run, all for the same reason."""
_REFRESHES = 4
"""A second."""
_NARROW = 60
"""Columns below which there is no room for a bar."""


def wants_own_output(options: Sequence[str]) -> bool:
    """Whether the options of a run ask for what pytest prints: then it prints, and nothing is drawn."""
    return any(option.partition("=")[0] in _OWN_OUTPUT or _OWN_OUTPUT_LETTERS.match(option) for option in options)


def own_copy_of_standard_output() -> TextIO:
    """Return standard output as it is before pytest captures it: what is drawn meanwhile goes past the capture."""
    sys.stdout.flush()
    copy = os.dup(sys.stdout.fileno())
    return os.fdopen(copy, "w", encoding=sys.stdout.encoding, errors="backslashreplace", buffering=1)


class Terminal(Console):
    """A console whose width is that of its own file: pytest takes the standard streams away while it captures."""

    def __init__(self, output: TextIO) -> None:
        super().__init__(file=output, force_terminal=output.isatty(), highlight=False, soft_wrap=True)

    @property
    def draws(self) -> bool:
        """Whether it is a terminal on which lines can be written again."""
        return self.is_terminal and not self.is_dumb_terminal

    @property  # type: ignore[misc]  # nobody sets it here
    def size(self) -> ConsoleDimensions:
        """Columns and lines at the moment."""
        try:
            columns, lines = os.get_terminal_size(self.file.fileno())
        except (OSError, ValueError):
            return super().size
        return ConsoleDimensions(columns, lines) if columns and lines else super().size


class ProgressPlugin:
    """Counts cells and shows them.

    Args:
        run: folder of the run.
        output: where to; a terminal is drawn on, unless it can only print lines.
    """

    def __init__(self, run: Path, output: TextIO) -> None:
        self._run = run
        self._console = Terminal(output)
        self._live: Live | None = None
        self._failed: set[str] = set()
        self._skipped: set[str] = set()
        self._ended: set[str] = set()
        self._briefs: dict[str, CellBrief] = {}
        self._same: Counter[str] = Counter()
        self.progress = Progress(started=time.monotonic())
        self.failing: list[CellBrief] = []
        """Cells that are not as expected, in the order in which they ended."""
        self.texts: list[str] = []
        """What pytest says of failures that no cell explains: mistakes of test cases, of files, of workers."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Begin to draw, and keep xdist from telling of its workers on the same lines."""
        workers = session.config.pluginmanager.getplugin("dsession")
        if workers is not None:
            session.config.pluginmanager.unregister(name="terminaldistreporter")
            workers.terminal = None
        self.progress.started = time.monotonic()
        if self._console.draws:
            self._live = Live(
                _Drawing(self.progress),
                console=self._console,
                refresh_per_second=_REFRESHES,
                transient=True,
                # pytest captures both, and puts them back when it likes.
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Take the number of cells; under xdist the controller collects none itself."""
        self.progress.total = max(self.progress.total, len(session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: Sequence[str]) -> None:
        """Take the number of cells from a worker; all have the same."""
        self.progress.total = len(ids)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str]:
        """Give pytest's reporter something to count and nothing to print."""
        if report.outcome == "failed":
            return "failed" if report.when == "call" else "error", "", ""
        return ("skipped" if report.outcome == "skipped" else "passed" if report.when == "call" else ""), "", ""

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep what is wrong with a file of test cases."""
        if report.failed:
            self.texts.append(report.longreprtext)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note that a cell has begun."""
        self.progress.begin(_short(nodeid), time.monotonic())

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Tell at once of a cell that fails."""
        if report.skipped:
            self._skipped.add(report.nodeid)
        if not report.failed and report.when != "call" and not report.skipped:
            return
        cell = self._result(report)
        if cell is not None:
            self._briefs[report.nodeid] = cell
        if report.failed and report.nodeid not in self._failed:
            self._failed.add(report.nodeid)
            self._tell(report, cell)
        if report.failed and report.when not in ("setup", "call", "teardown"):
            self.pytest_runtest_logfinish(report.nodeid)  # its worker died; nobody else will say that it has ended

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Note that a cell has come to its end."""
        if nodeid in self._ended:
            return
        self._ended.add(nodeid)
        self.progress.end(_short(nodeid), failed=nodeid in self._failed, skipped=nodeid in self._skipped)
        cell = self._briefs.pop(nodeid, None)
        if cell is not None:
            self.progress.pairs[str(cell.pair)] += 1
        if self._live is None:
            line = self.progress.heartbeat(time.monotonic())
            if line is not None:
                self._console.print(line, markup=False)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Stop drawing, also where somebody pressed Ctrl-C, before anything else is printed."""
        self.close()

    def pytest_internalerror(self, excrepr: object) -> None:
        """Let pytest print what went wrong inside of it."""
        self.close()

    def close(self) -> None:
        """Stop drawing and give the terminal its cursor back; a second call does nothing."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _tell(self, report: pytest.TestReport, cell: CellBrief | None) -> None:
        if cell is not None and outcome(cell, strict=True) is not Outcome.PASSED and report.when != "teardown":
            self.failing.append(cell)
            line = failing_line(cell)
        else:
            reason = _message(report)
            if "\n" in report.longreprtext.strip() and self._same[reason] == 0:
                self.texts.append(report.longreprtext)
            self._same[reason] += 1
            if self._same[reason] > _MOST_OF_ONE_REASON:
                return  # testbeds that are down say so in every cell
            line = short(f"{_short(report.nodeid)}: {reason}", LINE_LIMIT)
        self._console.print(Text(f"✗ {line}" if self._console.draws else f"differs: {line}", style="red"))

    def _result(self, report: pytest.TestReport) -> CellBrief | None:
        """Return the result of the report's cell; None for other tests, and where there is none to be read."""
        folder = dict(report.user_properties).get("evidence")
        try:
            return read_cell(self._run / str(folder) / RESULT_FILE) if folder else None
        except BadInput:
            return None


class _Drawing:
    """The lines that are drawn again and again, fitted to the width that the terminal has at the moment."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        progress, now = self._progress, time.monotonic()
        if not progress.total:
            yield self._line(f"bringing up the testbeds, {clock(now - progress.started)}")
            return
        if options.max_width >= _NARROW:
            yield self._bar(options.max_width - 1)
            yield self._line(progress.sentence(now))
        else:
            yield self._line(progress.counts())
            yield self._line(progress.times(now))
        # A line of its own also for a moment without any cell, else the picture would jump.
        yield self._line(progress.cells_under_way() or " ", style="dim")

    def _bar(self, width: int) -> Text:
        done = width * self._progress.done // self._progress.total
        return Text.assemble(
            ("━" * done, "red" if self._progress.failing else "green"), ("━" * (width - done), "bright_black")
        )

    @staticmethod
    def _line(words: str, style: str = "") -> Text:
        return Text(words, style=style, no_wrap=True, overflow="ellipsis")


def _short(nodeid: str) -> str:
    return visible(nodeid.rpartition("::")[2] or nodeid, NAME_LIMIT)


def _message(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(getattr(crash, "message", "")).removeprefix("Failed: ") or report.longreprtext or "failed"
