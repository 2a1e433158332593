"""A call of a program with a menu, as a test case sees it.

What becomes of it is read from the program's trace and its own lines; its user speaks to its menu.
"""

from __future__ import annotations

import re
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from conformance.protocols.g711 import RATE_HZ
from conformance.protocols.tone import dominant
from conformance.terminals.call_end import CallEnd
from conformance.terminals.call_failures import CallTimedOut
from conformance.terminals.programs.program_call import Caller, ProgramCall
from conformance.terminals.programs.sip_trace import Seen
from conformance.terminals.session import SessionState
from conformance.vocabulary.errors import HarnessFault
from conformance.vocabulary.events import EventKind

_AGAIN_S = 0.1
"""What it has heard is looked at again after so many seconds."""
_WAV_HEADER = 44
_LEAST_SAMPLES = RATE_HZ // 2
"""Half a second, so that streams of some length are captured both ways."""
_ENDED = SessionState.ENDED


@dataclass(frozen=True, slots=True)
class Menu:
    """How a program is spoken to, and what it says of its calls and registrations.

    Args:
        program: its name.
        dial: command that calls somebody, with `{peer}`.
        accept: command of the user who is called.
        hang_up: command that ends a call that is answered.
        refuse: command that ends one that is not: by the caller, or by who is called.
        refusal: status code with which it refuses, the only one that it has.
        registered: line about a registration that went well; group 1 is the status code.
        incoming: line with which it tells its user of a call; group 1 is who calls.
        established: line with which a call is there.
        gave_up: line with which a call has ended that was not answered; group 1 may be the reason.
    """

    program: str
    dial: str
    accept: str
    hang_up: str
    refuse: str
    refusal: int
    registered: re.Pattern[str]
    incoming: re.Pattern[str]
    established: re.Pattern[str]
    gave_up: re.Pattern[str]


class Speaker(Caller, Protocol):
    """What a call needs of the terminal that has it."""

    @property
    def menu(self) -> Menu:
        """How it is spoken to."""

    @property
    def tone_hz(self) -> int:
        """Frequency of its tone."""

    def heard(self) -> array[int]:
        """Return the last second of what it hears: linear, 16 bits, 8000 a second."""

    def command(self, words: str) -> None:
        """Say something to its menu."""

    def listen(self, until: Callable[[], bool], deadline: float) -> bool:
        """Read what it says until something holds; False where it does not until the deadline."""


