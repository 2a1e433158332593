"""When each message of a ladder came, and how long each transaction took."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.vocabulary.results import Arrow


def since_first(arrows: Sequence[Arrow]) -> list[str]:
    """Return the time of each arrow since the first one, in milliseconds: `+12.3`."""
    start = arrows[0].time_ns if arrows else 0
    return [f"{(arrow.time_ns - start) / 1e6:+.1f}" for arrow in arrows]


def round_trips(arrows: Sequence[Arrow]) -> list[str]:
    """Return, at each message that ends a transaction, the time since its request in milliseconds: `4.1`; else nothing.

    A provisional SIP response (RFC 3261 17.1.1) ends nothing, and a message that is sent again begins and ends
    nothing: the time is that from the first request to the first final response.
    """
    asked: dict[int, Arrow] = {}
    answered: set[int] = set()
    found = []
    for arrow in arrows:
        number = arrow.transaction
        took = ""
        if number is not None and not arrow.retransmission and number not in answered:
            request = asked.setdefault(number, arrow)
            is_answer = request is not arrow and (arrow.source, arrow.destination) == (
                request.destination,
                request.source,
            )
            if is_answer and not (arrow.protocol == "SIP" and arrow.summary.startswith("1")):
                answered.add(number)
                took = f"{(arrow.time_ns - request.time_ns) / 1e6:.1f}"
        found.append(took)
    return found
