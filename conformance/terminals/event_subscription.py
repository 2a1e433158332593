"""One subscription of a terminal, whatever the event package: makes its requests, reads what comes (RFC 6665).

Lives in one event loop, and knows no sockets. What the documents of a package say is read by who is given them.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from sipmessage import URI, CSeq, Request, Response

from conformance.protocols.sip.dialog import Dialog, dialog_key
from conformance.protocols.sip.message import new_tag

ACTIVE = "active"
PENDING = "pending"
TERMINATED = "terminated"

N = TypeVar("N")
"""What one NOTIFY told."""


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    """What Subscription-State says (RFC 6665 4.1.3)."""

    state: str
    """`active`, `pending` or `terminated`."""
    reason: str
    """Why it was terminated; empty where nothing is said."""

    @classmethod
    def of(cls, notify: Request) -> SubscriptionState:
        """Read it.

        Raises:
            ValueError: another state than the three.
        """
        state, _, rest = (notify.headers.get("Subscription-State") or "").partition(";")
        state = state.strip().lower()
        if state not in (ACTIVE, PENDING, TERMINATED):
            raise ValueError(f"Subscription-State: expected active, pending or terminated, found {state[:20]!r}")
        parameters = {name.strip(): value.strip() for name, _, value in (p.partition("=") for p in rest.split(";"))}
        return cls(state, parameters.get("reason", ""))


class EventSubscription(Generic[N]):
    """One subscription.

    Args:
        target: URI of what is watched: the Request-URI.
        identity: public user identity of who subscribes.
        contact: the terminal's contact URI.
        routes: first the P-CSCF, then the Service-Route, in the order in which they are taken.
        fields: Event, Accept and whatever else each SUBSCRIBE has.
        read: makes of a NOTIFY what it told; ValueError where its document cannot be read.
    """

    def __init__(
        self,
        target: str,
        identity: str,
        contact: str,
        routes: tuple[str, ...],
        fields: Mapping[str, str],
        read: Callable[[SubscriptionState, Request], N],
    ) -> None:
        self.target = target
        self.identity = identity
        self.notifications: list[N] = []
        self.news = asyncio.Condition()
        self.ended = False
        """The notifier has ended it."""
        self.asked_s = 0
        """Duration that was asked for last, seconds."""
        self.refreshes = 0
        """How often the terminal has refreshed it by itself; `news` tells of that, too."""
        self.turn = asyncio.Lock()
        """SUBSCRIBEs go one after the other."""
        self.contact = contact
        self._routes = routes
        self._fields = fields
        self._read = read
        self._call_id = secrets.token_hex(12)
        self._tag = new_tag()
        self._cseq = 0
        """Number of the last SUBSCRIBE before there was a dialog."""
        self._dialog: Dialog | None = None

    @property
    def last(self) -> N | None:
        """The newest notification."""
        return self.notifications[-1] if self.notifications else None

    def next_request(self, expires_s: int) -> Request:
        """Return the next SUBSCRIBE, without Via: the first one, or one that refreshes or ends the subscription.

        Args:
            expires_s: asked duration, seconds; 0 ends the subscription.
        """
        self.asked_s = expires_s
        if self._dialog is not None:
            request = self._dialog.next_request("SUBSCRIBE")
        else:
            self._cseq += 1  # a first one that was refused may be followed by another (RFC 3261 8.1.3.5)
            request = Request("SUBSCRIBE", URI.parse(self.target))
            headers = request.headers
            headers.setlist("Via", [])
            headers.set("Max-Forwards", "70")
            headers.setlist("Route", list(self._routes))
            headers.set("From", f"<{self.identity}>;tag={self._tag}")
            headers.set("To", f"<{self.target}>")
            headers.set("Call-ID", self._call_id)
            headers.set("CSeq", str(CSeq(self._cseq, "SUBSCRIBE")))
        headers = request.headers
        headers.set("Contact", f"<{self.contact}>")
        for name, value in self._fields.items():
            headers.set(name, value)
        headers.set("Expires", str(expires_s))
        return request

    def accepted(self, request: Request, response: Response) -> None:
        """Take the 2xx of a SUBSCRIBE.

        Raises:
            ValueError: it makes no dialog.
        """
        if self._dialog is None:
            self._dialog = Dialog.begun(request, response)

    def owns(self, request: Request) -> bool:
        """Tell whether a NOTIFY belongs to this subscription; it may come before the 2xx (RFC 6665)."""
        return dialog_key(request) == (self._call_id, self._tag)

    async def take(self, request: Request) -> N:
        """Read a NOTIFY and wake who waits for it.

        Raises:
            ValueError: Subscription-State or the document cannot be read.
        """
        state = SubscriptionState.of(request)
        notification = self._read(state, request)
        async with self.news:
            self.ended = state.state == TERMINATED
            self.notifications.append(notification)
            self.news.notify_all()
        return notification
