"""What a user watches, as a test case sees it: somebody's presence, a list, who watches the user.

Its methods may be called from any thread but the terminals' own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from sipmessage import Request

from conformance.terminals.event_subscription import TERMINATED, EventSubscription, SubscriptionState
from conformance.terminals.presence_documents import (
    MULTIPART_TYPE,
    PIDF_TYPE,
    RLMI_TYPE,
    WINFO_TYPE,
    Member,
    Presence,
    WatcherInfo,
    read_list,
    read_pidf,
    read_winfo,
)

ASKED_EXPIRES_S = 3600
"""How long a terminal wants to be told, seconds (RFC 3856 6.4)."""

D = TypeVar("D")
"""What a document says."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Told(Generic[D]):
    """What one NOTIFY told."""

    state: SubscriptionState
    document: D | None
    """None where it has no body."""


class Procedures(Protocol):
    """What runs the procedures of a terminal."""

    def run(self, work: Callable[[], Awaitable[T]], what: str) -> T:
        """Run one until its deadline.

        Raises:
            PresenceFailed: it did not come to its end.
        """
        ...

    async def subscribe(self, subscription: EventSubscription[Told[D]], expires_s: int) -> None:
        """Send a SUBSCRIBE and wait for its answer and for the NOTIFY that follows."""
        ...


class Watch(Generic[D]):
    """One subscription of a user.

    Args:
        subscription: it.
        procedures: of the terminal.
    """

    def __init__(self, subscription: EventSubscription[Told[D]], procedures: Procedures) -> None:
        self.subscription = subscription
        self._procedures = procedures

    @property
    def state(self) -> str:
        """`active`, `pending` or `terminated`, as the newest NOTIFY says; empty before the first one."""
        last = self.subscription.last
        return last.state.state if last is not None else ""

    @property
    def reason(self) -> str:
        """Why it was terminated; empty where nothing is said."""
        last = self.subscription.last
        return last.state.reason if last is not None else ""

    @property
    def documents(self) -> list[D]:
        """All documents that came, the oldest first."""
        return [told.document for told in self.subscription.notifications if told.document is not None]

    def refresh(self, expires_s: int = ASKED_EXPIRES_S) -> None:
        """Refresh the subscription, and wait for the NOTIFY that follows. Raises PresenceFailed."""
        self._procedures.run(
            lambda: self._procedures.subscribe(self.subscription, expires_s), f"SUBSCRIBE {self.subscription.target}"
        )

    def end(self) -> None:
        """End the subscription, and wait until the notifier says so. Raises PresenceFailed."""
        self.refresh(0)
        self.wait_state(TERMINATED)

    def wait_state(self, state: str, reason: str | None = None) -> None:
        """Wait until the newest NOTIFY says that the subscription has a state.

        Args:
            state: `active`, `pending` or `terminated`.
            reason: why it is terminated; None: for whatever reason.

        Raises:
            PresenceTimedOut: it does not.
        """
        words = state if reason is None else f"{state} ({reason})"
        self.until(lambda: self.state == state and reason in (None, self.reason), f"the state {words}")

    def wait_refreshed(self) -> None:
        """Wait until the terminal has refreshed the subscription by itself, once more than now. Raises as `until`."""
        known = self.subscription.refreshes
        self.until(lambda: self.subscription.refreshes > known, "a refresh")

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something is so after a NOTIFY; PresenceTimedOut where it does not come."""
        subscription = self.subscription

        async def wait() -> None:
            async with subscription.news:
                await subscription.news.wait_for(holds)

        self._procedures.run(
            wait,
            f"{what} of the subscription to {subscription.target}",
        )

    def __str__(self) -> str:
        return self.state or "no NOTIFY"


class PresenceWatch(Watch[Presence]):
    """The presence of one user."""

    @property
    def presence(self) -> Presence:
        """The newest document; one that says nothing before the first."""
        return self.documents[-1] if self.documents else Presence()

    def wait_presence(self, basic: str = "open", *, activity: str = "", note: str = "") -> None:
        """Wait until the newest document says so.

        Args:
            basic: `open` or `closed`; closed means that nothing is open.
            activity: element of RPID; empty: whatever it says.
            note: a text; empty: whatever it says.

        Raises:
            PresenceTimedOut: it does not.
        """

        def said() -> bool:
            seen = self.presence
            right = seen.is_open if basic == "open" else bool(seen.basic) and not seen.is_open
            return right and activity in ("", *seen.activities) and note in ("", *seen.notes)

        self.until(said, f"presence {', '.join(filter(None, (basic, activity, note)))}")

    def wait_tuples(self, count: int) -> None:
        """Wait until the newest document has so many tuples: one a device that is published. Raises as above."""
        self.until(lambda: self.presence.tuples == count, f"presence of {count} devices")


class WatcherWatch(Watch[WatcherInfo]):
    """Who watches the user (RFC 3857)."""

    @property
    def watchers(self) -> dict[str, str]:
        """State of each watcher, by URI."""
        known: dict[str, tuple[str, str]] = {}
        for document in self.documents:
            known = {**({} if document.is_full else known), **document.watchers}
        return dict(known.values())

    def wait_watcher(self, uri: str, status: str) -> None:
        """Wait until a watcher has a status: `pending`, `active`, `waiting`, `terminated`. Raises PresenceTimedOut."""
        self.until(lambda: self.watchers.get(uri) == status, f"watcher {uri} {status}")


class ListWatch(Watch[Mapping[str, Member]]):
    """The presence of all members of a list (RFC 4662)."""

    @property
    def members(self) -> dict[str, Member]:
        """What is known of each member, by URI."""
        known: dict[str, Member] = {}
        for document in self.documents:
            for uri, member in document.items():
                before = known.get(uri)
                presence = member.presence or (before.presence if before is not None else None)
                known[uri] = Member(member.state, presence)
        return known

    def wait_member(self, uri: str, basic: str = "open") -> None:
        """Wait until a member of the list is reachable, or is not: `open`, `closed`. Raises PresenceTimedOut."""

        def said() -> bool:
            member = self.members.get(uri)
            return member is not None and member.presence is not None and member.presence.is_open == (basic == "open")

        self.until(said, f"member {uri} {basic}")


def presence_fields() -> dict[str, str]:
    """Return what a SUBSCRIBE to somebody's presence has (3GPP TS 24.141 5.3.2)."""
    return {"Event": "presence", "Accept": PIDF_TYPE}


