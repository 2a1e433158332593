"""Lossless reader of SIP messages (RFC 3261 7 and 25): it reads whatever came and never raises.

Nothing is repaired: every header keeps its place, its spelling and its byte range, and every departure from
the grammar that the reader steps over becomes a `Problem` with its byte range. What the values of the
headers mean is read by `sip_values`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from conformance.trace.sip_names import NOT_LISTS, SINGLE, canonical

_T = TypeVar("_T")

MAX_PROBLEMS = 100
"""Further problems of one message are not listed: a hostile message must not fill the memory."""

_LINE = re.compile(rb"([^\r\n]*)(\r\n|\n|\r|\Z)")
_LINE_END = re.compile(rb"\r\n|\n|\r")
_TOKEN = re.compile(rb"[A-Za-z0-9.!%*_+`'~-]+\Z")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_VERSION = re.compile(rb"SIP/[0-9]+\.[0-9]+\Z", re.IGNORECASE)
_START = re.compile(
    rb"[\r\n]*(?:SIP/[0-9]+\.[0-9]+[ \t]+[0-9]{3}(?![0-9])"
    rb"|[A-Za-z][A-Za-z0-9.!%*_+`'~-]{0,63}[ \t]+[A-Za-z*][^\r\n]{0,8192}?"
    rb"[ \t]SIP/[0-9]+\.[0-9]+[ \t]*(?:[\r\n]|\Z))",
    re.IGNORECASE,
)
_CSEQ = re.compile(rb"([0-9]{1,10})[ \t\r\n]+([^\s]+)")
_DELIMITERS = re.compile(rb"[\",<>\\]")
_LINE_ENDS = {b"\n": "a bare LF ends a line", b"\r": "a bare CR ends a line"}
_BLANK = b" \t\r\n"


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


@dataclass(frozen=True, slots=True, eq=False)
class SipText:
    """A SIP message as it was read. Offsets count from the first byte of `raw`."""

    raw: bytes
    is_request: bool
    method: str
    """Of a request the start line's, of a response the CSeq's; empty where there is none."""
    request_uri: str
    request_uri_span: Span
    status: int | None
    """Status code of a response; None for a request and for a start line that could not be read."""
    reason: str
    start_span: Span
    headers: tuple[Header, ...]
    body: bytes
    body_span: Span
    problems: tuple[Problem, ...]
    call_id: str
    cseq_number: int | None
    cseq_method: str

    _memo: dict[tuple[str, str], Any] = field(default_factory=dict, init=False, repr=False)
    """What was asked of this message before: a judge asks for the same headers again and again."""

    def all(self, name: str) -> tuple[Header, ...]:
        """Return the headers of that name in their order.

        Args:
            name: Long or compact, in any case.
        """
        key = ("all", name)
        found: tuple[Header, ...] | None = self._memo.get(key)
        if found is None:
            wanted = canonical(name).lower()
            found = tuple(header for header in self.headers if header.name.lower() == wanted)
            self._memo[key] = found
        return found

    def first(self, name: str) -> Header | None:
        """Return the first header of that name (any case, long or compact), None where there is none."""
        found = self.all(name)
        return found[0] if found else None

    def values(self, name: str) -> tuple[Value, ...]:
        """Return the elements of all headers of that name, comma lists taken apart (RFC 3261 7.3.1).

        Commas in quoted strings and in angle brackets separate nothing. Headers with credentials or
        challenges, and those that hold one value by definition, are one element each.

        Args:
            name: Long or compact, in any case.
        """
        return self.remember("values", name, _values)

    def remember(self, what: str, name: str, make: Callable[[SipText, str], _T]) -> _T:
        """Return what `make` makes of this message and a header name; it is made once.

        Args:
            what: Name of the kind of things that is made.
            name: Name of the header.
            make: Pure; gets this message and the name.
        """
        key = (what, name)
        if key not in self._memo:
            self._memo[key] = make(self, name)
        found: _T = self._memo[key]
        return found

    def forget(self) -> None:
        """Give back the memory of what was asked before."""
        self._memo.clear()


def _values(sip: SipText, name: str) -> tuple[Value, ...]:
    found: list[Value] = []
    for header in sip.all(name):
        if header.name in NOT_LISTS:
            span = header.value_span
            found.append(Value(header.value, span, sip.raw[span.offset : span.end]))
        else:
            found.extend(_split(sip.raw, header.value_span))
    return tuple(found)


def text_of(raw: bytes) -> str:
    """Return bytes as text: UTF-8, or Latin-1 where they are not UTF-8."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def unfold(raw: bytes) -> str:
    """Return a header's bytes as text with each folded line end as one space (RFC 3261 7.3.1)."""
    if b"\n" in raw or b"\r" in raw:
        parts = (part.strip(b" \t") for part in _LINE_END.split(raw))
        raw = b" ".join(part for part in parts if part)
    return text_of(raw.strip(_BLANK))


