"""What streams of a call say of themselves: when they were seen, and what they take."""

from __future__ import annotations

import pytest

from conformance.criteria.call_media import begin_ns, end_ns, kbps, packet_of
from tests.criteria.media_lab import media_call

STREAM = media_call().media[0]


def test_times_are_those_of_all_sightings() -> None:
    assert begin_ns(STREAM) == min(seen.first_ns for seen in STREAM.sightings)
    assert end_ns(STREAM) - begin_ns(STREAM) == pytest.approx(59 * 20_000_000, abs=1_000_000)


def test_g711_of_20_ms_takes_80_kbit_a_second() -> None:
    assert kbps(STREAM.best, 20) == pytest.approx(80, abs=0.1)
    assert kbps(STREAM.best, 40) == pytest.approx(88, abs=0.1)


def test_a_cited_packet_is_a_frame_of_its_stream() -> None:
    packet = packet_of(STREAM, STREAM.best)
    assert (packet.frame, packet.source, packet.raw) == (STREAM.best.first_frame, STREAM.source, b"")
    assert packet_of(STREAM, STREAM.best, 77).frame == 77
