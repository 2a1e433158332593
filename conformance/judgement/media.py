"""The media streams of a trace, as results have them."""

from __future__ import annotations

from typing import Any

from conformance.judgement.e_model import CODECS, opinion_score, rating
from conformance.trace.media_codecs import codec_of, described
from conformance.trace.media_model import MediaSighting, MediaStream, RtcpReport
from conformance.trace.model import Trace
from conformance.vocabulary.media import MOST_STREAMS, MediaResult, MediaSeen, MediaTold, VoiceEstimate

_DIGITS = 4
_BUFFER = 2
"""Mean jitters that the buffer of a receiver is taken to hold."""


def media_results(trace: Trace) -> tuple[list[MediaResult], int]:
    """Return the streams in the order of their first packets, and how many more there are than a result may have."""
    if not trace.media:
        return [], 0
    names = described(trace.sip) if any(max(one.payload_types, default=0) >= 35 for one in trace.media) else {}
    shown = trace.media[:MOST_STREAMS]
    return [_result(stream, codec_of(stream, names)) for stream in shown], len(trace.media) - len(shown)


def _result(stream: MediaStream, codec: str) -> MediaResult:
    best = stream.best
    return MediaResult(
        **_figures(best),
        source=str(stream.source),
        destination=str(stream.destination),
        ssrc=stream.ssrc,
        payload_types=list(stream.payload_types),
        codec=codec,
        clock_hz=stream.clock_hz,
        first_ns=best.first_ns - best.clock_offset_ns,
        seconds=best.seconds,
        seen=[_seen(one) for one in stream.sightings],
        told=[_told(one, stream.clock_hz) for one in stream.reports],
        estimate=estimate(best, codec),
    )


def estimate(sighting: MediaSighting, codec: str) -> VoiceEstimate | None:
    """Estimate how the speech of a stream would sound; None for codecs of which G.113 says nothing, and for no stream.

    Args:
        sighting: where the stream was seen; the nearer to the receiver, the more of the network is in it.
        codec: name of its payload format.
    """
    known = CODECS.get(codec.upper())
    if known is None or sighting.jitter_ms is None or sighting.expected < 2:
        return None
    packet_ms = 1000 * sighting.seconds / (sighting.expected - 1)
    delay_ms = packet_ms + _BUFFER * sighting.jitter_ms
    r = rating(known, sighting.loss, delay_ms)
    assumed = (
        f"{codec.upper()} (Ie {known.impairment:g}, Bpl {known.robustness:g}), random loss of {sighting.loss:.2%}, "
        f"{delay_ms:.0f} ms for packet and jitter buffer; the delay of the network is not known and not in it"
    )
    return VoiceEstimate(r=round(r, 1), mos=round(opinion_score(r), 2), assumed=assumed)


def _figures(one: MediaSighting) -> dict[str, Any]:
    return {
        "packets": one.packets,
        "octets": one.octets,
        "lost": one.lost,
        "loss": round(one.loss, 6),
        "duplicates": one.duplicates,
        "reordered": one.reordered,
        "restarts": one.restarts,
        "jitter_ms": _rounded(one.jitter_ms),
        "jitter_max_ms": _rounded(one.jitter_max_ms),
        "longest_gap_ms": round(one.longest_gap_ms, _DIGITS),
        "gap_frame": one.gap_frame,
        "dscp": dict(one.dscp),
    }


def _seen(one: MediaSighting) -> MediaSeen:
    return MediaSeen(
        **_figures(one),
        capture=one.capture,
        interface=one.interface[:200],
        point=one.point,
        encapsulation=list(one.encapsulation),
        outer=one.outer,
        outer_dscp=one.outer_dscp,
        first_frame=one.first_frame,
        last_frame=one.last_frame,
    )


def _told(report: RtcpReport, clock_hz: int | None) -> MediaTold:
    return MediaTold(
        reporter=report.reporter,
        capture=report.capture,
        frame=report.frame,
        fraction_lost=report.fraction_lost,
        lost=report.lost,
        jitter_ms=_rounded(1000 * report.jitter / clock_hz if clock_hz else None),
        reports=report.reports,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)
