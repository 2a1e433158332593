"""baresip as a terminal with a password (SIP Digest, MD5): one process from registration to deregistration.

It registers when it starts and deregisters when it is asked to end. What it reports is its own trace of SIP messages
and its own line about a registration that succeeded.
"""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

from conformance.terminals.event_log import EventLog
from conformance.terminals.programs.child import ProgramChild
from conformance.terminals.programs.program_terminal import Place, ProgramTerminal
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
_REQUEST = re.compile(r"^([A-Z]+) sips?:\S+ SIP/2\.0$")
_RESPONSE = re.compile(r"^SIP/2\.0 (\d{3}) ?(.{0,200})")
_CSEQ = re.compile(r"^CSeq: *(\d{1,10}) +([A-Z]+)")
_REGISTERED = re.compile(r"\{\d+/[A-Z]+/v\d\} (2\d\d) .{0,200}\[(\d+ bindings?)\]")
"""What it says once it takes itself for registered; of a deregistration it says nothing but its trace."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


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

    def register(self) -> None:
        """See `ProgramTerminal.register`."""
        if self._child is not None:
            raise HarnessFault("baresip: expected one registration a process, found a second one")
        place, subscriber = self.place, self.place.subscriber
        assert subscriber.password is not None
        config = _CONFIG.substitute(address=place.address, host=uri_host(place.address))
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
            ["baresip", "-4", "-s", "-f", str(self.secrets.path)],
            folder=self.secrets.path,
            speaks="stdout",
            log=place.folder / "baresip.log",
            enter=place.enter,
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

    def _follow(self, child: ProgramChild, success: EventKind) -> None:
        """Turn baresip's trace into events, until its REGISTER has a final answer."""
        deadline = self.deadline()
        start: tuple[EventKind, int | None, str] | None = None
        challenged = 0
        try:
            while (raw := child.next_line(deadline)) is not None:
                line = _COLOUR.sub("", raw)
                if found := _REQUEST.match(line):
                    start = EventKind.REGISTER_SENT, None, found[1]
                elif found := _RESPONSE.match(line):
                    start = EventKind.CHALLENGED, int(found[1]), found[2]
                elif success is EventKind.REGISTERED and (found := _REGISTERED.search(line)):
                    self.record(success, int(found[1]), f"baresip: {found[2]}")
                    return
                elif start is not None and (found := _CSEQ.match(line)):
                    kind, status, words = start
                    start = None
                    if found[2] != "REGISTER":
                        continue
                    if status is None:
                        self.record(kind, detail=f"CSeq {found[1]} to {self.place.pcscf}")
                    elif status == 401 and not challenged:
                        challenged += 1
                        self.record(kind, status)
                    elif status < 300 and success is EventKind.DEREGISTERED:
                        self.record(success, status)
                        return
                    elif status >= 300:
                        self.reject(status, words)
        except TimeoutError:
            self.time_out(
                f"awaited the answer to baresip's REGISTER from {self.place.pcscf} for {self.place.deadline_s:g} s"
            )
        raise HarnessFault("baresip: expected an answer to its REGISTER, found that it has ended: see baresip.log")
