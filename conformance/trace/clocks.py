"""Puts the sightings of several captures in one order, by one clock.

Machines that capture have clocks of their own. What two captures both saw tells how far they are apart: the same
octets between the same ends, captured twice, were captured some milliseconds apart. The first capture has the clock of
the trace; what it shares nothing with, directly or by way of other captures, keeps its own times.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import median_low
from typing import Final

from conformance.trace.merge import Seen
from conformance.trace.reading import Reading

MOST_PAIRS: Final = 20_000
"""Messages of two captures that are compared; the first ones are enough."""

_Key = tuple[object, ...]


def align(readings: Sequence[Reading]) -> list[Seen]:
    """Return the sightings of all files in the order of time, by the clock of the first file.

    Args:
        readings: Of all files. Those whose offset can be estimated get it, and so do their sightings, which keep the
            time that their capture says.
    """
    if len(readings) > 1:
        for index, offset in _offsets(readings).items():
            reading = readings[index]
            reading.clock_offset_ns = offset
            if offset:
                reading.seen = [
                    replace(seen, sighting=replace(seen.sighting, clock_offset_ns=offset)) for seen in reading.seen
                ]
    order = [seen for reading in readings for seen in reading.seen]
    order.sort(key=_order)
    return order


def estimate(here: Iterable[tuple[_Key, int]], there: Iterable[tuple[_Key, int]]) -> int | None:
    """Estimate how far the clock of one capture is ahead of that of another.

    Each direction of a path has a median of its own, and their mean is taken: a message that takes 5 ms makes one
    clock seem 5 ms ahead on the way there and 5 ms behind on the way back. Messages of the one direction only
    leave the delay in. A median is not moved by single copies that were held up.

    Args:
        here: What the first capture saw, in its order: what a message is known by, beginning with its two ends, and
            its time in nanoseconds.
        there: The same of the second capture.

    Returns:
        Nanoseconds to subtract from times of the second capture; None where the two share nothing.
    """
    first, second = _occurrences(here), _occurrences(there)
    shared = [key for key in first if key in second]
    # What was sent again may have been lost in one capture and not in the other: it tells less than what was sent once.
    once = [key for key in shared if len(first[key]) == len(second[key]) == 1]
    differences: dict[bool, list[int]] = defaultdict(list)
    for key in (once or shared)[:MOST_PAIRS]:
        forward = repr(key[0]) < repr(key[1])
        differences[forward] += [b - a for a, b in zip(first[key], second[key], strict=False)]
    medians = [median_low(some) for some in differences.values()]
    return sum(medians) // len(medians) if medians else None


def _offsets(readings: Sequence[Reading]) -> dict[int, int]:
    """Return the offset to the first file, by index, of all that can be joined with it; largest overlap first."""
    seen = [[(_key(one), one.sighting.time_ns) for one in reading.seen] for reading in readings]
    keys = [{key for key, _ in some} for some in seen]
    offsets = {0: 0}
    while len(offsets) < len(readings):
        pairs = [
            (len(keys[known] & keys[other]), -other, known)
            for known in offsets
            for other in range(len(readings))
            if other not in offsets
        ]
        shared, other, known = max(pairs)
        between = estimate(seen[known], seen[-other]) if shared else None
        if between is None:
            break
        offsets[-other] = offsets[known] + between
    return offsets if len(offsets) > 1 else {}


def _key(seen: Seen) -> _Key:
    sighting = seen.sighting
    return sighting.source, sighting.destination, seen.protocol, seen.raw


def _occurrences(some: Iterable[tuple[_Key, int]]) -> dict[_Key, list[int]]:
    found: dict[_Key, list[int]] = defaultdict(list)
    for key, time_ns in some:
        found[key].append(time_ns)
    return found


def _order(seen: Seen) -> tuple[int, int, int]:
    sighting = seen.sighting
    return sighting.time_ns - sighting.clock_offset_ns, sighting.capture, sighting.frame
