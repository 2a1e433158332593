"""Media streams in results: RTP as aggregates, one entry a source and receiver."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from conformance.vocabulary.points import Point

MOST_STREAMS = 200
"""Streams of one result; what is beyond is counted."""


class _Media(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MediaFigures(_Media):
    """What RTP headers tell at one place (RFC 3550 5.1 and 6.4.1)."""

    packets: int
    """Duplicates included."""
    octets: int
    """Behind the fixed RTP header."""
    lost: int
    """Sequence numbers that never came."""
    loss: float
    """Lost of expected packets, 0 to 1."""
    duplicates: int
    reordered: int
    """Packets behind one with a higher sequence number."""
    restarts: int
    """Jumps of the sequence number that are no loss."""
    jitter_ms: float | None
    """Mean; None where the clock of the timestamps is not known."""
    jitter_max_ms: float | None
    longest_gap_ms: float
    gap_frame: int
    """The frame behind the longest gap; 0 where there is none."""
    dscp: dict[int, int]
    """Packets by differentiated services codepoint (RFC 2474)."""


class MediaSeen(MediaFigures):
    """A stream as one interface of a capture saw it, in one encapsulation."""

    capture: int
    interface: str
    point: Point | None
    encapsulation: list[str]
    """Tunnels around the innermost IP packet, outermost first."""
    outer: str
    """All addresses, outermost first."""
    outer_dscp: int | None
    """Codepoint of the outermost IP header; None where there is no tunnel."""
    first_frame: int
    last_frame: int


class MediaTold(_Media):
    """What a receiver told of the stream last, by RTCP (RFC 3550 6.4)."""

    reporter: int
    """Its SSRC."""
    capture: int
    frame: int
    fraction_lost: float
    lost: int
    jitter_ms: float | None
    reports: int


class VoiceEstimate(_Media):
    """An estimate by the E-model (ITU-T G.107), never a measurement of what somebody heard."""

    r: float
    """Transmission rating, 0 to 100."""
    mos: float
    """Mean opinion score that corresponds to it, 1 to 4.5."""
    assumed: str
    """What it was made from."""


class MediaResult(MediaFigures):
    """One RTP stream. Its figures are those of the place that saw most of it, which is the first of `seen`."""

    source: str
    destination: str
    ssrc: int
    payload_types: list[int]
    """The most frequent first."""
    codec: str
    """Name of the first payload type, from RFC 3551 or the session description; `unknown` where nobody says."""
    clock_hz: int | None
    first_ns: int
    """By the clock of the trace, nanoseconds since 1970."""
    seconds: float
    seen: list[MediaSeen] = Field(default_factory=list)
    told: list[MediaTold] = Field(default_factory=list)
    estimate: VoiceEstimate | None = None
