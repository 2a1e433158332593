"""Media streams on the page and in the text: one row a stream, escaped and bounded."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from conformance.report.cell_view import cell_view
from conformance.report.environment import environment
from conformance.report.media_rows import media_lines, media_rows, stream_filter
from conformance.vocabulary.media import MediaResult, MediaSeen, MediaTold, VoiceEstimate
from conformance.vocabulary.points import Point
from conformance.vocabulary.results import CellResult

FIGURES: dict[str, Any] = {
    "packets": 495, "octets": 79_200, "lost": 5, "loss": 0.01, "duplicates": 2, "reordered": 1, "restarts": 0,
    "jitter_ms": 2.04, "jitter_max_ms": 3.1, "longest_gap_ms": 40.0, "gap_frame": 77, "dscp": {46: 490, 0: 5},
}  # fmt: skip
HOSTILE = "<script>alert(1)</script>\x1b[31m" + 500 * "x"


@pytest.fixture
def stream() -> MediaResult:
    place = {"capture": 0, "outer": "a>b", "first_frame": 5, "last_frame": 504}
    return MediaResult(
        **FIGURES,
        source="10.0.0.1:40000/udp",
        destination="10.0.0.2:50000/udp",
        ssrc=0xDEADBEEF,
        payload_types=[8, 101],
        codec="PCMA",
        clock_hz=8000,
        first_ns=0,
        seconds=9.98,
        seen=[
            MediaSeen(**FIGURES, **place, interface="media", point=Point.MEDIA, encapsulation=[], outer_dscp=None),
            MediaSeen(**FIGURES, **place, interface=HOSTILE, point=None, encapsulation=["gtp"], outer_dscp=0),
        ],
        told=[MediaTold(reporter=9, capture=0, frame=300, fraction_lost=0.1, lost=5, jitter_ms=1.5, reports=2)],
        estimate=VoiceEstimate(r=89.5, mos=4.33, assumed="PCMA, random loss"),
    )


def test_a_row_says_all_that_a_reader_asks(stream: MediaResult) -> None:
    (row,) = media_rows([stream])
    assert (row.codec, row.packets, row.loss) == ("PCMA (8, 101)", "495", "5 lost (1.0%), 2 twice, 1 late")
    assert (row.jitter, row.dscp, row.gap) == ("2.0 ms, at most 3.1 ms", "46 (EF), 0 (default)", "40.0 ms at frame 77")
    assert (row.estimate, row.ssrc, row.frames) == ("estimated MOS 4.3 (R 90)", "0xdeadbeef", "5 to 504")
    assert row.places[0] == "media: 495 packets, 5 lost, DSCP 46 (EF), 0 (default)"
    assert row.places[1].endswith("in gtp (a to b): 495 packets, 5 lost, DSCP 46 (EF), 0 (default), outer 0 (default)")
    assert row.told == ["RTCP of 0x00000009: 5 lost, jitter 1.5 ms (frame 300)"]


def test_the_filter_finds_the_packets_by_ends_and_frames(stream: MediaResult) -> None:
    assert stream_filter(stream) == (
        "ip.src == 10.0.0.1 && ip.dst == 10.0.0.2 && udp.srcport == 40000 && udp.dstport == 50000 && "
        "frame.number >= 5 && frame.number <= 504"
    )
    six = stream.model_copy(update={"source": "[2001:db8::1]:4/udp", "destination": "[2001:db8::2]:6/udp"})
    assert stream_filter(six).startswith("ipv6.src == 2001:db8::1 && ipv6.dst == 2001:db8::2 && udp.srcport == 4 ")
    assert stream_filter(stream.model_copy(update={"source": "1 || frame"})) == ""


def test_lines_are_bounded(stream: MediaResult) -> None:
    lines = list(media_lines([stream] * 15, 3))
    assert len(lines) == 11
    assert lines[0].startswith("media from 10.0.0.1:40000 to 10.0.0.2:50000: PCMA (8, 101), 495 packets, 5 lost")
    assert lines[-1] == "8 more media streams"
    assert list(media_lines([], 0)) == []


def test_the_page_of_a_cell_has_a_panel_that_escapes(stream: MediaResult, make_cell: Callable[..., CellResult]) -> None:
    hostile = stream.model_copy(update={"codec": HOSTILE, "source": HOSTILE})
    result = make_cell().model_copy(update={"media": [stream, hostile]})
    body = environment().get_template("cell.html.j2").module.cell_body(cell_view(result))  # type: ignore[attr-defined]
    assert "Media: 2 streams" in body
    assert "udp.srcport == 40000" in body
    assert "<script>" not in body
    assert "\x1b" not in body
    assert max(map(len, re.findall("x+", body))) < 100
    assert "<h3>Media" not in environment().get_template("cell.html.j2").module.cell_body(cell_view(make_cell()))  # type: ignore[attr-defined]