def looks_like_sip(raw: bytes) -> bool:
    """Tell whether the bytes begin, after any empty lines, with a SIP start line of any version."""
    return _START.match(raw) is not None


def read_sip(raw: bytes) -> SipText:
    """Read one SIP message.

    Args:
        raw: The message as it was received: a datagram, or a part of a stream that begins with the message.

    Returns:
        All that could be read. Where there is a Content-Length, `body` has at most that many bytes; more
        bytes than that are a problem, as are fewer.
    """
    notes = _Notes(raw)
    start = len(raw) - len(raw.lstrip(b"\r\n"))
    if start:
        # RFC 3261 7.5 wants these ignored; over a stream they are keep-alives (RFC 5626 3.5.1).
        notes.add("empty lines before the start line", 0, start)
    lines = _lines(raw, start)
    first = next(lines, (start, start, b""))
    notes.line_end(*first)
    start_span = Span(first[0], first[1] - first[0])
    line = _start_line(raw, start_span, notes)
    headers, body_offset = _headers(lines, notes)
    body_span = _body(headers, body_offset, notes)
    call_id, cseq_number, cseq_method = _identity(headers, notes)
    notes.repetitions(headers)
    return SipText(
        raw=raw,
        is_request=line.is_request,
        method=line.method if line.is_request else cseq_method,
        request_uri=line.uri,
        request_uri_span=line.uri_span,
        status=line.status,
        reason=line.reason,
        start_span=start_span,
        headers=tuple(headers),
        body=raw[body_span.offset : body_span.end],
        body_span=body_span,
        problems=notes.done(),
        call_id=call_id,
        cseq_number=cseq_number,
        cseq_method=cseq_method,
    )


