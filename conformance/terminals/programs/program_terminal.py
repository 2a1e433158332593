"""What every program that plays a terminal has in common: the small surface that test cases use."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from conformance.stack.hop import Hop
from conformance.terminals.event_log import EventLog
from conformance.terminals.programs.child import Enter
from conformance.terminals.programs.private_folder import PrivateFolder
from conformance.terminals.registration_failures import reject, time_out
from conformance.vocabulary.errors import HarnessFault
from conformance.vocabulary.events import EventKind
from conformance.vocabulary.federation import Federation, Subscriber, Testbed
from conformance.vocabulary.identifiers import IpAddress

SIP_PORT = 5060


@dataclass(frozen=True, slots=True)
class Place:
    """Whose terminal it is, where it stands and where it writes.

    Args:
        federation: for its timers.
        testbed: home network of the subscriber.
        subscriber: identities and credentials.
        address: the terminal's IP address, from the pool of the access network.
        pcscf: outbound proxy.
        folder: takes the program's settings without secrets, and what it says.
        enter: runs in the child before the program, for example to enter a network namespace.
        namespace: the name of that namespace; empty where there is none.
    """

    federation: Federation
    testbed: Testbed
    subscriber: Subscriber
    address: IpAddress
    pcscf: Hop
    folder: Path
    enter: Enter | None = None
    namespace: str = ""

    @property
    def user(self) -> str:
        """User part of the default public user identity."""
        return self.subscriber.impus[0].partition(":")[2].partition("@")[0]

    @property
    def deadline_s(self) -> float:
        """How long a procedure may take, seconds."""
        return self.federation.timers.procedure_ms / 1000


class ProgramTerminal(ABC):
    """A terminal that a program plays. All its methods are called by one thread.

    Args:
        place: whose terminal it is, and where.
        events: where observations go.
    """

    def __init__(self, place: Place, events: EventLog) -> None:
        self.impu = place.subscriber.impus[0]
        self.events = events
        self.registered = False
        self.place = place
        self._secrets: PrivateFolder | None = None

    @property
    def secrets(self) -> PrivateFolder:
        """The folder for files with secrets; it is removed by `close`."""
        if self._secrets is None:
            self._secrets = PrivateFolder()
        return self._secrets

    @abstractmethod
    def register(self) -> None:
        """Register the default public user identity.

        Raises:
            RegistrationRejected: the network refused, or the program gave up.
            RegistrationTimedOut: the program reported no end within `timers.procedure_ms`.
            NotPermitted: the program cannot be started.
        """

    @abstractmethod
    def deregister(self) -> None:
        """End the registration. Raises as `register`."""

    @abstractmethod
    def end(self) -> None:
        """End the program at once, wherever it is; nothing where it does not run."""

    def reregister(self) -> NoReturn:
        """Refuse: these programs decide themselves when they refresh a registration."""
        raise HarnessFault(f"{type(self).__name__}: expected register or deregister: it refreshes by its own clock")

    def close(self) -> None:
        """End the program and remove its secrets; it does not deregister. A second call does nothing."""
        try:
            self.end()
        finally:
            if self._secrets is not None:
                self._secrets.remove()
                self._secrets = None

    def deadline(self) -> float:
        """Return when a procedure that begins now has to be over: monotonic clock, seconds."""
        return time.monotonic() + self.place.deadline_s

    def record(self, kind: EventKind, status: int | None = None, detail: str = "") -> None:
        """Write down what the program reports."""
        self.events.record(self.impu, kind, status, detail)

    def reject(self, status: int, reason: str) -> NoReturn:
        """Record a refusal and end the procedure."""
        reject(self.record, status, reason)

    def time_out(self, what: str) -> NoReturn:
        """Record that something was awaited in vain and end the procedure."""
        time_out(self.record, self.impu, what)
