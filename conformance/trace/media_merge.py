"""Makes one stream of what several points, encapsulations and files saw of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from conformance.trace.media_model import MediaSighting, MediaStream, RtcpReport
from conformance.trace.reading import Reading
from conformance.vocabulary.identifiers import Endpoint

_Key = tuple[Endpoint, Endpoint, int]


def join_streams(readings: Sequence[Reading]) -> tuple[MediaStream, ...]:
    """Join what was counted in each file, by the innermost ends and the SSRC.

    Args:
        readings: Of all files; their clock offsets are known by now.

    Returns:
        The streams in the order of their first packets, by the clock of the trace.
    """
    sightings: dict[_Key, list[MediaSighting]] = defaultdict(list)
    clocks: dict[_Key, int] = {}
    reports: dict[tuple[int, str], dict[int, RtcpReport]] = defaultdict(dict)
    """By SSRC of the stream and address of who reports, which is where the stream goes to."""
    for reading in readings:
        if reading.media is None:
            continue
        offset = reading.clock_offset_ns or 0
        for place, clock_hz, sighting in reading.media.sightings():
            key = (place.source, place.destination, place.ssrc)
            sightings[key].append(replace(sighting, clock_offset_ns=offset) if offset else sighting)
            if clock_hz:
                clocks.setdefault(key, clock_hz)
        for report in reading.media.rtcp.reports:
            told = reports[report.ssrc, report.source.address]
            before = told.get(report.reporter)
            told[report.reporter] = replace(report, reports=report.reports + (before.reports if before else 0))
    streams = [
        MediaStream(
            *key,
            clocks.get(key),
            tuple(sorted(seen, key=_standing)),
            tuple(reports.get((key[2], key[1].address), {}).values()),
        )
        for key, seen in sightings.items()
    ]
    return tuple(sorted(streams, key=_begin))


def _standing(sighting: MediaSighting) -> tuple[int, int, int, int]:
    """Put that first which saw most of the stream, then that which is in the fewest tunnels."""
    distinct = sighting.packets - sighting.duplicates
    return -distinct, len(sighting.encapsulation), sighting.capture, sighting.first_frame


def _begin(stream: MediaStream) -> tuple[int, int, int]:
    times = (one.first_ns - one.clock_offset_ns for one in stream.sightings)
    return min(times), stream.best.capture, stream.best.first_frame
