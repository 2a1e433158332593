"""One end of a call of a program: its state, what ends it, and what a test case waits for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol

from conformance.terminals.call_failures import CallRefused
from conformance.terminals.event_log import Record
from conformance.terminals.session import SessionState
from conformance.vocabulary.events import EventKind

_DECIDED = (SessionState.ESTABLISHED, SessionState.ENDED)


class Caller(Protocol):
    """What every call needs of the terminal that has it."""

    impu: str

    def deadline(self) -> float:
        """When a procedure that begins now has to be over: monotonic clock, seconds."""

    def record(self, kind: EventKind, status: int | None = None, detail: str = "") -> None:
        """Write down what the program reports."""


class ProgramCall(ABC):
    """What the calls of all programs have in common; one of them says how the program is read.

    Args:
        record: writes an observation of its terminal down.
    """

    def __init__(self, record: Record) -> None:
        self._record = record
        self.state = SessionState.BEGUN
        self.status: int | None = None
        """Final answer to the INVITE."""
        self.reason = ""

    @abstractmethod
    def _until(self, holds: Callable[[], bool], what: str) -> None:
        """Read what the program says until something holds; raise CallTimedOut where it does not in time."""

    def wait_ringing(self) -> None:
        """Wait until the other end rings. Raises CallRefused, CallTimedOut."""
        self._until(lambda: self.state is not SessionState.BEGUN, "180")
        self._must_go_on()

    def ring(self) -> None:
        """Wait until the program has told the caller that it rings, which it does by itself."""
        self.wait_ringing()

    def wait_answered(self) -> None:
        """Wait until the session is there. Raises CallRefused, CallTimedOut."""
        self._until(lambda: self.state in _DECIDED, "the answer to INVITE")
        self._must_go_on()

    def wait_refused(self, status: int) -> None:
        """Wait until the call is refused; AssertionError where it is accepted, or refused with another status."""
        self._until(lambda: self.state in _DECIDED, "the refusal of INVITE")
        if self.status != status:
            raise AssertionError(f"refusal with {status}; found {self.status}: {self.reason}")

    def wait_ended(self) -> None:
        """Wait until the call has ended, whoever ended it. Raises CallTimedOut."""
        self._until(lambda: self.state is SessionState.ENDED, "the end of the call")

    def _rings(self) -> None:
        self.state = SessionState.RINGING
        self._record(EventKind.RINGING, 180, "")

    def _is_answered(self) -> None:
        self.state, self.status = SessionState.ESTABLISHED, 200
        self._record(EventKind.ANSWERED, 200, "audio")

    def _end(self, kind: EventKind, status: int | None, reason: str) -> None:
        if self.state is not SessionState.ENDED:
            self.state, self.reason = SessionState.ENDED, reason
            self._record(kind, status, reason)

    def _must_go_on(self) -> None:
        if self.state is SessionState.ENDED:
            raise CallRefused(self.status or 0, self.reason)
