"""Changes the bytes of a capture as data says, and repairs every length, number and checksum around them.

An edit names frames by the number that tshark gives them in the base capture. A message that passes several hops
is in several frames; an edit lists each frame in which its change would be seen. Nothing here knows a criterion.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from conformance.faults.avp_bytes import add_avp, get_avp, remove_avp, set_avp
from conformance.faults.dns_bytes import remove_record, set_record
from conformance.faults.edits import (
    AddAvp,
    AddDatagram,
    AddHeader,
    AddStream,
    Delay,
    Drop,
    Edit,
    ForgetPoint,
    Insert,
    Protect,
    Readdress,
    RemoveAvp,
    RemoveHeader,
    RemoveParameter,
    RemoveRecord,
    Replace,
    SetAvp,
    SetCodepoint,
    SetHeader,
    SetParameter,
    SetRecord,
    Substitution,
    Swap,
    Tunnel,
    octets,
)
from conformance.faults.esp import protect
from conformance.faults.frames import Frame, join_frame, make_frame, renumber_tcp, split_frame
from conformance.faults.pcapfile import Packet, PacketFile
from conformance.faults.sip_bytes import add_header, remove_header, remove_parameter, set_header, set_parameter
from conformance.vocabulary.errors import BadInput

_CONTENT_LENGTH = re.compile(rb"(?im)^((?:content-length|l)[ \t]*:[ \t]*)(\d+)")
_BODY = b"\r\n\r\n"


def _repair_content_length(before: bytes, after: bytes) -> bytes:
    """Make Content-Length right again (RFC 3261 section 20.14) where it was right and no edit touched it."""
    found, now = _CONTENT_LENGTH.search(before), _CONTENT_LENGTH.search(after)
    if found is None or now is None or _BODY not in after:
        return after
    old_body, new_body = before.partition(_BODY)[2], after.partition(_BODY)[2]
    if int(found[2]) != len(old_body) or now[2] != found[2]:
        return after
    return after[: now.start(2)] + str(len(new_body)).encode() + after[now.end(2) :]


def _edit_payload(edit: Edit, payload: bytes, where: str) -> bytes:
    match edit:
        case Replace():
            return _repair_content_length(payload, edit.apply(payload, where))
        case SetAvp():
            value = octets(edit.value, edit.hex)
            if edit.find is not None:
                part = Substitution(find=edit.find, replace=edit.value, hex=edit.hex)
                value = part.apply(get_avp(payload, edit.path), where)
            return set_avp(payload, edit.path, value)
        case RemoveAvp():
            return remove_avp(payload, edit.path)
        case AddAvp():
            return add_avp(payload, edit.code, edit.vendor, octets(edit.value, edit.hex))
        case RemoveHeader():
            return remove_header(payload, edit.name)
        case SetHeader():
            return set_header(payload, edit.name, edit.value.encode())
        case AddHeader():
            return add_header(payload, edit.name, edit.value.encode())
        case RemoveParameter():
            return remove_parameter(payload, edit.header, edit.parameter)
        case SetParameter():
            return set_parameter(payload, edit.header, edit.parameter, edit.value.encode())
        case RemoveRecord():
            return remove_record(payload, edit.find)
        case SetRecord():
            return set_record(payload, edit.find, edit.replace)
        case _:
            return payload


def _edit_frame(edit: Edit, frame: Frame, where: str) -> Frame:
    if isinstance(edit, Protect):
        return protect(frame, edit.ports, edit.spi, edit.sequence, octets(edit.key, True))
    if isinstance(edit, SetCodepoint):
        tos = bytes([edit.dscp << 2 | frame.ip[1] & 3])
        return Frame(frame.ethernet, frame.ip[:1] + tos + frame.ip[2:], frame.transport, frame.payload)
    if isinstance(edit, Readdress):
        return _at_other_address(edit, frame, where)
    return Frame(frame.ethernet, frame.ip, frame.transport, _edit_payload(edit, frame.payload, where))


def _at_other_address(edit: Readdress, frame: Frame, where: str) -> Frame:
    ip, old = bytearray(frame.ip), edit.find.packed
    places = [at for at in (12, 16) if ip[at : at + 4] == old]
    if not places:
        raise BadInput(f"{where}: neither from nor to {edit.find}; correct the edit")
    for at in places:
        ip[at : at + 4] = edit.replace.packed
    return Frame(frame.ethernet, bytes(ip), frame.transport, frame.payload)


def _readdressed(frame: Frame, edit: Insert) -> Frame:
    """Give the copy its own addresses; headers keep everything else."""
    ip, transport = bytearray(frame.ip), bytearray(frame.transport)
    for end, address_at, port_at in ((edit.source, 12, 0), (edit.destination, 16, 2)):
        if end is not None:
            ip[address_at : address_at + 4] = IPv4Address(end[0]).packed
            struct.pack_into("!H", transport, port_at, end[1])
    return Frame(frame.ethernet, bytes(ip), bytes(transport), frame.payload)


def _continued(frame: Frame, earlier: list[Frame]) -> Frame:
    """Number an inserted TCP segment behind the segments of both directions that came before it."""
    transport = bytearray(frame.transport)
    for segment in earlier:
        (sequence,) = struct.unpack_from("!I", segment.transport, 4)
        end = (sequence + len(segment.payload)) & 0xFFFFFFFF
        if (segment.source, segment.destination) == (frame.source, frame.destination):
            struct.pack_into("!I", transport, 4, end)
        elif (segment.source, segment.destination) == (frame.destination, frame.source):
            struct.pack_into("!I", transport, 8, end)
    return Frame(frame.ethernet, frame.ip, bytes(transport), frame.payload)


@dataclass
class _Place:
    """One packet of the result: the base packet it comes from, as it was and as it is now."""

    packet: Packet
    old: Frame | None
    new: Frame | None
    touched: bool = False
    time_ns: int = -1
    """When it is seen now; the packet's own time where no edit moved it."""

    def __post_init__(self) -> None:
        if self.time_ns < 0:
            self.time_ns = self.packet.time_ns


