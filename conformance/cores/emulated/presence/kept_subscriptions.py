"""Subscriptions that a presence server keeps over a restart, each with what it needs to tell: see RFC 6665 4.2."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import Generic, Protocol, TypeVar

from sipmessage import Request

from conformance.cores.emulated.notifier import Notifier, Subscription
from conformance.cores.emulated.presence.store import KeptSubscription, PresenceStore
from conformance.protocols.sip.dialog import DialogKey, dialog_key
from conformance.stack.locate import Locator
from conformance.stack.sip import SipStack

LONGEST_S = 86_400
DEFAULT_S = 3600


class Entry(Protocol):
    """One subscription."""

    kept: KeptSubscription


E = TypeVar("E", bound=Entry)


class KeptSubscriptions(ABC, Generic[E]):
    """The subscriptions of one kind; one that is kept ends in the store when it ends on the wire.

    Args:
        stack: sends the NOTIFYs.
        locator: finds their next hop.
        uri: SIP URI of the server.
        store: where subscriptions are kept.
        log: the node's logger.
    """

    def __init__(self, stack: SipStack, locator: Locator, uri: str, store: PresenceStore, log: logging.Logger) -> None:
        self._store = store
        self._log = log
        self._entries: dict[DialogKey, E] = {}
        self.notifier = Notifier(
            stack,
            locator,
            uri,
            log,
            longest_s=LONGEST_S,
            default_s=DEFAULT_S,
            on_time_out=self._time_out,
            on_gone=self._gone,
            keep=self._keep,
        )

    @abstractmethod
    def _end(self, entry: E, reason: str) -> None:
        """Send the last NOTIFY of a subscription, which is gone then."""

    @abstractmethod
    def _left(self, entry: E) -> None:
        """Watch no longer what was watched for a subscription that is gone."""

    def watcher_of(self, request: Request) -> str | None:
        """Return who has the subscription that a SUBSCRIBE names; None where it names none of these."""
        key = dialog_key(request)
        entry = self._entries.get(key) if key is not None else None
        return None if entry is None else entry.kept.watcher

    async def stop(self) -> None:
        """Stop all clocks; what is kept stays kept."""
        await self.notifier.stop()

    def _time_out(self, subscription: Subscription) -> None:
        entry = self._entries.get(subscription.dialog.key)
        if entry is not None:
            self._end(entry, "timeout")

    def _gone(self, subscription: Subscription) -> None:
        entry = self._entries.pop(subscription.dialog.key, None)
        if entry is not None:
            self._store.remove_subscription(subscription)
            self._left(entry)

    def _keep(self, subscription: Subscription) -> None:
        entry = self._entries.get(subscription.dialog.key)
        if entry is not None:
            self._store.put_subscription(entry.kept)
