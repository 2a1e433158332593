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
    CALLING = "calling"
    """INVITE sent; detail names who is called."""
    INVITED = "invited"
    """INVITE came; detail is who calls, as the network asserts it, or `anonymous`."""
    PROGRESS = "progress"
    """183, seen or given."""
    RINGING = "ringing"
    """180, seen or given."""
    ANSWERED = "answered"
    """The session is there: 200 to INVITE, seen or given; detail names the streams."""
    REFUSED = "refused"
    """The call came to nothing: final answer to INVITE, seen or given."""
    CANCELLED = "cancelled"
    """The caller gave up: CANCEL, sent or received."""
    HELD = "held"
    RESUMED = "resumed"
    MEDIA_CHANGED = "media-changed"
    """Streams were added or dropped; detail names those that are left."""
    REFRESHED = "refreshed"
    """The session timer begins anew; detail says by whom, or how."""
    HEARD = "heard"
    """The terminal hears the tone of the other end; detail says how many packets came."""
    SEEN = "seen"
    """The terminal sees the pictures of the other end; detail says how many packets came."""
    PUBLISHED = "published"
    """The network took a publication; detail says what is published, or that it was refreshed or removed."""
    WATCHING = "watching"
    """The network takes a subscription to presence, to a list or to watchers; detail begins with whose."""
    PRESENCE = "presence"
    """NOTIFY of such a subscription; detail begins with the state of the subscription and whose it is."""
    PRESENCE_REFUSED = "presence-refused"
    """A request of presence was refused, by SIP or by HTTP; detail names it."""
    STORED = "stored"
    """A document or a part of one was put into the XDMS (200, 201); detail names it."""
    FETCHED = "fetched"
    REMOVED = "removed"
    MESSAGE_SENT = "message-sent"
    """The network took a MESSAGE; detail says to whom."""
    MESSAGE_RECEIVED = "message-received"
    """MESSAGE came; detail is who sent it, as the network asserts it, or `anonymous`, and how long it is."""
    MESSAGE_REFUSED = "message-refused"
    ENDED = "ended"
    """BYE, sent or received."""
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
