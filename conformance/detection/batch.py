"""Reads many small captures with few tsharks: their packets stand in one file, far apart in time and address.

A tshark needs 0.2 s to start and some milliseconds for a registration. Each capture of a batch gets hours and outer
IPv4 addresses of its own, so that no connection, retransmission or copy of one can be taken for one of another; in
the traces that come back, times, addresses and frame numbers are those of the single captures again.
"""

from __future__ import annotations

import re
import tempfile
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address
from pathlib import Path

from conformance.faults.pcapfile import Packet, PacketFile, encode_pcapng
from conformance.trace.confirm import FrameReading, second_reading
from conformance.trace.decode import read_trace
from conformance.trace.media_model import MediaStream
from conformance.trace.model import CaptureFile, Message, Sighting, Trace, VpnPacket, VpnStream
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.points import POINTS

Readings = dict[int, FrameReading]
"""Frame number to its second reading."""
PER_FILE = 64
"""Captures in one file; each file has a tshark of its own."""
APART_NS = 1_000_000_000_000
"""Between the end of one capture and the begin of the next one."""
_ETHERTYPE_IPV4 = b"\x08\x00"
_UDP = 17
_GTP_U = (2152).to_bytes(2, "big")
_G_PDU = b"\x30\xff"
"""GTP-U version 1 without options, a user's packet (3GPP TS 29.281 5.1)."""
_RENAMED_INSIDE = {"gtp", "esp"}
"""Encapsulations that leave the innermost addresses to `_renamed`."""
_ADDRESS = re.compile(r"[0-9.]+")


@dataclass
class _Place:
    """One capture within its file."""

    number: int
    """Among all captures."""
    name: str
    capture: PacketFile
    first_frame: int
    shift_ns: int
    addresses: dict[bytes, bytes] = field(default_factory=dict)
    """New address by old one."""
    messages: list[Message] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    vpn: list[VpnStream] = field(default_factory=list)
    media: list[MediaStream] = field(default_factory=list)
    known: dict[tuple[object, ...], Message] = field(default_factory=dict)

    def _sightings(self, message: Message, originals: dict[str, str]) -> tuple[Sighting, ...]:
        """Return where the single capture shows a message."""
        return tuple(
            Sighting(
                0,
                sighting.frame - self.first_frame + 1,
                sighting.time_ns - self.shift_ns,
                sighting.point,
                _at(sighting.source, originals),
                _at(sighting.destination, originals),
                sighting.encapsulation,
                dscp=sighting.dscp,
            )
            for sighting in message.sightings
        )

    def back_outside(self, stream: VpnStream, originals: dict[str, str]) -> None:
        """Take the packets of a tunnel as they were read; each capture has addresses, so tunnels, of its own."""

        def placed(packet: VpnPacket) -> VpnPacket:
            return replace(packet, sightings=self._sightings(packet, originals))

        first = {key: placed(packet) for key, packet in stream.first.items()}
        sized = {key: placed(packet) for key, packet in stream.sized.items()}
        source, destination = (_at(end, originals) for end in stream.ends)
        self.vpn.append(VpnStream((source, destination), stream.counts, first, stream.sizes, sized))

    def back_media(self, stream: MediaStream, originals: dict[str, str]) -> None:
        """Take a media stream as it was counted; each capture has addresses, so streams, of its own."""
        before = self.first_frame - 1
        sightings = tuple(
            replace(
                one,
                capture=0,
                outer=_ADDRESS.sub(lambda found: originals.get(found.group(), found.group()), one.outer),
                first_frame=one.first_frame - before,
                last_frame=one.last_frame - before,
                gap_frame=one.gap_frame - before if one.gap_frame else 0,
                first_ns=one.first_ns - self.shift_ns,
                last_ns=one.last_ns - self.shift_ns,
                clock_offset_ns=0,
            )
            for one in stream.sightings
        )
        reports = tuple(
            replace(one, capture=0, frame=one.frame - before, source=_at(one.source, originals))
            for one in stream.reports
        )
        source, destination = _at(stream.source, originals), _at(stream.destination, originals)
        self.media.append(MediaStream(source, destination, stream.ssrc, stream.clock_hz, sightings, reports))

    def back(self, message: Message, originals: dict[str, str]) -> None:
        """Take a message as it was read and keep it as the single capture has it."""
        sightings = self._sightings(message, originals)
        key = (type(message), sightings[0].source, sightings[0].destination, message.raw)
        kept = replace(message, sightings=sightings, retransmission_of=self.known.get(key))
        self.known.setdefault(key, kept)
        self.messages.append(kept)

    @property
    def is_hidden(self) -> bool:
        """True where addresses stand in a tunnel that was not looked into."""
        return any(set(sighting.encapsulation) - _RENAMED_INSIDE for one in self.messages for sighting in one.sightings)

    def trace(self) -> Trace:
        """Return the trace of the single capture."""
        points = [POINTS[point] for point in self.capture.points if point in POINTS]
        summary = CaptureFile(
            file=self.name,
            frames=len(self.capture.packets),
            signalling=len({sighting.frame for message in self.messages for sighting in message.sightings}),
            drops=self.capture.drops,
            points=tuple(dict.fromkeys(points)),
            problems=tuple(self.problems),
        )
        return Trace((summary,), tuple(self.messages), tuple(self.vpn), tuple(self.media))