def list_fields() -> dict[str, str]:
    """Return what a SUBSCRIBE to a list has (RFC 4662 4.1)."""
    accept = f"{PIDF_TYPE}, {RLMI_TYPE}, {MULTIPART_TYPE}"
    return {"Event": "presence", "Accept": accept, "Supported": "eventlist"}


def watcher_fields() -> dict[str, str]:
    """Return what a SUBSCRIBE to the own watchers has (RFC 3857 4.1)."""
    return {"Event": "presence.winfo", "Accept": WINFO_TYPE}


def read_presence(state: SubscriptionState, notify: Request) -> Told[Presence]:
    """Read a NOTIFY of presence; ValueError where it holds something else."""
    return Told(state, read_pidf(_body(notify, PIDF_TYPE)) if notify.body else None)


def read_watchers(state: SubscriptionState, notify: Request) -> Told[WatcherInfo]:
    """Read a NOTIFY of watcher information; ValueError where it holds something else."""
    return Told(state, read_winfo(_body(notify, WINFO_TYPE)) if notify.body else None)


def read_members(state: SubscriptionState, notify: Request) -> Told[Mapping[str, Member]]:
    """Read a NOTIFY of a list; ValueError where it holds something else."""
    kind = notify.headers.get("Content-Type") or ""
    return Told(state, read_list(kind, notify.body) if notify.body else None)


def _body(notify: Request, expected: str) -> bytes:
    found = (notify.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    if found != expected:
        raise ValueError(f"Content-Type: expected {expected}, found {found[:60]!r}")
    return bytes(notify.body)


async def next_notification(subscription: EventSubscription[Told[D]], known: int) -> None:
    """Wait until more than `known` NOTIFYs have come."""
    async with subscription.news:
        await subscription.news.wait_for(lambda: len(subscription.notifications) > known)
