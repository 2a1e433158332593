"""The SIP messages in a program's own trace: a start line, header fields, one a line."""

from __future__ import annotations

import re
from dataclasses import dataclass

_REQUEST = re.compile(r"^([A-Z]+) (?:sips?|tel):\S+ SIP/2\.0$")
_RESPONSE = re.compile(r"^SIP/2\.0 (\d{3}) ?(.{0,200})")
_CSEQ = re.compile(r"^CSeq: *(\d{1,10}) +([A-Z]+)")


@dataclass(frozen=True, slots=True)
class Seen:
    """One message, sent or received."""

    method: str
    """Of CSeq."""
    number: int
    """Of CSeq."""
    status: int | None
    """None for a request."""
    reason: str

    @property
    def is_request(self) -> bool:
        """True unless it is an answer."""
        return self.status is None


class SipTrace:
    """Reads lines in their order."""

    def __init__(self) -> None:
        self._start: tuple[int | None, str] | None = None

    def read(self, line: str) -> Seen | None:
        """Return the message that the line makes complete: its CSeq; None for every other line."""
        if _REQUEST.match(line):
            self._start = None, ""
        elif found := _RESPONSE.match(line):
            self._start = int(found[1]), found[2]
        elif self._start is not None and (found := _CSEQ.match(line)):
            (status, reason), self._start = self._start, None
            return Seen(found[2], int(found[1]), status, reason)
        return None
