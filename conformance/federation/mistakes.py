"""One line for each mistake of a federation file: where it is, what was found, expected, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

KeyPath = tuple[str | int, ...]
"""Keys and list indices from the top of the file: `("testbeds", "uc3m", "subscribers", 0, "impi")`."""

NOTHING = "nothing"
"""What is found where a key is missing."""

SECRET_KEYS = frozenset({"k", "op", "opc", "password", "xcap_password"})
_BARE = re.compile(r"[A-Za-z0-9_-]{1,60}")
_HEADER = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"\s*((?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'))*)\s*=")
_PART = re.compile(r"[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'")


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake. Its texts are for a person; none of them holds the value of a secret."""

    path: KeyPath
    found: str
    expected: str
    remedy: str
    meant: KeyPath | None = None
    """For a misspelt key: the path that it was probably meant to have."""


def without_echoes(mistakes: list[Mistake]) -> list[Mistake]:
    """Leave out what only follows from another mistake: a key that is missing because it is misspelt."""
    meant = {mistake.meant for mistake in mistakes}
    kept = [mistake for mistake in mistakes if mistake.found != NOTHING or mistake.path not in meant]
    return list(dict.fromkeys(kept))


def spell(path: Sequence[str | int]) -> str:
    """Write a path as in TOML: `testbeds.uc3m.subscribers[0].impi`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if _BARE.fullmatch(part) else shorten(part)
            text += f".{name}" if text else name
    return text or "the file"


def shorten(value: object) -> str:
    """Write a value on one line, bounded; control characters are escaped, tables and lists only named."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = ascii(value) if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def word(file: Path, lines: dict[KeyPath, int], mistake: Mistake) -> str:
    """Write the line that reports a mistake.

    Args:
        file: The federation file.
        lines: Line numbers by path, from `line_numbers`.
        mistake: What is wrong.

    Returns:
        `FILE:LINE: KEY PATH: found ..., expected ...: what to do`; without LINE where it is not known.
    """
    path = mistake.path
    while path and path not in lines:
        path = path[:-1]
    place = f"{file}:{lines[path]}" if path else f"{file}"
    found, expected = f"found {mistake.found}", f"expected {mistake.expected}"
    return f"{place}: {spell(mistake.path)}: {found}, {expected}: {mistake.remedy}"


def line_numbers(text: str) -> dict[KeyPath, int]:
    """Find the line of each table and key of a TOML text that is known to be well-formed.

    Keys of inline tables share the line of the key before them, which their paths fall back to.
    """
    lines: dict[KeyPath, int] = {}
    table: KeyPath = ()
    counts: dict[KeyPath, int] = {}
    for number, line in _outside_long_strings(text):
        if header := _HEADER.match(line):
            path = _indexed(_parts(header[2]), counts)
            if header[1] == "[[":
                counts[path] = counts.get(path, -1) + 1
                path = (*path, counts[path])
            table = path
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            path = (*table, *_parts(key[1]))
            for end in range(len(table) + 1, len(path) + 1):
                lines.setdefault(path[:end], number)
    return lines


def _outside_long_strings(text: str) -> Iterator[tuple[int, str]]:
    quote = ""
    for number, line in enumerate(text.split("\n"), 1):
        if quote:
            if line.count(quote) % 2:
                quote = ""
            continue
        yield number, line
        quote = next((each for each in ('"""', "'''") if line.count(each) % 2), "")


def _parts(dotted: str) -> KeyPath:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _indexed(parts: KeyPath, counts: dict[KeyPath, int]) -> KeyPath:
    """Insert the current index after each array of tables that the path goes through."""
    path: KeyPath = ()
    for part in parts[:-1]:
        path = (*path, part)
        if path in counts:
            path = (*path, counts[path])
    return (*path, *parts[-1:])
