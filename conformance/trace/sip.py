"""Lossless reader of SIP messages (RFC 3261 7 and 25): it reads whatever came and never raises.

Nothing is repaired: every header keeps its place, its spelling and its byte range, and every departure from
the grammar that the reader steps over becomes a `Problem` with its byte range. What the values of the
headers mean is read by `sip_values`.

A message is read when it is first asked for something, and its headers are forgotten when thousands of others have
been read since: a trace may hold a hundred thousand messages. They are read again when they are needed again.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from sys import intern
from typing import Final

from conformance.trace.sip_careful import CSEQ_DIGITS, MAX_PROBLEMS, Reading, StartLine, read_carefully
from conformance.trace.sip_names import NOT_LISTS, canonical
from conformance.trace.sip_parts import BLANK, Header, Problem, Span, Value, looks_like_sip, text_of, unfold

__all__ = [
    "MAX_PROBLEMS",
    "Header",
    "Problem",
    "SipText",
    "Span",
    "Value",
    "is_whole",
    "looks_like_sip",
    "read_sip",
    "text_of",
    "unfold",
]

KEPT: Final = 4096
"""Messages whose headers are remembered."""
_DELIMITERS: Final = re.compile(rb"[\",<>\\]")
_REQUEST: Final = re.compile(rb"([A-Za-z0-9.!%*_+`'~-]+) ([^\s]+) SIP/2\.0\Z")
_STATUS: Final = re.compile(rb"SIP/2\.0 ([0-9]{3}) ([^\s](?:[^\r\n]*[^\s])?)?\Z")
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_CSEQ: Final = re.compile(r"([0-9]+)[ \t]+([^\s]+)", re.ASCII)
_MOST_NAMES: Final = 4096
_LONGEST_NAME: Final = 64
"""Names that nobody has are not remembered: they could be as long as a message."""
_NOT_WHOLE: Final = ("the body is cut", "no empty line")
_keys: dict[str, str] = {}
"""What a header name is found by, for the spellings that were met."""


class _Headers:
    """The headers of one message; each becomes an object when it is asked for."""

    __slots__ = ("_all", "_made", "_places", "keys", "lists")

    def __init__(self, keys: list[str], places: list[tuple[int, int, str]], made: tuple[Header, ...] = ()) -> None:
        self.keys = keys
        """What each is found by: its long form in lower case."""
        self.lists: dict[str, tuple[Value, ...]] = {}
        """Elements of the headers of each name that was asked for: a judge asks again and again."""
        self._places = places  # begin, offset of the colon in the line, the line
        self._made: list[Header | None] = list(made) or [None] * len(places)
        self._all: tuple[Header, ...] | None = made or None

    def all(self) -> tuple[Header, ...]:
        if self._all is None:
            self._all = tuple(self.get(index) for index in range(len(self.keys)))
        return self._all

    def value(self, key: str) -> str:
        """Return the value of the first header of that key, empty where there is none."""
        if key not in self.keys:
            return ""
        _, colon, line = self._places[self.keys.index(key)]
        return line[colon + 1 :].strip(" \t")

    def get(self, index: int) -> Header:
        header = self._made[index]
        if header is None:
            header = self._made[index] = _header(*self._places[index])
        return header


class SipText:
    """A SIP message as it was read. Offsets count from the first byte of `raw`."""

    __slots__ = (
        "_body_span",
        "_call_id",
        "_cseq_method",
        "_cseq_number",
        "_headers",
        "_line",
        "_problems",
        "_start_span",
        "raw",
    )
    raw: bytes
    _line: StartLine | None
    _body_span: Span | None
    _headers: _Headers | None
    _problems: tuple[Problem, ...] | None
    _call_id: str
    _cseq_number: int | None
    _cseq_method: str
    _start_span: Span

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._line = self._body_span = self._headers = self._problems = None

    def __repr__(self) -> str:
        return f"SipText({self.raw!r})"

    @property
    def is_request(self) -> bool:
        """True where the start line is a request line."""
        return self._start().is_request

    @property
    def method(self) -> str:
        """Of a request the start line's, of a response the CSeq's; empty where there is none."""
        line = self._start()
        return line.method if line.is_request else self.cseq_method

    @property
    def request_uri(self) -> str:
        """As written; empty in a response."""
        return self._start().uri

    @property
    def request_uri_span(self) -> Span:
        """Its place."""
        return self._start().uri_span

    @property
    def status(self) -> int | None:
        """Status code of a response; None for a request and for a start line that could not be read."""
        return self._start().status

    @property
    def reason(self) -> str:
        """Reason phrase."""
        return self._start().reason

    @property
    def start_span(self) -> Span:
        """Place of the start line, without its end."""
        self._start()
        return self._start_span

    @property
    def headers(self) -> tuple[Header, ...]:
        """All header fields in their order."""
        return self._found().all()

    @property
    def body(self) -> bytes:
        """Behind the empty line, at most as many bytes as Content-Length says."""
        span = self.body_span
        return self.raw[span.offset : span.end]

    @property
    def body_span(self) -> Span:
        """Place of the body."""
        if self._body_span is None:
            self._read()
        assert self._body_span is not None
        return self._body_span

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every departure from the grammar, in the order of their places."""
        if self._problems is None:
            self._problems = read_carefully(self.raw).problems
        return self._problems

    @property
    def call_id(self) -> str:
        """Empty where there is none."""
        if self._body_span is None:
            self._read()
        return self._call_id

    @property
    def cseq_number(self) -> int | None:
        """None where it cannot be read."""
        if self._body_span is None:
            self._read()
        return self._cseq_number

    @property
    def cseq_method(self) -> str:
        """Empty where it cannot be read."""
        if self._body_span is None:
            self._read()
        return self._cseq_method

    def all(self, name: str) -> tuple[Header, ...]:
        """Return the headers of that name in their order.

        Args:
            name: Long or compact, in any case.
        """
        wanted, found = _keys.get(name) or _key(name), self._found()
        return tuple([found.get(index) for index, key in enumerate(found.keys) if key == wanted])

    def first(self, name: str) -> Header | None:
        """Return the first header of that name (any case, long or compact), None where there is none."""
        wanted, found = _keys.get(name) or _key(name), self._found()
        return found.get(found.keys.index(wanted)) if wanted in found.keys else None

    def values(self, name: str) -> tuple[Value, ...]:
        """Return the elements of all headers of that name, comma lists taken apart (RFC 3261 7.3.1).

        Commas in quoted strings and in angle brackets separate nothing. Headers with credentials or
        challenges, and those that hold one value by definition, are one element each.

        Args:
            name: Long or compact, in any case.
        """
        lists = self._found().lists
        known = lists.get(name)
        if known is None:
            known = lists[name] = self._elements(name)
        return known

    def _elements(self, name: str) -> tuple[Value, ...]:
        found: list[Value] = []
        for header in self.all(name):
            span = header.value_span
            raw = self.raw[span.offset : span.end]
            if header.name in NOT_LISTS or (raw and b"," not in raw):
                found.append(Value(header.value, span, raw))
            else:
                found.extend(_split(self.raw, span))
        return tuple(found)

    def forget(self) -> None:
        """Give back the memory of the headers; they are read again when they are asked for."""
        self._headers = None

    def _start(self) -> StartLine:
        line = self._line
        if line is not None:
            return line
        end = self.raw.find(b"\r\n")
        line = _fast_line(self.raw, end) if end > 0 else None
        if line is None:
            read = read_carefully(self.raw)
            self._take(read)
            return read.line
        else:
            self._start_span = Span(0, end)
        self._line = line
        return line

    def _found(self) -> _Headers:
        return self._headers or self._read()

    def _read(self) -> _Headers:
        """Read all; keep the headers for a while and the rest for good."""
        found = self._read_fast()
        if found is None:
            read = read_carefully(self.raw)
            found = _Headers([_key(header.name) for header in read.headers], [], read.headers)
            self._take(read)
        self._headers = found
        _remembered.append(self)
        if len(_remembered) > KEPT:
            _remembered.popleft()._headers = None
        return found

    def _read_fast(self) -> _Headers | None:
        """Read a message of plain lines; None where the careful reader has to read it."""
        raw = self.raw
        end = raw.find(b"\r\n\r\n")
        head = raw[: max(end, 0)]
        # Bare line ends, folded lines and other characters than ASCII: not here.
        count = head.count(b"\r\n")
        if not head.isascii() or head.count(b"\r") != count or head.count(b"\n") != count:
            return None
        if not count or b"\n " in head or b"\n\t" in head:
            return None
        line = _fast_line(raw, raw.find(b"\r\n"))
        if line is None:
            return None
        first, *lines = head.decode("ascii").split("\r\n")
        position = len(first) + 2
        keys: list[str] = []
        places: list[tuple[int, int, str]] = []
        for text in lines:
            colon = text.find(":")
            if colon >= 0:
                name = text[:colon]
                keys.append(_keys.get(name) or _key(name.rstrip(" \t")))
                places.append((position, colon, text))
            position += len(text) + 2
        found = _Headers(keys, places)
        cseq = _CSEQ.fullmatch(found.value("cseq"))
        said, length = found.value("content-length"), len(raw) - end - 4
        if _NUMBER.fullmatch(said):
            length = min(int(said), length)
        self._line, self._start_span = line, Span(0, len(first))
        self._body_span = Span(end + 4, length)
        self._call_id = found.value("call-id")
        self._cseq_number, self._cseq_method = None, intern(cseq[2]) if cseq else ""
        if cseq and len(number := cseq[1].lstrip("0") or "0") <= CSEQ_DIGITS:
            self._cseq_number = int(number)
        return found

    def _take(self, read: Reading) -> None:
        self._line, self._start_span, self._body_span = read.line, read.start_span, read.body_span
        self._call_id, self._cseq_number, self._cseq_method = read.call_id, read.cseq_number, read.cseq_method
        self._problems = read.problems


