"""What a presence server keeps over a restart: publications and subscriptions, in SQLite."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from conformance.cores.emulated.database import SqliteDatabase
from conformance.cores.emulated.notifier import Subscription
from conformance.protocols.sip.dialog import Dialog


@dataclass(slots=True, eq=False)
class Publication:
    """What one device has published."""

    presentity: str
    etag: str
    body: bytes
    changed_ns: int
    """When its state changed last."""
    expires_at: float
    """Seconds of the clock on the wall."""


@dataclass(slots=True, eq=False)
class KeptSubscription:
    """A subscription, and what it is to."""

    subscription: Subscription
    package: str
    presentity: str
    watcher: str
    watch: str
    """Id of the watcher in watcher information."""


class PresenceStore:
    """The database.

    Args:
        path: file; it is made where there is none.

    Raises:
        TestbedDown: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._database = SqliteDatabase(path, "presence.sql")
        # It outlives the node, also where the node is killed; a power failure may take the last second. Else each
        # NOTIFY would wait for the disk.
        self._database.execute("PRAGMA synchronous = OFF")

    def publications(self) -> Iterator[Publication]:
        """Yield the publications whose time is not over; forget the others."""
        self._database.execute("DELETE FROM publication WHERE expires_ms <= ?", (_ms(time.time()),))
        rows = self._database.execute("SELECT presentity, etag, body, changed_ns, expires_ms FROM publication")
        for presentity, etag, body, changed_ns, expires_ms in rows:
            yield Publication(presentity, etag, body, changed_ns, expires_ms / 1000)

    def put_publication(self, publication: Publication, instead_of: str | None = None) -> None:
        """Keep a publication.

        Args:
            publication: as it is now.
            instead_of: entity tag that it had.
        """
        with self._database.transaction():
            if instead_of is not None:
                self.remove_publication(instead_of)
            self._database.execute(
                "INSERT INTO publication (presentity, etag, body, changed_ns, expires_ms) VALUES (?, ?, ?, ?, ?)",
                (
                    publication.presentity,
                    publication.etag,
                    publication.body,
                    publication.changed_ns,
                    _ms(publication.expires_at),
                ),
            )

    def remove_publication(self, etag: str) -> None:
        """Forget a publication."""
        self._database.execute("DELETE FROM publication WHERE etag = ?", (etag,))

    def subscriptions(self) -> Iterator[KeptSubscription]:
        """Yield all subscriptions, also those whose time is over: their subscribers were not told yet."""
        rows = self._database.execute(
            "SELECT package, presentity, watcher, watch, event, dialog, version, expires_ms FROM subscription"
        )
        for package, presentity, watcher, watch, event, dialog, version, expires_ms in rows:
            fields = json.loads(dialog)
            fields["routes"] = tuple(fields["routes"])
            subscription = Subscription(Dialog(**fields), event, expires_ms / 1000, version)
            yield KeptSubscription(subscription, package, presentity, watcher, watch)

    def put_subscription(self, kept: KeptSubscription) -> None:
        """Keep a subscription as it is now."""
        subscription = kept.subscription
        self._database.execute(
            "INSERT OR REPLACE INTO subscription (call_id, tag, package, presentity, watcher, watch, event, dialog, "
            "version, expires_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *subscription.dialog.key,
                kept.package,
                kept.presentity,
                kept.watcher,
                kept.watch,
                subscription.event,
                json.dumps(dataclasses.asdict(subscription.dialog)),
                subscription.version,
                _ms(subscription.expires_at),
            ),
        )

    def remove_subscription(self, subscription: Subscription) -> None:
        """Forget a subscription."""
        self._database.execute("DELETE FROM subscription WHERE call_id = ? AND tag = ?", subscription.dialog.key)

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
