"""The XDMS as notifier of document changes (RFC 5875): trusted servers subscribe, and are told at once."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterable
from urllib.parse import unquote

from sipmessage import Request, Response

from conformance.cores.emulated.notifier import Content, Notifier, Subscription, check_accept, package_of
from conformance.cores.emulated.sip_server import Refused
from conformance.cores.emulated.xdms.service import Change
from conformance.cores.emulated.xdms.store import Document
from conformance.protocols.xcap.diff import (
    CONTENT_TYPE,
    EVENT,
    LIST_TYPE,
    DocumentChange,
    is_wanted,
    read_wanted,
    write_diff,
)
from conformance.stack.locate import Locator
from conformance.stack.sip import ServerTransaction, SipStack

NO_NOTIFY = "no-change-notification"
"""Fault: a document changes, and nobody is told."""
_PATCHING = re.compile(r";\s*diff-processing\s*=\s*(xcap-patching|aggregate)\s*(;|$)", re.IGNORECASE)
"""Who asks for that is told what of a document is another (RFC 5875 4.3); each change is told alone."""
_DEFAULT_S = 3600
_LONGEST_S = 86_400


class ChangeNotifier:
    """Subscriptions to the documents of one XDMS.

    Args:
        stack: sends the NOTIFYs.
        locator: finds their next hop.
        uri: SIP URI of the node, its contact.
        root: XCAP root URI.
        trusted: addresses whose subscriptions are taken; what is told shows who is whose friend.
        documents: yields all documents.
        log: the node's logger.
        faults: names of faults that it shows.
    """

    def __init__(
        self,
        stack: SipStack,
        locator: Locator,
        uri: str,
        root: str,
        trusted: Collection[str],
        documents: Callable[[], Iterable[Document]],
        log: logging.Logger,
        faults: frozenset[str] = frozenset(),
    ) -> None:
        self._root = root
        self._trusted = trusted
        self._documents = documents
        self._log = log
        self._silent = NO_NOTIFY in faults
        self._wanted: dict[Subscription, tuple[str, ...]] = {}
        self.notifier = Notifier(
            stack,
            locator,
            uri,
            log,
            longest_s=_LONGEST_S,
            default_s=_DEFAULT_S,
            on_time_out=self._time_out,
            on_gone=self._gone,
        )

    async def subscribe(self, transaction: ServerTransaction) -> Response:
        """Answer a SUBSCRIBE; a NOTIFY with the documents that are there follows it.

        Raises:
            Refused: 403 not trusted, 489 another event package, 406 another document type, 415 no list of resources,
                481 no such subscription.
            ValueError: the list, or a header field, cannot be read.
        """
        request = transaction.request
        if transaction.source.address not in self._trusted:
            raise Refused(403)
        if package_of(request) != EVENT:
            raise Refused(489, headers={"Allow-Events": EVENT})
        check_accept(request, CONTENT_TYPE)
        known = self.notifier.known(request)
        wanted = self._read(request)
        if known is None:
            subscription, response = self.notifier.begin(request)
            self._wanted[subscription] = wanted
        else:
            subscription, response = known, self.notifier.renew(known, request)
            if request.body:
                self._wanted[subscription] = wanted
        self._log.info("subscription to %d resources for %d s", len(wanted), subscription.left_s)
        content = self._all(subscription)
        if response.headers.get("Expires") == "0":
            self.notifier.end(subscription, "timeout", content)
            self._gone(subscription)  # one that was a look only was never known
        else:
            self.notifier.notify(subscription, "active", content)
        return response

    def _read(self, request: Request) -> tuple[str, ...]:
        if not request.body:
            return ()
        if (request.headers.get("Content-Type") or "").partition(";")[0].strip().lower() != LIST_TYPE:
            raise Refused(415, headers={"Accept": LIST_TYPE})
        return read_wanted(request.body, self._root)

    def told(self, change: Change) -> None:
        """Notify all who have subscribed to a document that has changed."""
        if self._silent:
            return
        selector = str(change.document)
        for subscription, wanted in list(self._wanted.items()):
            if is_wanted(unquote(selector), wanted):
                patch = change.patch if _PATCHING.search(subscription.event) else None
                told = DocumentChange(selector, change.previous, change.new, patch)
                self.notifier.notify(subscription, "active", self._content([told]))

    def _all(self, subscription: Subscription) -> Content:
        wanted = self._wanted.get(subscription, ())
        named = [(str(document.selector), document.etag) for document in self._documents()]
        return self._content(
            DocumentChange(name, None, etag) for name, etag in named if is_wanted(unquote(name), wanted)
        )

    def _content(self, changes: Iterable[DocumentChange]) -> Content:
        return Content(CONTENT_TYPE, write_diff(self._root, changes))

    def _time_out(self, subscription: Subscription) -> None:
        self.notifier.end(subscription, "timeout", self._all(subscription))

    def _gone(self, subscription: Subscription) -> None:
        self._wanted.pop(subscription, None)
