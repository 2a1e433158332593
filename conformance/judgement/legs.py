"""Puts the legs of one HTTP request together: a node passed it on without changing an octet.

Where the ports of an XDMS are translated (D2.2 3.3.3.2), a capture that sees both sides of who translates has one
request twice, on two TCP connections. What a proxy changes is another request: its sender answers for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from conformance.trace.correlate import Transaction
from conformance.trace.merge import COPY_WINDOW_NS
from conformance.trace.model import Message

_LOOK_BACK = 16
"""So many earlier requests with the same bytes are looked at: a flood of equal requests stays linear."""


@dataclass(slots=True)
class _Chain:
    """One request, leg by leg, from who asked first."""

    legs: list[Transaction]

    def takes(self, other: Transaction) -> bool:
        """Tell whether another transaction is a leg of the request; it is taken in then."""
        if _is_next(self.legs[-1], other):
            self.legs.append(other)
        elif _is_next(other, self.legs[0]):  # by another clock it was earlier
            self.legs.insert(0, other)
        else:
            return False
        return True


def without_legs(transactions: Iterable[Transaction]) -> list[Transaction]:
    """Return the HTTP transactions of a trace, the legs of each as one.

    Two are legs of one request only where all of this holds: request and final answer have the same bytes; the
    second one comes from the node that the first one went to, or from the very same socket (translated on the way),
    and goes elsewhere; and it happens while the first one waits. Each leg has one leg behind it at the most, so that
    as many requests are left as a client asked.

    Args:
        transactions: From `correlate`; those of other protocols are left out.

    Returns:
        In the order of their first messages. The messages of one with several legs have the sightings of all, that of
        who asked first in front.
    """
    chains: list[_Chain] = []
    known: dict[bytes, list[_Chain]] = {}
    for transaction in sorted((one for one in transactions if one.protocol == "HTTP"), key=lambda one: one.time_ns):
        earlier = [] if transaction.request is None else known.setdefault(transaction.request.raw, [])
        if any(one.takes(transaction) for one in earlier[-_LOOK_BACK:]):
            continue
        chain = _Chain([transaction])
        chains.append(chain)
        earlier.append(chain)
    return [_joined(chain.legs) for chain in chains]


def _is_next(leg: Transaction, other: Transaction) -> bool:
    """Tell whether what was asked on one leg, with the same bytes, is what was asked on the leg before."""
    passed_on = other.source.address == leg.destination.address or other.source == leg.source
    if not passed_on or other.destination == leg.destination:
        return False
    first, second = leg.final, other.final
    if first is not None and second is not None and first.raw != second.raw:
        return False
    # On two clocks nobody knows the order to the last microsecond.
    slack = 0 if leg.first.capture == other.first.capture else COPY_WINDOW_NS
    begin = leg.first.time_ns
    end = begin + COPY_WINDOW_NS if first is None else first.time_ns
    last = other.first.time_ns if second is None else second.time_ns
    return begin - slack <= other.first.time_ns and max(other.first.time_ns, last) <= end + slack


def _joined(legs: list[Transaction]) -> Transaction:
    if len(legs) == 1:
        return legs[0]
    asked = [one.request for one in legs if one.request is not None]
    answers = [one.final for one in legs if one.final is not None]
    return replace(legs[0], request=_as_one(asked), responses=(_as_one(answers),) if answers else ())


def _as_one(messages: list[Message]) -> Message:
    return replace(messages[0], sightings=tuple(seen for one in messages for seen in one.sightings))
