"""Every frame of a capture rewritten by a function: lengths, checksums and TCP numbers follow."""

from __future__ import annotations

import struct
from collections.abc import Callable

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

    Args:
        capture: it is not changed itself.
        change: must give the same for the same frame, or copies of a message would part.
    """
    old = [_frame_or_none(packet.data) for packet in capture.packets]
    new = [None if frame is None else _changed(frame, change) for frame in old]
    packets = []
    for packet, before, after in zip(capture.packets, old, renumber_tcp(old, new), strict=True):
        data = packet.data if after is None or after == before else join_frame(after)
        packets.append(Packet(packet.point, packet.time_ns, data))
    return PacketFile(capture.points, tuple(packets), capture.drops)


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
