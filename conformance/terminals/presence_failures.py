"""How procedures of presence fail; the terminal's events say the same.

PresenceFailed
├── PresenceRefused     a final answer other than 2xx, of SIP or of HTTP
└── PresenceTimedOut    something that was awaited did not come
"""

from __future__ import annotations


class PresenceFailed(Exception):
    """A procedure of presence did not go as its user wanted."""


class PresenceRefused(PresenceFailed):
    """A request was refused.

    Args:
        status: status code of the final answer; 0 where none came.
        reason: its reason phrase, or why the terminal gave up.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"presence: {status} {reason[:200]}")
        self.status = status
        self.reason = reason[:200]


class PresenceTimedOut(PresenceFailed):
    """No answer came in time; the text says what was awaited."""
