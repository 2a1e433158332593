"""Regular expressions that came from elsewhere, in the part of the syntax that is matched in bounded time.

User profiles hold extended regular expressions (3GPP TS 29.228). Whoever writes one could let a matcher that goes back
and tries again run for hours; so nothing is compiled in which one repetition can lie inside another, or many follow.
"""

from __future__ import annotations

import re
from functools import lru_cache

LONGEST_PATTERN = 256
LONGEST_TEXT = 4096
"""So much of a text is searched."""
_MOST_REPETITIONS = 3
_CLASS = re.compile(r"\[\^?\]?[^\]]*\]")
_ESCAPED = re.compile(r"\\.")
_REPETITION = re.compile(r"[*+?{]")
_ONLY_PYTHON = re.compile(r"\(\?|\\[A-Za-z0-9]")
"""What has another meaning in POSIX, or none."""


@lru_cache(maxsize=256)
def bounded_pattern(text: str) -> re.Pattern[str] | None:
    """Return a regular expression, letters of either case alike; None where it is none, or not of the bounded kind.

    Args:
        text: An extended regular expression (POSIX).
    """
    if len(text) > LONGEST_PATTERN or _ONLY_PYTHON.search(text):
        return None
    bare = _ESCAPED.sub("x", _CLASS.sub("x", text))
    if len(_REPETITION.findall(bare)) > _MOST_REPETITIONS or re.search(r"\)[*+?{]", bare):
        return None
    try:
        return re.compile(text, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError):
        return None


def found_in(pattern: re.Pattern[str], text: str) -> bool:
    """Tell whether a pattern is found anywhere in the first part of a text."""
    return pattern.search(text[:LONGEST_TEXT]) is not None
