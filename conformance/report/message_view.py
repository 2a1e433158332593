"""A message of the ladder, taken apart for a reader: start line, fields by name, body, with the deciding bytes marked.

This splits text that a judgement wrote into its result, for display and nothing else: nothing is judged by it, so it
is tolerant and short. SIP and HTTP text is Latin-1 of the raw message, so a byte offset is an offset in it; Diameter
and DNS are trees, in which evidence is found by the name of its field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup, escape

from conformance.report.criterion_rows import escaped
from conformance.report.text import visible
from conformance.vocabulary.results import Arrow, Evidence

NAME, VALUE, BODY = 120, 4096, 16_384
"""Characters that are shown of a part."""
NOTHING = "(nothing)"
TEXTUAL = ("SIP", "HTTP")
"""Protocols of header fields, an empty line, and a body."""

_LINE = re.compile(r"[^\n]*\n?")
_AVP = re.compile(r"( +)(\S+ \(\d+(?:, vendor \d+)?\))(?:: |\Z|(?=\n))")
_RECORD = re.compile(r"( +)(answer|authority|additional|question)(?:: )")


@dataclass(frozen=True, slots=True)
class Mark:
    """Bytes of a message that decide a criterion; or a field that would have to be there."""

    criterion: str
    target: str
    """Id of the element that tells of the criterion."""
    evidence: Evidence


class FieldRow(NamedTuple):
    """One line of the table; a report has very many."""

    name: str | Markup
    value: str | Markup
    level: int = 0
    """Depth in a tree."""
    marks: Sequence[Mark] = ()
    """The criteria that it decides."""
    absent: bool = False
    """True: the message has no such field, and a criterion asks for it."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A message, taken apart."""

    start: str | Markup
    start_marks: Sequence[Mark]
    rows: Sequence[FieldRow]
    body: str | Markup
    body_marks: Sequence[Mark]
    is_plain: bool = False
    """True: no row is marked, so that `plain_rows` may draw the table."""


def plain_rows(rows: Sequence[FieldRow]) -> Markup:
    """Return the rows of a table of fields none of which is marked: a large report has millions of them."""
    texts = escaped([*(row.name for row in rows), *(row.value for row in rows)])
    lines = [
        f'<tr><th scope="row"{f" class=l{level}" if level > 1 else ""}>{name}<td>{value}\n'
        for (_, _, level, *_), name, value in zip(rows, texts[: len(rows)], texts[len(rows) :], strict=True)
    ]
    return Markup("".join(lines))  # noqa: S704 - every text in it was escaped above


class _Span(NamedTuple):
    """Where a field stands in the text; name and value do not touch."""

    begin: int
    name_end: int
    value: int
    end: int
    level: int = 0


def take_apart(arrow: Arrow, marks: Sequence[Mark] = ()) -> Taken:
    """Return the parts of a message.

    Args:
        arrow: the message.
        marks: what failed criteria cite in it.
    """
    text = arrow.text
    start_end, spans, body = _headed(text) if arrow.protocol in TEXTUAL else _tree(text, arrow.protocol)
    if not marks:
        rows = [_plain(text, span) for span in spans]
        return Taken(visible(text[:start_end], VALUE), (), rows, visible(text[body:], BODY), (), is_plain=True)
    placed = _in_bytes(text, marks) if arrow.protocol in TEXTUAL else _by_name(text, spans, marks)
    found = {id(mark) for mark, _, _ in placed}
    missing = [_unplaced(mark) for mark in marks if id(mark) not in found]
    return Taken(
        start=_marked(text, 0, start_end, placed, VALUE),
        start_marks=_within(placed, 0, start_end),
        rows=[*missing, *(_row(text, span, placed) for span in spans)],
        body=_marked(text, body, len(text), placed, BODY),
        body_marks=_within(placed, body, len(text)),
    )


_Placed = Sequence[tuple[Mark, int, int]]


def _headed(text: str) -> tuple[int, list[_Span], int]:
    """Return where the start line ends, the header fields, and where the body begins."""
    lines = _LINE.finditer(text)
    start = next(lines)
    spans: list[_Span] = []
    body = len(text)
    for found in lines:
        begin, line = found.start(), found.group().rstrip("\r\n")
        if not line:
            body = found.end()
            break
        end = begin + len(line)
        if line[0] in " \t" and spans:
            last = spans[-1]
            spans[-1] = _Span(last.begin, last.name_end, last.value, end)
            continue
        colon = line.find(":")
        if colon < 0:
            spans.append(_Span(begin, begin, begin, end))
            continue
        value = colon + 1 + len(line) - colon - 1 - len(line[colon + 1 :].lstrip(" \t"))
        spans.append(_Span(begin, begin + colon, begin + value, end))
    return len(start.group().rstrip("\r\n")), spans, body


