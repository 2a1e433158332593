"""How a registration, or what belongs to it, ends without success."""

from __future__ import annotations


class RegistrationFailed(Exception):
    """A procedure ended without success; the terminal's events say the same."""


class RegistrationRejected(RegistrationFailed):
    """The network refused, or the terminal itself.

    Args:
        status: SIP status code of the final answer; 0 where nothing was sent.
        reason: its reason phrase, or why the terminal gave up.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason


class RegistrationTimedOut(RegistrationFailed):
    """No answer came in time; the text says what was awaited."""