_remembered: deque[SipText] = deque()


def read_sip(raw: bytes) -> SipText:
    """Read one SIP message.

    Args:
        raw: The message as it was received: a datagram, or a part of a stream that begins with the message.

    Returns:
        All that could be read. Where there is a Content-Length, `body` has at most that many bytes; more
        bytes than that are a problem, as are fewer.
    """
    return SipText(raw)


def is_whole(raw: bytes) -> bool:
    """Tell whether a message has its empty line, and all the body that it announces."""
    return not any(problem.what.startswith(_NOT_WHOLE) for problem in read_carefully(raw).problems)


def _fast_line(raw: bytes, end: int) -> StartLine | None:
    """Read a start line that is exactly as RFC 3261 25.1 has it; None where it is not."""
    line = raw[:end]
    if not line.isascii():
        return None
    if request := _REQUEST.match(line):
        method, uri = request.groups()
        return StartLine(True, intern(method.decode()), uri.decode(), Span(len(method) + 1, len(uri)))
    if status := _STATUS.match(line):
        return StartLine(status=int(status[1]), reason=(status[2] or b"").decode())
    return None


def _key(name: str) -> str:
    key = intern(canonical(name).lower())
    if len(_keys) < _MOST_NAMES and len(name) <= _LONGEST_NAME:
        _keys[name] = key
    return key


def _header(start: int, colon: int, line: str) -> Header:
    name = line[:colon].rstrip(" \t")
    value = line[colon + 1 :].strip(" \t")
    # The value of a header that has none stands where the line ends.
    at = line.find(value, colon + 1) if value else len(line)
    return Header(canonical(name), name, value, Span(start, len(line.rstrip(" \t"))), Span(start + at, len(value)))


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
    stripped = part.strip(BLANK)
    if stripped:
        offset = begin + len(part) - len(part.lstrip(BLANK))
        yield Value(unfold(stripped), Span(offset, len(stripped)), stripped)
