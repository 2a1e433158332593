"""How a registration, or what belongs to it, ends without success."""

from __future__ import annotations

from typing import NoReturn

from conformance.terminals.event_log import Record
from conformance.vocabulary.events import EventKind


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


def reject(record: Record, status: int, reason: str) -> NoReturn:
    """Write a refusal down and end the procedure.

    Raises:
        RegistrationRejected: always.
    """
    record(EventKind.REJECTED, status, reason)
    raise RegistrationRejected(status, reason[:400])


def time_out(record: Record, impu: str, what: str) -> NoReturn:
    """Write down what a user awaited in vain and end the procedure.

    Raises:
        RegistrationTimedOut: always.
    """
    record(EventKind.TIMED_OUT, None, what)
    raise RegistrationTimedOut(f"{impu}: {what}") from None