def _at(end: Endpoint, originals: dict[str, str]) -> Endpoint:
    return end._replace(address=originals[end.address]) if end.address in originals else end


def read_captures(captures: Sequence[tuple[str, PacketFile]]) -> list[Trace]:
    """Read captures that were made in memory.

    Args:
        captures: each with a name for its trace.

    Returns:
        One trace a capture, in order: the one that `read_trace` gives of the capture alone.

    Raises:
        NotPermitted: tshark is missing or too old.
    """
    traces: list[Trace] = []
    with tempfile.TemporaryDirectory(prefix="netlab-") as folder:
        starting = range(0, len(captures), PER_FILE)
        placed = [_place(start, captures[start : start + PER_FILE]) for start in starting]
        files = [Path(folder) / f"{number}.pcapng" for number in range(len(placed))]
        for file, places in zip(files, placed, strict=True):
            file.write_bytes(encode_pcapng(_joined(places)))
        whole = read_trace(files)
        originals = {new: old for places in placed for place in places for old, new in _texts(place)}
        starts = [[place.first_frame for place in places] for places in placed]
        for message in whole.messages:
            _of_frame(placed, starts, message.capture, message.frame).back(message, originals)
        for stream in whole.vpn:
            packet = next(iter(stream.first.values()))
            _of_frame(placed, starts, packet.capture, packet.frame).back_outside(stream, originals)
        for media in whole.media:
            _of_frame(placed, starts, media.best.capture, media.best.first_frame).back_media(media, originals)
        for number, places in enumerate(placed):
            unexplained = _tell(whole.captures[number].problems, placed, starts, number)
            traces += [
                _alone(place, Path(folder)) if unexplained or place.is_hidden else place.trace() for place in places
            ]
    return traces


def read_again(captures: Sequence[tuple[str, PacketFile]], frames: Sequence[Iterable[int]]) -> list[Readings]:
    """Read frames of captures that were made in memory a second time, as `second_reading` does of a file.

    Args:
        captures: each with a name; the same as for `read_captures`.
        frames: of each capture the frame numbers to read, none for most.

    Returns:
        One table a capture, in order: frame number to what Wireshark shows of it.

    Raises:
        NotPermitted: tshark is missing.
        HarnessFault: called inside a running event loop.
    """
    found: list[Readings] = []
    with tempfile.TemporaryDirectory(prefix="netlab-") as folder:
        file = Path(folder) / "joined.pcapng"
        for start in range(0, len(captures), PER_FILE):
            places = _place(start, captures[start : start + PER_FILE])
            file.write_bytes(encode_pcapng(_joined(places)))
            wanted = {
                place.first_frame - 1 + frame: (place, frame) for place in places for frame in frames[place.number]
            }
            tables: dict[int, Readings] = {place.number: {} for place in places}
            for number, reading in second_reading(file, wanted).items():
                place, frame = wanted[number]
                tables[place.number][frame] = replace(reading, frame=frame)
            found += tables.values()
    return found


