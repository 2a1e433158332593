"""A terminal's subscription to its own registration state (3GPP TS 24.229 5.1.1.3, RFC 3680, RFC 6665)."""

from __future__ import annotations

from dataclasses import dataclass

from sipmessage import Request

from conformance.protocols.reginfo import CONTENT_TYPE, RegInfo, RegistrationState, read_reginfo
from conformance.terminals.event_subscription import ACTIVE, TERMINATED, EventSubscription, SubscriptionState

__all__ = ["ACTIVE", "ASKED_EXPIRES_S", "TERMINATED", "Notification", "RegSubscription"]

ASKED_EXPIRES_S = 600_000
"""How long a terminal wants to be told, seconds (3GPP TS 24.229 5.1.1.3)."""


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


class RegSubscription(EventSubscription[Notification]):
    """The subscription to the own registration state.

    Args:
        identity: whose registration, the default public user identity.
        contact: the terminal's contact URI.
        routes: first the P-CSCF, then the Service-Route, in the order in which they are taken.
    """

    def __init__(self, identity: str, contact: str, routes: tuple[str, ...]) -> None:
        super().__init__(identity, identity, contact, routes, {"Event": "reg", "Accept": CONTENT_TYPE}, _read)


def _read(state: SubscriptionState, request: Request) -> Notification:
    info = read_reginfo(request.body) if request.body else RegInfo(0, "full")
    return Notification(state.state, state.reason, info)
