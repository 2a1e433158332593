"""A terminal's subscription to its own registration state (3GPP TS 24.229 5.1.1.3, RFC 3680, RFC 6665)."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass

from sipmessage import URI, CSeq, Request, Response

from conformance.protocols.reginfo import CONTENT_TYPE, RegInfo, RegistrationState, read_reginfo
from conformance.protocols.sip.dialog import Dialog, dialog_key
from conformance.protocols.sip.message import new_tag

ASKED_EXPIRES_S = 600_000
"""How long a terminal wants to be told, seconds (3GPP TS 24.229 5.1.1.3)."""

ACTIVE = "active"
TERMINATED = "terminated"


@dataclass(frozen=True, slots=True)
class Notification:
    """What one NOTIFY told."""

    state: str
    """Of the subscription: `active` or `terminated`."""
    reason: str
    """Why it was terminated; empty where nothing is said."""
    info: RegInfo

    def of(self, aor: str) -> RegistrationState | None:
        """Return the registration of one identity, None where the document does not have it."""
        return next((one for one in self.info.registrations if one.aor == aor), None)

    def event_of(self, contact: str) -> tuple[str, str] | None:
        """Return state and event of a contact, of the first identity that has it."""
        found = (c for r in self.info.registrations for c in r.contacts if c.uri == contact)
        return next(((c.state, c.event) for c in found), None)

    def end_of(self, aor: str, contact: str) -> str | None:
        """Return how the registration of a contact ended, None where it goes on or nothing is said of it.

        A registration whose state is `terminated` has no contacts any more (RFC 3680 5.1), also where none is listed:
        then the event is not known, and the empty text is returned.
        """
        if (mine := self.event_of(contact)) is not None:
            return mine[1] if mine[0] == TERMINATED else None
        registration = self.of(aor)
        return "" if registration is not None and registration.state == TERMINATED else None


class RegSubscription:
    """One subscription: makes its requests, reads what comes. Lives in one event loop, and knows no sockets.

    Args:
        identity: whose registration, the default public user identity.
        contact: the terminal's contact URI.
        routes: first the P-CSCF, then the Service-Route, in the order in which they are taken.
    """

    def __init__(self, identity: str, contact: str, routes: tuple[str, ...]) -> None:
        self.identity = identity
        self.notifications: list[Notification] = []
        self.news = asyncio.Condition()
        self._contact = contact
        self._routes = routes
        self._call_id = secrets.token_hex(12)
        self._tag = new_tag()
        self._dialog: Dialog | None = None

    @property
    def last(self) -> Notification | None:
        """The newest notification."""
        return self.notifications[-1] if self.notifications else None

    def next_request(self, expires_s: int) -> Request:
        """Return the next SUBSCRIBE, without Via: the first one, or one that refreshes or ends the subscription.

        Args:
            expires_s: asked duration, seconds; 0 ends the subscription.
        """
        if self._dialog is not None:
            request = self._dialog.next_request("SUBSCRIBE")
        else:
            request = Request("SUBSCRIBE", URI.parse(self.identity))
            headers = request.headers
            headers.setlist("Via", [])
            headers.set("Max-Forwards", "70")
            headers.setlist("Route", list(self._routes))
            headers.set("From", f"<{self.identity}>;tag={self._tag}")
            headers.set("To", f"<{self.identity}>")
            headers.set("Call-ID", self._call_id)
            headers.set("CSeq", str(CSeq(1, "SUBSCRIBE")))
        headers = request.headers
        headers.set("Contact", f"<{self._contact}>")
        headers.set("Event", "reg")
        headers.set("Accept", CONTENT_TYPE)
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

    async def take(self, request: Request) -> Notification:
        """Read a NOTIFY and wake who waits for it.

        Raises:
            ValueError: Subscription-State or the document cannot be read.
        """
        state, _, rest = (request.headers.get("Subscription-State") or "").partition(";")
        state = state.strip().lower()
        if state not in (ACTIVE, "pending", TERMINATED):
            raise ValueError(f"Subscription-State: expected active, pending or terminated, found {state[:20]!r}")
        parameters = dict(p.strip().partition("=")[::2] for p in rest.split(";"))
        info = read_reginfo(request.body) if request.body else RegInfo(0, "full")
        notification = Notification(state, parameters.get("reason", ""), info)
        async with self.news:
            self.notifications.append(notification)
            self.news.notify_all()
        return notification
