"""A SIP message as lines, of which single ones are changed and all others keep every byte. No I/O.

A codec writes a message anew; what stands in front of a core to be seen through must not.
"""

from __future__ import annotations

import re

from conformance.protocols.sip.message import MAX_HEADER_LINES, MAX_MESSAGE, MalformedMessage

_NAME = re.compile(r"([A-Za-z0-9.!%*_+`'~-]+)[ \t]*:")


class HeaderLines:
    """One message.

    Args:
        data: the message as it came.

    Raises:
        MalformedMessage: it has no empty line, or is larger than any message may be.
    """

    def __init__(self, data: bytes) -> None:
        head, blank, self._body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
        if not blank or len(data) > MAX_MESSAGE:
            raise MalformedMessage("no SIP message: no empty line after the header fields, or too large")
        # Every byte has a character, so that what is not touched is written as it was.
        self.start_line, *lines = head.decode("latin-1").split("\r\n")
        if len(lines) > MAX_HEADER_LINES:
            raise MalformedMessage(f"more than {MAX_HEADER_LINES} header lines")
        self._fields: list[tuple[str, str]] = []
        """Lower case name and whole text of each header field, its folded lines together."""
        for line in lines:
            if line[:1] in (" ", "\t") and self._fields:
                name, text = self._fields[-1]
                self._fields[-1] = name, f"{text}\r\n{line}"
            else:
                found = _NAME.match(line)
                self._fields.append((found[1].lower() if found else "", line))

    @property
    def method(self) -> str:
        """Method of a request, `SIP/2.0` for a response."""
        return self.start_line.partition(" ")[0]

    def values(self, *names: str) -> list[str]:
        """Return the values of the header fields of these lower case names, unfolded, in their order."""
        texts = [text for name, text in self._fields if name in names]
        return [re.sub(r"\r\n[ \t]+", " ", text.partition(":")[2]).strip() for text in texts]

    def replace(self, name: str, fields: list[tuple[str, str]]) -> None:
        """Put header fields in the place of all those of a lower case name, or behind all others where there are none.

        Args:
            name: of what goes.
            fields: name and value of what comes.
        """
        at = next((place for place, (known, _) in enumerate(self._fields) if known == name), len(self._fields))
        self._fields = [field for field in self._fields if field[0] != name]
        self._fields[at:at] = [(name.lower(), f"{name}: {value}") for name, value in fields]

    def push(self, name: str, value: str) -> None:
        """Put a header field in front of all others."""
        self._fields.insert(0, (name.lower(), f"{name}: {value}"))

    def take_first(self, *names: str) -> tuple[int, str] | None:
        """Return place and value of the first header field of these lower case names; None where there is none."""
        for place, (name, text) in enumerate(self._fields):
            if name in names:
                return place, re.sub(r"\r\n[ \t]+", " ", text.partition(":")[2]).strip()
        return None

    def rewrite(self, place: int, value: str) -> None:
        """Give the header field at a place another value, which is all of it; an empty one takes the field away."""
        name, text = self._fields[place]
        if value:
            self._fields[place] = name, f"{text.partition(':')[0].rstrip()}: {value}"
        else:
            del self._fields[place]

    def __bytes__(self) -> bytes:
        """Return the message as it leaves."""
        head = "\r\n".join([self.start_line, *(text for _, text in self._fields)])
        return head.encode("latin-1") + b"\r\n\r\n" + self._body
