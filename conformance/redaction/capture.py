"""A capture redacted: the same frames at the same times, each octet in its place.

What stands beside the packets (comments, names, keys) is left out; interfaces keep the names of observation points.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from conformance.pcapng.blocks import BadBlock
from conformance.pcapng.contents import ContentReader, Interface, Packet, Statistics
from conformance.pcapng.writer import PcapngWriter
from conformance.redaction.packets import Datagram, Opener
from conformance.redaction.packets import Packet as OpenedPacket
from conformance.redaction.payloads import Redacted, Redactor
from conformance.redaction.streams import Streams
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.points import Point

_ETHERNET: Final = 1
_RAW_IP: Final = 101
_POINTS: Final = frozenset(point.value for point in Point)


@dataclass(frozen=True)
class RedactedCapture:
    """What became of one capture."""

    data: bytes
    """The new file."""
    messages: tuple[Redacted, ...]
    """Each message that was understood, before and after."""


def redact_capture(file: Path, redactor: Redactor) -> RedactedCapture:
    """Return a capture redacted.

    Args:
        file: pcapng of one section, Ethernet or raw IP.
        redactor: the mappings; while it learns the file comes out as it went in.

    Raises:
        BadInput: the file cannot be read.
    """
    interfaces, packets, statistics = _read(file)
    opener, streams = Opener(), Streams()
    opened: list[OpenedPacket] = []
    messages: list[Redacted] = []
    for number, packet in enumerate(packets, start=1):
        frame = _header(packet, interfaces) + packet.data
        found = iter(opener.open(frame, number, (packet.interface,)))
        outermost = next(found)
        assert isinstance(outermost, OpenedPacket)
        opened.append(outermost)
        for datagram in found:
            if not isinstance(datagram, Datagram) or datagram.inner is not None:
                continue
            if datagram.frame.is_tcp:
                streams.add(datagram)
            else:
                ports = datagram.frame.source[1], datagram.frame.destination[1]
                old = datagram.payload
                datagram.payload = redactor.datagram(old, ports)
                messages.append(Redacted(number, old, datagram.payload))
    messages += streams.redact(redactor)
    out = BytesIO()
    writer = PcapngWriter(out)
    for interface in interfaces:
        writer.interface(interface.name if interface.name in _POINTS else "", interface.link_type, "")
    for packet, new in zip(packets, opened, strict=True):
        frame = new.rebuild()[len(_header(packet, interfaces)) :]
        writer.packet(packet.interface, packet.time_ns, frame, packet.original_length)
    if packets:
        times = [packet.time_ns for packet in packets]
        for said in statistics:
            if said.dropped is not None and said.interface < len(interfaces):
                received = sum(packet.interface == said.interface for packet in packets)
                writer.statistics(said.interface, min(times), max(times), received, said.dropped)
    return RedactedCapture(out.getvalue(), tuple(messages))


def _header(packet: Packet, interfaces: list[Interface]) -> bytes:
    """Return the Ethernet header that a packet of a tunnel lacks, which has no link below it; else nothing."""
    if interfaces[packet.interface].link_type == _ETHERNET:
        return b""
    is_ipv6 = bool(packet.data) and packet.data[0] >> 4 == 6
    return bytes(12) + (b"\x86\xdd" if is_ipv6 else b"\x08\x00")


def _read(file: Path) -> tuple[list[Interface], list[Packet], list[Statistics]]:
    reader = ContentReader()
    interfaces: list[Interface] = []
    packets: list[Packet] = []
    statistics: list[Statistics] = []
    try:
        for found in reader.feed(file.read_bytes()):
            if isinstance(found, Interface):
                if found.link_type not in (_ETHERNET, _RAW_IP):
                    expected = "expected Ethernet (1) or raw IP (101); it cannot be redacted"
                    raise BadInput(f"{file}: link type {found.link_type}, {expected}")
                interfaces.append(found)
            elif isinstance(found, Packet):
                packets.append(found)
            else:
                statistics.append(found)
    except OSError as error:
        raise BadInput(f"{file}: {error.strerror or error}; expected the capture of a cell") from error
    except BadBlock as error:
        raise BadInput(f"{file}: byte {reader.offset}: {error}; expected the capture of a cell") from error
    if reader.wanted:
        raise BadInput(f"{file}: cut at byte {reader.offset}; expected the whole capture of a cell")
    return interfaces, packets, statistics
