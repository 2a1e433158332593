from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from conformance.trace.decode import read_trace
from conformance.trace.model import Trace

SECOND = 1_000_000_000


@dataclass
class Packets:
    """Packets made by hand, written as a pcapng of raw IPv4: one interface a name."""

    file: Path
    frames: list[tuple[str, int, bytes]] = field(default_factory=list)
    ident: int = 0

    def add(self, packet: bytes, at_ms: float = 0, on: str = "eth0") -> int:
        """Add an IPv4 packet; return its frame number."""
        self.frames.append((on, 1_700_000_000 * SECOND + int(at_ms * 1_000_000), packet))
        return len(self.frames)

    def ip(
        self, source: str, destination: str, protocol: int, content: bytes, ident: int | None = None, fragment: int = 0
    ) -> bytes:
        self.ident += 1
        ident = self.ident if ident is None else ident
        ends = IPv4Address(source).packed + IPv4Address(destination).packed
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(content), ident, fragment, 64, protocol, 0)
        return head + ends + content

    def udp(self, source: str, destination: str, content: bytes, ident: int | None = None) -> bytes:
        """Make a datagram; the ends are written `10.0.0.1:5060`."""
        (a, a_port), (b, b_port) = source.split(":"), destination.split(":")
        head = struct.pack("!HHHH", int(a_port), int(b_port), 8 + len(content), 0)
        return self.ip(a, b, 17, head + content, ident)

    def tcp(self, source: str, destination: str, sequence: int, content: bytes) -> bytes:
        (a, a_port), (b, b_port) = source.split(":"), destination.split(":")
        head = struct.pack("!HHIIBBHHH", int(a_port), int(b_port), sequence, 1, 0x50, 0x18, 65535, 0, 0)
        return self.ip(a, b, 6, head + content)

    def gtp(self, source: str, destination: str, packet: bytes) -> bytes:
        head = struct.pack("!BBHI", 0x30, 0xFF, len(packet), 77)
        return self.udp(f"{source}:2152", f"{destination}:2152", head + packet)

    def ip6(self, source: str, destination: str, following: int, content: bytes) -> bytes:
        ends = IPv6Address(source).packed + IPv6Address(destination).packed
        return struct.pack("!IHBB", 0x60000000, len(content), following, 64) + ends + content

    def sctp(self, source: str, destination: str, number: int, content: bytes) -> bytes:
        """Make a packet with one whole DATA chunk of Diameter (RFC 9260 3.3.1, RFC 6733 2.1)."""
        (a, a_port), (b, b_port) = source.split(":"), destination.split(":")
        chunk = struct.pack("!BBHIHHI", 0, 3, 16 + len(content), number, 0, number, 46) + content
        head = struct.pack("!HHII", int(a_port), int(b_port), 77, 0)
        return self.ip(a, b, 132, head + chunk + bytes(-len(content) % 4))

    def esp(self, packet: bytes) -> bytes:
        """Put what an IPv4 packet carries into ESP without encryption, in transport mode (RFC 4303 2, RFC 2410)."""
        content, protocol = packet[20:], packet[9]
        pad = -(len(content) + 2) % 4
        inside = content + bytes(range(1, pad + 1)) + bytes([pad, protocol])
        source, destination = (str(IPv4Address(packet[at : at + 4])) for at in (12, 16))
        return self.ip(source, destination, 50, struct.pack("!II", 4711, 1) + inside + bytes(12))

    def fragments(self, packet: bytes, size: int = 800) -> list[bytes]:
        """Cut an IPv4 packet into fragments (RFC 791 3.2)."""
        content = packet[20:]
        made = []
        for start in range(0, len(content), size):
            part = content[start : start + size]
            more = 0x2000 if start + size < len(content) else 0
            head = packet[:2] + struct.pack("!H", 20 + len(part)) + packet[4:6]
            made.append(head + struct.pack("!H", more | start // 8) + packet[8:20] + part)
        return made

    def fragments6(self, packet: bytes, size: int = 800) -> list[bytes]:
        """Cut an IPv6 packet into fragments (RFC 8200 4.5)."""
        content = packet[40:]
        made = []
        for start in range(0, len(content), size):
            part = content[start : start + size]
            more = 1 if start + size < len(content) else 0
            head = struct.pack("!BBHI", packet[6], 0, start | more, 4711)
            made.append(packet[:4] + struct.pack("!HB", 8 + len(part), 44) + packet[7:40] + head + part)
        return made

    def write(self, drops: dict[str, int] | None = None, snap: int = 262144) -> Path:
        """Write the file; `drops` gives the interfaces that get a statistics block."""
        names = list(dict.fromkeys([on for on, _, _ in self.frames] + list(drops or {})))
        out = _block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
        for name in names:
            options = _option(2, name.encode()) + _option(9, b"\x09")
            out += _block(1, struct.pack("<HHI", 101, 0, snap) + options + _option(0, b""))
        for name, time, packet in self.frames:
            kept = packet[:snap]
            head = struct.pack("<IIIII", names.index(name), time >> 32, time & 0xFFFFFFFF, len(kept), len(packet))
            out += _block(6, head + kept + bytes(-len(kept) % 4))
        for name, count in (drops or {}).items():
            options = _option(5, struct.pack("<Q", count)) + _option(0, b"")
            out += _block(5, struct.pack("<III", names.index(name), 0, 0) + options)
        self.file.write_bytes(out)
        return self.file

    def trace(self) -> Trace:
        return read_trace([self.write()])


def _block(kind: int, body: bytes) -> bytes:
    length = 12 + len(body)
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)


def _option(code: int, content: bytes) -> bytes:
    return struct.pack("<HH", code, len(content)) + content + bytes(-len(content) % 4)


@pytest.fixture
def packets(tmp_path: Path) -> Packets:
    return Packets(tmp_path / "made.pcapng")


@pytest.fixture
def register() -> Callable[..., bytes]:
    """Makes a REGISTER; what varies is its Call-ID, its top Via and its body."""

    def make(call_id: str = "c1", branch: str = "z9hG4bK1", cseq: int = 1, body: bytes = b"") -> bytes:
        text = (
            "REGISTER sip:home.test SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.31.0.1:5060;branch={branch}\r\n"
            "From: <sip:alice@home.test>;tag=a\r\n"
            "To: <sip:alice@home.test>\r\n"
            f"Call-ID: {call_id}\r\n"
            f"CSeq: {cseq} REGISTER\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return text.encode() + body

    return make


@pytest.fixture
def diameter() -> Callable[..., bytes]:
    """Makes a User-Authorization message with a grouped AVP in it."""

    def avp(code: int, content: bytes, vendor: int = 0) -> bytes:
        flags = 0xC0 if vendor else 0x40
        head = struct.pack("!II", code, flags << 24 | (12 if vendor else 8) + len(content))
        head += struct.pack("!I", vendor) if vendor else b""
        return head + content + bytes(-len(content) % 4)

    def make(hop_by_hop: int = 7, end_to_end: int = 8, request: bool = True, command: int = 300) -> bytes:
        grouped = avp(266, struct.pack("!I", 10415)) + avp(258, struct.pack("!I", 16777216))
        avps = avp(263, b"icscf.home.test;1;2") + avp(264, b"icscf.home.test") + avp(296, b"home.test")
        avps += avp(260, grouped) + avp(601, b"sip:alice@home.test", 10415) + avp(65000, b"own")
        head = struct.pack("!II", 1 << 24 | 20 + len(avps), (0xC0 if request else 0x40) << 24 | command)
        return head + struct.pack("!III", 16777216, hop_by_hop, end_to_end) + avps

    return make


@pytest.fixture
def dns() -> Callable[..., bytes]:
    """Makes a query for an SRV record, or the answer to it with the address of the target."""

    def name(text: str) -> bytes:
        return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"

    def make(ident: int = 5, answer: bool = False) -> bytes:
        question = name("_sip._udp.Home.test") + struct.pack("!HH", 33, 1)
        if not answer:
            return struct.pack("!HHHHHH", ident, 0x0100, 1, 0, 0, 0) + question
        target = struct.pack("!HHH", 1, 2, 4060) + name("pcscf.home.test")
        records = struct.pack("!HHHIH", 0xC00C, 33, 1, 60, len(target)) + target
        records += name("pcscf.home.test") + struct.pack("!HHIH", 1, 1, 60, 4) + bytes([127, 31, 0, 1])
        return struct.pack("!HHHHHH", ident, 0x8580, 1, 1, 0, 1) + question + records

    return make