def _tree(text: str, protocol: str) -> tuple[int, list[_Span], int]:
    """Return the same of a decoded tree; a line that names no AVP or record belongs to the value before it."""
    pattern = _AVP if protocol == "Diameter" else _RECORD
    lines = _LINE.finditer(text)
    start = next(lines)
    spans: list[_Span] = []
    for found in lines:
        begin, end = found.start(), found.start() + len(found.group().rstrip("\r\n"))
        named = pattern.match(text, begin)
        if named and named.end() <= found.end():
            level = len(named.group(1)) // 2
            spans.append(_Span(named.start(2), named.end(2), min(named.end(), end), end, level))
        elif spans and end > begin:
            last = spans[-1]
            spans[-1] = _Span(last.begin, last.name_end, last.value, end, last.level)
        elif end > begin:
            spans.append(_Span(begin, begin, begin, end))
    return len(start.group().rstrip("\r\n")), spans, len(text)


def _plain(text: str, span: _Span) -> FieldRow:
    return FieldRow(
        visible(text[span.begin : span.name_end], NAME), visible(text[span.value : span.end], VALUE), span.level
    )


def _row(text: str, span: _Span, placed: _Placed) -> FieldRow:
    marks = _within(placed, span.begin, span.end)
    if not marks:
        return _plain(text, span)
    name = _marked(text, span.begin, span.name_end, placed, NAME)
    return FieldRow(name, _marked(text, span.value, span.end, placed, VALUE), span.level, marks)


def _unplaced(mark: Mark) -> FieldRow:
    """Return the row of a field that is absent, or that stands beyond what is shown."""
    item = mark.evidence
    if item.offset is None:
        return FieldRow(visible(item.field, NAME), "absent", marks=(mark,), absent=True)
    where = f"bytes {item.offset} to {item.offset + (item.length or 0)} of the message"
    return FieldRow(visible(item.field, NAME), f"{where}; see the finding", marks=(mark,))


def _in_bytes(text: str, marks: Iterable[Mark]) -> list[tuple[Mark, int, int]]:
    """Return where marks lie; one without a length reaches to the end of its line."""
    placed = []
    for mark in marks:
        begin, length = mark.evidence.offset, mark.evidence.length
        if begin is None or begin > len(text):
            continue
        quoted = mark.evidence.excerpt.marked if mark.evidence.excerpt is not None else ""
        if not text.startswith(quoted[: len(text) - begin], begin):
            continue  # a frame may hold two messages, and it is the other one
        if length is None:
            line_end = text.find("\n", begin)
            length = (len(text) if line_end < 0 else line_end) - begin
        placed.append((mark, begin, min(begin + length, len(text))))
    return sorted(placed, key=lambda one: one[1:])


def _by_name(text: str, spans: Sequence[_Span], marks: Iterable[Mark]) -> list[tuple[Mark, int, int]]:
    """Return where the fields of marks lie in a tree; one that several lines bear lies in all of them."""
    placed = []
    for mark in marks:
        if mark.evidence.offset is None:
            continue
        name = mark.evidence.field.partition(":")[0].strip()
        placed += [(mark, span.value, span.end) for span in spans if name and _name(text, span) == name]
    return sorted(placed, key=lambda one: one[1:])


def _name(text: str, span: _Span) -> str:
    return text[span.begin : span.name_end].partition(" (")[0]


def _within(placed: _Placed, begin: int, end: int) -> list[Mark]:
    """Return the marks that lie in a part of the text, each once."""
    found = {id(mark): mark for mark, first, last in placed if _overlap(begin, end, first, last)}
    return list(found.values())


def _overlap(begin: int, end: int, first: int, last: int) -> bool:
    return first < end and last > begin if first < last else begin <= first < end


def _marked(text: str, begin: int, end: int, placed: _Placed, limit: int) -> Markup:
    """Return a part of the text, escaped, with its marks; where marks overlap the bytes are shown once."""
    return Markup("").join(_pieces(text, begin, end, placed, limit))


def _pieces(text: str, begin: int, end: int, placed: _Placed, limit: int) -> Iterator[Markup]:
    at, stop = begin, min(end, begin + limit)
    for _, first, last in placed:
        if not _overlap(at, stop, first, last):
            continue
        first, last = max(first, at), min(last, stop)
        yield escape(visible(text[at:first]))
        yield Markup("<mark>{}</mark>").format(visible(text[first:last]) or NOTHING)
        at = last
    yield escape(visible(text[at:stop]))
    if stop < end:
        yield escape(f"\n... {end - stop} characters more")
