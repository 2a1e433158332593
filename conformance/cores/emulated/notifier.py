"""What all notifiers share (RFC 6665 4.2): subscriptions as dialogs, how long they last, NOTIFYs one after the other.

What a subscription is to, who may have it and what is told stays with the event package.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sipmessage import Request, Response

from conformance.cores.emulated.quiet import Work
from conformance.cores.emulated.sip_server import Refused, relay
from conformance.protocols.sip.dialog import Dialog, DialogKey, dialog_key, next_hop
from conformance.protocols.sip.message import make_response
from conformance.protocols.sip.name_addr import split_entries
from conformance.stack.errors import StackError
from conformance.stack.locate import Locator
from conformance.stack.sip import SipStack

_MOST = 10_000


@dataclass(slots=True, eq=False)
class Subscription:
    """A subscription of somebody, as its notifier keeps it."""

    dialog: Dialog
    event: str
    """Event as the subscriber wrote it, with its id: NOTIFYs repeat it (RFC 6665 8.2.1)."""
    expires_at: float
    """Seconds of the clock on the wall: it is kept over a restart."""
    version: int = 0
    """Of the next document, for packages that count them."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    end: asyncio.TimerHandle | None = None

    @property
    def left_s(self) -> int:
        """How long it still lasts, in seconds."""
        return max(0, round(self.expires_at - time.time()))


@dataclass(frozen=True, slots=True)
class Content:
    """Body of a NOTIFY."""

    type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def package_of(request: Request) -> str:
    """Return the event package that a request names; empty where it names none."""
    return (request.headers.get("Event") or "").partition(";")[0].strip()


def seconds_of(request: Request, default_s: int) -> int:
    """Return Expires of a request.

    Raises:
        ValueError: it is no number of seconds.
    """
    text = (request.headers.get("Expires") or str(default_s)).strip()
    if not text.isascii() or not text.isdigit() or len(text) > 10:
        raise ValueError(f"Expires: expected a number of seconds, found {text[:20]!r}")
    return int(text)


def check_accept(request: Request, *types: str) -> None:
    """See that a subscriber takes the documents that it would get.

    Raises:
        Refused: 406 where Accept names others alone.
    """
    accepted = {entry.partition(";")[0].strip().lower() for entry in split_entries(request.headers.getlist("Accept"))}
    if accepted and not {"*/*", "application/*"} & accepted and not set(types) <= accepted:
        raise Refused(406, headers={"Accept": ", ".join(types)})


def _ignore(_: Subscription) -> None:
    """Nobody keeps anything."""