class _Notes:
    """The problems of one message, bounded; line ends are noted once a kind, with their count."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._found: list[Problem] = []
        self._line_ends: dict[bytes, tuple[int, int]] = {}

    def add(self, what: str, offset: int, length: int) -> None:
        if len(self._found) < MAX_PROBLEMS:
            self._found.append(Problem(what, Span(offset, length)))

    def line_end(self, _start: int, end: int, terminator: bytes) -> None:
        if terminator in _LINE_ENDS:
            first, count = self._line_ends.get(terminator, (end, 0))
            self._line_ends[terminator] = (first, count + 1)

    def repetitions(self, headers: list[Header]) -> None:
        seen: set[str] = set()
        for header in headers:
            if header.name in SINGLE and header.name in seen:
                self.add(f"{header.name} appears more than once", *header.span)
            seen.add(header.name)

    def done(self) -> tuple[Problem, ...]:
        for terminator, (first, count) in self._line_ends.items():
            times = f" ({count} times)" if count > 1 else ""
            self._found.append(Problem(_LINE_ENDS[terminator] + times, Span(first, 1)))
        return tuple(sorted(self._found, key=lambda problem: problem.span.offset))


class _StartLine(NamedTuple):
    is_request: bool = False
    method: str = ""
    uri: str = ""
    uri_span: Span = Span(0, 0)
    status: int | None = None
    reason: str = ""


def _lines(raw: bytes, start: int) -> Iterator[tuple[int, int, bytes]]:
    """Yield begin, end and terminator of each line from `start` on."""
    for match in _LINE.finditer(raw, start):
        if match.start() < len(raw):
            yield match.start(1), match.end(1), match.group(2)


def _start_line(raw: bytes, span: Span, notes: _Notes) -> _StartLine:
    # By hand and not by one pattern: hostile runs of spaces must not cost more than one pass.
    line = raw[span.offset : span.end]
    words = line.split(None, 1)
    result = _StartLine()
    if len(words) == 2 and _VERSION.match(words[0]) and line.startswith(words[0]):
        version, rest = words
        code, *reasons = rest.split(None, 1)
        reason = reasons[0].strip() if reasons else b""
        if not re.fullmatch(rb"[0-9]{3}", code):
            notes.add("the status code is not three digits", *span)
        else:
            if line != b"%b %b %b" % (version, code, reason):
                notes.add("the spaces of the status line are not single", *span)
            result = _StartLine(status=int(code), reason=text_of(reason))
    elif len(words) == 2 and _VERSION.match((tail := words[1].rsplit(None, 1))[-1]) and len(tail) == 2:
        method, version, uri = words[0], tail[1], tail[0]
        if line != b"%b %b %b" % (method, uri, version):
            notes.add("the spaces of the request line are not single", *span)
        if not _TOKEN.match(method):
            notes.add("the method is not a token", span.offset, len(line) - len(words[1]))
        uri_span = Span(span.offset + len(line) - len(words[1]), len(uri))
        if len(uri.split(None, 1)) > 1:
            notes.add("white space in the Request-URI", *uri_span)
        result = _StartLine(True, text_of(method), text_of(uri), uri_span)
    else:
        version = b""
        notes.add("the first line is neither a request line nor a status line", *span)
    if version and version.upper() != b"SIP/2.0":
        notes.add("the version is not SIP/2.0", span.offset + line.rfind(version), len(version))
    if control := _CONTROL.search(line):
        notes.add("a control character in the start line", span.offset + control.start(), 1)
    return result


def _headers(lines: Iterator[tuple[int, int, bytes]], notes: _Notes) -> tuple[list[Header], int]:
    """Read header lines up to the empty line; return the headers and the offset behind the empty line."""
    raw = notes.raw
    headers: list[Header] = []
    begin = end = -1
    for start, stop, terminator in lines:
        notes.line_end(start, stop, terminator)
        if start == stop:
            if begin >= 0:
                _header(begin, end, headers, notes)
            return headers, stop + len(terminator)
        if raw[start] in b" \t":
            if begin >= 0:
                end = stop
            else:
                notes.add("a folded line that follows no header", start, stop - start)
            continue
        if begin >= 0:
            _header(begin, end, headers, notes)
        begin, end = start, stop
    if begin >= 0:
        _header(begin, end, headers, notes)
    notes.add("no empty line behind the headers", len(raw), 0)
    return headers, len(raw)


def _header(start: int, stop: int, headers: list[Header], notes: _Notes) -> None:
    line = notes.raw[start:stop]
    colon = line.find(b":")
    # A colon behind a fold is no header's colon: the name stands in the first line.
    fold = _LINE_END.search(line)
    if colon < 0 or (fold is not None and colon > fold.start()):
        notes.add("a header line without a colon", start, stop - start)
        return
    raw_name = line[:colon].rstrip(b" \t")
    if not _TOKEN.match(raw_name):
        notes.add("the name of a header is not a token", start, colon)
    rest = line[colon + 1 :]
    lead = len(rest) - len(rest.lstrip(_BLANK))
    stripped = rest.strip(_BLANK)
    if control := _CONTROL.search(stripped):
        notes.add("a control character in a header", start + colon + 1 + lead + control.start(), 1)
    value_span = Span(start + colon + 1 + lead, len(stripped))
    try:
        stripped.decode()
    except UnicodeDecodeError as error:
        notes.add("a header is not UTF-8, read as Latin-1", value_span.offset + error.start, 1)
    name, span = text_of(raw_name), Span(start, len(line.rstrip(_BLANK)))
    headers.append(Header(canonical(name), name, unfold(stripped), span, value_span))


def _body(headers: list[Header], offset: int, notes: _Notes) -> Span:
    available = len(notes.raw) - offset
    header = next((header for header in headers if header.name == "Content-Length"), None)
    if header is None:
        return Span(offset, available)
    # Nine digits are more than any message has; int() of thousands of digits would raise.
    if not re.fullmatch(r"[0-9]{1,9}", header.value):
        notes.add("Content-Length is not a number of bytes", *header.value_span)
        return Span(offset, available)
    announced = int(header.value)
    if announced > available:
        notes.add(f"the body is cut: {available} bytes of {announced}", offset, available)
    elif announced < available:
        notes.add(f"{available - announced} bytes behind the body", offset + announced, available - announced)
    return Span(offset, min(announced, available))


def _identity(headers: list[Header], notes: _Notes) -> tuple[str, int | None, str]:
    call_id = next((header.value for header in headers if header.name == "Call-ID"), "")
    cseq = next((header for header in headers if header.name == "CSeq"), None)
    if cseq is None:
        return call_id, None, ""
    span = cseq.value_span
    match = _CSEQ.fullmatch(notes.raw, span.offset, span.end)
    if match is None:
        notes.add("CSeq is not a number and a method", *span)
        return call_id, None, ""
    return call_id, int(match.group(1)), text_of(match.group(2))


def _split(raw: bytes, span: Span) -> Iterator[Value]:
    """Yield the elements of a comma list; a comma in quotes or angle brackets separates nothing."""
    begin = position = span.offset
    closing = b""  # what ends the quoted string or the bracket that we are in
    while match := _DELIMITERS.search(raw, position, span.end):
        position = match.end()
        found = match.group()
        if found == b"\\":
            position += closing == b'"'  # RFC 3261 25.1: a quoted-pair stands in quoted strings only
        elif closing:
            closing = b"" if found == closing else closing
        elif found == b'"':
            closing = b'"'
        elif found == b"<":
            closing = b">"
        elif found == b",":
            yield from _element(raw, begin, match.start())
            begin = match.end()
    yield from _element(raw, begin, span.end)


def _element(raw: bytes, begin: int, end: int) -> Iterator[Value]:
    part = raw[begin:end]
    stripped = part.strip(_BLANK)
    if stripped:
        offset = begin + len(part) - len(part.lstrip(_BLANK))
        yield Value(unfold(stripped), Span(offset, len(stripped)), stripped)
