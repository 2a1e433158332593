"""Text that came from packets, made fit to be shown: bounded, and without characters that draw something else."""

from __future__ import annotations

import re
import unicodedata

LIMIT = 16_384


def visible(text: str, limit: int = LIMIT) -> str:
    """Return the text with control and invisible formatting characters written as escapes.

    Line feeds and tabs stay. HTML is escaped elsewhere, by the templates, for all text alike.

    Args:
        text: anything.
        limit: characters that are kept; what is cut is said.
    """
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text  # nearly all text
    shown = _SUSPECT.sub(_written, text[:limit].replace("\r\n", "\n"))
    return shown if len(text) <= limit else f"{shown}\n... {len(text) - limit} characters more"


def short(text: str, limit: int) -> str:
    """Return the text in one line of at most `limit` characters, with an ellipsis where it was cut."""
    if len(text) <= limit and text.isascii() and text.isprintable() and "  " not in text:
        return text.strip(" ")
    line = " ".join(visible(text, LIMIT).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


_SUSPECT = re.compile(r"[^\n\t -~\xa0-\xac\xae-\xff]")
"""What has to be looked at one by one: all but line feeds, tabs and the letters and signs of Latin-1."""


def _written(found: re.Match[str]) -> str:
    character = found.group()
    if unicodedata.category(character) not in _HIDDEN:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
