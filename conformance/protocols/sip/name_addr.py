"""Lists of addresses in header fields, read without changing a character of what is kept (RFC 3261 7.3.1, 20.10).

The codec library percent-encodes parameters when it writes them back; Contact, Path and Service-Route must come
back exactly as they were sent, so they are cut here and never rebuilt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|<[^>]*>|[^"<,;]+|[,;]|["<]', re.DOTALL)
_MOST = 64
"""More list entries than that are refused: a header field of a real message has a handful."""


@dataclass(frozen=True, slots=True)
class NameAddr:
    """One address of a list: the URI as written, and the header parameters behind it in order."""

    text: str
    """The whole entry, as it was sent."""
    uri: str
    parameters: tuple[tuple[str, str | None], ...]

    def parameter(self, name: str) -> str | None:
        """Return the value of the header parameter of that lower case name; None where it is absent or bare."""
        return next((value for key, value in self.parameters if key.lower() == name), None)

    @classmethod
    def parse(cls, text: str) -> NameAddr:
        """Read one entry: `"name" <uri>;parameter=value` or `uri;parameter=value`.

        Raises:
            ValueError: no URI.
        """
        head, *rest = _cut([text], ";")
        bracketed = re.search(r"<([^>]*)>\s*$", head)
        uri = (bracketed[1] if bracketed else head).strip()
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"]+", uri):
            raise ValueError(f"address: expected a URI, found {text[:60]!r}")
        parameters = []
        for piece in rest:
            name, mark, value = piece.partition("=")
            parameters.append((name.strip(), value.strip() if mark else None))
        return cls(text.strip(), uri, tuple(parameters))


def split_entries(values: Iterable[str]) -> list[str]:
    """Return the entries of a header field that may hold several in a line and several lines, in order.

    Raises:
        ValueError: more than 64 entries.
    """
    entries = [entry.strip() for entry in _cut(values, ",") if entry.strip()]
    if len(entries) > _MOST:
        raise ValueError(f"address list: expected at most {_MOST} entries, found {len(entries)}")
    return entries


def parse_addresses(values: Iterable[str]) -> list[NameAddr]:
    """Return all addresses of a header field, in order.

    Raises:
        ValueError: an entry without a URI, or more than 64 entries.
    """
    return [NameAddr.parse(entry) for entry in split_entries(values)]


def _cut(values: Iterable[str], separator: str) -> list[str]:
    """Cut at separators that stand outside of quoted strings and angle brackets."""
    parts: list[str] = []
    for value in values:
        part = ""
        for piece in _PIECE.findall(value):
            if piece == separator:
                parts.append(part)
                part = ""
            else:
                part += piece
        parts.append(part)
    return parts
