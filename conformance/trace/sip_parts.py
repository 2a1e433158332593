"""The parts of a SIP message as they were read, and how bytes of it become text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

BLANK = b" \t\r\n"
LINE_END = re.compile(rb"\r\n|\n|\r")
_START = re.compile(
    rb"[\r\n]*(?:SIP/[0-9]+\.[0-9]+[ \t]+[0-9]{3}(?![0-9])"
    rb"|[A-Za-z][A-Za-z0-9.!%*_+`'~-]{0,63}[ \t]+[A-Za-z*][^\r\n]{0,8192}?"
    rb"[ \t]SIP/[0-9]+\.[0-9]+[ \t]*(?:[\r\n]|\Z))",
    re.IGNORECASE,
)
_USUAL_START = re.compile(
    rb"SIP/2\.0 [1-6][0-9][0-9] "
    rb"|(?:REGISTER|INVITE|ACK|BYE|CANCEL|OPTIONS|SUBSCRIBE|NOTIFY|PUBLISH|MESSAGE|PRACK|UPDATE|REFER|INFO)"
    rb" [A-Za-z][^\r\n ]{1,500} SIP/2\.0\r\n"
).match
"""What nearly all messages begin with; the pattern above knows all others, and costs twice as much."""


class Span(NamedTuple):
    """A byte range of the message that was read."""

    offset: int
    length: int

    @property
    def end(self) -> int:
        """Offset of the first byte behind the range."""
        return self.offset + self.length


class Problem(NamedTuple):
    """A departure from the grammar that the reader stepped over."""

    what: str
    span: Span


@dataclass(frozen=True, slots=True)
class Header:
    """One header field as it stands in the message, its folded lines included."""

    name: str
    """Long form in the standards' spelling: `Call-ID` for `call-id` and `i`."""
    raw_name: str
    """As written."""
    value: str
    """Unfolded and stripped; UTF-8, or Latin-1 where the bytes are not UTF-8."""
    span: Span
    """From the first byte of the name to the last byte of the value, folds included, line end excluded."""
    value_span: Span
    """From the first to the last byte of the value that is not white space."""


@dataclass(frozen=True, slots=True)
class Value:
    """One element of a header that is a comma list."""

    text: str
    span: Span
    raw: bytes = field(default=b"", repr=False, compare=False)
    """The bytes of `span`, so that a parser of the value can give byte ranges too."""


def text_of(raw: bytes) -> str:
    """Return bytes as text: UTF-8, or Latin-1 where they are not UTF-8."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def unfold(raw: bytes) -> str:
    """Return a header's bytes as text with each folded line end as one space (RFC 3261 7.3.1)."""
    if b"\n" in raw or b"\r" in raw:
        parts = (part.strip(b" \t") for part in LINE_END.split(raw))
        raw = b" ".join(part for part in parts if part)
    return text_of(raw.strip(BLANK))


def looks_like_sip(raw: bytes) -> bool:
    """Tell whether the bytes begin, after any empty lines, with a SIP start line of any version."""
    return _USUAL_START(raw) is not None or _START.match(raw) is not None
