"""Header lines and AVPs with the bytes that decide marked, and how two messages differ in them.

Everything is bounded: a hostile message has lines of 60 kB and thousands of headers.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from conformance.criteria.values import clip
from conformance.judgement.masking import hex_octets, mask_bytes
from conformance.trace.model import DiameterAvp, DiameterMessage, HttpMessage, Message, SipMessage
from conformance.trace.sip import Header, Span
from conformance.vocabulary.difference import HeaderDifference, LineKind, MarkedLine

AROUND = 100
"""Bytes of a line that are shown before and behind the marked ones."""
MARKED = 200
HEX_AROUND, HEX_MARKED = 12, 48
HEADERS = 200
"""Headers or AVPs of a message that are compared."""
MOST = 8
"""Differences between two messages that are told."""
NAME = 80

_EVERY_HOP = frozenset({"via", "max-forwards", "content-length"})
"""Headers that each hop changes (RFC 3261 16.6); that they differ says nothing."""
OTHER_ATTEMPT = _EVERY_HOP | {"from", "to", "cseq", "authorization"}
"""Headers that each attempt changes as well: tags, numbers, the answer to the challenge."""


def marked_line(message: Message, offset: int, length: int) -> MarkedLine | None:
    """Return the line around some bytes of a message, those bytes marked.

    Args:
        message: The message.
        offset: First byte that decides, from the beginning of the message.
        length: How many there are.

    Returns:
        SIP and HTTP as Latin-1 text, Diameter and DNS in hexadecimal; None where the message has no such bytes.
    """
    end = min(offset + length, len(message.raw))
    if not 0 <= offset <= len(message.raw):
        return None
    if isinstance(message, SipMessage | HttpMessage):
        line = _line_of(message, offset)
        raw = mask_bytes(message.raw[line.offset : line.end])
        begin, stop = offset - line.offset, max(offset, min(end, line.end)) - line.offset
        return MarkedLine(
            capture=message.capture,
            frame=message.frame,
            offset=offset,
            length=length,
            before=_tail(raw[:begin]),
            marked=_head(raw[begin:stop], MARKED),
            after=_head(raw[stop:], AROUND),
        )
    last = min(end, offset + HEX_MARKED)
    return MarkedLine(
        capture=message.capture,
        frame=message.frame,
        offset=offset,
        length=length,
        before=f"{_octets(message, max(0, offset - HEX_AROUND), offset)} ".lstrip(),
        marked=_octets(message, offset, last) + (" …" if last < end else ""),
        after=f" {_octets(message, end, end + HEX_AROUND)}".rstrip(),
    )


def _octets(message: Message, begin: int, end: int) -> str:
    if isinstance(message, DiameterMessage):
        return hex_octets(message, begin, min(end, len(message.raw)))
    return message.raw[begin:end].hex(" ")


def header_line(message: Message, name: str) -> MarkedLine | None:
    """Return the first line of a header, all of its value marked; None where the message has none."""
    header = message.sip.first(name) if isinstance(message, SipMessage) else None
    return None if header is None else marked_line(message, header.value_span.offset, header.value_span.length)


def compare(message: Message, reference: Message, apart: frozenset[str] = _EVERY_HOP) -> list[HeaderDifference]:
    """Tell how a message differs from another one of its kind, header by header or AVP by AVP.

    Args:
        message: The message that is looked at.
        reference: The hop before it, or the same step of the other attempt.
        apart: Headers, lower case, that differ anyway and are left out.

    Returns:
        The Request-URI or status first, then headers in the order of the message, then what it lacks; at most
        `MOST`.
    """
    if isinstance(message, SipMessage) and isinstance(reference, SipMessage):
        return list(islice(_sip(message, reference, apart), MOST))
    if isinstance(message, DiameterMessage) and isinstance(reference, DiameterMessage):
        return list(islice(_diameter(message, reference), MOST))
    return []


def _sip(message: SipMessage, reference: SipMessage, apart: frozenset[str]) -> Iterator[HeaderDifference]:
    if message.sip.is_request and reference.sip.is_request:
        here, there = message.sip.request_uri_span, reference.sip.request_uri_span
        if message.sip.request_uri != reference.sip.request_uri:
            yield _changed(message, reference, "Request-URI", here, there)
    elif message.sip.status != reference.sip.status:
        yield _changed(message, reference, "Status-Line", message.sip.start_span, reference.sip.start_span)
    theirs, ours = _by_name(reference, apart), _by_name(message, apart)
    for name, headers in ours.items():
        others = theirs.get(name, [])
        for header, other in zip(headers, others, strict=False):
            if header.value != other.value:
                yield _changed(message, reference, header.name, header.value_span, other.value_span)
        for header in headers[len(others) :]:
            yield HeaderDifference(
                kind=LineKind.ADDED,
                field=clip(header.name, NAME),
                capture=message.capture,
                frame=message.frame,
                line=marked_line(message, *header.span),
            )
    for name, others in theirs.items():
        for other in others[len(ours.get(name, ())) :]:
            yield HeaderDifference(
                kind=LineKind.REMOVED,
                field=clip(other.name, NAME),
                capture=message.capture,
                frame=message.frame,
                other=marked_line(reference, *other.span),
            )


def _by_name(message: SipMessage, apart: frozenset[str]) -> dict[str, list[Header]]:
    found: dict[str, list[Header]] = {}
    for header in message.sip.headers[:HEADERS]:
        name = header.name.lower()
        if name not in apart:
            found.setdefault(name, []).append(header)
    return found


def _changed(message: SipMessage, reference: SipMessage, field: str, here: Span, there: Span) -> HeaderDifference:
    ours, theirs = _narrow(message.raw, here, reference.raw, there)
    return HeaderDifference(
        kind=LineKind.CHANGED,
        field=clip(field, NAME),
        capture=message.capture,
        frame=message.frame,
        line=marked_line(message, *ours),
        other=marked_line(reference, *theirs),
    )


def _narrow(ours: bytes, here: Span, theirs: bytes, there: Span) -> tuple[Span, Span]:
    """Return the parts of two values between their common beginning and their common end."""
    a, b = ours[here.offset : here.end], theirs[there.offset : there.end]
    shorter = min(len(a), len(b))
    head = next((i for i in range(shorter) if a[i] != b[i]), shorter)
    tail = next((i for i in range(shorter - head) if a[-1 - i] != b[-1 - i]), shorter - head)
    return Span(here.offset + head, len(a) - head - tail), Span(there.offset + head, len(b) - head - tail)


def _diameter(message: DiameterMessage, reference: DiameterMessage) -> Iterator[HeaderDifference]:
    theirs = {(avp.code, avp.vendor): avp for avp in reversed(reference.avps[:HEADERS])}
    ours = {(avp.code, avp.vendor): avp for avp in reversed(message.avps[:HEADERS])}
    for key in reversed(ours):
        other = theirs.get(key)
        if other is None or other.data != ours[key].data:
            kind = LineKind.ADDED if other is None else LineKind.CHANGED
            yield _avp_difference(kind, message, ours[key], reference, other)
    for key in reversed(theirs):
        if key not in ours:
            yield _avp_difference(LineKind.REMOVED, message, None, reference, theirs[key])


def _avp_difference(
    kind: LineKind,
    message: DiameterMessage,
    avp: DiameterAvp | None,
    reference: DiameterMessage,
    other: DiameterAvp | None,
) -> HeaderDifference:
    named = avp or other
    return HeaderDifference(
        kind=kind,
        field="" if named is None else clip(named.name, NAME),
        capture=message.capture,
        frame=message.frame,
        line=None if avp is None else marked_line(message, avp.offset, avp.length),
        other=None if other is None else marked_line(reference, other.offset, other.length),
    )


def _line_of(message: SipMessage | HttpMessage, offset: int) -> Span:
    """Return the header, folds included, that a byte lies in; else its line."""
    for header in message.sip.headers if isinstance(message, SipMessage) else ():
        if header.span.offset <= offset < header.span.end:
            return header.span
    raw = message.raw
    begin = max(raw.rfind(b"\n", 0, offset), raw.rfind(b"\r", 0, offset)) + 1
    ends = [end for end in (raw.find(b"\r", offset), raw.find(b"\n", offset)) if end >= 0]
    return Span(begin, min(ends, default=len(raw)) - begin)


def _tail(raw: bytes) -> str:
    text = raw[-AROUND:].decode("latin-1")
    return text if len(raw) <= AROUND else f"…{text}"


def _head(raw: bytes, limit: int) -> str:
    text = raw[:limit].decode("latin-1")
    return text if len(raw) <= limit else f"{text}…"
