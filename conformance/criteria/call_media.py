"""The media of a call as the criteria see them: what both ends said of a stream, and the RTP that came of it.

A node that relays media gives each side an address of its own: then each hop on which offer and answer were seen has
a leg of its own. Streams belong to a leg by where they go to; who sends from another port than it receives on is right
all the same (RFC 3264 5.1 says where to send to, and nothing of where from).
"""

from __future__ import annotations

from dataclasses import dataclass

from conformance.trace.media_model import MediaSighting, MediaStream
from conformance.trace.model import MediaPacket, Sighting, SipMessage
from conformance.vocabulary.identifiers import Endpoint


@dataclass(frozen=True, slots=True)
class MediaEnd:
    """One end of a leg, as its session descriptions have it."""

    endpoint: Endpoint
    """Where it receives RTP."""
    formats: frozenset[int]
    """Payload types that it ever listed for this port."""
    bandwidth_kbps: int | None
    """The largest `b=AS` that it stated; None where it stated none."""
    described: SipMessage
    """The last message with its description."""
    coming: tuple[MediaStream, ...] = ()
    """What was seen on its way to it, in the order of first packets."""
    going: tuple[MediaStream, ...] = ()
    """What was seen coming from this very port, wherever it goes."""


@dataclass(frozen=True, slots=True)
class MediaLeg:
    """One stream between two who described themselves to each other."""

    kind: str
    """`audio`, `video`."""
    caller: MediaEnd
    """The end towards the caller."""
    callee: MediaEnd
    both_ways: bool
    """Every description says sendrecv: nobody was ever on hold."""
    agreed_ns: tuple[int, ...]
    """When an answer was seen, in time order, nanoseconds since 1970: what changes then was negotiated."""

    @property
    def ends(self) -> tuple[tuple[MediaEnd, MediaEnd], ...]:
        """Each end as receiver, with the other one."""
        return ((self.caller, self.callee), (self.callee, self.caller))

    @property
    def streams(self) -> tuple[MediaStream, ...]:
        """All streams of the leg."""
        return (*self.caller.coming, *self.callee.coming)


def packet_of(stream: MediaStream, seen: MediaSighting, frame: int = 0) -> MediaPacket:
    """Return a packet of a stream to be cited.

    Args:
        stream: the stream.
        seen: where it was seen.
        frame: which one; the first where it is 0.
    """
    at = Sighting(
        seen.capture,
        frame or seen.first_frame,
        seen.first_ns,
        seen.point,
        stream.source,
        stream.destination,
        seen.encapsulation,
        seen.clock_offset_ns,
    )
    return MediaPacket((at,), b"")


def begin_ns(stream: MediaStream) -> int:
    """Return when its first packet was seen, by the clock of the trace, nanoseconds since 1970."""
    return min(one.first_ns - one.clock_offset_ns for one in stream.sightings)


def end_ns(stream: MediaStream) -> int:
    """Return when its last packet was seen, as `begin_ns`."""
    return max(one.last_ns - one.clock_offset_ns for one in stream.sightings)


def kbps(seen: MediaSighting, ip_octets: int) -> float | None:
    """Return the bandwidth of a stream with IP, UDP and RTP headers; None where it is too short to tell.

    Args:
        seen: where it was seen.
        ip_octets: of the IP header: 20 or 40.
    """
    if seen.packets < MEASURED_PACKETS or seen.seconds < MEASURED_S:
        return None
    packet = seen.octets / seen.packets + ip_octets + UDP_AND_RTP_OCTETS
    return packet * 8 * (seen.packets - 1) / seen.seconds / 1000


MEASURED_PACKETS = 40
MEASURED_S = 0.5
UDP_AND_RTP_OCTETS = 20
