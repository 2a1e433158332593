"""Media streams as rows of a page and lines of text: one a stream."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from conformance.report.text import short
from conformance.vocabulary.media import MediaResult, MediaSeen, MediaTold

MOST_LINES = 10
_NAMES = {0: "default", 10: "AF11", 26: "AF31", 34: "AF41", 46: "EF"}
_END = re.compile(r"\[?([0-9A-Fa-f.:]{2,45})\]?:([0-9]{1,5})/udp")


@dataclass(frozen=True, slots=True)
class MediaRow:
    """One stream as a page shows it; all texts are bounded and not yet escaped."""

    source: str
    destination: str
    ssrc: str
    codec: str
    packets: str
    loss: str
    jitter: str
    dscp: str
    gap: str
    estimate: str
    assumed: str
    places: Sequence[str]
    """Where it was seen, one text each."""
    told: Sequence[str]
    """What receivers told."""
    frames: str
    filter: str
    """Display filter of Wireshark; empty where the ends cannot be read."""


def media_rows(streams: Sequence[MediaResult]) -> list[MediaRow]:
    """Return a row for each stream."""
    return [_row(stream) for stream in streams]


def media_lines(streams: Sequence[MediaResult], left_out: int) -> Iterator[str]:
    """Yield a line for each of the first streams, and how many more there are."""
    for row in media_rows(streams[:MOST_LINES]):
        estimate = f", {row.estimate}" if row.estimate else ""
        yield (
            f"media from {row.source} to {row.destination}: {row.codec}, {row.packets} packets, {row.loss}, "
            f"jitter {row.jitter}, DSCP {row.dscp}, longest gap {row.gap}{estimate}"
        )
    more = len(streams) - MOST_LINES + left_out
    if more > 0:
        yield f"{more} more media streams"


def stream_filter(stream: MediaResult) -> str:
    """Return a display filter that shows the stream's packets, also where Wireshark does not take them for RTP."""
    ends = [_END.fullmatch(end) for end in (stream.source, stream.destination)]
    if ends[0] is None or ends[1] is None or not stream.seen:
        return ""
    (source, source_port), (destination, destination_port) = ends[0].groups(), ends[1].groups()
    layer = "ipv6" if ":" in source else "ip"
    first, last = stream.seen[0].first_frame, stream.seen[0].last_frame
    return (
        f"{layer}.src == {source} && {layer}.dst == {destination} && udp.srcport == {source_port} && "
        f"udp.dstport == {destination_port} && frame.number >= {first} && frame.number <= {last}"
    )


def _row(stream: MediaResult) -> MediaRow:
    seen = stream.seen[0] if stream.seen else None
    return MediaRow(
        source=short(stream.source.removesuffix("/udp"), 80),
        destination=short(stream.destination.removesuffix("/udp"), 80),
        ssrc=f"0x{stream.ssrc & 0xFFFFFFFF:08x}",
        codec=f"{short(stream.codec, 40)} ({', '.join(map(str, stream.payload_types[:4]))})",
        packets=str(stream.packets),
        loss=_loss(stream.lost, stream.loss, stream.duplicates, stream.reordered),
        jitter=_ms(stream.jitter_ms) + (f", at most {_ms(stream.jitter_max_ms)}" if stream.jitter_max_ms else ""),
        dscp=_codepoints(stream.dscp),
        gap=_ms(stream.longest_gap_ms) + (f" at frame {stream.gap_frame}" if stream.gap_frame else ""),
        estimate=f"estimated MOS {stream.estimate.mos:.1f} (R {stream.estimate.r:.0f})" if stream.estimate else "",
        assumed=short(stream.estimate.assumed, 300) if stream.estimate else "",
        places=[_place(one) for one in stream.seen[:12]],
        told=[_told(one) for one in stream.told[:4]],
        frames=f"{seen.first_frame} to {seen.last_frame}" if seen else "",
        filter=stream_filter(stream),
    )


def _place(seen: MediaSeen) -> str:
    where = short(seen.point or seen.interface or "a capture without names", 60)
    tunnel = ""
    if seen.encapsulation:
        ends = [short(side.partition(",")[0], 45) for side in seen.outer.split(">")[:2]]
        tunnel = f" in {', '.join(short(one, 20) for one in seen.encapsulation[:4])} ({' to '.join(ends)})"
    outer = f", outer {_codepoint(seen.outer_dscp)}" if seen.outer_dscp is not None else ""
    return f"{where}{tunnel}: {seen.packets} packets, {seen.lost} lost, DSCP {_codepoints(seen.dscp)}{outer}"


def _told(told: MediaTold) -> str:
    reporter = f"0x{told.reporter & 0xFFFFFFFF:08x}"
    return f"RTCP of {reporter}: {told.lost} lost, jitter {_ms(told.jitter_ms)} (frame {told.frame})"


def _loss(lost: int, loss: float, duplicates: int, reordered: int) -> str:
    text = f"{lost} lost" + (f" ({loss:.1%})" if lost else "")
    text += f", {duplicates} twice" if duplicates else ""
    return text + (f", {reordered} late" if reordered else "")


def _codepoints(counts: dict[int, int]) -> str:
    ordered = sorted(counts, key=lambda value: (-counts[value], value))[:4]
    return ", ".join(_codepoint(value) for value in ordered) or "unknown"


def _codepoint(value: int) -> str:
    return f"{value} ({_NAMES[value]})" if value in _NAMES else str(value)


def _ms(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.1f} ms"
