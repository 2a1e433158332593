"""What the nodes of a cell's testbeds logged while the cell ran."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path


def mark(logs: Iterable[Path]) -> dict[Path, int]:
    """Return how long each log is now, in octets; 0 where there is none yet."""
    return {log: log.stat().st_size if log.exists() else 0 for log in logs}


def write_since(marks: Mapping[Path, int], folder: Path) -> None:
    """Copy what each log got since it was marked into `folder`; a log that got nothing leaves no file.

    Args:
        marks: from `mark`.
        folder: made where it does not exist.
    """
    for log, start in marks.items():
        if not log.exists():
            continue
        with log.open("rb") as file:
            file.seek(start)
            grown = file.read()
        if grown:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / log.name).write_bytes(grown)
