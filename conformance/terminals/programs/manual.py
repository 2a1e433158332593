"""A phone with a person at it: the harness says what to do, and sees at Gm whether it was done.

Nothing is asked back: what counts is the packets. Their words are those of an unknown terminal, so little is expected
of them: a start line, and the header fields by which a transaction is known.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from conformance.terminals.event_log import EventLog
from conformance.terminals.programs.program_terminal import Place, ProgramTerminal
from conformance.vocabulary.errors import NothingSeen
from conformance.vocabulary.events import EventKind
from conformance.vocabulary.points import Point

_START = re.compile(rb"(REGISTER) [^\s]{1,500} SIP/2\.0\r?\n|SIP/2\.0 (\d{3}) ?([^\r\n]{0,200})\r?\n")
_CSEQ = re.compile(r"^cseq\s*:\s*(\d{1,10})\s+register\b", re.IGNORECASE | re.MULTILINE)
_TO = re.compile(r"^(?:to|t)\s*:(.{0,500})$", re.IGNORECASE | re.MULTILINE)
_CALL_ID = re.compile(r"^(?:call-id|i)\s*:\s*(\S{1,300})", re.IGNORECASE | re.MULTILINE)
_GOES_ON = (401, 407, 423, 494)
"""Answers after which a phone tries again by itself."""


class Packets(Protocol):
    """What comes by while the cell is open."""

    def next(self, deadline: float) -> tuple[Point, bytes] | None:
        """Return the next packet, where it was seen and its octets; None where there is none until the deadline."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever has the phone.

    Args:
        tell: shows a sentence.
        deadline_s: how long packets may take to come, seconds.
    """

    tell: Callable[[str], None]
    deadline_s: float


class _Register(NamedTuple):
    """A REGISTER, or an answer to one."""

    status: int | None
    reason: str
    number: str
    to: str
    call_id: str


class ManualTerminal(ProgramTerminal):
    """A phone that somebody uses.

    It never counts as registered after the cell: nobody is asked to deregister then, the cores forget the user.

    Args:
        place: whose terminal it is; the address is one that the phone may use.
        events: where observations go.
        person: who has the phone.
        packets: what comes by.
    """

    def __init__(self, place: Place, events: EventLog, person: Person, packets: Packets) -> None:
        super().__init__(place, events)
        self._person = person
        self._packets = packets
        self._mine = re.compile(re.escape(self.impu) + r"(?![\w.-])", re.IGNORECASE)

    def register(self) -> None:
        """Ask for a registration, and wait until it is seen.

        Raises:
            NothingSeen: no REGISTER of this user came by.
            RegistrationRejected: the network refused.
            RegistrationTimedOut: REGISTER came by, and no registration.
        """
        self._procedure(f"register {self.impu}", EventKind.REGISTERED)

    def deregister(self) -> None:
        """Ask for the end of the registration, and wait until it is seen. Raises as `register`."""
        self._procedure(f"deregister {self.impu} (switch the account or the phone off)", EventKind.DEREGISTERED)

    def end(self) -> None:
        """Nothing: the phone is not ours."""

    def _procedure(self, what: str, success: EventKind) -> None:
        place, seconds = self.place, self._person.deadline_s
        where = f" in the network namespace {place.namespace}" if place.namespace else ""
        self._person.tell(
            f"netlab: please {what} at the P-CSCF {place.pcscf.address} port {place.pcscf.port} (UDP or TCP). "
            f"Home domain {place.testbed.domain}, private identity {place.subscriber.impi}; the password or the keys "
            f"are in the federation file: subscriber {place.subscriber.name} of {place.testbed.name}. "
            f"The phone may use the address {place.address}{where}. Waiting {seconds:g} s for REGISTER at Gm."
        )
        deadline = time.monotonic() + seconds
        begun: set[str] = set()
        """Call-IDs of this user's REGISTERs."""
        others = 0
        while (seen := self._next(deadline)) is not None:
            if seen.status is None and not self._mine.search(seen.to):
                others += 1
            elif seen.status is None:
                begun.add(seen.call_id)
                self.record(EventKind.REGISTER_SENT, detail=f"CSeq {seen.number}, seen at Gm")
            elif seen.call_id in begun and self._ends(seen, success):
                return
        if begun:
            self.time_out(f"REGISTER was seen at Gm, and no 200 to it within {seconds:g} s")
        known = f"; {others} of other users were" if others else ""
        raise NothingSeen(f"manual: no REGISTER of {self.impu} was seen at Gm within {seconds:g} s{known}")

    def _ends(self, answer: _Register, success: EventKind) -> bool:
        status = answer.status or 0
        if 200 <= status < 300:
            self.record(success, status, "seen at Gm")
            return True
        if status == 401:
            self.record(EventKind.CHALLENGED, status, "seen at Gm")
        elif status >= 300 and status not in _GOES_ON:
            self.reject(status, answer.reason)
        return False

    def _next(self, deadline: float) -> _Register | None:
        while (found := self._packets.next(deadline)) is not None:
            point, octets = found
            if point is Point.GM and (register := _register(octets)) is not None:
                return register
        return None


def _register(octets: bytes) -> _Register | None:
    """Return the REGISTER, or the answer to one, that a packet carries; None where it carries none."""
    start = _START.search(octets)
    if start is None:
        return None
    head = octets[start.end() :].decode("utf-8", errors="replace").replace("\r\n", "\n").partition("\n\n")[0]
    number, to, call_id = _CSEQ.search(head), _TO.search(head), _CALL_ID.search(head)
    if number is None or to is None or call_id is None:
        return None
    status = None if start[1] else int(start[2])
    reason = (start[3] or b"").decode("utf-8", errors="replace")
    return _Register(status, reason, number[1], to[1], call_id[1])
