"""What a terminal observed: the evidence of the interoperability verdict, one line of `events.jsonl` each."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class EventKind(StrEnum):
    """Things that a user of a terminal would notice, and the end of each procedure."""

    REGISTER_SENT = "register-sent"
    CHALLENGED = "challenged"
    NETWORK_AUTHENTICATED = "network-authenticated"
    NETWORK_REFUSED = "network-refused"
    """AUTN did not verify (MAC failure)."""
    RESYNCHRONISED = "resynchronised"
    REGISTERED = "registered"
    REREGISTERED = "reregistered"
    DEREGISTERED = "deregistered"
    SUBSCRIBED = "subscribed"
    """The network accepts a subscription to the registration state."""
    NOTIFIED = "notified"
    """NOTIFY of the registration state; detail begins with the state of the subscription."""
    NETWORK_DEREGISTERED = "network-deregistered"
    """The network ended the registration; detail is the event of the contact: `deactivated`, `rejected`."""
    REJECTED = "rejected"
    TIMED_OUT = "timed-out"


class TerminalEvent(BaseModel):
    """One observation of one terminal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    time_ns: int
    """Wall clock, nanoseconds since 1970."""
    terminal: str
    """Public user identity that the terminal uses."""
    kind: EventKind
    status: int | None = None
    """SIP status code, where the event is an answer."""
    detail: str = ""
    """One line for a person; never a secret."""
