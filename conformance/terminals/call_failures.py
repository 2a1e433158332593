"""How calls fail; the terminal's events say the same.

CallFailed
├── CallRefused     a final answer other than 2xx
└── CallTimedOut    something that was awaited did not come
"""

from __future__ import annotations


class CallFailed(Exception):
    """A call did not go as its user wanted."""


class CallRefused(CallFailed):
    """The INVITE, or a later request of the call, was refused.

    Args:
        status: SIP status code of the final answer; 0 where none came.
        reason: its reason phrase, or why the terminal gave up.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"call: {status} {reason[:200]}")
        self.status = status
        self.reason = reason[:200]


class CallTimedOut(CallFailed):
    """No answer came in time; the text says what was awaited."""
