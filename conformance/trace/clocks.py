"""Puts the sightings of several captures in one order, by one clock.

Machines that capture have clocks of their own. What two captures both saw tells how far these are apart.
"""

from __future__ import annotations

from collections.abc import Sequence

from conformance.trace.merge import Seen
from conformance.trace.reading import Reading


def align(readings: Sequence[Reading]) -> list[Seen]:
    """Return the sightings of all files in time order."""
    order = [seen for reading in readings for seen in reading.seen]
    order.sort(key=lambda seen: (seen.sighting.time_ns, seen.sighting.capture, seen.sighting.frame))
    return order
