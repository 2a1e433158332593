"""What is picked out before dissection is what tshark finds when it gets every frame."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable, Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path

import pytest

from conformance.trace.decode import read_trace
from conformance.trace.decoder import Decoder
from conformance.trace.model import Message, SipMessage, Trace
from tests.trace.together import GROUPS, Group, as_one_file, named

Make = Callable[..., bytes]
SECOND = 1_700_000_000
V4 = ("10.1.0.1", "10.2.0.2")
V6 = ("2001:db8:1::1", "2001:db8::2:2")
UE, PROXY = 40000, 6060


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder() as decoder:
        yield decoder


def content(message: Message) -> tuple[object, ...]:
    """All that a message says, but for sightings over TCP and SCTP: of these Wireshark shows the first one only."""
    sightings = message.sightings if message.source.transport == "udp" else message.sightings[:1]
    first = message.retransmission_of.frame if message.retransmission_of else None
    parts = getattr(message, "avps", None), getattr(message, "records", None)
    return type(message).__name__, sightings, message.raw, message.truncated, first, parts


def agree(fast: Trace, slow: Trace) -> bool:
    """Compare messages, and what is said of the files; not what was passed over."""
    assert [content(message) for message in fast.messages] == [content(message) for message in slow.messages]
    for one, other in zip(fast.captures, slow.captures, strict=True):
        assert (one.frames, one.drops, one.points) == (other.frames, other.drops, other.points)
        # What Wireshark thinks of a message that it does not get is not known (docs/decisions/0010).
        only = set(other.problems) - set(one.problems)
        assert all(line.endswith(("Wireshark calls it malformed", "read from the raw bytes")) for line in only)
        assert set(one.problems) <= set(other.problems)
    return True


@pytest.mark.parametrize("group", GROUPS, ids=named)
def test_the_reference_captures_are_read_alike(group: Group, decoder: Decoder, tmp_path: Path) -> None:
    file = as_one_file(group, tmp_path)
    assert agree(decoder.read([file]), read_trace([file], everything_by_tshark=True))


def datagram(ends: Sequence[str], payload: bytes, ports: tuple[int, int] = (UE, PROXY)) -> bytes:
    """Make an IP packet with a datagram."""
    udp = struct.pack("!HHHH", *ports, 8 + len(payload), 0) + payload
    source, destination = (ip_address(end).packed for end in ends)
    if len(source) == 16:
        return struct.pack("!IHBB", 0x60000000, len(udp), 17, 64) + source + destination + udp
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 7, 0, 64, 17, 0) + source + destination + udp


def ether_type(packet: bytes) -> bytes:
    return b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00"


def ethernet(packet: bytes) -> bytes:
    """With the padding that a short frame has."""
    return (bytes(12) + ether_type(packet) + packet).ljust(60, b"\0")


def vlan(packet: bytes) -> bytes:
    return bytes(12) + b"\x81\x00\x00\x05" + ether_type(packet) + packet


def stacked(packet: bytes) -> bytes:
    return bytes(12) + b"\x88\xa8\x00\x05\x81\x00\x00\x06" + ether_type(packet) + packet


def cooked(packet: bytes) -> bytes:
    return struct.pack("!HHH8x", 0, 1, 6) + ether_type(packet) + packet


def cooked_2(packet: bytes) -> bytes:
    return ether_type(packet) + struct.pack("!HIHBB8x", 0, 3, 1, 0, 6) + packet


def raw_ip(packet: bytes) -> bytes:
    return packet


def family(order: str, inet6: int) -> Callable[[bytes], bytes]:
    def loop(packet: bytes) -> bytes:
        return struct.pack(order + "I", inet6 if packet[0] >> 4 == 6 else 2) + packet

    return loop


LINKS = {
    "ethernet": (1, ethernet),
    "vlan": (1, vlan),
    "stacked vlan": (1, stacked),
    "cooked": (113, cooked),
    "cooked 2": (276, cooked_2),
    "raw": (101, raw_ip),
    "raw of BSD": (12, raw_ip),
    "null": (0, family("<", 30)),
    "null of a big-endian machine": (0, family(">", 24)),
    "loop": (108, family(">", 24)),
}
ORDERS = [("<", 0xA1B2C3D4, 1000), (">", 0xA1B2C3D4, 1000), ("<", 0xA1B23C4D, 1), (">", 0xA1B23C4D, 1)]


def pcap(
    link_type: int, frames: Sequence[bytes], order: str = "<", magic: int = 0xA1B2C3D4, snap: int = 65535
) -> bytes:
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snap, link_type)
    for number, frame in enumerate(frames):
        kept = frame[:snap]
        out += struct.pack(order + "IIII", SECOND + number, 500 + number, len(kept), len(frame)) + kept
    return out


def read_both(file: Path, content: bytes) -> Trace:
    """Read a capture both ways; return what the fast way gives."""
    file.write_bytes(content)
    fast = read_trace([file])
    assert agree(fast, read_trace([file], everything_by_tshark=True))
    return fast


def many(register: Make, ends: Sequence[str]) -> list[bytes]:
    """SIP as it should be and not, and what else is in datagrams."""
    message = register("c1", body=b"x" * 50)
    return [
        datagram(ends, register()),
        datagram(ends, b"\r\n\r\n" + register("c2")),
        datagram(ends, message + b"and more"),
        datagram(ends, message[:-10]),
        datagram(ends, register("c3") + register("c4")),
        datagram(ends, register("c5"), (5060, 1812)),
        datagram(ends, b"OPTIONS sip:a SIP/2.0\r\n\r\n"),
        datagram(ends, b"SIP/2.0 200 OK\nCall-ID: c6\n\n"),
        datagram(ends, b"is there SIP/2.0 in it?"),
        datagram(ends, b"\r\n\r\n", (5060, 5060)),
        datagram(ends, bytes.fromhex("8008000100000001deadbeef") + bytes(160)),
        datagram(ends, b""),
        datagram(ends, b"SIP/2.0 200 OK\r\nCSeq: 1 REGISTER\r\n\r\n"),
    ]


@pytest.mark.parametrize("ends", [V4, V6], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("link", LINKS)
def test_each_link_layer_is_read_alike(tmp_path: Path, register: Make, link: str, ends: Sequence[str]) -> None:
    link_type, around = LINKS[link]
    trace = read_both(tmp_path / "a.pcap", pcap(link_type, [around(packet) for packet in many(register, ends)]))
    assert len(tuple(trace.sip)) == 9
    assert trace.captures[0].not_read["rtp"] == 1


@pytest.mark.parametrize(
    ("payload", "ports"),
    [(b"OPTIONS sip:a SIP/3.0\r\n\r\n", (UE, PROXY)), (b"OPTIONS sip:a SIP/2.0\r\nCSeq: 1 OPTIONS\r\n\r\n", (UE, 53))],
    ids=["version", "port"],
)
def test_sip_that_wireshark_does_not_see_is_found(tmp_path: Path, payload: bytes, ports: tuple[int, int]) -> None:
    file = tmp_path / "a.pcap"
    file.write_bytes(pcap(101, [datagram(V4, payload, ports)]))
    assert [message.raw for message in read_trace([file]).sip] == [payload]
    assert list(read_trace([file], everything_by_tshark=True).sip) == []


@pytest.mark.parametrize(("order", "magic", "tick_ns"), ORDERS)
def test_each_byte_order_and_clock_of_pcap_is_read_alike(
    tmp_path: Path, register: Make, order: str, magic: int, tick_ns: int
) -> None:
    frames = [ethernet(packet) for packet in many(register, V4)]
    trace = read_both(tmp_path / "a.pcap", pcap(1, frames, order, magic))
    assert trace.messages[0].time_ns == SECOND * 1_000_000_000 + 500 * tick_ns
    assert isinstance(trace.messages[0], SipMessage)


@pytest.mark.parametrize("snap", [60, 150, 300])
def test_packets_that_were_cut_are_read_alike(tmp_path: Path, register: Make, snap: int) -> None:
    frames = [ethernet(packet) for packet in many(register, V4)]
    read_both(tmp_path / "a.pcap", pcap(1, frames, snap=snap))


def test_a_packed_capture_is_read_alike(tmp_path: Path, register: Make) -> None:
    frames = [ethernet(packet) for packet in many(register, V4)]
    read_both(tmp_path / "a.pcap.gz", gzip.compress(pcap(1, frames)))
