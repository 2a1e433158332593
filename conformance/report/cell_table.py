"""`cells.csv`: one line a cell, for spreadsheets and scripts.

RFC 4180: comma, CRLF, every field quoted, a header line; UTF-8 without byte order mark.
"""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from conformance.report.blame import blamed, causes
from conformance.report.cell_times import times_of, written
from conformance.report.text import short
from conformance.vocabulary.results import CellResult
from conformance.vocabulary.times import TimeName

CELL_TABLE = "cells.csv"
COLUMNS = (
    "cell", "test_case", "home", "visited", "access_point", "terminal", "flow", "interoperability", "conformance",
    "expected_interoperability", "expected_conformance", "as_expected", "failing_criteria", "blamed_nodes", "reasons",
    "started", "duration_ms", "folder", "registration_ms", "post_dial_delay_ms", "set_up_ms", "first_media_ms",
    "core", "adapted", "tolerated",
)  # fmt: skip
"""Stable: columns are added at the end, never renamed or moved."""
BETWEEN = " | "
"""Between the values of one field. No spreadsheet takes it for the end of a field."""
LIMIT = 1000
_FORMULA = re.compile(r"^(?=[=+\-@\t\r\n])|(?<=;)(?=\s*[=+\-@])")
"""Where a formula could begin: at the start, and, where the semicolon is the separator of lists, behind one."""


class CellTable:
    """Writes the table, one cell at a time; the file is there, whole, when the block is left without an error.

    Args:
        file: where it has to stand.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._unfinished = file.with_name(f".{file.name}.part")

    def __enter__(self) -> Self:
        """Open the file and write the header line."""
        self._out = self._unfinished.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._out, quoting=csv.QUOTE_ALL)
        self._writer.writerow(COLUMNS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put the file in its place; an error leaves the one that was there before."""
        self._out.close()
        if kind is None:
            self._unfinished.replace(self._file)
        else:
            self._unfinished.unlink()

    def write(self, row: Sequence[str]) -> None:
        """Write the line of one cell, as `table_row` gives it."""
        self._writer.writerow(row)


def table_row(result: CellResult) -> list[str]:
    """Return the line of a cell: a value for each column, none of them a formula."""
    times = times_of(result)
    values = (
        result.cell,
        result.test_case,
        result.home,
        result.visited,
        result.access_point,
        result.terminal,
        result.flow,
        result.interoperability,
        result.conformance,
        result.expected_interoperability,
        result.expected_conformance,
        "yes" if result.as_expected else "no",
        _joined(sorted(result.failed_criteria)),
        _joined(blamed(result)),
        _joined(causes(result)),
        _instant(result.started_ns),
        result.duration_ms,
        result.folder,
        *(written(times, name, BETWEEN) for name in TimeName),
        result.core,
        ("yes" if result.adapted else "no") if result.profile else "",
        result.tolerated or "",
    )
    return [harmless(str(value)) for value in values]


def harmless(text: str) -> str:
    """Return the text so that no spreadsheet takes it for a formula: an apostrophe stands before what could be one."""
    return _FORMULA.sub("'", text)


def _joined(values: list[str]) -> str:
    return short(BETWEEN.join(values), LIMIT)


def _instant(nanoseconds: int) -> str:
    """ISO 8601 in UTC, to the millisecond."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest // 1_000_000:03d}Z"
