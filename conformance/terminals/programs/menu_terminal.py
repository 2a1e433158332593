"""A terminal of a program with a menu: one process from registration to deregistration.

It registers when it starts and deregisters when it is asked to end. Calls are commands to its menu, by its standard
input. What it reports is its own trace of SIP messages, and its own lines about registrations and calls.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from array import array
from collections.abc import Callable

from conformance.terminals.event_log import EventLog
from conformance.terminals.media_endpoint import next_tone
from conformance.terminals.programs.child import ProgramChild
from conformance.terminals.programs.menu_call import Menu, MenuCall
from conformance.terminals.programs.program_terminal import Place, ProgramTerminal
from conformance.terminals.programs.sip_trace import Seen, SipTrace
from conformance.vocabulary.errors import HarnessFault
from conformance.vocabulary.events import EventKind
from conformance.vocabulary.federation import Subscriber

_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z\]]|[\r\x07]")
"""Colours, and the tone that a console would make of a call."""


class MenuTerminal(ProgramTerminal):
    """What the programs with a menu have in common; one of them says how it is started, spoken to and ended."""

    menu: Menu

    def __init__(self, place: Place, events: EventLog) -> None:
        super().__init__(place, events)
        self._child: ProgramChild | None = None
        self._trace = SipTrace()
        self._seen: Seen | None = None
        """The message that was complete with the last line."""
        self._call: MenuCall | None = None
        self.tone_hz = next_tone()
        """Of the tone that it sends in calls."""

    @abstractmethod
    def start(self) -> ProgramChild:
        """Write its settings and start it; it registers by itself."""

    @abstractmethod
    def ask_to_end(self, child: ProgramChild) -> None:
        """Let it deregister and end."""

    @abstractmethod
    def heard(self) -> array[int]:
        """Return the last second of what it hears: linear, 16 bits, 8000 a second."""

    def register(self) -> None:
        """See `ProgramTerminal.register`."""
        if self._child is not None:
            raise HarnessFault(f"{self.menu.program}: expected one registration a process, found a second one")
        self._child = self.start()
        self._follow(self._child, EventKind.REGISTERED)
        self.registered = True

    def deregister(self) -> None:
        """See `ProgramTerminal.deregister`: the program deregisters when it ends."""
        if self._child is None:
            raise HarnessFault(f"{self.menu.program}: expected a registration before its end")
        self.ask_to_end(self._child)
        self._follow(self._child, EventKind.DEREGISTERED)
        self.registered = False

    def end(self) -> None:
        """End the process."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def call(self, impu: str) -> MenuCall:
        """Call somebody; return when the INVITE is on its way.

        Raises:
            CallTimedOut: it sends none.
        """
        self._call = MenuCall(self, impu)
        self._call.wait_begun()
        return self._call

    def await_call(self) -> MenuCall:
        """Wait for a call and return it; these programs ring at once.

        Raises:
            CallTimedOut: nobody calls.
        """
        self._call = MenuCall(self)
        self._call.wait_begun()
        return self._call

    def command(self, words: str) -> None:
        """Say something to its menu."""
        self._running().tell(words)

    def listen(self, until: Callable[[], bool], deadline: float) -> bool:
        """Read what it says, and tell its call, until something holds; False where it does not in time.

        Args:
            until: is asked before each line.
            deadline: monotonic clock, seconds.
        """
        child = self._running()
        try:
            while not until():
                if (line := self.next_line(child, deadline)) is None:
                    raise HarnessFault(f"{self.menu.program}: expected it to run, found that it has ended: see its log")
                self._seen = self._trace.read(line)
                if self._call is not None:
                    self._call.take(line, self._seen)
        except TimeoutError:
            return False
        return True

    def next_line(self, child: ProgramChild, deadline: float) -> str | None:
        """Return its next line without colours; None where it has ended. Raises TimeoutError."""
        raw = child.next_line(deadline)
        return None if raw is None else _ESCAPES.sub("", raw)

    def _running(self) -> ProgramChild:
        if self._child is None:
            raise HarnessFault(f"{self.menu.program}: expected a registration before a call")
        return self._child

    def _follow(self, child: ProgramChild, success: EventKind) -> None:
        """Turn its trace into events, until its REGISTER has a final answer."""
        deadline, program = self.deadline(), self.menu.program
        challenged = 0
        try:
            while (line := self.next_line(child, deadline)) is not None:
                if success is EventKind.REGISTERED and (found := self.menu.registered.search(line)):
                    self.record(success, int(found[1]), f"{program} takes itself for registered")
                    return
                seen = self._trace.read(line)
                if seen is None or seen.method != "REGISTER":
                    continue
                status = seen.status
                if status is None:
                    self.record(EventKind.REGISTER_SENT, detail=f"CSeq {seen.number} to {self.place.pcscf}")
                elif status == 401 and not challenged:
                    challenged += 1
                    self.record(EventKind.CHALLENGED, status)
                elif 200 <= status < 300 and success is EventKind.DEREGISTERED:
                    self.record(success, status)
                    return
                elif status >= 300:
                    self.reject(status, seen.reason)
        except TimeoutError:
            self.time_out(
                f"awaited the answer to {program}'s REGISTER from {self.place.pcscf} for {self.place.deadline_s:g} s"
            )
        raise HarnessFault(f"{program}: expected an answer to its REGISTER, found that it has ended: see its log")


def unfit_for_a_line(subscriber: Subscriber, program: str, settings: str, unwritable: re.Pattern[str]) -> str | None:
    """Return why a program cannot play this subscriber's terminal by a password, None where it can.

    Args:
        subscriber: identities and credentials.
        program: its name.
        settings: what its settings are called.
        unwritable: what a line of these settings has no way to escape.
    """
    if subscriber.password is None:
        return f"{program} has no IMS AKA: the subscriber {subscriber.name} has no password"
    words = (subscriber.impi, subscriber.impus[0], subscriber.password.reveal().decode("utf-8", errors="replace"))
    if any(unwritable.search(word) for word in words):
        return (
            f"{program}'s {settings} cannot hold an identity or a password of {subscriber.name}: no blanks, quotes or ;"
        )
    return None
