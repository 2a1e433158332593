"""Tells copies from retransmissions.

A *copy* is the same packet seen once more: at another point, in another tunnel, on another interface of the
machine. A *retransmission* is the same message sent once more. Both have the same bytes and the same
(innermost) addresses, so what tells them apart is where and when they were seen, and the identification
field of the IPv4 header, which belongs to the packet and not to the message (RFC 791 3.1).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from conformance.trace.model import Sighting

COPY_WINDOW_NS = 400_000_000
"""A copy at another place is at most this late. Less than T1 (RFC 3261 17.1.1.1), more than a tunnel takes."""

SAME_PLACE_WINDOW_NS = 50_000_000
"""A copy at the same place, in a capture of all interfaces of a machine, is at most this late."""

_LOOK_BACK = 16
"""So many earlier messages with the same bytes are looked at: a flood of equal messages stays linear."""


@dataclass(slots=True)
class Seen:
    """One message as one frame carried it."""

    sighting: Sighting
    raw: bytes
    protocol: str
    interface: int
    outer: str
    """All addresses of the frame, outermost first: tells the sections of a tunnel apart."""
    ip_id: int
    """Identification of the innermost IPv4 packet; 0 where it says nothing (RFC 6864 4.1)."""
    many_interfaces: bool
    """The interface of the capture stands for several (Linux `any`)."""
    avps: str = ""
    """AVPs as Wireshark found them."""
    truncated: bool = False

    @property
    def place(self) -> tuple[object, ...]:
        """Where the frame was seen, as far as the capture tells."""
        sighting = self.sighting
        return sighting.capture, self.interface, sighting.encapsulation, self.outer


@dataclass(slots=True)
class Group:
    """The sightings of one message."""

    seen: list[Seen] = field(default_factory=list)
    retransmission_of: Group | None = None

    @property
    def first(self) -> Seen:
        """The first sighting."""
        return self.seen[0]


def group_sightings(sightings: Iterable[Seen]) -> list[Group]:
    """Put the sightings of each message together.

    Args:
        sightings: In time order.

    Returns:
        One group a message, in the order of their first sightings.
    """
    groups: list[Group] = []
    known: dict[tuple[object, ...], Group | list[Group]] = {}
    for seen in sightings:
        sighting = seen.sighting
        key = (seen.protocol, sighting.source, sighting.destination, seen.raw)
        found = known.get(key)
        if found is None:
            # Most messages are seen once: no list for these.
            group = known[key] = Group([seen])
            groups.append(group)
            continue
        earlier = found if isinstance(found, list) else [found]
        home = next((group for group in earlier[-_LOOK_BACK:] if _is_copy(group, seen)), None)
        if home is not None:
            home.seen.append(seen)
            continue
        group = Group([seen], earlier[0])
        earlier.append(group)
        groups.append(group)
        known[key] = earlier
    return groups


def _is_copy(group: Group, seen: Seen) -> bool:
    age = seen.sighting.trace_time_ns - group.first.sighting.trace_time_ns
    if age > COPY_WINDOW_NS:
        return False
    first = group.first
    if first.ip_id and seen.ip_id and seen.sighting.source.transport == "udp":
        return first.ip_id == seen.ip_id
    if all(other.place != seen.place for other in group.seen[:_LOOK_BACK]):
        return True
    return seen.many_interfaces and age <= SAME_PLACE_WINDOW_NS
