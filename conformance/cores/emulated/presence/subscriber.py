"""The presence server as subscriber: of documents at the XDMS, of presentities of other networks (RFC 6665 4.1)."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sipmessage import URI, Request, Response

from conformance.cores.emulated.quiet import Work
from conformance.cores.emulated.sip_server import Refused, relay
from conformance.protocols.sip.dialog import Dialog, DialogKey, dialog_key, next_hop
from conformance.protocols.sip.message import make_response, new_tag
from conformance.stack.errors import StackError
from conformance.stack.locate import Locator
from conformance.stack.sip import SipStack

_AGAIN_S = 30.0
"""When a subscription that failed is tried again."""
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Wish:
    """What is subscribed to."""

    uri: str
    event: str
    accept: str
    user: str
    """On whose behalf: From, and P-Asserted-Identity."""
    expires_s: int = 3600
    routes: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(slots=True, eq=False)
class OwnSubscription:
    """A subscription of this server's own."""

    wish: Wish
    on_notify: Callable[[Request], None]
    call_id: str = ""
    tag: str = ""
    dialog: Dialog | None = None
    active: bool = False
    """The notifier has answered with 2xx, and has not ended it."""
    wanted: bool = True
    clock: asyncio.TimerHandle | None = None


class Subscriber:
    """All subscriptions of one node.

    Args:
        stack: sends.
        locator: finds next hops.
        contact: SIP URI where NOTIFYs are sent to.
        log: the node's logger.
    """

    def __init__(self, stack: SipStack, locator: Locator, contact: str, log: logging.Logger) -> None:
        self._stack = stack
        self._locator = locator
        self._contact = contact
        self._log = log
        self._own: dict[DialogKey, OwnSubscription] = {}
        self.work = Work()

    async def begin(self, wish: Wish, on_notify: Callable[[Request], None]) -> OwnSubscription:
        """Subscribe, and stay subscribed until `end`; a failure is logged and made good later.

        Args:
            wish: what to subscribe to.
            on_notify: takes each NOTIFY.
        """
        subscription = OwnSubscription(wish, on_notify)
        await self._subscribe(subscription)
        return subscription

    def end(self, subscription: OwnSubscription) -> None:
        """Unsubscribe."""
        subscription.wanted = False
        if subscription.clock is not None:
            subscription.clock.cancel()
        if subscription.dialog is not None and subscription.active:
            self.work.begin(self._refresh(subscription, 0))

    async def _subscribe(self, subscription: OwnSubscription) -> None:
        self._own.pop((subscription.call_id, subscription.tag), None)
        subscription.call_id, subscription.tag = secrets.token_hex(12), new_tag()
        subscription.dialog, subscription.active = None, False
        try:
            if len(self._own) >= _MOST:
                raise Refused(503, "too many subscriptions of its own")
            request = self._request(subscription)
            # Known before it is answered: the NOTIFY may overtake the answer (RFC 6665 4.1.2.4).
            self._own[subscription.call_id, subscription.tag] = subscription
            response = await relay(self._stack, request, self._locator.locate(next_hop(request)), self._log)
            if response.code >= 300:
                raise Refused(response.code, response.phrase)
            subscription.dialog = Dialog.begun(request, response)
            subscription.active = True
            self._later(subscription, response)
        except (StackError, Refused, ValueError) as error:
            self._log.warning("subscription to %.200s: %.200s", subscription.wish.uri, error)
            self._own.pop((subscription.call_id, subscription.tag), None)
            self._try_again(subscription)

    def _request(self, subscription: OwnSubscription) -> Request:
        wish = subscription.wish
        request = Request("SUBSCRIBE", URI.parse(wish.uri), wish.body)
        headers = request.headers
        headers.setlist("Via", [])
        headers.set("Max-Forwards", "70")
        if wish.routes:
            headers.setlist("Route", list(wish.routes))
        headers.set("From", f"<{wish.user}>;tag={subscription.tag}")
        headers.set("To", f"<{wish.uri}>")
        headers.set("Call-ID", subscription.call_id)
        headers.set("CSeq", "1 SUBSCRIBE")
        headers.set("P-Asserted-Identity", f"<{wish.user}>")
        self._fill(request, wish, wish.expires_s)
        return request

    def _fill(self, request: Request, wish: Wish, seconds: int) -> None:
        headers = request.headers
        headers.set("Contact", f"<{self._contact}>")
        headers.set("Event", wish.event)
        headers.set("Accept", wish.accept)
        headers.set("Expires", str(seconds))
        for name, value in wish.headers.items():
            headers.set(name, value)

    async def _refresh(self, subscription: OwnSubscription, seconds: int) -> None:
        assert subscription.dialog is not None
        request = subscription.dialog.next_request("SUBSCRIBE")
        self._fill(request, subscription.wish, seconds)
        request.body = subscription.wish.body
        try:
            response = await relay(self._stack, request, self._locator.locate(next_hop(request)), self._log)
            if response.code >= 300:
                raise Refused(response.code, response.phrase)
            self._later(subscription, response)
        except (StackError, Refused, ValueError) as error:
            self._log.warning("subscription to %.200s: %.200s", subscription.wish.uri, error)
            subscription.active = False
            self._own.pop((subscription.call_id, subscription.tag), None)
            if subscription.wanted:
                await self._subscribe(subscription)

    def _later(self, subscription: OwnSubscription, response: Response) -> None:
        text = (response.headers.get("Expires") or "").strip()
        granted = int(text) if text.isdigit() and len(text) < 10 else subscription.wish.expires_s
        if granted and subscription.wanted:
            loop = asyncio.get_running_loop()
            again = max(1.0, granted * 0.8)
            subscription.clock = loop.call_later(
                again, lambda: self.work.begin(self._refresh(subscription, subscription.wish.expires_s))
            )

    def _try_again(self, subscription: OwnSubscription) -> None:
        if subscription.wanted:
            subscription.clock = asyncio.get_running_loop().call_later(
                _AGAIN_S, lambda: self.work.begin(self._subscribe(subscription))
            )

    def notified(self, request: Request) -> Response:
        """Answer a NOTIFY.

        Raises:
            Refused: 481 where it belongs to no subscription.
            ValueError: its document cannot be read.
        """
        key = dialog_key(request)
        subscription = self._own.get(key) if key is not None else None
        if key is None or subscription is None:
            raise Refused(481)
        state = (request.headers.get("Subscription-State") or "").strip().lower()
        if state.partition(";")[0].strip() == "terminated":
            del self._own[key]
            subscription.active = False
            if subscription.clock is not None:
                subscription.clock.cancel()
            if subscription.wanted and any(f"reason={word}" in state for word in ("deactivated", "timeout")):
                self.work.begin(self._subscribe(subscription))
            elif subscription.wanted and "rejected" not in state and "noresource" not in state:
                self._try_again(subscription)
        subscription.on_notify(request)
        return make_response(request, 200)

    async def stop(self) -> None:
        """Stop all clocks and give up what is on its way."""
        for subscription in self._own.values():
            subscription.wanted = False
            if subscription.clock is not None:
                subscription.clock.cancel()
        await self.work.stop()
