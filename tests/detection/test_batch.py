"""Captures that are read together give the traces that they give alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from conformance.detection.batch import read_captures
from conformance.faults.frames import join_frame, split_frame
from conformance.faults.pcapfile import PacketFile, encode_pcapng
from conformance.faults.reference import CAPTURE_NAME, CAPTURES, build
from conformance.trace.decode import read_trace
from conformance.trace.model import CaptureFile, Message

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