def _inserted(edit: Insert, base: _Place, places: list[_Place]) -> _Place:
    where = f"copy of frame {edit.copy_of}"
    packet = Packet(edit.point or base.packet.point, base.time_ns + edit.delay_us * 1000, b"")
    if base.old is None:
        raise BadInput(f"{where}: the frame cannot be edited; choose another frame")
    frame = _readdressed(base.old, edit)
    payload = frame.payload
    for change in edit.changes:
        payload = _repair_content_length(payload, change.apply(payload, where))
    frame = Frame(frame.ethernet, frame.ip, frame.transport, payload)
    if frame.is_tcp:
        earlier = [p.old for p in places if p.old is not None and p.time_ns <= packet.time_ns]
        frame = _continued(frame, [segment for segment in earlier if segment.is_tcp])
    return _Place(packet, None, frame, touched=True)


def _tunnelled(edit: Tunnel, place: _Place) -> _Place:
    """Put the IP packet behind a GTP-U header: version 1, G-PDU, no options (3GPP TS 29.281 5.1)."""
    assert place.new is not None  # the caller looked
    inner = join_frame(place.new)[len(place.new.ethernet) :]
    payload = struct.pack("!BBHI", 0x30, 0xFF, len(inner), edit.teid) + inner
    outer = split_frame(make_frame("udp", edit.source, edit.destination, payload))
    packet = Packet(edit.point, place.time_ns + edit.delay_us * 1000, b"")
    return _Place(packet, None, outer, touched=True)


def _added(edit: AddDatagram, place: _Place) -> _Place:
    frame = split_frame(make_frame("udp", edit.source, edit.destination, octets(edit.octets, True)))
    return _Place(Packet(edit.point, place.time_ns + edit.delay_us * 1000, b""), None, frame, touched=True)


_SILENCE = b"\xd5"
"""A-law (G.711)."""
_OPENVPN_HEAD = struct.Struct("!BxxxI")
"""P_DATA_V2 with the number of the peer, and the number of the packet."""
_OPENVPN_TAG = bytes(16)


