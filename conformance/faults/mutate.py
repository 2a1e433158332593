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
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from conformance.faults.avp_bytes import add_avp, get_avp, remove_avp, set_avp
from conformance.faults.esp import protect
from conformance.faults.frames import Frame, join_frame, make_frame, renumber_tcp, split_frame
from conformance.faults.pcapfile import Packet, PacketFile
from conformance.vocabulary.errors import BadInput

_CONTENT_LENGTH = re.compile(rb"(?im)^((?:content-length|l)[ \t]*:[ \t]*)(\d+)")
_BODY = b"\r\n\r\n"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Substitution(_Model):
    """Bytes that are found and put in place of others, as text (UTF-8) or, with `hex`, as hexadecimal digits."""

    find: str
    replace: str
    hex: bool = False
    count: Annotated[int, Field(ge=1)] = 1
    """How often `find` must occur in the payload; any other number is an error."""

    def apply(self, payload: bytes, where: str) -> bytes:
        """Return the payload with each occurrence replaced.

        Raises:
            BadInput: the bytes do not occur `count` times.
        """
        find, replace = (_octets(text, self.hex) for text in (self.find, self.replace))
        seen = payload.count(find)
        if seen != self.count:
            raise BadInput(f"{where}: {self.find!r} occurs {seen} times, expected {self.count}; correct the edit")
        return payload.replace(find, replace)


class Replace(Substitution):
    """One substitution in the payload of each named frame."""

    kind: Literal["replace"]
    frames: Annotated[tuple[int, ...], Field(min_length=1)]


class SetAvp(_Model):
    """Other data for one AVP of a Diameter message, or another text within its data."""

    kind: Literal["set-avp"]
    frames: Annotated[tuple[int, ...], Field(min_length=1)]
    path: Annotated[tuple[int, ...], Field(min_length=1)]
    """AVP codes from the outermost group inwards."""
    value: str
    hex: bool = False
    find: str | None = None
    """With it, `value` replaces this text inside the data; without it, the whole data."""


class RemoveAvp(_Model):
    """One AVP taken out of a Diameter message."""

    kind: Literal["remove-avp"]
    frames: Annotated[tuple[int, ...], Field(min_length=1)]
    path: Annotated[tuple[int, ...], Field(min_length=1)]


class AddAvp(_Model):
    """One top-level AVP added at the end of a Diameter message."""

    kind: Literal["add-avp"]
    frames: Annotated[tuple[int, ...], Field(min_length=1)]
    code: int
    vendor: int = 0
    value: str
    hex: bool = False


class Drop(_Model):
    """Frames taken out, as if they had never been sent."""

    kind: Literal["drop"]
    frames: Annotated[tuple[int, ...], Field(min_length=1)]


class Insert(_Model):
    """A copy of a frame, with changes of its own: a retransmission, or a message that should not be there."""

    kind: Literal["insert"]
    copy_of: int
    delay_us: int
    """Microseconds after the copied frame; negative: before it."""
    changes: tuple[Substitution, ...] = ()
    source: tuple[str, int] | None = None
    """Other IPv4 address and port of the sender."""
    destination: tuple[str, int] | None = None

    @property
    def frames(self) -> tuple[int, ...]:
        """The frame that is copied."""
        return (self.copy_of,)


class Protect(_Model):
    """UDP put into ESP without encryption, as the last edit of its frames: a security association on Gm."""

    kind: Literal["protect"]
    frames: Annotated[tuple[int, ...], Field(min_length=1)]
    ports: tuple[int, int]
    """Source and destination port of the protected datagram."""
    spi: int
    sequence: int
    key: str
    """Authentication key of HMAC-SHA-1-96, 40 hexadecimal digits."""


class Readdress(_Model):
    """Another IPv4 address in the IP header of each named frame, wherever the old one stands; payloads stay."""

    kind: Literal["readdress"]
    frames: Annotated[tuple[int, ...], Field(min_length=1)]
    find: IPv4Address
    replace: IPv4Address


class Tunnel(_Model):
    """A copy of each frame as it is by then, in GTP-U: the same packet on its way between two ends of a tunnel."""

    kind: Literal["tunnel"]
    frames: Annotated[tuple[int, ...], Field(min_length=1)]
    point: str
    """Where the copy is seen; a point that the base has not is added."""
    delay_us: int
    """Microseconds after the frame; negative: before it."""
    source: tuple[str, int]
    """IPv4 address and port of the end that sends."""
    destination: tuple[str, int]
    teid: Annotated[int, Field(ge=0, lt=1 << 32)]
    """Tunnel Endpoint Identifier of the end that receives."""