class Notifier:
    """The subscriptions of one node.

    Args:
        stack: sends the NOTIFYs.
        locator: finds their next hop.
        uri: SIP URI of the node, its contact.
        log: the node's logger.
        longest_s: longest subscription that is granted, seconds.
        default_s: how long one lasts that asks for nothing.
        on_time_out: its time is over; to be answered with `end`.
        on_gone: it is over, and no longer known.
        keep: called whenever anything of it has changed, before the NOTIFY that shows it.
    """

    def __init__(
        self,
        stack: SipStack,
        locator: Locator,
        uri: str,
        log: logging.Logger,
        *,
        longest_s: int,
        default_s: int,
        on_time_out: Callable[[Subscription], None],
        on_gone: Callable[[Subscription], None] = _ignore,
        keep: Callable[[Subscription], None] = _ignore,
    ) -> None:
        self._stack = stack
        self._locator = locator
        self._uri = uri
        self._log = log
        self._longest_s = longest_s
        self._default_s = default_s
        self._on_time_out = on_time_out
        self._on_gone = on_gone
        self._keep = keep
        self._subscriptions: dict[DialogKey, Subscription] = {}
        self.work = Work()
        """NOTIFYs on their way."""

    def known(self, request: Request) -> Subscription | None:
        """Return the subscription that a SUBSCRIBE is about; None where it asks for a new one.

        Raises:
            Refused: 481 no such subscription, 500 overtaken by a later request, 503 too many.
        """
        key = dialog_key(request)
        if key is None:
            if len(self._subscriptions) >= _MOST:
                raise Refused(503)
            return None
        found = self._subscriptions.get(key)
        if found is None:
            raise Refused(481)
        if not found.dialog.in_order(request):
            raise Refused(500, "CSeq Out Of Order")
        found.dialog.refresh(request)
        return found

    def begin(self, request: Request) -> tuple[Subscription, Response]:
        """Return a new subscription and the answer to its SUBSCRIBE.

        One that asks for no time at all is a look: it is not kept, and its only NOTIFY ends it.

        Raises:
            ValueError: Contact or Expires cannot be read.
        """
        response = make_response(request, 200)
        if routes := request.headers.getlist("Record-Route"):  # else the subscriber knows no way (RFC 3261 12.1.1)
            response.headers.setlist("Record-Route", list(routes))
        subscription = Subscription(Dialog.answered(request, response), request.headers.get("Event") or "", 0.0)
        if self._grant(subscription, request, response):
            self.restore(subscription)
        return subscription, response

    def renew(self, subscription: Subscription, request: Request) -> Response:
        """Answer a SUBSCRIBE that refreshes a subscription, or ends it with Expires 0.

        Raises:
            ValueError: Expires cannot be read.
        """
        response = make_response(request, 200)
        if self._grant(subscription, request, response):
            self._arm(subscription)
        return response

    def restore(self, subscription: Subscription) -> None:
        """Take up a subscription, also one from before a restart."""
        self._subscriptions[subscription.dialog.key] = subscription
        self._arm(subscription)

    def _grant(self, subscription: Subscription, request: Request, response: Response) -> int:
        seconds = min(seconds_of(request, self._default_s), self._longest_s)
        subscription.expires_at = time.time() + seconds
        response.headers.set("Contact", f"<{self._uri}>")
        response.headers.set("Expires", str(seconds))
        return seconds

    def _arm(self, subscription: Subscription) -> None:
        if subscription.end is not None:
            subscription.end.cancel()
        left = max(0.0, subscription.expires_at - time.time())
        subscription.end = asyncio.get_running_loop().call_later(left, self._on_time_out, subscription)

    def notify(self, subscription: Subscription, state: str, content: Content | None) -> None:
        """Send a NOTIFY, behind those of the same subscription that are on their way.

        Args:
            subscription: whose.
            state: `active` or `pending`.
            content: what is told.
        """
        self._send(subscription, f"{state};expires={subscription.left_s}", content)

    def end(self, subscription: Subscription, reason: str, content: Content | None) -> None:
        """Send the last NOTIFY of a subscription, which is forgotten at once.

        Args:
            subscription: whose.
            reason: `timeout`, `noresource`, `rejected`, `deactivated` (RFC 6665 4.1.3).
            content: what is told.
        """
        self._drop(subscription)
        self._send(subscription, f"terminated;reason={reason}", content)

    def _send(self, subscription: Subscription, state: str, content: Content | None) -> None:
        request = subscription.dialog.next_request("NOTIFY")
        headers = request.headers
        headers.set("Contact", f"<{self._uri}>")
        headers.set("Event", subscription.event)
        headers.set("Subscription-State", state)
        if content is not None:
            headers.set("Content-Type", content.type)
            for name, value in content.headers.items():
                headers.set(name, value)
            request.body = content.body
        if subscription.dialog.key in self._subscriptions:
            self._keep(subscription)
        self.work.begin(self._deliver(subscription, request))

    async def _deliver(self, subscription: Subscription, request: Request) -> None:
        async with subscription.turn:
            try:
                response = await relay(self._stack, request, self._locator.locate(next_hop(request)), self._log)
                code = response.code
            except (StackError, Refused, ValueError) as error:
                self._log.warning("NOTIFY to %.200s: %s", subscription.dialog.target, error)
                code = 408
        if code >= 300:
            # A subscriber that is gone ends its subscription (RFC 6665 4.2.2).
            self._log.info("subscription of %.200s ends: %d", subscription.dialog.target, code)
            self._drop(subscription)

    def _drop(self, subscription: Subscription) -> None:
        if subscription.end is not None:
            subscription.end.cancel()
            subscription.end = None
        if self._subscriptions.pop(subscription.dialog.key, None) is not None:
            self._on_gone(subscription)

    async def stop(self) -> None:
        """Stop all clocks; NOTIFYs on their way are given up. What was kept stays kept."""
        for subscription in self._subscriptions.values():
            if subscription.end is not None:
                subscription.end.cancel()
        self._subscriptions.clear()
        await self.work.stop()