class MenuCall(ProgramCall):
    """One end of a call. All its methods are called by one thread, that of its terminal.

    Args:
        terminal: whose call.
        peer: who is called; empty where this end is called.
    """

    def __init__(self, terminal: Speaker, peer: str = "") -> None:
        super().__init__(terminal.record)
        self._terminal = terminal
        self._menu = terminal.menu
        self._outgoing = bool(peer)
        self._invites = 0
        self._byes_answered = False
        self._alerted = False
        if peer:
            terminal.record(EventKind.CALLING, None, f"{peer} with audio")
            terminal.command(terminal.menu.dial.format(peer=peer))

    # --- what the program says -----------------------------------------------------------------------------------

    def take(self, line: str, seen: Seen | None) -> None:
        """Take a line of its output, and the SIP message that is complete with it."""
        if seen is not None:
            self._take_message(seen)
        elif found := self._menu.incoming.search(line):
            self._terminal.record(EventKind.INVITED, None, f"{self._menu.program}: {found[1]}")
            self._alerted = True
        elif self._menu.established.search(line) and self.state is not _ENDED:
            self._is_answered()
        elif (found := self._menu.gave_up.search(line)) and self.state not in (SessionState.ESTABLISHED, _ENDED):
            reason = found[1] if found.re.groups else None
            self._end(EventKind.REFUSED, self.status, reason or f"{self._menu.program} gives up")

    def _take_message(self, seen: Seen) -> None:
        match seen.method, seen.status:
            case "INVITE", None:
                self._invites += 1
            case "INVITE", 180 if self.state is SessionState.BEGUN:
                self._rings()
            case "INVITE", status if (
                status is not None and status >= 300 and self.state is not SessionState.ESTABLISHED
            ):
                self.status = status
                kind = EventKind.CANCELLED if status == 487 else EventKind.REFUSED
                self._end(kind, status, "by the caller" if status == 487 else seen.reason)
            case "BYE", None:
                self._end(EventKind.ENDED, None, "BYE")
            case "BYE", status if status is not None and status >= 200:
                self._byes_answered = True

    # --- what the user does ----------------------------------------------------------------------------------

    @property
    def tone_hz(self) -> int:
        """Frequency of the own tone."""
        return self._terminal.tone_hz

    def wait_begun(self) -> None:
        """Wait until the INVITE is on its way, or has come and the user is told. Raises CallTimedOut."""
        self._until(lambda: self._invites > 0 and (self._outgoing or self._alerted), "an INVITE")

    def answer(self) -> None:
        """Accept; return when it is acknowledged. Raises CallRefused, CallTimedOut."""
        self._terminal.command(self._menu.accept)
        self.wait_answered()

    def refuse(self, status: int) -> None:
        """Refuse, with the only answer that this user can give."""
        if status != self._menu.refusal:
            raise HarnessFault(
                f"{self._menu.program}: expected a refusal with {self._menu.refusal}, found {status}: "
                "it knows no other one"
            )
        self._terminal.command(self._menu.refuse)
        self._until(lambda: self.state is _ENDED, "its own refusal")

    def cancel(self) -> None:
        """Give the call up before it is answered; return when it has ended with 487."""
        self._terminal.command(self._menu.refuse)
        self._until(lambda: self.status is not None, "the end of the cancelled INVITE")

    def hang_up(self) -> None:
        """End the call: BYE; return when it is answered. Raises CallTimedOut."""
        self._terminal.command(self._menu.hang_up)
        self._until(lambda: self._byes_answered, "the answer to BYE")

    def wait_heard(self, other: CallEnd) -> None:
        """Wait until the program has heard the tone of the other end for half a second.

        Raises:
            CallTimedOut: it is not heard, or another one is.
        """
        deadline, wanted, found = self._terminal.deadline(), other.tone_hz, None
        while time.monotonic() < deadline and self.state is not _ENDED:
            samples = self._terminal.heard()
            found = dominant(samples)
            if found == wanted and len(samples) >= _LEAST_SAMPLES:
                self._terminal.record(EventKind.HEARD, None, f"{wanted} Hz, by {self._menu.program}'s own recording")
                return
            self._terminal.listen(lambda: self.state is _ENDED, min(deadline, time.monotonic() + _AGAIN_S))
        heard = "nothing" if found is None else f"{found} Hz"
        self._time_out(f"awaited the tone of {wanted} Hz, heard {heard}")

    def _until(self, holds: Callable[[], bool], what: str) -> None:
        if not self._terminal.listen(holds, self._terminal.deadline()):
            self._time_out(f"awaited {what}; the call is {self.state}")

    def _time_out(self, detail: str) -> None:
        self._terminal.record(EventKind.TIMED_OUT, None, detail)
        raise CallTimedOut(f"{self._terminal.impu}: {self._menu.program}: {detail}")


def last_second(file: Path | None) -> array[int]:
    """Return the last second of a recording that is being written: linear, 16 bits, 8000 a second.

    Its header is complete when the call has ended, so its length is not asked.

    Args:
        file: a wav file of one channel; None or one that is not there yet is empty.
    """
    samples = array("h")
    if file is not None and file.exists():
        with file.open("rb") as stream:
            size = max(0, stream.seek(0, 2) - _WAV_HEADER) // 2 * 2
            stream.seek(_WAV_HEADER + max(0, size - 2 * RATE_HZ))
            octets = stream.read(2 * RATE_HZ)
        samples.frombytes(octets[: len(octets) // 2 * 2])
    return samples
