"""Media streams as the judging side sees them: aggregates, never packets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.points import Point


@dataclass(frozen=True, slots=True)
class MediaSighting:
    """A stream as one interface saw it, in one encapsulation.

    Loss, order and jitter are told by RTP headers alone (RFC 3550 5.1, 6.4.1), as a receiver at this place would.
    """

    capture: int
    """Index into `Trace.captures`."""
    interface: str
    """Name of the interface in the capture."""
    point: Point | None
    encapsulation: tuple[str, ...]
    """Tunnels around the innermost IP packet, outermost first."""
    outer: str
    """All addresses, outermost first: `10.0.0.1,10.4.0.9>10.0.0.2,10.5.0.9`."""
    first_frame: int
    last_frame: int
    first_ns: int
    """By the clock of the capture, nanoseconds since 1970."""
    last_ns: int
    packets: int
    """Duplicates included."""
    octets: int
    """Behind the fixed RTP header of 12 octets."""
    lost: int
    """Sequence numbers that never came."""
    duplicates: int
    """Sequence numbers that came again."""
    reordered: int
    """Packets that came after one with a higher sequence number."""
    restarts: int
    """Jumps of the sequence number that are no loss (RFC 3550 A.1)."""
    jitter_ms: float | None
    """Mean over the packets; None where the clock of the timestamps is not known."""
    jitter_max_ms: float | None
    jitter_last_ms: float | None
    """What a report behind the last packet would say."""
    longest_gap_ms: float
    """Between two packets that follow one another."""
    gap_frame: int
    """The frame behind that gap; 0 where there is one packet only."""
    dscp: Mapping[int, int]
    """Packets by differentiated services codepoint of the innermost IP header (RFC 2474)."""
    outer_dscp: int | None
    """That of the outermost header of the first packet; None where there is no tunnel."""
    payload_types: Mapping[int, int]
    """Packets by payload type."""
    clock_offset_ns: int = 0
    """What the clock of the capture is ahead of that of the trace."""

    @property
    def expected(self) -> int:
        """Packets that were sent, as far as sequence numbers tell."""
        return self.packets - self.duplicates + self.lost

    @property
    def loss(self) -> float:
        """Lost of expected packets, 0 to 1."""
        return self.lost / self.expected if self.expected else 0.0

    @property
    def seconds(self) -> float:
        """From the first packet to the last."""
        return (self.last_ns - self.first_ns) / 1e9


@dataclass(frozen=True, slots=True)
class RtcpReport:
    """What one receiver told of a stream last (RFC 3550 6.4)."""

    reporter: int
    """SSRC of the receiver."""
    ssrc: int
    """Of the stream."""
    source: Endpoint
    capture: int
    frame: int
    fraction_lost: float
    """0 to 1, since the report before."""
    lost: int
    jitter: int
    """Units of the timestamp."""
    reports: int
    """How many there were, copies at several points included."""


@dataclass(frozen=True, slots=True)
class MediaStream:
    """One RTP source towards one receiver: however many points saw it, it is one stream."""

    source: Endpoint
    destination: Endpoint
    ssrc: int
    clock_hz: int | None
    """Of the timestamps: by RFC 3551 for static payload types, else estimated; None where it could not be."""
    sightings: tuple[MediaSighting, ...]
    """The first is that with the most packets, of those the least encapsulated one; it stands for the stream."""
    reports: tuple[RtcpReport, ...] = field(default=())

    @property
    def best(self) -> MediaSighting:
        """The sighting that stands for the stream: the others are copies of it, or less of it."""
        return self.sightings[0]

    @property
    def payload_types(self) -> tuple[int, ...]:
        """Payload types, the most frequent first."""
        types = self.best.payload_types
        return tuple(sorted(types, key=lambda number: (-types[number], number)))

    @property
    def points(self) -> frozenset[Point]:
        """Observation points at which it was seen."""
        return frozenset(one.point for one in self.sightings if one.point is not None)
