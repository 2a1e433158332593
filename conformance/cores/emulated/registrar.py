"""The registrar's memory: which contacts are bound to which public identities (RFC 3261 10.3). No I/O.

Identities of one implicit registration set share one registration (3GPP TS 23.228). A user may have several devices,
each with a private identity of its own that shares the public ones: then each has its own contact in it. Time comes
from the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from conformance.protocols.sip.name_addr import NameAddr, parse_addresses, split_entries

_LONGEST_WISH_S = 2**32 - 1  # RFC 3261 20.19


class IntervalTooBrief(Exception):
    """The contact asks for less than the registrar grants: 423 with Min-Expires (RFC 3261 10.3 step 7)."""


class OutOfOrder(Exception):
    """A REGISTER of the same Call-ID with a CSeq that is not higher arrived late (RFC 3261 10.3 step 7)."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a REGISTER asks for: contacts and seconds, or nothing (a query), or the removal of everything."""

    contacts: tuple[tuple[NameAddr, int], ...]
    everything: bool = False

    @property
    def is_query(self) -> bool:
        """True where the request has no Contact: nothing changes."""
        return not self.contacts and not self.everything

    @property
    def is_removal(self) -> bool:
        """True where every contact that is named shall go."""
        return self.everything or (bool(self.contacts) and all(seconds == 0 for _, seconds in self.contacts))


@dataclass(frozen=True, slots=True)
class Binding:
    """One contact address of a registered user."""

    contact: NameAddr
    path: tuple[str, ...]
    """Path entries of the REGISTER, first the nearest to the registrar's users."""
    impi: str
    call_id: str
    cseq: int
    expires_at: float


@dataclass(slots=True)
class Registration:
    """One implicit registration set and its bindings by contact URI."""

    identities: tuple[str, ...]
    """Public user identities, first the default one."""
    bindings: dict[str, Binding] = field(default_factory=dict)
    explicit: str = ""
    """The identity that a REGISTER named; the others came with it."""
    events: dict[str, str] = field(default_factory=dict)
    """What happened last to each bound contact, as RFC 3680 names it: `registered` or `refreshed`."""

    def has(self, impi: str) -> bool:
        """Tell whether a contact of a private identity is bound."""
        return any(binding.impi == impi for binding in self.bindings.values())

    def drop(self, uris: Iterable[str]) -> tuple[Binding, ...]:
        """Take contacts away and return what they were."""
        gone = tuple(self.bindings.pop(uri) for uri in list(uris))
        self.events = {uri: event for uri, event in self.events.items() if uri in self.bindings}
        return gone


