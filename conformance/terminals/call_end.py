"""What test cases ask of the ends of a call, whatever plays them: our own terminal, or a program of others."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


class CallEnd(Protocol):
    """One end of a call. Whatever fails raises CallRefused or CallTimedOut."""

    @property
    def tone_hz(self) -> int:
        """Frequency of the tone that this end sends, Hz; no other end has it."""

    def wait_heard(self, other: CallEnd) -> None:
        """Wait until the tone of the other end is heard."""

    def hang_up(self) -> None:
        """End the call."""

    def wait_ended(self) -> None:
        """Wait until the call has ended, whoever ended it."""


class CallingEnd(CallEnd, Protocol):
    """The end that calls."""

    def wait_ringing(self) -> None:
        """Wait until the other end rings."""

    def wait_answered(self) -> None:
        """Wait until the other end answers."""

    def wait_refused(self, status: int) -> None:
        """Wait until the call is refused; AssertionError where it is not, or with another status."""

    def cancel(self) -> None:
        """Give the call up before it is answered."""


class CalledEnd(CallEnd, Protocol):
    """The end that is called."""

    def ring(self) -> None:
        """Alert the user."""

    def answer(self) -> None:
        """Accept the call."""

    def refuse(self, status: int) -> None:
        """Refuse with that final answer."""


@runtime_checkable
class Phone(Protocol):
    """A terminal that calls and is called."""

    impu: str

    def register(self) -> None:
        """Register the default public user identity."""

    def call(self, impu: str) -> CallingEnd:
        """Call somebody; return when the INVITE is on its way."""

    def await_call(self) -> CalledEnd:
        """Wait for a call and return it."""
