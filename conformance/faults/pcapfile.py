"""Packets of a pcap or pcapng file, one interface an observation point, read and written byte for byte.

Only what a capture mutator needs: packets with their interface and time in nanoseconds, interface names, and the
loss that each interface reports (draft-ietf-opsawg-pcapng). Written files hold nothing that depends on the machine
or the hour, so the same packets always give the same bytes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from conformance.pcapng.blocks import SECTION_HEADER, BadBlock
from conformance.pcapng.contents import ContentReader, Interface, Statistics
from conformance.pcapng.contents import Packet as CapturedPacket
from conformance.pcapng.writer import PcapngWriter
from conformance.vocabulary.errors import BadInput

_ETHERNET = 1
_PCAP_MICROSECONDS = 0xA1B2C3D4
_PCAP_NANOSECONDS = 0xA1B23C4D


@dataclass(frozen=True, slots=True)
class Packet:
    """One captured frame, link type Ethernet."""

    point: str
    """Name of the interface (`if_name`); empty where the file gives none."""
    time_ns: int
    """Nanoseconds since 1970."""
    data: bytes


@dataclass(frozen=True, slots=True)
class PacketFile:
    """A whole capture in file order: packet *n* of tshark is `packets[n - 1]`."""

    points: tuple[str, ...]
    packets: tuple[Packet, ...]
    drops: int | None
    """Packets lost, written for every point; None where the file does not say: nothing is written then."""


def _read_pcap(data: bytes, path: Path) -> PacketFile:
    for order in ("<", ">"):
        magic, _, _, _, _, _, link = struct.unpack_from(order + "IHHiIII", data)
        if magic in (_PCAP_MICROSECONDS, _PCAP_NANOSECONDS):
            break
    else:
        raise BadInput(f"{path}: no pcap or pcapng file; expected a capture")
    if link & 0xFFFF != _ETHERNET:
        raise BadInput(f"{path}: link type {link & 0xFFFF}, expected Ethernet (1)")
    tick = 1 if magic == _PCAP_NANOSECONDS else 1000
    packets = []
    at = 24
    while at + 16 <= len(data):
        seconds, fraction, kept, _ = struct.unpack_from(order + "IIII", data, at)
        packets.append(Packet("", seconds * 1_000_000_000 + fraction * tick, data[at + 16 : at + 16 + kept]))
        at += 16 + kept
    return PacketFile(points=("",), packets=tuple(packets), drops=None)


def _read_pcapng(data: bytes, path: Path) -> PacketFile:
    names: list[str] = []
    packets: list[Packet] = []
    drops: list[int] = []
    reader = ContentReader()
    try:
        for found in reader.feed(data):
            if isinstance(found, Interface):
                if found.link_type != _ETHERNET:
                    raise BadInput(
                        f"{path}: link type {found.link_type} at byte {reader.offset}, expected Ethernet (1)"
                    )
                names.append(found.name)
            elif isinstance(found, CapturedPacket):
                packets.append(Packet(names[found.interface], found.time_ns, found.data))
            elif isinstance(found, Statistics) and found.dropped is not None:
                drops.append(found.dropped)
    except BadBlock as error:
        raise BadInput(f"{path}: byte {reader.offset}: {error}") from error
    if reader.wanted:
        raise BadInput(
            f"{path}: block of {reader.wanted} bytes at byte {reader.offset} does not fit the file; the file is cut"
        )
    return PacketFile(tuple(names), tuple(packets), sum(drops) if len(drops) == len(names) and names else None)


def read_packets(path: Path) -> PacketFile:
    """Read a pcap or a pcapng file of one section.

    Args:
        path: the capture.

    Returns:
        Its packets in file order with their points.

    Raises:
        BadInput: the file is not there, is no capture, is cut, or is not Ethernet.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror or error}; expected a capture file") from error
    if len(data) < 24:
        raise BadInput(f"{path}: {len(data)} bytes are no capture")
    if struct.unpack_from("<I", data)[0] == SECTION_HEADER:
        return _read_pcapng(data, path)
    return _read_pcap(data, path)


def encode_pcapng(capture: PacketFile) -> bytes:
    """Encode a capture as pcapng; the same capture gives the same bytes.

    Args:
        capture: what to write; every packet's point must be among `capture.points`.

    Returns:
        The bytes of the file: an interface a point, and a statistics block each where `drops` is known.
    """
    stream = BytesIO()
    writer = PcapngWriter(stream)
    index = {point: writer.interface(point, _ETHERNET, "") for point in capture.points}
    for packet in capture.packets:
        writer.packet(index[packet.point], packet.time_ns, packet.data, len(packet.data))
    if capture.drops is not None and capture.packets:
        first, last = capture.packets[0].time_ns, capture.packets[-1].time_ns
        for point, number in index.items():
            received = sum(packet.point == point for packet in capture.packets)
            writer.statistics(number, first, last, received, capture.drops)
    return stream.getvalue()