class Registrar:
    """All registrations of one S-CSCF.

    Args:
        longest_s: longest registration that is granted, seconds.
        shortest_s: shortest one, seconds.
        now: monotonic clock, seconds.
    """

    def __init__(self, longest_s: int, shortest_s: int, now: Callable[[], float]) -> None:
        self.longest_s = longest_s
        self.shortest_s = min(shortest_s, longest_s)
        self._now = now
        self._by_identity: dict[str, Registration] = {}

    def read_wish(self, contacts: Iterable[str], expires: str | None) -> Wish:
        """Read what the Contact and Expires header fields of a REGISTER ask for.

        Args:
            contacts: values of Contact.
            expires: value of Expires, None where it is absent.

        Raises:
            ValueError: a malformed contact or number, or `*` beside contacts or with Expires other than 0.
            IntervalTooBrief: less than `shortest_s` and more than nothing is asked for.
        """
        contacts = list(contacts)
        if "*" in split_entries(contacts):
            if len(split_entries(contacts)) > 1 or expires is None or _seconds(expires) != 0:
                raise ValueError("Contact *: expected alone and with Expires: 0")
            return Wish((), everything=True)
        wished = []
        for contact in parse_addresses(contacts):
            text = contact.parameter("expires") or expires
            seconds = self.longest_s if text is None else _seconds(text)
            if 0 < seconds < self.shortest_s:
                raise IntervalTooBrief
            wished.append((contact, min(seconds, self.longest_s)))
        return Wish(tuple(wished))

    def check_order(self, identity: str, wish: Wish, call_id: str, cseq: int) -> None:
        """Compare with what is bound already (RFC 3261 10.3 step 7).

        Raises:
            OutOfOrder: a binding was made by the same Call-ID with the same or a higher CSeq.
        """
        registration = self.find(identity)
        if registration is None:
            return
        named = {contact.uri for contact, _ in wish.contacts}
        for uri, binding in registration.bindings.items():
            if (wish.everything or uri in named) and binding.call_id == call_id and binding.cseq >= cseq:
                raise OutOfOrder

    def find(self, identity: str) -> Registration | None:
        """Return the registration of a public user identity, None where it is not registered."""
        return self._by_identity.get(identity)

    def bind(
        self,
        impi: str,
        identities: tuple[str, ...],
        wish: Wish,
        *,
        path: tuple[str, ...],
        call_id: str,
        cseq: int,
        explicit: str = "",
    ) -> Registration:
        """Bind, refresh and remove contacts as the wish says.

        A terminal without outbound registers one contact: an earlier one of the same private identity is replaced
        (3GPP TS 24.229 5.4.1.2.2F). Contacts of another private identity are another device's and stay.

        Returns:
            The registration; it has no bindings where the wish removed the last one, and is forgotten then.
        """
        registration = next((r for i in identities if (r := self.find(i))), None) or Registration(identities)
        registration.identities = identities
        registration.explicit = registration.explicit or explicit or identities[0]
        named = {contact.uri for contact, seconds in wish.contacts if seconds}
        own = [uri for uri, binding in registration.bindings.items() if binding.impi == impi]
        registration.drop(uri for uri in own if wish.everything or (named and uri not in named))
        for contact, seconds in wish.contacts:
            known = registration.bindings.pop(contact.uri, None)
            if seconds:
                registration.events[contact.uri] = "registered" if known is None else "refreshed"
                registration.bindings[contact.uri] = Binding(contact, path, impi, call_id, cseq, self._now() + seconds)
        registration.events = {uri: event for uri, event in registration.events.items() if uri in registration.bindings}
        self.forget(*identities)
        if registration.bindings:
            self._by_identity.update(dict.fromkeys(identities, registration))
        return registration

    def remaining_s(self, binding: Binding) -> int:
        """Return the whole seconds that a binding still has, at least 1."""
        return max(1, round(binding.expires_at - self._now()))

    def forget(self, *identities: str) -> None:
        """Drop the registrations of those public user identities, and of nobody else."""
        for identity in identities:
            registration = self._by_identity.pop(identity, None)
            if registration is not None:
                for other in registration.identities:
                    self._by_identity.pop(other, None)

    def of_private_identity(self, impi: str) -> list[Registration]:
        """Return the registrations in which a private user identity has a contact."""
        return [r for r in self._each() if r.has(impi)]

    def users(self) -> list[str]:
        """Return the default public identities of all registrations that have not expired."""
        now = self._now()
        return [r.identities[0] for r in self._each() if any(b.expires_at > now for b in r.bindings.values())]

    def expired(self) -> list[tuple[Registration, tuple[Binding, ...]]]:
        """Drop the contacts that have expired; return the registrations that had them, each with what is gone.

        A registration that has lost its last contact is forgotten.
        """
        now, found = self._now(), []
        for registration in self._each():
            gone = registration.drop(uri for uri, b in list(registration.bindings.items()) if b.expires_at <= now)
            if gone:
                found.append((registration, gone))
            if not registration.bindings:
                self.forget(*registration.identities)
        return found

    def next_expiry(self) -> float | None:
        """Return when (by the clock of the constructor) the next contact expires; None where there is none."""
        return min((b.expires_at for r in self._each() for b in r.bindings.values()), default=None)

    def _each(self) -> list[Registration]:
        return list({id(r): r for r in self._by_identity.values()}.values())


def _seconds(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 10:
        raise ValueError(f"Expires: expected a number of seconds, found {text[:20]!r}")
    return min(int(text), _LONGEST_WISH_S)
