"""Reads a SIP message byte by byte and line by line, and notes every departure from the grammar (RFC 3261 7 and 25).

It reads whatever came and never raises. Messages that are as they should be are read faster by `sip`, with the same
result; this is what says that they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from conformance.trace.sip_names import SINGLE, canonical
from conformance.trace.sip_parts import BLANK, LINE_END, Header, Problem, Span, text_of, unfold

MAX_PROBLEMS = 100
"""Further problems of one message are not listed: a hostile message must not fill the memory."""

_LINE = re.compile(rb"([^\r\n]*)(\r\n|\n|\r|\Z)")
_TOKEN = re.compile(rb"[A-Za-z0-9.!%*_+`'~-]+\Z")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_VERSION = re.compile(rb"SIP/[0-9]+\.[0-9]+\Z", re.IGNORECASE)
_CSEQ = re.compile(rb"([0-9]+)[ \t\r\n]+([^\s]+)")
CSEQ_DIGITS = 10
"""More than any CSeq number has (RFC 3261 8.1.1.5: less than 2**31)."""
_LINE_ENDS = {b"\n": "a bare LF ends a line", b"\r": "a bare CR ends a line"}


class StartLine(NamedTuple):
    """What a start line says; `status` is None for a request and for a line that could not be read."""

    is_request: bool = False
    method: str = ""
    uri: str = ""
    uri_span: Span = Span(0, 0)
    status: int | None = None
    reason: str = ""


class Reading(NamedTuple):
    """All that was read of one message."""

    line: StartLine
    start_span: Span
    headers: tuple[Header, ...]
    body_span: Span
    call_id: str
    cseq_number: int | None
    cseq_method: str
    problems: tuple[Problem, ...]


def read_carefully(raw: bytes) -> Reading:
    """Read one message.

    Args:
        raw: The message from its first byte, or empty lines before it.

    Returns:
        All that could be read. Where there is a Content-Length, the body has at most that many bytes; more bytes
        than that are a problem, as are fewer.
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
    return Reading(line, start_span, tuple(headers), body_span, call_id, cseq_number, cseq_method, notes.done())


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


def _lines(raw: bytes, start: int) -> Iterator[tuple[int, int, bytes]]:
    """Yield begin, end and terminator of each line from `start` on."""
    for match in _LINE.finditer(raw, start):
        if match.start() < len(raw):
            yield match.start(1), match.end(1), match.group(2)


def _start_line(raw: bytes, span: Span, notes: _Notes) -> StartLine:
    # By hand and not by one pattern: hostile runs of spaces must not cost more than one pass.
    line = raw[span.offset : span.end]
    words = line.split(None, 1)
    result = StartLine()
    if len(words) == 2 and _VERSION.match(words[0]) and line.startswith(words[0]):
        version, rest = words
        code, *reasons = rest.split(None, 1)
        reason = reasons[0].strip() if reasons else b""
        if not re.fullmatch(rb"[0-9]{3}", code):
            notes.add("the status code is not three digits", *span)
        else:
            if line != b"%b %b %b" % (version, code, reason):
                notes.add("the spaces of the status line are not single", *span)
            result = StartLine(status=int(code), reason=text_of(reason))
    elif len(words) == 2 and _VERSION.match((tail := words[1].rsplit(None, 1))[-1]) and len(tail) == 2:
        method, version, uri = words[0], tail[1], tail[0]
        if line != b"%b %b %b" % (method, uri, version):
            notes.add("the spaces of the request line are not single", *span)
        if not _TOKEN.match(method):
            notes.add("the method is not a token", span.offset, len(line) - len(words[1]))
        uri_span = Span(span.offset + len(line) - len(words[1]), len(uri))
        if len(uri.split(None, 1)) > 1:
            notes.add("white space in the Request-URI", *uri_span)
        result = StartLine(True, text_of(method), text_of(uri), uri_span)
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
    fold = LINE_END.search(line)
    if colon < 0 or (fold is not None and colon > fold.start()):
        notes.add("a header line without a colon", start, stop - start)
        return
    raw_name = line[:colon].rstrip(b" \t")
    if not _TOKEN.match(raw_name):
        notes.add("the name of a header is not a token", start, colon)
    rest = line[colon + 1 :]
    lead = len(rest) - len(rest.lstrip(BLANK))
    stripped = rest.strip(BLANK)
    if control := _CONTROL.search(stripped):
        notes.add("a control character in a header", start + colon + 1 + lead + control.start(), 1)
    value_span = Span(start + colon + 1 + lead, len(stripped))
    try:
        stripped.decode()
    except UnicodeDecodeError as error:
        notes.add("a header is not UTF-8, read as Latin-1", value_span.offset + error.start, 1)
    name, span = text_of(raw_name), Span(start, len(line.rstrip(BLANK)))
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
    number, method = match.group(1).lstrip(b"0") or b"0", text_of(match.group(2))
    if len(number) > CSEQ_DIGITS:  # int() of thousands of digits would raise
        notes.add(f"the CSeq number has more than {CSEQ_DIGITS} digits", *span)
        return call_id, None, method
    return call_id, int(number), method
