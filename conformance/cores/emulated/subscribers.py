"""The HSS's memory: credentials, sequence numbers, who is registered at which S-CSCF.

Every change is on disk before the answer that tells of it leaves, so that a restarted HSS never repeats a
sequence number (3GPP TS 33.102 annex C.1).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from conformance.cores.emulated.database import Database, Duplicate
from conformance.protocols.aka import next_sqn
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.federation import Subscriber
from conformance.vocabulary.filter_criteria import FilterCriterion
from conformance.vocabulary.secrets import Secret

_CHANGE = "UPDATE subscription SET k = ?, opc = ?, amf = ?, password = ?, roaming = ? WHERE impi = ?"
_ADD = "INSERT INTO subscription (k, opc, amf, password, roaming, impi) VALUES (?, ?, ?, ?, ?, ?)"


class State(StrEnum):
    """Registration state of an implicit registration set (3GPP TS 29.228 6.1)."""

    NOT_REGISTERED = "not-registered"
    REGISTERED = "registered"
    UNREGISTERED = "unregistered"
    """Not registered, and an S-CSCF keeps the profile for terminating services."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscriber as the HSS knows it."""

    impi: str
    impus: tuple[str, ...]
    """First: the default public user identity."""
    k: Secret | None
    opc: Secret | None
    amf: bytes
    password: Secret | None
    roaming: bool
    """False: may register from the home network only."""
    state: State
    pending: bool
    server_name: str | None
    server_host: str | None

    @property
    def uses_aka(self) -> bool:
        """True for AKA, False for a password."""
        return self.k is not None


class SubscriberStore:
    """What one HSS knows of its subscribers. All methods are short and synchronous.

    Args:
        database: where it is kept; closed with the store.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def provision(self, subscribers: Iterable[Subscriber]) -> None:
        """Make the database hold exactly these subscribers.

        Credentials and identities are taken over; sequence number and registration of known ones stay.

        Two of them may share public identities: they are devices of one user (3GPP TS 23.228 4.3.3.4).

        Raises:
            BadInput: a subscriber names a public identity twice.
        """
        subscribers = tuple(subscribers)
        with self._db.transaction():
            known = {row[0] for row in self._db.execute("SELECT impi FROM subscription")}
            for impi in known - {subscriber.impi for subscriber in subscribers}:
                self._db.execute("DELETE FROM subscription WHERE impi = ?", (impi,))
            self._db.execute("DELETE FROM identity")
            self._db.execute("DELETE FROM filter_criterion")
            for subscriber in subscribers:
                values = (
                    _reveal(subscriber.k),
                    _reveal(subscriber.opc),
                    bytes.fromhex(subscriber.amf),
                    _reveal(subscriber.password),
                    int(subscriber.roaming),
                    subscriber.impi,
                )
                statement = _CHANGE if subscriber.impi in known else _ADD
                self._db.execute(statement, values)
                for position, impu in enumerate(subscriber.impus):
                    self._add_identity(subscriber.impi, impu, position)
                for position, criterion in enumerate(subscriber.filter_criteria):
                    self._db.execute(
                        "INSERT INTO filter_criterion VALUES (?, ?, ?)",
                        (subscriber.impi, position, criterion.model_dump_json(exclude_defaults=True)),
                    )

    def _add_identity(self, impi: str, impu: str, position: int) -> None:
        try:
            self._db.execute("INSERT INTO identity VALUES (?, ?, ?)", (impu, impi, position))
        except Duplicate:
            raise BadInput(f"subscriber {impi}: expected each public identity once, found {impu} twice") from None

    def by_impi(self, impi: str) -> Subscription | None:
        """Return the subscription of a private identity, None where it is unknown."""
        rows = self._db.execute(
            "SELECT k, opc, amf, password, roaming, state, pending, server_name, server_host "
            "FROM subscription WHERE impi = ?",
            (impi,),
        )
        if not rows:
            return None
        identities = self._db.execute("SELECT impu FROM identity WHERE impi = ? ORDER BY position", (impi,))
        k, opc, amf, password, roaming, state, pending, server_name, server_host = rows[0]
        return Subscription(
            impi=impi,
            impus=tuple(impu for (impu,) in identities),
            k=None if k is None else Secret(k),
            opc=None if opc is None else Secret(opc),
            amf=amf,
            password=None if password is None else Secret(password),
            roaming=bool(roaming),
            state=State(state),
            pending=bool(pending),
            server_name=server_name,
            server_host=server_host,
        )

    def filter_criteria(self, impi: str) -> tuple[FilterCriterion, ...]:
        """Return the filter criteria of a subscriber, as they were provisioned."""
        rows = self._db.execute("SELECT criterion FROM filter_criterion WHERE impi = ? ORDER BY position", (impi,))
        return tuple(FilterCriterion.model_validate_json(text) for (text,) in rows)

    def by_impu(self, impu: str) -> tuple[Subscription, ...]:
        """Return the subscriptions that a public identity belongs to: one for each device that shares it."""
        rows = self._db.execute("SELECT impi FROM identity WHERE impu = ? ORDER BY impi", (impu,))
        return tuple(found for (impi,) in rows if (found := self.by_impi(impi)) is not None)

    def sqn(self, impi: str) -> int:
        """Return the sequence number that was used last."""
        return int(self._db.execute("SELECT sqn FROM subscription WHERE impi = ?", (impi,))[0][0])

    def take_sqn(self, impi: str) -> int:
        """Return the next sequence number, which is used by that."""
        with self._db.transaction():
            sqn = next_sqn(self.sqn(impi))
            self._db.execute("UPDATE subscription SET sqn = ? WHERE impi = ?", (sqn, impi))
        return sqn

    def reset_sqn(self, impi: str, sqn: int) -> None:
        """Take over the terminal's number after resynchronisation (3GPP TS 33.102 6.3.5)."""
        self._db.execute("UPDATE subscription SET sqn = ? WHERE impi = ?", (sqn, impi))

    def begin_authentication(self, impi: str, server_name: str, server_host: str) -> None:
        """Remember which S-CSCF authenticates the user (3GPP TS 29.228 6.3.1)."""
        self._db.execute(
            "UPDATE subscription SET pending = 1, server_name = ?, server_host = ? WHERE impi = ?",
            (server_name, server_host, impi),
        )

    def assign(self, impi: str, state: State, server_name: str, server_host: str) -> None:
        """Set the registration state and the S-CSCF (3GPP TS 29.228 6.1.2.1)."""
        self._db.execute(
            "UPDATE subscription SET pending = 0, state = ?, server_name = ?, server_host = ? WHERE impi = ?",
            (state, server_name, server_host, impi),
        )

    def end_authentication(self, impi: str) -> None:
        """Forget that an authentication was pending; the registration itself stays as it was."""
        self._db.execute("UPDATE subscription SET pending = 0 WHERE impi = ?", (impi,))

    def release(self, impi: str, *, keep_server: bool = False) -> None:
        """Set the user to not registered, or to unregistered where the S-CSCF keeps its profile."""
        if keep_server:
            self._db.execute(
                "UPDATE subscription SET pending = 0, state = ? WHERE impi = ?", (State.UNREGISTERED, impi)
            )
            return
        self._db.execute(
            "UPDATE subscription SET pending = 0, state = ?, server_name = NULL, server_host = NULL WHERE impi = ?",
            (State.NOT_REGISTERED, impi),
        )


def _reveal(secret: Secret | None) -> bytes | None:
    return None if secret is None else secret.reveal()
