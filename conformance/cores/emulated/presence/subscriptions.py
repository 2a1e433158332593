"""SUBSCRIBE for `presence` and `presence.winfo`, and their NOTIFYs (RFC 3856, RFC 3857, RFC 6665)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from sipmessage import Request, Response

from conformance.cores.emulated.notifier import Content, Subscription, check_accept, package_of
from conformance.cores.emulated.presence.kept_subscriptions import KeptSubscriptions
from conformance.cores.emulated.presence.store import KeptSubscription, PresenceStore
from conformance.cores.emulated.presence.watches import Watch, Watches
from conformance.cores.emulated.sip_server import Refused
from conformance.protocols.presence import pidf, winfo
from conformance.protocols.presence.winfo import WatcherState, WatcherStatus, write_winfo
from conformance.stack.locate import Locator
from conformance.stack.sip import SipStack

PRESENCE = "presence"
WINFO = "presence.winfo"
PACKAGES = (PRESENCE, WINFO)


@dataclass(slots=True, eq=False)
class _Entry:
    kept: KeptSubscription
    watch: Watch | None = None
    """None of a subscription to watcher information."""


class PresenceSubscriptions(KeptSubscriptions[_Entry]):
    """The subscriptions of one presence server to single presentities.

    Args:
        stack: sends the NOTIFYs.
        locator: finds their next hop.
        uri: SIP URI of the server.
        store: where subscriptions are kept.
        log: the node's logger.
        silent: answer a SUBSCRIBE without a NOTIFY (fault `no-immediate-notify`).
    """

    def __init__(
        self,
        stack: SipStack,
        locator: Locator,
        uri: str,
        store: PresenceStore,
        log: logging.Logger,
        *,
        silent: bool = False,
    ) -> None:
        super().__init__(stack, locator, uri, store, log)
        self._silent = silent
        self.watches: Watches
        """Set once, by who makes both."""

    async def restore(self) -> None:
        """Take up the subscriptions from before a restart; who may see another thing now is told."""
        for kept in list(self._store.subscriptions()):
            if kept.package not in PACKAGES:
                continue
            entry = _Entry(kept)
            self._entries[kept.subscription.dialog.key] = entry
            if kept.package == PRESENCE:
                entry.watch = await self.watches.begin(
                    kept.presentity, kept.watcher, self._teller(entry), id=kept.watch
                )
                self.watches.document(entry.watch)
            self.notifier.restore(kept.subscription)
            if entry.watch is not None and entry.watch.status is WatcherStatus.TERMINATED:
                self._tell(entry)

    async def begin(self, request: Request, presentity: str, watcher: str) -> Response:
        """Answer a SUBSCRIBE that begins a subscription.

        Raises:
            Refused: 489 another event package, 406 another document type, 403 watcher information of somebody else.
            ValueError: a header field that cannot be read.
        """
        package = package_of(request)
        if package not in PACKAGES:
            raise Refused(489, headers={"Allow-Events": ", ".join(PACKAGES)})
        check_accept(request, pidf.CONTENT_TYPE if package == PRESENCE else winfo.CONTENT_TYPE)
        if package == WINFO and watcher != presentity:
            raise Refused(403)  # only the presentity itself is told who watches (RFC 3857 4.6)
        subscription, response = self.notifier.begin(request)
        entry = _Entry(KeptSubscription(subscription, package, presentity, watcher, ""))
        self._entries[subscription.dialog.key] = entry
        if package == PRESENCE:
            entry.watch = await self.watches.begin(presentity, watcher, self._teller(entry))
            entry.kept.watch = entry.watch.id
        if subscription.left_s:
            self._store.put_subscription(entry.kept)
        self._answered(entry)
        return response

    def renew(self, request: Request, subscription: Subscription) -> Response:
        """Answer a SUBSCRIBE that refreshes a subscription or ends it.

        Raises:
            Refused: 489 its event is another one.
            ValueError: a header field that cannot be read.
        """
        entry = self._entries[subscription.dialog.key]
        if package_of(request) != entry.kept.package:
            raise Refused(489, headers={"Allow-Events": ", ".join(PACKAGES)})
        response = self.notifier.renew(subscription, request)
        self._store.put_subscription(entry.kept)
        self._answered(entry)
        return response

    def _answered(self, entry: _Entry) -> None:
        """Tell what is so now, behind the answer to a SUBSCRIBE (RFC 6665 4.2.1.2)."""
        watch, left = entry.watch, entry.kept.subscription.left_s
        if self._silent and left and (watch is None or watch.status is not WatcherStatus.TERMINATED):
            if watch is not None:
                self.watches.document(watch)  # which counts as told: what is read once more is no reason to tell it
            return
        if not left and (watch is None or watch.status is not WatcherStatus.TERMINATED):
            self._end(entry, "timeout")
        else:
            self._tell(entry)

    def _teller(self, entry: _Entry) -> Callable[[Watch], None]:
        return lambda _: self._tell(entry)

    def _tell(self, entry: _Entry) -> None:
        watch, subscription = entry.watch, entry.kept.subscription
        if watch is None:
            self.notifier.notify(subscription, "active", self._all_watchers(entry))
        elif watch.status is WatcherStatus.TERMINATED:
            self._entries.pop(subscription.dialog.key, None)
            self.notifier.end(subscription, watch.reason, None)
            self._store.remove_subscription(subscription)
        else:
            self.notifier.notify(subscription, watch.status.value, self._document(watch))

    def _end(self, entry: _Entry, reason: str) -> None:
        content = self._all_watchers(entry) if entry.watch is None else self._document(entry.watch)
        subscription = entry.kept.subscription
        self.notifier.end(subscription, reason, content)
        self._gone(subscription)

    def _document(self, watch: Watch) -> Content | None:
        document = self.watches.document(watch)
        return None if document is None else Content(pidf.CONTENT_TYPE, document)

    def _all_watchers(self, entry: _Entry) -> Content:
        return self._winfo(entry, self.watches.watchers(entry.kept.presentity), full=True)

    def _winfo(self, entry: _Entry, watchers: list[WatcherState], *, full: bool) -> Content:
        subscription = entry.kept.subscription
        body = write_winfo(subscription.version, entry.kept.presentity, PRESENCE, watchers, full=full)
        subscription.version += 1
        return Content(winfo.CONTENT_TYPE, body)

    def watcher_changed(self, presentity: str, watcher: WatcherState) -> None:
        """Tell who has subscribed to watcher information of one change (RFC 3858 4.1, partial state)."""
        for entry in list(self._entries.values()):
            kept = entry.kept
            if kept.package == WINFO and kept.presentity == presentity:
                self.notifier.notify(kept.subscription, "active", self._winfo(entry, [watcher], full=False))

    def _left(self, entry: _Entry) -> None:
        if entry.watch is not None:
            self.watches.end(entry.watch)