def _streamed(edit: AddStream, place: _Place) -> list[_Place]:
    """Return the packets of a stream (RFC 3550 5.1), or what a VPN makes of them."""
    found = []
    for number in range(edit.packets):
        time_ns = place.time_ns + (edit.delay_us + number * edit.interval_us) * 1000
        timestamp = number * edit.ticks & 0xFFFFFFFF
        payload = struct.pack("!BBHII", 0x80, edit.payload_type, number & 0xFFFF, timestamp, edit.ssrc)
        payload += _SILENCE * edit.octets
        if edit.inside:
            hidden = bytes(_IP_AND_UDP + len(payload))
            payload = _OPENVPN_HEAD.pack(9 << 3, number + 1) + _OPENVPN_TAG + hidden
        frame = split_frame(make_frame("udp", edit.source, edit.destination, payload, dscp=edit.dscp))
        found.append(_Place(Packet(edit.point, time_ns, b""), None, frame, touched=True))
    return found


_IP_AND_UDP = 28


def _frame_or_none(data: bytes) -> Frame | None:
    try:
        return split_frame(data)
    except BadInput:
        return None


def mutate(base: PacketFile, edits: Sequence[Edit]) -> PacketFile:
    """Apply edits to a capture.

    Args:
        base: the capture; it is not changed.
        edits: what to change, in this order; frame numbers are those of `base`, whatever was inserted or dropped.

    Returns:
        The changed capture in time order. Frames that no edit touches keep their bytes, except TCP segments whose
        numbers move because an earlier segment of their connection grew, shrank, came or went.

    Raises:
        BadInput: a frame that is not there or cannot be edited, bytes that do not occur as often as the edit says,
            an AVP that is not there.
    """
    places = [_Place(packet, frame, frame) for packet in base.packets for frame in (_frame_or_none(packet.data),)]
    inserted: list[_Place] = []
    points = base.points
    for edit in edits:
        for number in edit.frames:
            where = f"frame {number}"
            if not 1 <= number <= len(places):
                raise BadInput(f"{where} is not in the base capture of {len(places)} frames; correct the edit")
            place = places[number - 1]
            if isinstance(edit, Insert):
                inserted.append(_inserted(edit, place, places))
            elif isinstance(edit, AddDatagram):
                inserted.append(_added(edit, place))
            elif isinstance(edit, AddStream):
                inserted += _streamed(edit, place)
            elif place.new is None:
                raise BadInput(f"{where}: dropped before, or no IPv4 frame with UDP or TCP; choose another frame")
            elif isinstance(edit, Tunnel):
                inserted.append(_tunnelled(edit, place))
            elif isinstance(edit, Drop):
                place.new, place.touched = None, True
            elif isinstance(edit, Delay):
                place.time_ns += edit.by_us * 1000
            elif not isinstance(edit, Swap):
                place.new, place.touched = _edit_frame(edit, place.new, where), True
        if isinstance(edit, Swap):
            one, other = (places[number - 1] for number in edit.frames)
            one.time_ns, other.time_ns = other.time_ns, one.time_ns
        if isinstance(edit, Tunnel | AddDatagram | AddStream | Insert) and edit.point and edit.point not in points:
            points = (*points, edit.point)
        if isinstance(edit, ForgetPoint):
            if edit.point not in points:
                raise BadInput(f"point {edit.point!r} is not in the base capture, which has {', '.join(points)}")
            points = tuple(point for point in points if point != edit.point)
    ordered = sorted([*places, *inserted], key=lambda place: place.time_ns)
    numbered = renumber_tcp([place.old for place in ordered], [place.new for place in ordered])
    packets = []
    for place, now in zip(ordered, numbered, strict=True):
        if place.packet.point not in points or (place.touched and now is None):
            continue
        as_captured = now is None or (not place.touched and now == place.old)
        data = place.packet.data if as_captured or now is None else join_frame(now)
        packets.append(Packet(place.packet.point, place.time_ns, data))
    return PacketFile(points, tuple(packets), base.drops)
