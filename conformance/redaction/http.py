"""Where an HTTP message of XCAP begins and ends in a stream, and its redaction: RFC 9112, RFC 4825.

Header fields and credentials are written as those of SIP are and redacted by the same rules. A chunked body is
overwritten as a whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from conformance.redaction.bodies import filled
from conformance.redaction.sip import SipRedactor

_START: Final = re.compile(
    rb"(?:(?:GET|PUT|DELETE|POST|HEAD|OPTIONS) \S+ HTTP/1\.[01]|HTTP/1\.[01] [1-5][0-9]{2}[ \r])"
)
_LENGTH: Final = re.compile(rb"(?im)^content-length[ \t]*:[ \t]*([0-9]{1,8})[ \t]*\r?$")
_CHUNKED: Final = re.compile(rb"(?im)^transfer-encoding[ \t]*:[^\r\n]*chunked[ \t]*\r?$")
_LAST_CHUNK: Final = b"\r\n0\r\n\r\n"
_TARGET: Final = re.compile(r"\A([A-Z]+ )(\S+)( HTTP/)")


def is_http(payload: bytes) -> bool:
    """Tell whether a payload begins as an HTTP/1 message does."""
    return _START.match(payload) is not None


def http_length(stream: bytes, begin: int) -> int | None:
    """Return how many octets the message has that begins at a place of a stream, None where it is not whole."""
    head_end = stream.find(b"\r\n\r\n", begin)
    if head_end < 0:
        return None
    head = stream[begin:head_end]
    if _CHUNKED.search(head):
        last = stream.find(_LAST_CHUNK, head_end)
        return None if last < 0 else last + len(_LAST_CHUNK) - begin
    length = _LENGTH.search(head)
    total = head_end + 4 - begin + (int(length.group(1)) if length else 0)
    return total if begin + total <= len(stream) else None


@dataclass(frozen=True, slots=True)
class HttpRedactor:
    """Redacts HTTP messages by the mappings of one bundle."""

    sip: SipRedactor

    def message(self, message: bytes) -> bytes:
        """Return a message redacted; it keeps its length.

        Args:
            message: from its start line on.
        """
        start, feed, rest = message.partition(b"\n")
        line = start.decode("latin-1")
        # Escapes hide who is meant: what is written with them is not looked into.
        line = _TARGET.sub(
            lambda found: found[1] + (filled(found[2]) if "%" in found[2] else found[2]) + found[3], line
        )
        if _CHUNKED.search(message.partition(b"\r\n\r\n")[0]):
            head, empty, body = rest.partition(b"\r\n\r\n")
            rest = head + empty + filled(body.decode("latin-1")).encode("latin-1")
        return self.sip.message(line.encode("latin-1") + feed + rest)
