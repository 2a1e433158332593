"""The event state compositor: PUBLISH and the life of what is published (RFC 3903 6)."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable

from lxml import etree
from sipmessage import Request, Response

from conformance.cores.emulated.notifier import package_of, seconds_of
from conformance.cores.emulated.presence.store import PresenceStore, Publication
from conformance.cores.emulated.sip_server import Refused
from conformance.protocols.presence.identity import canonical
from conformance.protocols.presence.pidf import CONTENT_TYPE, compose, empty, read_pidf
from conformance.protocols.presence.xml_document import write_document
from conformance.protocols.sip.message import make_response

EVENT = "presence"
_MOST_OF_ONE = 32
_MOST_OCTETS = 48 * 1024
"""Of all publications of one presentity: what they are composed into has to fit into one NOTIFY."""
_MOST = 10_000


class Publications:
    """All publications of one presence server.

    Args:
        store: where they are kept.
        on_changed: told of the presentity whose state has changed.
        log: the node's logger.
        longest_s: longest publication that is granted, seconds.
        shortest_s: shortest one, seconds.
        hard_state: what a presentity has said for good, beside its publications; None: nothing.
        takes_any_etag: take an entity tag that is unknown for none at all (fault `accepts-unknown-etag`).
    """

    def __init__(
        self,
        store: PresenceStore,
        on_changed: Callable[[str], None],
        log: logging.Logger,
        *,
        longest_s: int,
        shortest_s: int,
        hard_state: Callable[[str], etree._Element | None] = lambda _: None,
        takes_any_etag: bool = False,
    ) -> None:
        self._store = store
        self._on_changed = on_changed
        self._log = log
        self._longest_s = longest_s
        self._shortest_s = min(shortest_s, longest_s)
        self._hard_state = hard_state
        self._takes_any_etag = takes_any_etag
        self._by_etag: dict[str, Publication] = {}
        self._ends: dict[str, asyncio.TimerHandle] = {}
        self._composed: dict[str, etree._Element] = {}

    def restore(self) -> None:
        """Take up what was published before a restart."""
        for publication in self._store.publications():
            self._take(publication)

    def document(self, presentity: str) -> etree._Element:
        """Return what all devices of a presentity, and its hard state, say together; not to be changed."""
        if presentity not in self._composed:
            own = sorted(self._of(presentity), key=lambda one: one.changed_ns, reverse=True)
            published = [read_pidf(one.body) for one in own]
            if (hard := self._hard_state(presentity)) is not None:
                published.append(hard)  # the oldest word: what somebody publishes is nearer to what is so now
            self._composed[presentity] = compose(presentity, published)
        return self._composed[presentity]

    def compose_anew(self, presentity: str) -> None:
        """Forget what was composed: the hard state of a presentity is another one."""
        self._composed.pop(presentity, None)

    def publish(self, request: Request) -> Response:
        """Answer a PUBLISH of a presentity whose identity is known to be right.

        Raises:
            Refused: 489 another event package, 412 unknown entity tag, 423 too short, 415 another kind of body, 413 too
                many publications.
            ValueError: a header field or the document cannot be read: 400.
        """
        if package_of(request) != EVENT:
            raise Refused(489, headers={"Allow-Events": EVENT})
        presentity = canonical(str(request.uri))
        before = self._before(request, presentity)
        seconds = min(seconds_of(request, self._longest_s), self._longest_s)
        if 0 < seconds < self._shortest_s:
            raise Refused(423, headers={"Min-Expires": str(self._shortest_s)})
        body = self._body(request)
        if body is None and before is None:
            if not (self._takes_any_etag and request.headers.getlist("SIP-If-Match")):
                raise ValueError("PUBLISH: expected a body in an initial publication, found none")
            body = write_document(empty(presentity))
        others = [one for one in self._of(presentity) if one is not before]
        if body is not None and seconds and sum(len(one.body) for one in others) + len(body) > _MOST_OCTETS:
            raise Refused(413)
        if before is None and seconds and len(others) >= _MOST_OF_ONE:
            raise Refused(413, "Too Many Publications")
        if before is None and len(self._by_etag) >= _MOST:
            raise Refused(503)
        etag = secrets.token_hex(8)
        self._replace(before, presentity, etag, body, seconds)
        response = make_response(request, 200)
        response.headers.set("SIP-ETag", etag)
        response.headers.set("Expires", str(seconds))
        return response

    def _before(self, request: Request, presentity: str) -> Publication | None:
        tags = [tag.strip() for tag in request.headers.getlist("SIP-If-Match")]
        if not tags:
            return None
        if len(tags) > 1:
            raise ValueError("SIP-If-Match: expected one entity tag, found several")
        found = self._by_etag.get(tags[0])
        if (found is None or found.presentity != presentity) and not self._takes_any_etag:
            raise Refused(412)
        return found

    def _body(self, request: Request) -> bytes | None:
        if not request.body:
            return None
        kind = (request.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
        encoding = (request.headers.get("Content-Encoding") or "identity").strip().lower()
        if encoding != "identity":
            raise Refused(415, headers={"Accept-Encoding": "identity"})
        if kind != CONTENT_TYPE:
            raise Refused(415, headers={"Accept": CONTENT_TYPE})
        document = read_pidf(request.body)
        if canonical(document.get("entity") or "") != canonical(str(request.uri)):
            self._log.warning("the document is about another entity than the Request-URI; that of the latter counts")
        return request.body

    def _replace(
        self, before: Publication | None, presentity: str, etag: str, body: bytes | None, seconds: int
    ) -> None:
        changed = body is not None and (before is None or before.body != body)
        if before is not None:
            self._forget(before)
        if seconds:
            kept = body if body is not None or before is None else before.body
            assert kept is not None
            changed_ns = time.time_ns() if changed or before is None else before.changed_ns
            publication = Publication(presentity, etag, kept, changed_ns, time.time() + seconds)
            self._store.put_publication(publication, before.etag if before is not None else None)
            self._take(publication)
        elif before is not None:
            self._store.remove_publication(before.etag)
        if changed or not seconds:
            self._on_changed(presentity)

    def _take(self, publication: Publication) -> None:
        self._by_etag[publication.etag] = publication
        self._composed.pop(publication.presentity, None)
        left = max(0.0, publication.expires_at - time.time())
        self._ends[publication.etag] = asyncio.get_running_loop().call_later(left, self._expired, publication)

    def _expired(self, publication: Publication) -> None:
        self._log.info("a publication of %s is over", publication.presentity)
        self._forget(publication)
        self._store.remove_publication(publication.etag)
        self._on_changed(publication.presentity)

    def _forget(self, publication: Publication) -> None:
        self._by_etag.pop(publication.etag, None)
        self._composed.pop(publication.presentity, None)
        if (end := self._ends.pop(publication.etag, None)) is not None:
            end.cancel()

    def _of(self, presentity: str) -> list[Publication]:
        return [one for one in self._by_etag.values() if one.presentity == presentity]

    def stop(self) -> None:
        """Stop all clocks; what is published stays kept."""
        for end in self._ends.values():
            end.cancel()
        self._ends.clear()
