"""How a message fails; the terminal's events say the same.

MessageFailed
├── MessageRefused      a final answer other than 2xx
└── MessageTimedOut     no answer, or no message, came in time
"""

from __future__ import annotations


class MessageFailed(Exception):
    """A message did not get where its user wanted it."""


class MessageRefused(MessageFailed):
    """The MESSAGE was refused.

    Args:
        status: SIP status code of the final answer; 0 where the terminal sent none.
        reason: its reason phrase, or why the terminal gave up.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"MESSAGE: {status} {reason[:200]}")
        self.status = status
        self.reason = reason[:200]


class MessageTimedOut(MessageFailed):
    """Nothing came in time; the text says what was awaited."""
