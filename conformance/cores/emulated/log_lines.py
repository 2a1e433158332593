"""The end of a log, for people."""

from __future__ import annotations

from pathlib import Path

_LINE_AT_MOST = 300


def last_lines(file: Path, count: int) -> list[str]:
    """Return the last lines of a log, each bounded in length; none where there is no such file."""
    try:
        with file.open("rb") as log:
            log.seek(max(0, file.stat().st_size - count * 4096))
            text = log.read().decode(errors="replace")
    except OSError:
        return []
    return [line[:_LINE_AT_MOST] for line in text.splitlines()[-count:]]
