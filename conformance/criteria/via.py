"""What a receiver makes of the Via of a request: seen in the request that it forwards, or in its answer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import NamedTuple

from conformance.criteria.registration import Attempt, Hop, Registration, once
from conformance.criteria.values import same_host
from conformance.trace.model import SipMessage
from conformance.trace.sip import Value
from conformance.trace.sip_values import Via, parse_via


class ReceivedVia(NamedTuple):
    """The Via of one request as its sender wrote it, and as its receiver passed it on."""

    hop: Hop
    request: SipMessage
    sent: Via
    noted: Via
    place: tuple[SipMessage, Value]
    """Where `noted` stands."""

    @property
    def source(self) -> str:
        """Address that the request came from, where it was seen last: nearest to its receiver."""
        return self.request.sightings[-1].source.address

    @property
    def on_one_host(self) -> bool:
        """Whether sender and receiver have one address."""
        return self.source == self.request.sightings[-1].destination.address

    def came_from(self, address: str, port: int | None = None) -> bool:
        """Tell whether the request was seen with that source, on either side of an address translator."""
        return any(
            same_host(address.strip("[]"), one.source.address) and (port is None or port == one.source.port)
            for one in self.request.sightings
        )


@once
def received_vias(registration: Registration) -> tuple[ReceivedVia, ...]:
    """Return the Via of each REGISTER whose receiver shows what it made of it, hop by hop."""
    return tuple(one for attempt in registration.attempts for one in _of(attempt))


def _of(attempt: Attempt) -> Iterator[ReceivedVia]:
    for hop, following in zip_longest(attempt.hops, attempt.hops[1:]):
        request = hop.request
        sent = None if request is None else _via(request, 0)
        if request is None or request.truncated or sent is None:
            continue
        behind = None if following is None else following.request
        shown = [(behind, 1)] if behind is not None else []
        shown += [(answer, 0) for answer in (*hop.provisional, hop.response) if answer is not None]
        for message, index in shown:
            noted = None if message.truncated else _via(message, index)
            if noted is not None and noted.params.get("branch") == sent.params.get("branch") is not None:
                value = message.sip.values("Via")[index]
                yield ReceivedVia(hop, request, sent, noted, (message, value))
                break


def _via(message: SipMessage, index: int) -> Via | None:
    values = message.sip.values("Via")
    return parse_via(values[index]) if index < len(values) else None
