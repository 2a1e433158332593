"""Captures that are read together give the traces that they give alone."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from conformance.detection.batch import read_captures
from conformance.faults.frames import join_frame, make_frame, split_frame
from conformance.faults.pcapfile import Packet, PacketFile, encode_pcapng
from conformance.faults.reference import CAPTURE_NAME, CAPTURES, build
from conformance.trace.decode import read_trace
from conformance.trace.model import CaptureFile, Message

SECOND = 1_000_000_000
ALIKE = (
    "handbuilt-registration-home",
    "handbuilt-registration-home-access",
    "benign-duplicated-datagram",
    "handbuilt-registration-home",
    "handbuilt-registration-ipsec",
    "kamailio-registration-home",
    "inconclusive-without-cx",
)


def words(message: Message) -> tuple[object, ...]:
    of = message.retransmission_of
    return message.sightings, message.raw, message.truncated, type(message), None if of is None else of.sightings


def test_a_batch_gives_the_same_traces_as_single_files() -> None:
    together = read_captures([(name, build(name)) for name in ALIKE])
    for name, trace in zip(ALIKE, together, strict=True):
        alone = read_trace([CAPTURES / name / CAPTURE_NAME])
        assert [words(message) for message in trace.messages] == [words(message) for message in alone.messages], name
        # what was not read is counted for the file of all, and belongs to none
        assert trace.captures == (replace(alone.captures[0], file=name, not_read={}),)


def test_media_of_each_capture_are_its_own_streams() -> None:
    def speech(count: int) -> PacketFile:
        ends = ("10.0.0.1", 40_000), ("10.0.0.2", 50_000)
        rtp = [struct.pack("!BBHII", 0x80, 8, number, 160 * number, 5) + bytes(160) for number in range(count)]
        block = struct.pack("!BBHIIIIIII", 0x81, 201, 7, 9, 5, count, 1, 1, 0, 0)
        frames = [make_frame("udp", *ends, payload) for payload in rtp]
        frames.append(make_frame("udp", ("10.0.0.2", 50_001), ("10.0.0.1", 40_001), block))
        sent = [Packet("media", SECOND + number * SECOND // 50, frame) for number, frame in enumerate(frames)]
        return PacketFile(("media",), tuple(sent), 0)

    captures = [("a", speech(20)), ("b", speech(30)), ("c", speech(20))]
    for (_, capture), trace in zip(captures, read_captures(captures), strict=True):
        with TemporaryDirectory() as folder:
            file = Path(folder) / "a.pcapng"
            file.write_bytes(encode_pcapng(capture))
            assert trace.media == read_trace([file]).media
        (stream,) = trace.media
        count = len(capture.packets) - 1
        assert (stream.best.packets, [told.lost for told in stream.reports]) == (count, [count])


def test_an_empty_capture_among_others_is_an_empty_trace() -> None:
    whole = build("baresip-registration-md5")
    first, nothing, last = read_captures([("a", whole), ("b", PacketFile(("Gm",), (), 0)), ("c", whole)])
    assert nothing.messages == ()
    assert nothing.captures[0].frames == 0
    assert [words(message) for message in first.messages] == [words(message) for message in last.messages]


def test_a_problem_is_told_of_its_own_capture() -> None:
    whole = build("baresip-registration-md5")
    first = split_frame(whole.packets[0].data)
    broken = join_frame(replace(first, payload=first.payload[:10]))
    bad = replace(whole, packets=(replace(whole.packets[0], data=broken), *whole.packets[1:]))
    traces = read_captures([("a", whole), ("b", bad), ("c", whole)])
    assert [len(trace.captures[0].problems) for trace in traces] == [0, len(alone(bad).problems), 0]


def alone(capture: PacketFile) -> CaptureFile:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "a.pcapng"
        file.write_bytes(encode_pcapng(capture))
        return read_trace([file]).captures[0]


def test_nothing_is_read_of_nothing() -> None:
    assert read_captures([]) == []
