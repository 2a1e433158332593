"""Where and when a page shows a message: what ladders, messages and findings link each other by."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sighting:
    """One message of the procedure: when it came, and where the page shows it."""

    time: str
    """Since the first message, in milliseconds: `+12.3`."""
    trip: str
    """Round trip in milliseconds, at the message that ends a transaction."""
    message: str
    """Id of the decoded message."""
    arrow: str
    """Id of its arrow."""
