"""The same packets as files of many forms: pcapng or pcap, either byte order, five link types, packed or not.

A file is a list of pieces (blocks of pcapng; file header and records of pcap), so that whoever corrupts it knows
where they begin.
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from conformance.faults.pcapfile import PacketFile

ETHERNET, RAW_IP, COOKED, COOKED_2, NULL = 1, 101, 113, 276, 0
_VLAN = bytes.fromhex("81000005")


@dataclass(frozen=True)
class Record:
    """One packet as the file will hold it."""

    interface: int
    time_ns: int
    data: bytes
    original: int
    """Length on the wire that the file claims."""


@dataclass(frozen=True)
class Form:
    """How a file is written."""

    pcapng: bool = True
    order: str = "<"
    link: int = ETHERNET
    vlan: bool = False
    packed: bool = False
    statistics: bool = True

    @classmethod
    def choose(cls, random: Random) -> Form:
        """Return some form, the plain one most often."""
        if random.random() < 0.4:
            return cls(packed=random.random() < 0.2)
        link = random.choice((ETHERNET, ETHERNET, RAW_IP, COOKED, COOKED_2, NULL))
        return cls(
            pcapng=random.random() < 0.5,
            order=random.choice("<>"),
            link=link,
            vlan=link == ETHERNET and random.random() < 0.5,
            packed=random.random() < 0.2,
            statistics=random.random() < 0.7,
        )

    @property
    def name(self) -> str:
        """A few words for the name of a case."""
        words = ["pcapng" if self.pcapng else "pcap", "little" if self.order == "<" else "big", f"link{self.link}"]
        return "-".join(words + ["vlan"] * self.vlan + ["gz"] * self.packed)


@dataclass
class Pieces:
    """A file in the making."""

    form: Form
    all: list[bytes] = field(default_factory=list)

    def encode(self) -> bytes:
        """Return the octets of the file."""
        whole = b"".join(self.all)
        return gzip.compress(whole, 1, mtime=0) if self.form.packed else whole


def records_of(capture: PacketFile) -> list[Record]:
    """Return the packets of a capture."""
    interfaces = {name: index for index, name in enumerate(capture.points)}
    return [Record(interfaces[one.point], one.time_ns, one.data, len(one.data)) for one in capture.packets]


def write(points: Sequence[str], records: Sequence[Record], form: Form) -> Pieces:
    """Write packets that have Ethernet headers as a file of that form."""
    pieces = Pieces(form)
    framed = [_framed(record, form) for record in records]
    if form.pcapng:
        pieces.all.append(block(form.order, 0x0A0D0D0A, struct.pack(form.order + "IHHq", 0x1A2B3C4D, 1, 0, -1)))
        for name in points:
            options = _option(form.order, 2, name.encode()) + _option(form.order, 9, b"\x09") + bytes(4)
            pieces.all.append(block(form.order, 1, struct.pack(form.order + "HHI", form.link, 0, 0) + options))
        pieces.all += [packet_block(form.order, record) for record in framed]
        if form.statistics:
            options = _option(form.order, 5, struct.pack(form.order + "Q", 0)) + bytes(4)
            for index in range(len(points)):
                pieces.all.append(block(form.order, 5, struct.pack(form.order + "III", index, 0, 0) + options))
    else:
        pieces.all.append(struct.pack(form.order + "IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262_144, form.link))
        for one in framed:
            seconds, rest = divmod(one.time_ns, 1_000_000_000)
            head = struct.pack(form.order + "IIII", seconds & 0xFFFFFFFF, rest, len(one.data), one.original)
            pieces.all.append(head + one.data)
    return pieces


def block(order: str, kind: int, body: bytes) -> bytes:
    """Return a block of pcapng around a body."""
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def packet_block(order: str, one: Record) -> bytes:
    """Return an enhanced packet block."""
    time = one.time_ns & (1 << 64) - 1
    head = (one.interface, time >> 32, time & 0xFFFFFFFF, len(one.data), one.original)
    return block(order, 6, struct.pack(order + "5I", *head) + one.data)


def _option(order: str, code: int, value: bytes) -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def _framed(one: Record, form: Form) -> Record:
    """Give a packet the link header of the form in place of its Ethernet header."""
    head, packet = one.data[:14], one.data[14:]
    kind = head[12:14]
    header = {
        ETHERNET: head[:12] + _VLAN * form.vlan + kind,
        RAW_IP: b"",
        COOKED: struct.pack("!HHH", 0, 1, 6) + head[6:12] + bytes(2) + kind,
        COOKED_2: kind + bytes(2) + struct.pack("!IHBB", 1, 1, 0, 6) + head[6:12] + bytes(2),
        NULL: struct.pack(form.order + "I", 2),
    }[form.link]
    return Record(one.interface, one.time_ns, header + packet, one.original - len(head) + len(header))
