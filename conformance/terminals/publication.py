"""What one terminal publishes of its user's presence, and the entity tag by which it is known (RFC 3903 4).

Lives in one event loop, and knows no sockets.
"""

from __future__ import annotations

import asyncio
import secrets

from sipmessage import URI, CSeq, Request, Response

from conformance.protocols.sip.message import new_tag
from conformance.terminals.presence_documents import PIDF_TYPE

_LONGEST_TAG = 200


class Publication:
    """One publication: makes its requests.

    Args:
        identity: the presentity, a public user identity.
        routes: first the P-CSCF, then the Service-Route.
    """

    def __init__(self, identity: str, routes: tuple[str, ...]) -> None:
        self.identity = identity
        self.entity_tag: str | None = None
        """None while nothing is published."""
        self.asked_s = 0
        """Duration that was asked for last, seconds."""
        self.refreshes = 0
        """How often the terminal has refreshed it by itself."""
        self.news = asyncio.Condition()
        """Notified at each of these."""
        self.turn = asyncio.Lock()
        """Requests go one after the other: each one needs the entity tag of the answer before."""
        self._routes = routes
        self._call_id = secrets.token_hex(12)
        self._tag = new_tag()
        self._cseq = 0

    def next_request(self, expires_s: int, body: bytes = b"") -> Request:
        """Return the next PUBLISH, without Via.

        The first one has a body; a later one with a body modifies, one without refreshes, or removes with 0.

        Args:
            expires_s: asked duration, seconds.
            body: the document.
        """
        self._cseq += 1
        self.asked_s = expires_s
        request = Request("PUBLISH", URI.parse(self.identity))
        headers = request.headers
        headers.setlist("Via", [])
        headers.set("Max-Forwards", "70")
        headers.setlist("Route", list(self._routes))
        headers.set("From", f"<{self.identity}>;tag={self._tag}")
        headers.set("To", f"<{self.identity}>")
        headers.set("Call-ID", self._call_id)
        headers.set("CSeq", str(CSeq(self._cseq, "PUBLISH")))
        headers.set("Event", "presence")
        headers.set("Expires", str(expires_s))
        if self.entity_tag is not None:
            headers.set("SIP-If-Match", self.entity_tag)
        if body:
            headers.set("Content-Type", PIDF_TYPE)
            request.body = body
        return request

    def accepted(self, expires_s: int, response: Response) -> None:
        """Take the 2xx of a PUBLISH: each one has a new entity tag (RFC 3903 4.1).

        Raises:
            ValueError: it has none, or one that is no token of some length.
        """
        tag = (response.headers.get("SIP-ETag") or "").strip()
        if not tag or len(tag) > _LONGEST_TAG or not tag.isprintable() or " " in tag:
            raise ValueError(f"SIP-ETag: expected one in the 200 to PUBLISH, found {tag[:40]!r}")
        self.entity_tag = tag if expires_s else None

    def forget(self) -> None:
        """Begin anew: the entity tag is unknown to the network (412)."""
        self.entity_tag = None
