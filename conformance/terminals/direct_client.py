"""Sends requests of presence straight to a server, past all CSCFs: what must be refused (D2.2 3.3.3.1).

The methods may be called from any thread but the terminals' own.
"""

from __future__ import annotations

from collections.abc import Callable

from sipmessage import Request

from conformance.protocols.sip.timers import SipTimers
from conformance.stack.errors import StackError
from conformance.stack.hop import Hop
from conformance.stack.sip import SipStack
from conformance.terminals.event_log import EventLog
from conformance.terminals.event_subscription import EventSubscription
from conformance.terminals.loop import GRACE_S, TerminalLoop
from conformance.terminals.presence_documents import Presence, PresenceState, write_pidf
from conformance.terminals.presence_failures import PresenceRefused, PresenceTimedOut
from conformance.terminals.publication import Publication
from conformance.terminals.watch import ASKED_EXPIRES_S, Told, presence_fields, read_presence
from conformance.vocabulary.events import EventKind


class DirectClient:
    """One sender.

    Args:
        identity: in whose name it asks: From, and To of a publication.
        address: numeric address that it sends from.
        server: the presence server.
        timers: of its transactions.
        events: where observations go.
        loop: where it lives.
        release: called at the end.
    """

    def __init__(
        self,
        identity: str,
        address: str,
        server: Hop,
        timers: SipTimers,
        events: EventLog,
        loop: TerminalLoop,
        release: Callable[[], None],
    ) -> None:
        self._identity = identity
        self._server = server
        self._timers = timers
        self._events = events
        self._loop = loop
        self._release = release
        self._stack = SipStack(address, 0, timers)
        self._started = False

    def publish(self, asserted: str | None) -> None:
        """Send a PUBLISH.

        Args:
            asserted: P-Asserted-Identity; None: it has none.

        Raises:
            PresenceRefused: the server refused.
            PresenceTimedOut: it does not answer.
        """
        body = write_pidf(self._identity, "direct", PresenceState())
        self._send(lambda: Publication(self._identity, ()).next_request(ASKED_EXPIRES_S, body), asserted)

    def subscribe(self, presentity: str, asserted: str | None) -> None:
        """Send a SUBSCRIBE to somebody's presence. As `publish`."""

        def make() -> Request:
            contact = f"sip:direct@{self._stack.address}:{self._stack.port}"
            subscription: EventSubscription[Told[Presence]] = EventSubscription(
                presentity, self._identity, contact, (), presence_fields(), read_presence
            )
            return subscription.next_request(ASKED_EXPIRES_S)

        self._send(make, asserted)

    def close(self) -> None:
        """Close the socket; a second call does nothing."""
        if self._started:
            self._started = False
            self._loop.run(self._stack.stop, GRACE_S, f"{self._identity}: end of the sender")
        self._release()

    def _send(self, make: Callable[[], Request], asserted: str | None) -> None:
        async def exchange() -> tuple[str, int, str]:
            if not self._started:
                await self._stack.start()
                self._started = True
            request = make()
            if asserted is not None:
                request.headers.set("P-Asserted-Identity", f"<{asserted}>")
            response = await self._stack.send_request(request, self._server)
            return request.method, response.code, response.phrase

        deadline = self._timers.timeout_s + GRACE_S
        try:
            method, status, phrase = self._loop.run(exchange, deadline, f"{self._identity}: answer of {self._server}")
        except StackError as error:
            self._events.record(self._identity, EventKind.TIMED_OUT, None, f"awaited an answer: {error}")
            raise PresenceTimedOut(f"{self._identity}: awaited an answer of {self._server}: {error}") from None
        if status >= 300:
            self._events.record(self._identity, EventKind.PRESENCE_REFUSED, status, f"{method}: {phrase}")
            raise PresenceRefused(status, f"{method}: {phrase}")
        kind = EventKind.PUBLISHED if method == "PUBLISH" else EventKind.WATCHING
        self._events.record(self._identity, kind, status, f"{method} past the network")