class ForgetPoint(_Model):
    """An observation point that was not captured: its packets and its interface are taken out."""

    kind: Literal["forget-point"]
    point: str

    @property
    def frames(self) -> tuple[int, ...]:
        """All frames of the point, whichever they are."""
        return ()


Edit = Annotated[
    Replace | SetAvp | RemoveAvp | AddAvp | Drop | Insert | Protect | Readdress | Tunnel | ForgetPoint,
    Field(discriminator="kind"),
]
EDITS: TypeAdapter[tuple[Edit, ...]] = TypeAdapter(tuple[Edit, ...])
"""Reads edits from plain data, such as the tables of a TOML file."""


def _octets(text: str, is_hex: bool) -> bytes:
    if not is_hex:
        return text.encode()
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise BadInput(f"{text!r} is no hexadecimal: {error}; correct the edit") from error


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
            value = _octets(edit.value, edit.hex)
            if edit.find is not None:
                part = Substitution(find=edit.find, replace=edit.value, hex=edit.hex)
                value = part.apply(get_avp(payload, edit.path), where)
            return set_avp(payload, edit.path, value)
        case RemoveAvp():
            return remove_avp(payload, edit.path)
        case AddAvp():
            return add_avp(payload, edit.code, edit.vendor, _octets(edit.value, edit.hex))
        case _:
            return payload


def _edit_frame(edit: Edit, frame: Frame, where: str) -> Frame:
    if isinstance(edit, Protect):
        return protect(frame, edit.ports, edit.spi, edit.sequence, _octets(edit.key, True))
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


def _inserted(edit: Insert, base: _Place, places: list[_Place]) -> _Place:
    where = f"copy of frame {edit.copy_of}"
    packet = Packet(base.packet.point, base.packet.time_ns + edit.delay_us * 1000, b"")
    if base.old is None:
        raise BadInput(f"{where}: the frame cannot be edited; choose another frame")
    frame = _readdressed(base.old, edit)
    payload = frame.payload
    for change in edit.changes:
        payload = _repair_content_length(payload, change.apply(payload, where))
    frame = Frame(frame.ethernet, frame.ip, frame.transport, payload)
    if frame.is_tcp:
        earlier = [p.old for p in places if p.old is not None and p.packet.time_ns <= packet.time_ns]
        frame = _continued(frame, [segment for segment in earlier if segment.is_tcp])
    return _Place(packet, None, frame, touched=True)


def _tunnelled(edit: Tunnel, place: _Place) -> _Place:
    """Put the IP packet behind a GTP-U header: version 1, G-PDU, no options (3GPP TS 29.281 5.1)."""
    assert place.new is not None  # the caller looked
    inner = join_frame(place.new)[len(place.new.ethernet) :]
    payload = struct.pack("!BBHI", 0x30, 0xFF, len(inner), edit.teid) + inner
    outer = split_frame(make_frame("udp", edit.source, edit.destination, payload))
    packet = Packet(edit.point, place.packet.time_ns + edit.delay_us * 1000, b"")
    return _Place(packet, None, outer, touched=True)


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
            elif place.new is None:
                raise BadInput(f"{where}: dropped before, or no IPv4 frame with UDP or TCP; choose another frame")
            elif isinstance(edit, Tunnel):
                inserted.append(_tunnelled(edit, place))
            elif isinstance(edit, Drop):
                place.new, place.touched = None, True
            else:
                place.new, place.touched = _edit_frame(edit, place.new, where), True
        if isinstance(edit, Tunnel) and edit.point not in points:
            points = (*points, edit.point)
        if isinstance(edit, ForgetPoint):
            if edit.point not in points:
                raise BadInput(f"point {edit.point!r} is not in the base capture, which has {', '.join(points)}")
            points = tuple(point for point in points if point != edit.point)
    ordered = sorted([*places, *inserted], key=lambda place: place.packet.time_ns)
    numbered = renumber_tcp([place.old for place in ordered], [place.new for place in ordered])
    packets = []
    for place, now in zip(ordered, numbered, strict=True):
        if place.packet.point not in points or (place.touched and now is None):
            continue
        as_captured = now is None or (not place.touched and now == place.old)
        data = place.packet.data if as_captured or now is None else join_frame(now)
        packets.append(Packet(place.packet.point, place.packet.time_ns, data))
    return PacketFile(points, tuple(packets), base.drops)
