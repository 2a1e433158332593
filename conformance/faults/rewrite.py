"""Every frame of a capture rewritten by a function: lengths, checksums and TCP numbers follow."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace

from conformance.faults.fragments import cut, datagrams
from conformance.faults.frames import Frame, join_frame, renumber_tcp, split_frame
from conformance.faults.pcapfile import Packet, PacketFile
from conformance.vocabulary.errors import BadInput

_GTP_U = 2152
_G_PDU = b"\x30\xff"
"""Version 1 without options, a user's packet (3GPP TS 29.281 5.1)."""
Change = Callable[[Frame], Frame]
"""Takes a frame apart from its tunnel, returns what stands in its place."""


def rewrite(capture: PacketFile, change: Change) -> PacketFile:
    """Return the capture with each IPv4 frame of UDP or TCP changed; a packet inside GTP-U is changed as well.

    What came in fragments is changed as a whole, and cut into fragments of the same size again.

    Args:
        capture: it is not changed itself.
        change: must give the same for the same frame, or copies of a message would part.
    """
    whole = datagrams(capture.packets)
    old = [_frame_or_none(one.data) for one in whole]
    new = [None if frame is None else _changed(frame, change) for frame in old]
    placed: list[tuple[int, Packet]] = []
    for one, before, after in zip(whole, old, renumber_tcp(old, new), strict=True):
        if after is None or after == before:
            placed += [(number, capture.packets[number]) for number in one.numbers]
            continue
        data = join_frame(after)
        for place, part in enumerate([data] if one.size is None else cut(data, one.size)):
            number = one.numbers[min(place, len(one.numbers) - 1)]
            placed.append((number, replace(capture.packets[number], data=part)))
    placed.sort(key=lambda one: one[0])
    return replace(capture, packets=tuple(packet for _, packet in placed))


def contents(capture: PacketFile) -> list[tuple[int, Frame]]:
    """Return each IPv4 frame of UDP or TCP with its time, those inside GTP-U before what carries them.

    Args:
        capture: whatever was captured.

    Returns:
        Nanoseconds since 1970 and the frame; of what came in fragments, the time of the last.
    """
    found: list[tuple[int, Frame]] = []
    for one in datagrams(capture.packets):
        frames: list[Frame] = []
        outer = _frame_or_none(one.data)
        if outer is not None:
            _changed(outer, _kept_in(frames))
        found += [(capture.packets[one.numbers[-1]].time_ns, frame) for frame in frames]
    return found


def _kept_in(frames: list[Frame]) -> Change:
    def keep(frame: Frame) -> Frame:
        frames.append(frame)
        return frame

    return keep


def _frame_or_none(data: bytes) -> Frame | None:
    try:
        return split_frame(data)
    except BadInput:
        return None


def _changed(frame: Frame, change: Change) -> Frame:
    if not frame.is_tcp and frame.destination[1] == _GTP_U and frame.payload.startswith(_G_PDU):
        inner = _frame_or_none(frame.ethernet + frame.payload[8:])
        if inner is not None:
            packet = join_frame(_changed(inner, change))[len(inner.ethernet) :]
            header = frame.payload[:2] + struct.pack("!H", len(packet)) + frame.payload[4:8]
            frame = Frame(frame.ethernet, frame.ip, frame.transport, header + packet)
    return change(frame)
