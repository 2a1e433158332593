"""Streams in results: figures, codec, and an estimate that says what it is made of."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.judgement.judge import judge
from conformance.judgement.media import estimate, media_results
from conformance.trace.media_model import MediaSighting, MediaStream, RtcpReport
from conformance.trace.model import Trace
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.media import MOST_STREAMS
from conformance.vocabulary.points import Point

ALICE, BOB = Endpoint("10.0.0.1", 40_000, "udp"), Endpoint("10.0.0.2", 50_000, "udp")


def sighting(**changes: Any) -> MediaSighting:
    values: dict[str, Any] = {
        "capture": 0, "interface": "media", "point": Point.MEDIA, "encapsulation": (), "outer": "a>b",
        "first_frame": 5, "last_frame": 504, "first_ns": 0, "last_ns": 9_980_000_000, "packets": 495, "octets": 79_200,
        "lost": 5, "duplicates": 0, "reordered": 0, "restarts": 0, "jitter_ms": 2.0, "jitter_max_ms": 3.0,
        "jitter_last_ms": 2.0, "longest_gap_ms": 40.0, "gap_frame": 77, "dscp": {46: 495}, "outer_dscp": None,
        "payload_types": {8: 495},
    }  # fmt: skip
    return MediaSighting(**values | changes)


def stream(ssrc: int = 1, **changes: Any) -> MediaStream:
    told = RtcpReport(9, ssrc, BOB, 0, 300, 0.25, 5, 80, 2)
    return MediaStream(ALICE, BOB, ssrc, 8000, (sighting(**changes),), (told,))


def test_a_stream_of_g711_has_figures_and_an_estimate() -> None:
    judgement = judge(Trace((), (), media=(stream(),)), confirm=None)
    (found,) = judgement.media
    assert (found.source, found.destination, found.codec) == ("10.0.0.1:40000/udp", "10.0.0.2:50000/udp", "PCMA")
    assert (found.packets, found.lost, found.loss, found.jitter_ms, found.seconds) == (495, 5, 0.01, 2.0, 9.98)
    assert [(one.point, one.first_frame, one.last_frame) for one in found.seen] == [(Point.MEDIA, 5, 504)]
    assert [(one.lost, one.jitter_ms, one.fraction_lost) for one in found.told] == [(5, 10.0, 0.25)]
    assert found.estimate is not None
    assert (found.estimate.r, found.estimate.mos) == (pytest.approx(89.6, abs=0.1), pytest.approx(4.33, abs=0.02))
    assert "24 ms for packet and jitter buffer; the delay of the network is not known" in found.estimate.assumed


def test_there_is_no_estimate_of_what_g113_says_nothing_of() -> None:
    assert estimate(sighting(), "AMR-WB") is None
    assert estimate(sighting(jitter_ms=None), "PCMA") is None
    assert estimate(sighting(packets=1, lost=0), "PCMA") is None


def test_streams_of_a_result_are_bounded_and_the_others_counted() -> None:
    streams = tuple(stream(ssrc) for ssrc in range(MOST_STREAMS + 7))
    found, more = media_results(Trace((), (), media=streams))
    assert (len(found), more) == (MOST_STREAMS, 7)


def test_a_trace_without_media_has_none() -> None:
    assert media_results(Trace((), ())) == ([], 0)
