"""Reads HTTP/1 messages (RFC 9112) from their bytes: start line, header fields with their places, and the body.

Nothing raises and nothing is repaired: what is not understood is left out. Chunks are put together; content that is
compressed stays as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

MOST_HEADERS: Final = 200
LONGEST_BODY: Final = 1 << 18
"""Octets of a body that are kept."""

_REQUEST = re.compile(rb"([A-Z][A-Z-]{1,30}) (\S{1,8192}) (HTTP/1\.[0-9])\r?\n")
_STATUS = re.compile(rb"(HTTP/1\.[0-9]) ([1-9][0-9]{2})(?: ([^\r\n]{0,512}))?\r?\n")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}):[ \t]*([^\r\n]*?)[ \t]*(?:\r?\n|\Z)")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[^\r\n]{0,256}\r?\n")
_NUMBER = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class HttpHeader:
    """One header field."""

    name: str
    value: str
    offset: int
    """Of the first octet of the name, from the start of the message."""
    length: int


@dataclass(frozen=True, slots=True)
class HttpText:
    """What was read of one message."""

    version: str
    method: str
    """Empty in a response."""
    uri: str
    status: int | None
    """None in a request."""
    reason: str
    headers: tuple[HttpHeader, ...]
    start_length: int
    """Octets of the start line."""
    body_offset: int
    body: bytes
    """Content, chunks put together, bounded."""
    end: int
    """Octets of the message; the next one of the connection begins there."""
    is_whole: bool
    """False where the head does not end, or the body is shorter than it says."""

    @property
    def is_request(self) -> bool:
        """True for a request."""
        return self.status is None

    def all(self, name: str) -> tuple[HttpHeader, ...]:
        """Return the header fields of that name; names have no case."""
        return tuple(one for one in self.headers if one.name.lower() == name.lower())

    def first(self, name: str) -> HttpHeader | None:
        """Return the first header field of that name."""
        return next((one for one in self.headers if one.name.lower() == name.lower()), None)

    def value(self, name: str) -> str:
        """Return the value of the first header field of that name, empty where there is none."""
        found = self.first(name)
        return "" if found is None else found.value


def read_http(raw: bytes) -> HttpText | None:
    """Read one message.

    Args:
        raw: The message as it was sent, from its start line.

    Returns:
        What it says; None where it does not begin as HTTP/1 does.
    """
    request, status = _REQUEST.match(raw), _STATUS.match(raw)
    start = request or status
    if start is None:
        return None
    headers: list[HttpHeader] = []
    place, ended = start.end(), False
    while place < len(raw):
        if raw.startswith(b"\r\n", place) or raw.startswith(b"\n", place):
            place += 2 if raw[place] == 13 else 1
            ended = True
            break
        field = _FIELD.match(raw, place)
        if field is not None and len(headers) < MOST_HEADERS:
            name, value = (field.group(part).decode("latin-1") for part in (1, 2))
            headers.append(HttpHeader(name, value, field.start(), field.end(2) - field.start()))
        end = raw.find(b"\n", place)
        place = len(raw) if end < 0 else end + 1
    content = raw[place:]
    lower = {one.name.lower(): one.value for one in headers}
    body, length_sent, whole = content, len(content), ended
    if lower.get("transfer-encoding", "").lower().endswith("chunked"):
        body, length_sent, whole = _joined(content)
    elif _NUMBER.fullmatch(lower.get("content-length", "")):
        length = int(lower["content-length"])
        # The answer to HEAD, and 304, give the length of what they do not have.
        whole = ended and (len(content) >= length or not content)
        body = content[:length]
        length_sent = len(body)
    elif request:
        body, length_sent = b"", 0
    return HttpText(
        version=(request.group(3) if request else start.group(1)).decode(),
        method=request.group(1).decode() if request else "",
        uri=request.group(2).decode("latin-1") if request else "",
        status=None if request else int(start.group(2)),
        reason="" if request else (start.group(3) or b"").decode("latin-1"),
        headers=tuple(headers),
        start_length=len(start.group().rstrip(b"\r\n")),
        body_offset=place,
        body=body[:LONGEST_BODY],
        end=place + length_sent,
        is_whole=whole and len(body) <= LONGEST_BODY,
    )


def _joined(content: bytes) -> tuple[bytes, int, bool]:
    """Put chunks together (RFC 9112 7.1); also tell how many octets they take, and whether the last one is there."""
    parts: list[bytes] = []
    place = 0
    while (chunk := _CHUNK.match(content, place)) is not None:
        size = int(chunk.group(1), 16)
        if not size:
            end = content.find(b"\r\n\r\n", chunk.start())
            return b"".join(parts), len(content) if end < 0 else end + 4, True
        parts.append(content[chunk.end() : chunk.end() + size])
        place = chunk.end() + size
        place += 2 if content.startswith(b"\r\n", place) else 1
    return b"".join(parts), len(content), False
