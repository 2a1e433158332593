"""What the services of a terminal beside calls have in common: presence and messages.

The methods of a service may be called from any thread but the terminals' own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar, NoReturn, TypeVar

from sipmessage import Request, Response

from conformance.stack.errors import StackError
from conformance.stack.hop import Hop
from conformance.stack.sip import SipStack
from conformance.terminals.event_log import Record
from conformance.terminals.loop import GRACE_S, TerminalLoop
from conformance.vocabulary.events import EventKind

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ServiceAgent:
    """What procedures of a service need of a terminal, as it is registered now."""

    stack: SipStack
    hop: Hop
    identity: str
    """The default public user identity."""
    contact: str
    routes: tuple[str, ...]
    """First the P-CSCF, then the Service-Route."""
    access_info: str
    """Value of P-Access-Network-Info; empty: none."""
    device: str
    """Which device of the user it is: an XML name."""
    claims: str = ""
    """Value of P-Asserted-Identity, which is no terminal's to send; empty: none."""
    prove: Callable[[Request, Response], str] | None = None
    """Makes Proxy-Authorization for a request that got 407, or raises ValueError; None: a 407 is a refusal."""


@dataclass(frozen=True, slots=True)
class ServiceHost:
    """What every service has of its terminal."""

    agent: Callable[[], ServiceAgent]
    """What the terminal is now."""
    loop: TerminalLoop
    """Where it lives."""
    patience_s: float
    """How long the end of a procedure is awaited, seconds."""
    record: Record
    """Writes an observation down."""


class Service:
    """One service as one terminal uses it.

    Args:
        host: the terminal.
    """

    timed_out: ClassVar[type[Exception]]
    """Is raised where something is awaited in vain."""

    def __init__(self, host: ServiceHost) -> None:
        self._agent = host.agent
        self._loop = host.loop
        self._patience_s = host.patience_s
        self._record = host.record

    def run(self, work: Callable[[], Awaitable[T]], what: str, patience_s: float | None = None) -> T:
        """Run a procedure to its end, and write down what makes it fail.

        Args:
            work: is run in the terminals' loop.
            what: is awaited, for a person.
            patience_s: seconds; those of the service where it is None.
        """
        patience = self._patience_s if patience_s is None else patience_s

        async def timed() -> T:
            try:
                async with asyncio.timeout(patience):
                    return await work()
            except TimeoutError:
                self._time_out(f"awaited {what} for {patience:g} s")
            except StackError as error:
                self._time_out(f"awaited {what}: {error}")

        return self._loop.run(timed, patience + GRACE_S, what)

    def _time_out(self, what: str) -> NoReturn:
        self._record(EventKind.TIMED_OUT, None, what)
        raise self.timed_out(f"{self._agent().identity}: {what}") from None
