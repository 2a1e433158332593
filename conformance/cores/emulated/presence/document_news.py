"""Who is told of changes of documents at the XDMS: one subscription to folders of a user (RFC 5875)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote
from xml.sax.saxutils import quoteattr

from sipmessage import Request

from conformance.cores.emulated.presence.subscriber import OwnSubscription, Subscriber, Wish
from conformance.protocols.xcap.diff import CONTENT_TYPE, EVENT, LIST_TYPE, read_diff

_MOST_DOCUMENTS = 20


@dataclass(slots=True, eq=False)
class Followed:
    """Folders of one user, and what the XDMS has told of them."""

    user: str
    folders: tuple[str, ...]
    on_told: Callable[[], None]
    documents: set[str] = field(default_factory=set)
    """Documents that are there, by selector in URI form."""
    subscription: OwnSubscription | None = None
    wanted: bool = True

    @property
    def is_told(self) -> bool:
        """Whether the XDMS tells of changes, so that there is no need to ask."""
        return self.subscription is not None and self.subscription.active

    def has(self, selector: str) -> bool:
        """Tell whether a document lies in one of the folders."""
        plain = unquote(selector)
        return ".." not in plain and any(plain.startswith(folder) for folder in self.folders)


class DocumentNews:
    """The subscriptions of one server to documents.

    Args:
        uri: SIP URI of the XDMS.
        subscriber: subscribes.
        log: the node's logger.
    """

    def __init__(self, uri: str, subscriber: Subscriber, log: logging.Logger) -> None:
        self._uri = uri
        self._subscriber = subscriber
        self._log = log

    def follow(self, user: str, folders: tuple[str, ...], on_told: Callable[[], None]) -> Followed:
        """Begin to be told, until `leave`. Nobody waits for the subscription.

        Args:
            user: whose documents.
            folders: behind the XCAP root, each with a slash at its end.
            on_told: called for each NOTIFY. The first one comes when the subscription is there, so that whoever gets
                the documents once more then misses no change.
        """
        followed = Followed(user, folders, on_told)
        self._subscriber.work.begin(self._subscribe(followed))
        return followed

    def leave(self, followed: Followed) -> None:
        """Be told no more."""
        followed.wanted = False
        if followed.subscription is not None:
            self._subscriber.end(followed.subscription)

    async def _subscribe(self, followed: Followed) -> None:
        followed.subscription = await self._subscriber.begin(
            self._wish(followed), lambda request: self._told(followed, request)
        )
        if not followed.wanted:  # who wanted it has left meanwhile
            self._subscriber.end(followed.subscription)

    def _wish(self, followed: Followed) -> Wish:
        entries = "".join(f"<entry uri={quoteattr(folder)}/>" for folder in followed.folders)
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n<resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists">'
            f"<list>{entries}</list></resource-lists>\n"
        )
        return Wish(
            self._uri,
            f"{EVENT};diff-processing=no-patching",
            CONTENT_TYPE,
            followed.user,
            headers={"Content-Type": LIST_TYPE},
            body=body.encode(),
        )

    def _told(self, followed: Followed, request: Request) -> None:
        changes = read_diff(request.body) if request.body else ()
        self._log.info("documents of %s: told of %d", followed.user, len(changes))
        for change in changes:
            if change.new is None:
                followed.documents.discard(change.selector)
            elif len(followed.documents) < _MOST_DOCUMENTS and followed.has(change.selector):
                followed.documents.add(change.selector)
        if followed.wanted:
            followed.on_told()
