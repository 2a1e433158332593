"""A terminal's part in presence: it publishes, watches, and is told (RFC 3856, RFC 3903, 3GPP TS 24.141 5.3).

The methods of `PresenceUser` may be called from any thread but the terminals' own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, NoReturn, TypeVar

from sipmessage import Request, Response

from conformance.protocols.sip.message import make_response
from conformance.stack.errors import StackError
from conformance.terminals.event_subscription import EventSubscription
from conformance.terminals.presence_documents import PresenceState, write_pidf
from conformance.terminals.presence_failures import PresenceRefused, PresenceTimedOut
from conformance.terminals.publication import Publication
from conformance.terminals.refresh import Refresh, seconds_in
from conformance.terminals.service import Service, ServiceAgent, ServiceHost
from conformance.terminals.watch import (
    ASKED_EXPIRES_S,
    D,
    ListWatch,
    PresenceWatch,
    Told,
    Watch,
    WatcherWatch,
    list_fields,
    next_notification,
    presence_fields,
    read_members,
    read_presence,
    read_watchers,
    watcher_fields,
)
from conformance.vocabulary.errors import HarnessFault
from conformance.vocabulary.events import EventKind

W = TypeVar("W", bound=Watch[Any])
Lasting = TypeVar("Lasting", Publication, EventSubscription[Told[Any]])
"""What is granted for a while."""


class PresenceUser(Service):
    """The presence service as one terminal uses it; see `Service`."""

    timed_out = PresenceTimedOut

    def __init__(self, host: ServiceHost) -> None:
        super().__init__(host)
        self._publication: Publication | None = None
        self._subscriptions: list[EventSubscription[Told[Any]]] = []
        self._clocks: dict[Publication | EventSubscription[Told[Any]], Refresh] = {}
        """Of what is refreshed before it ends."""

    @property
    def entity_tag(self) -> str | None:
        """SIP-ETag of what is published; None where nothing is."""
        return self._publication.entity_tag if self._publication is not None else None

    def publish(self, state: PresenceState | None = None, expires_s: int = ASKED_EXPIRES_S) -> None:
        """Publish a state; where one is published already it is modified (RFC 3903 4.1 and 4.3).

        Args:
            state: what to say; None: the user can be reached.
            expires_s: asked duration, seconds.

        Raises:
            PresenceRefused: the network refused.
            PresenceTimedOut: no answer within `timers.procedure_ms`.
        """
        wanted = state or PresenceState()
        agent = self._agent()
        body = write_pidf(agent.identity, agent.device, wanted)
        self.run(
            lambda: self._publish(expires_s, body, f"{wanted.basic} {wanted.activity}".strip()), "the answer to PUBLISH"
        )

    def refresh_publication(self, expires_s: int = ASKED_EXPIRES_S) -> None:
        """Refresh what is published: no body (RFC 3903 4.2). Raises as `publish`."""
        self.run(lambda: self._publish(expires_s, b"", "refreshed"), "the answer to PUBLISH that refreshes")

    def unpublish(self) -> None:
        """Remove what is published (RFC 3903 4.4). Raises as `publish`."""
        self.run(lambda: self._publish(0, b"", "removed"), "the answer to PUBLISH that removes")

    def wait_refreshed(self) -> None:
        """Wait until the terminal has refreshed by itself what is published, once more than now.

        Raises:
            PresenceTimedOut: it does not, within `timers.procedure_ms`.
        """
        publication = self._publication
        if publication is None:
            raise HarnessFault("expected something published that can be refreshed")
        known = publication.refreshes

        async def wait() -> None:
            async with publication.news:
                await publication.news.wait_for(lambda: publication.refreshes > known)

        self.run(wait, "a refresh of what is published")

    def recall(self, entity_tag: str) -> None:
        """Take an entity tag for that of what is published, as a device does that missed the end of it."""
        agent = self._agent()
        self._publication = self._publication or Publication(agent.identity, agent.routes)
        self._publication.entity_tag = entity_tag

    def forget(self) -> None:
        """Forget all that is published and watched without a word, as a device does that is switched off.

        NOTIFYs that still come are answered with 481.
        """

        async def forget() -> None:
            self.stop_clocks()
            self._publication = None
            self._subscriptions.clear()

        self.run(forget, "the end of the terminal's memory")

    def watch(self, uri: str, expires_s: int = ASKED_EXPIRES_S) -> PresenceWatch:
        """Watch somebody's presence; return when the first NOTIFY has come.

        Args:
            uri: public user identity.
            expires_s: asked duration, seconds.

        Raises:
            PresenceRefused: the network refused.
            PresenceTimedOut: no answer, or no NOTIFY, within `timers.procedure_ms`.
        """
        return self._begin(PresenceWatch(self._subscription(uri, presence_fields(), read_presence), self), expires_s)

    def watch_list(self, uri: str, expires_s: int = ASKED_EXPIRES_S) -> ListWatch:
        """Watch all members of a list by its URI. Raises as `watch`."""
        return self._begin(ListWatch(self._subscription(uri, list_fields(), read_members), self), expires_s)

    def watch_watchers(self, expires_s: int = ASKED_EXPIRES_S) -> WatcherWatch:
        """Watch who watches the user. Raises as `watch`."""
        own = self._agent().identity
        return self._begin(WatcherWatch(self._subscription(own, watcher_fields(), read_watchers), self), expires_s)

    def withdraw(self) -> None:
        """End every subscription and remove what is published; what the network no longer knows is over as well.

        Raises:
            PresenceTimedOut: no answer.
        """
        self.run(self._withdraw, "the end of subscriptions and publications")

    async def notified(self, notify: Request) -> Response | None:
        """Answer a NOTIFY; None where it belongs to no subscription of presence."""
        subscription = next((one for one in self._subscriptions if one.owns(notify)), None)
        if subscription is None:
            return None
        try:
            told = await subscription.take(notify)
        except ValueError as error:
            self._record(EventKind.PRESENCE, None, f"unreadable: {error}")
            return make_response(notify, 400)
        state = " ".join(filter(None, (told.state.state, told.state.reason)))
        said = "" if told.document is None else f": {_words(told.document)}"
        self._record(EventKind.PRESENCE, None, f"{state} {subscription.target}{said}")
        if subscription.ended:
            self._subscriptions.remove(subscription)
            self._stop_clock(subscription)
        return make_response(notify, 200)

    async def subscribe(self, subscription: EventSubscription[Told[D]], expires_s: int) -> None:
        """Send a SUBSCRIBE and wait for its answer and the NOTIFY that follows; see `watch.Procedures`."""
        known = len(subscription.notifications)
        async with subscription.turn:
            await self._subscribe(subscription, expires_s)
        await next_notification(subscription, known)

    def stop_clocks(self) -> None:
        """Refresh nothing any more; to be called in the terminals' loop."""
        for clock in self._clocks.values():
            clock.stop()
        self._clocks.clear()

    async def _subscribe(self, subscription: EventSubscription[Told[D]], expires_s: int) -> None:
        request, response = await self._ask(subscription.next_request, expires_s)
        if response.code >= 300:
            if subscription in self._subscriptions:
                self._subscriptions.remove(subscription)
            self._stop_clock(subscription)
            self._refuse(response.code, f"SUBSCRIBE {subscription.target}: {response.phrase}")
        try:
            subscription.accepted(request, response)
        except ValueError as error:
            self._refuse(response.code, f"the {response.code} to SUBSCRIBE cannot be read: {error}")
        granted = seconds_in(response, "Expires")
        self._record(EventKind.WATCHING, response.code, f"{subscription.target} for {granted} s")
        if subscription in self._subscriptions and not subscription.ended:
            self._clock(subscription, self._subscribe_again).granted(granted or 0)

    async def _subscribe_again(self, subscription: EventSubscription[Told[Any]]) -> None:
        known = len(subscription.notifications)
        async with subscription.turn:
            if not subscription.asked_s:  # the user has ended it while this waited for its turn
                return
            await self._subscribe(subscription, subscription.asked_s)
        async with asyncio.timeout(self._patience_s):
            await next_notification(subscription, known)
        await _count(subscription)

    async def _publish_again(self, publication: Publication) -> None:
        async with publication.turn:
            if publication.entity_tag is None:  # the user has removed it while this waited for its turn
                return
            await self._publish_in_turn(publication, publication.asked_s, b"", "refreshed by itself")
        await _count(publication)

    def _clock(self, of: Lasting, again: Callable[[Lasting], Coroutine[Any, Any, None]]) -> Refresh:
        """Return the clock of a publication or subscription, a new one where it has none."""

        async def run() -> None:
            try:
                await again(of)
            except PresenceRefused:
                pass  # it was written down; the user sees it by what is not told any more
            except (StackError, TimeoutError) as error:
                self._record(EventKind.TIMED_OUT, None, f"awaited the answer to a refresh: {error}")

        return self._clocks.setdefault(of, Refresh(run))

    def _stop_clock(self, of: Publication | EventSubscription[Told[Any]]) -> None:
        if (clock := self._clocks.pop(of, None)) is not None:
            clock.granted(0)

    def _subscription(
        self, uri: str, fields: dict[str, str], read: Callable[[Any, Request], Told[D]]
    ) -> EventSubscription[Told[D]]:
        agent = self._agent()
        return EventSubscription(uri, agent.identity, agent.contact, agent.routes, fields, read)

    def _begin(self, watch: W, expires_s: int) -> W:
        self._subscriptions.append(watch.subscription)
        watch.refresh(expires_s)
        return watch

    async def _publish(self, expires_s: int, body: bytes, what: str) -> None:
        agent = self._agent()
        if self._publication is None:
            self._publication = Publication(agent.identity, agent.routes)
        publication = self._publication
        async with publication.turn:
            await self._publish_in_turn(publication, expires_s, body, what)

    async def _publish_in_turn(self, publication: Publication, expires_s: int, body: bytes, what: str) -> None:
        _, response = await self._ask(lambda seconds: publication.next_request(seconds, body), expires_s)
        if response.code >= 300:
            if response.code == 412:
                publication.forget()
                self._stop_clock(publication)
            self._refuse(response.code, f"PUBLISH: {response.phrase}")
        try:
            publication.accepted(expires_s, response)
        except ValueError as error:
            self._refuse(response.code, str(error))
        self._record(EventKind.PUBLISHED, response.code, what)
        if publication is self._publication:
            granted = seconds_in(response, "Expires") if expires_s else 0
            self._clock(publication, self._publish_again).granted(granted or 0)

    async def _withdraw(self) -> None:
        agent = self._agent()
        self.stop_clocks()
        for subscription in list(self._subscriptions):
            async with subscription.turn:
                await self._send(agent, partial(subscription.next_request, 0))
        self._subscriptions.clear()
        if (publication := self._publication) is not None and publication.entity_tag is not None:
            async with publication.turn:
                await self._send(agent, partial(publication.next_request, 0))
            self._publication = None

    async def _ask(self, make: Callable[[int], Request], expires_s: int) -> tuple[Request, Response]:
        """Ask for so many seconds; where that is too brief, once more for the least that is granted (RFC 3903 4.1)."""
        agent = self._agent()
        request, response = await self._send(agent, partial(make, expires_s))
        least = seconds_in(response, "Min-Expires")
        if response.code == 423 and least is not None and least > expires_s:
            request, response = await self._send(agent, partial(make, least))
        return request, response

    async def _send(self, agent: ServiceAgent, make: Callable[[], Request]) -> tuple[Request, Response]:
        """Send a request, once more where a proxy wants to know who asks (RFC 3261 22.3); return the last one."""
        request = _completed(agent, make())
        response = await agent.stack.send_request(request, agent.hop)
        if response.code == 407 and agent.prove is not None:
            try:
                proof = agent.prove(request, response)
            except ValueError:
                return request, response
            request = _completed(agent, make())
            request.headers.set("Proxy-Authorization", proof)
            response = await agent.stack.send_request(request, agent.hop)
        return request, response

    def _refuse(self, status: int, reason: str) -> NoReturn:
        self._record(EventKind.PRESENCE_REFUSED, status, reason)
        raise PresenceRefused(status, reason)


def _completed(agent: ServiceAgent, request: Request) -> Request:
    for name, value in (("P-Access-Network-Info", agent.access_info), ("P-Asserted-Identity", agent.claims)):
        if value:
            request.headers.set(name, value)
    return request


async def _count(refreshed: Publication | EventSubscription[Told[Any]]) -> None:
    async with refreshed.news:
        refreshed.refreshes += 1
        refreshed.news.notify_all()


def _words(document: object) -> str:
    return str(document) if not isinstance(document, dict) else f"{len(document)} members"