def joined(captures: Sequence[tuple[str, PacketFile]]) -> PacketFile:
    """Put captures behind one another in one, each with hours and outer IPv4 addresses of its own.

    Args:
        captures: each with a name, at most `PER_FILE`.

    Returns:
        The packets of all in order, so the first one of a capture follows the last one of that before.
    """
    return _joined(_place(0, captures))


def _texts(place: _Place) -> list[tuple[str, str]]:
    return [(str(IPv4Address(old)), str(IPv4Address(new))) for old, new in place.addresses.items()]


def _of_frame(placed: list[list[_Place]], starts: list[list[int]], file: int, frame: int) -> _Place:
    return placed[file][bisect_right(starts[file], frame) - 1]


def _place(number: int, batch: Sequence[tuple[str, PacketFile]]) -> list[_Place]:
    places: list[_Place] = []
    frame, at_ns = 1, None
    for name, capture in batch:
        times = [packet.time_ns for packet in capture.packets] or [0]
        begin = times[0] if at_ns is None else at_ns
        places.append(_Place(number + len(places), name, capture, frame, begin - min(times)))
        at_ns = begin + max(times) - min(times) + APART_NS
        frame += len(capture.packets)
    return places


def _joined(places: Sequence[_Place]) -> PacketFile:
    points = tuple(dict.fromkeys(point for place in places for point in place.capture.points))
    packets = []
    for place in places:
        for packet in place.capture.packets:
            data = _renamed(packet.data, place.addresses, place.number)
            packets.append(Packet(packet.point, packet.time_ns + place.shift_ns, data))
    return PacketFile(points, tuple(packets), 0)


def _renamed(data: bytes, addresses: dict[bytes, bytes], number: int) -> bytes:
    """Give the addresses of an IPv4 frame, and of one inside GTP-U, to this capture alone.

    tshark does not look at the checksums.
    """
    renamed = bytearray(data)
    at = 14 if data[12:14] == _ETHERTYPE_IPV4 else len(data)
    while len(data) >= at + 20 and data[at] >> 4 == 4:
        for place in (at + 12, at + 16):
            old = data[place : place + 4]
            if old not in addresses and len(addresses) < 255:
                addresses[old] = bytes((11, *divmod(number, 256), len(addresses)))
            renamed[place : place + 4] = addresses.get(old, old)
        behind = at + (data[at] & 15) * 4
        if data[at + 9] != _UDP or data[behind + 2 : behind + 4] != _GTP_U or data[behind + 8 : behind + 10] != _G_PDU:
            break
        at = behind + 16
    return bytes(renamed)


def _tell(problems: Sequence[str], placed: list[list[_Place]], starts: list[list[int]], file: int) -> bool:
    """Give each problem of a file to the capture that it is about; tell whether one is about none."""
    unexplained = False
    for problem in problems:
        word, _, rest = problem.partition(" ")
        number, colon, text = rest.partition(":")
        if word != "frame" or not colon or not number.isdigit():
            unexplained = True
            continue
        place = _of_frame(placed, starts, file, int(number))
        place.problems.append(f"frame {int(number) - place.first_frame + 1}:{text}")
    return unexplained


def _alone(place: _Place, folder: Path) -> Trace:
    """Read a capture by itself, where something is to be said of its file that nobody can tell whose it is."""
    file = folder / "alone.pcapng"
    file.write_bytes(encode_pcapng(place.capture))
    trace = read_trace([file])
    return Trace((replace(trace.captures[0], file=place.name),), trace.messages, trace.vpn, trace.media)
