"""Messages cut out of a byte stream by Content-Length (RFC 3261 18.3); keep-alives between them (RFC 5626)."""

from __future__ import annotations

import re

from conformance.protocols.sip.message import MAX_MESSAGE, MalformedMessage

PING = b"\r\n\r\n"
"""Keep-alive of the client (RFC 5626)."""

PONG = b"\r\n"
"""Answer of the server to a ping (RFC 5626)."""

_LENGTH = re.compile(rb"\r\n(?:content-length|l)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)


class StreamFramer:
    """Takes what came from a connection and gives whole messages; what it keeps is bounded."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Add received octets and return what became complete.

        Args:
            data: octets in the order of the stream, any number.

        Returns:
            Whole messages, and `PING` for each keep-alive, in their order.

        Raises:
            MalformedMessage: the stream cannot be cut any more, so the connection must be closed:
                no or a bad Content-Length, or a message above `MAX_MESSAGE` octets.
        """
        self._buffer += data
        frames: list[bytes] = []
        while (frame := self._next()) is not None:
            frames.append(frame)
        return frames

    def _next(self) -> bytes | None:
        if self._buffer.startswith(PING):
            del self._buffer[: len(PING)]
            return PING
        if self._buffer.startswith(b"\r\n"):
            if len(self._buffer) < len(PING):
                # Half a ping, or the line ends that may stand before a start line (RFC 3261 7.5).
                return None
            del self._buffer[:2]
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_MESSAGE:
                raise MalformedMessage(f"no end of the header fields within {MAX_MESSAGE} octets")
            return None
        size = end + 4 + self._content_length(end)
        if size > MAX_MESSAGE:
            raise MalformedMessage(f"message of {size} octets, expected {MAX_MESSAGE} at most")
        if len(self._buffer) < size:
            return None
        frame = bytes(self._buffer[:size])
        del self._buffer[:size]
        return frame

    def _content_length(self, end: int) -> int:
        found = {value.strip() for value in _LENGTH.findall(bytes(self._buffer[:end]))}
        if len(found) != 1:
            raise MalformedMessage("expected one Content-Length on a stream")
        text = found.pop()
        if not text.isdigit() or len(text) > 6:
            raise MalformedMessage(f"Content-Length {text[:20]!r} is no number of octets")
        return int(text)
