"""One request on its way from the one who sends it to the one who answers it, hop by hop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from conformance.criteria.registration import Hop
from conformance.criteria.values import digests
from conformance.trace.model import Message, SipMessage
from conformance.vocabulary.roles import Role

CHALLENGES = {401: ("WWW-Authenticate", "Authorization"), 407: ("Proxy-Authenticate", "Proxy-Authorization")}
"""Header fields of a challenge, and of the credentials that answer it, by status (RFC 3261 22)."""


@dataclass(frozen=True, eq=False)
class Way:
    """One request within or outside of a dialog on its way, hop by hop."""

    hops: tuple[Hop, ...]
    """At least one, nearest to the sender first."""

    @cached_property
    def request(self) -> SipMessage | None:
        """The request nearest to its sender; None where responses alone were captured."""
        return next((hop.request for hop in self.hops if hop.request is not None), None)

    @cached_property
    def response(self) -> SipMessage | None:
        """The final response nearest to the sender of the request."""
        return next((hop.response for hop in self.hops if hop.response is not None), None)

    @property
    def status(self) -> int | None:
        """Status of that response."""
        return None if self.response is None else self.response.sip.status

    @cached_property
    def is_challenged(self) -> bool:
        """True where somebody wants to know who asks: 401 or 407 to a request that does not prove it.

        The same to a request with credentials is a refusal, but for credentials that are just too old (`stale`).
        """
        if self.response is None or self.status not in CHALLENGES:
            return False
        asked, answered = CHALLENGES[self.status]
        stale = any((one.value("stale") or "").lower() == "true" for one in digests(self.response, asked))
        return stale or self.request is None or self.request.sip.first(answered) is None

    @property
    def is_accepted(self) -> bool:
        """True where the answer is 2xx."""
        return self.status is not None and 200 <= self.status < 300

    def hop_to(self, role: Role | None) -> Hop | None:
        """Return the hop that reaches a role."""
        return next((hop for hop in self.hops if role is not None and hop.receiver is role), None)

    def hop_from(self, role: Role | None) -> Hop | None:
        """Return the hop that leaves a role."""
        return next((hop for hop in self.hops if role is not None and hop.sender is role), None)

    @property
    def messages(self) -> Iterator[Message]:
        """All messages, hop by hop."""
        for hop in self.hops:
            yield from hop.messages

    @cached_property
    def time_ns(self) -> int:
        """Time of the first message, nanoseconds since 1970."""
        return min(message.time_ns for message in self.messages)
