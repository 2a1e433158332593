"""baresip as a terminal with a password (SIP Digest, MD5): one process from registration to deregistration.

It registers when it starts and deregisters when it is asked to end. Calls are commands to its menu, by its standard
input. What it reports is its own trace of SIP messages, and its own lines about registrations and calls.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from string import Template

from conformance.terminals.event_log import EventLog
from conformance.terminals.media_endpoint import next_tone
from conformance.terminals.programs.baresip_call import BaresipCall
from conformance.terminals.programs.child import ProgramChild
from conformance.terminals.programs.program_terminal import Place, ProgramTerminal
from conformance.terminals.programs.sip_trace import SipTrace
from conformance.vocabulary.errors import HarnessFault
from conformance.vocabulary.events import EventKind
from conformance.vocabulary.federation import Subscriber
from conformance.vocabulary.identifiers import uri_host

_CONFIG = Template(Path(__file__).with_name("baresip_config.tmpl").read_text(encoding="utf-8"))
_ACCOUNTS = Template(Path(__file__).with_name("baresip_accounts.tmpl").read_text(encoding="utf-8"))
_ASKED_EXPIRY_S = 3600
"""baresip's own default."""
_UNWRITABLE = re.compile(r"[\";<>\s\x00-\x1f]")
"""What its line of an account has no way to escape."""
_REGISTERED = re.compile(r"\{\d+/[A-Z]+/v\d\} (2\d\d) .{0,200}\[(\d+ bindings?)\]")
"""What it says once it takes itself for registered; of a deregistration it says nothing but its trace."""
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z\]]|[\r\x07]")
"""Colours, and the tone that a console would make of a call."""


def unfit(subscriber: Subscriber) -> str | None:
    """Return why baresip cannot play this subscriber's terminal, None where it can."""
    if subscriber.password is None:
        return f"baresip has no IMS AKA: the subscriber {subscriber.name} has no password"
    words = (subscriber.impi, subscriber.impus[0], subscriber.password.reveal().decode("utf-8", errors="replace"))
    if any(_UNWRITABLE.search(word) for word in words):
        return f"baresip's accounts cannot hold an identity or a password of {subscriber.name}: no blanks, quotes or ;"
    return None


class BaresipTerminal(ProgramTerminal):
    """baresip 1.0 with one account."""

    def __init__(self, place: Place, events: EventLog) -> None:
        super().__init__(place, events)
        self._child: ProgramChild | None = None
        self._trace = SipTrace()
        self._call: BaresipCall | None = None
        self.tone_hz = next_tone()
        """Of the tone that it sends in calls."""

    @property
    def heard(self) -> Path:
        """Folder that takes what it hears; it goes with the terminal."""
        return self.secrets.path

    def register(self) -> None:
        """See `ProgramTerminal.register`."""
        if self._child is not None:
            raise HarnessFault("baresip: expected one registration a process, found a second one")
        place, subscriber = self.place, self.place.subscriber
        assert subscriber.password is not None
        config = _CONFIG.substitute(
            address=place.address, host=uri_host(place.address), tone_hz=self.tone_hz, heard=self.heard
        )
        (place.folder / "baresip.config").write_text(config, encoding="utf-8")
        self.secrets.write("config", config)
        accounts = _ACCOUNTS.substitute(
            impu=self.impu,
            impi=subscriber.impi,
            password=subscriber.password.reveal().decode(),
            pcscf=f"{uri_host(place.pcscf.address)}:{place.pcscf.port}",
            expires=_ASKED_EXPIRY_S,
        )
        self.secrets.write("accounts", accounts)
        self._child = ProgramChild(
            ["baresip", f"-{place.address.version}", "-s", "-f", str(self.secrets.path)],
            folder=self.secrets.path,
            speaks="stdout",
            log=place.folder / "baresip.log",
            enter=place.enter,
            listens=True,
        )
        self._follow(self._child, EventKind.REGISTERED)
        self.registered = True

    def deregister(self) -> None:
        """See `ProgramTerminal.deregister`: baresip deregisters when it ends."""
        if self._child is None:
            raise HarnessFault("baresip: expected a registration before its end")
        self._child.ask_to_end()
        self._follow(self._child, EventKind.DEREGISTERED)
        self.registered = False

    def end(self) -> None:
        """End the process."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def call(self, impu: str) -> BaresipCall:
        """Call somebody; return when the INVITE is on its way.

        Raises:
            CallTimedOut: it sends none.
        """
        self._call = BaresipCall(self, impu)
        self._call.wait_begun()
        return self._call

    def await_call(self) -> BaresipCall:
        """Wait for a call and return it; baresip rings at once.

        Raises:
            CallTimedOut: nobody calls.
        """
        self._call = BaresipCall(self)
        self._call.wait_begun()
        return self._call

    def command(self, words: str) -> None:
        """Say something to baresip's menu, for example `/hangup`."""
        self._running().tell(words)

    def listen(self, until: Callable[[], bool], deadline: float) -> bool:
        """Read what baresip says, and tell its call, until something holds; False where it does not in time.

        Args:
            until: is asked before each line.
            deadline: monotonic clock, seconds.
        """
        child = self._running()
        try:
            while not until():
                if (line := self._next_line(child, deadline)) is None:
                    raise HarnessFault("baresip: expected it to run, found that it has ended: see baresip.log")
                if self._call is not None:
                    self._call.take(line, self._trace.read(line))
        except TimeoutError:
            return False
        return True

    def _running(self) -> ProgramChild:
        if self._child is None:
            raise HarnessFault("baresip: expected a registration before a call")
        return self._child

    @staticmethod
    def _next_line(child: ProgramChild, deadline: float) -> str | None:
        raw = child.next_line(deadline)
        return None if raw is None else _ESCAPES.sub("", raw)

    def _follow(self, child: ProgramChild, success: EventKind) -> None:
        """Turn baresip's trace into events, until its REGISTER has a final answer."""
        deadline = self.deadline()
        challenged = 0
        try:
            while (line := self._next_line(child, deadline)) is not None:
                if success is EventKind.REGISTERED and (found := _REGISTERED.search(line)):
                    self.record(success, int(found[1]), f"baresip: {found[2]}")
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
                f"awaited the answer to baresip's REGISTER from {self.place.pcscf} for {self.place.deadline_s:g} s"
            )
        raise HarnessFault("baresip: expected an answer to its REGISTER, found that it has ended: see baresip.log")
