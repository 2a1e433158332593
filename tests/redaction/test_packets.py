import struct
from collections.abc import Callable

import pytest

from conformance.faults.frames import internet_checksum, make_frame, split_frame
from conformance.redaction.packets import Datagram, Opener, Packet

SOURCE, DESTINATION = ("10.0.0.1", 5060), ("10.0.0.2", 5060)
SECRET = b"alice was here, and here, and here again"


def through(*frames: bytes, change: Callable[[bytes], bytes] = lambda payload: payload) -> list[bytes]:
    opener, packets = Opener(), []
    for number, frame in enumerate(frames, start=1):
        first, *rest = opener.open(frame, number, ())
        assert isinstance(first, Packet)
        packets.append(first)
        for datagram in rest:
            if isinstance(datagram, Datagram) and datagram.inner is None:
                datagram.payload = change(datagram.payload)
    return [packet.rebuild() for packet in packets]


def upper(payload: bytes) -> bytes:
    return payload.upper()


def is_right(frame: bytes) -> bool:
    """The IP checksum and that of UDP over the pseudo header give zero (RFC 1071)."""
    parts = split_frame(frame)
    pseudo = parts.ip[12:20] + struct.pack("!BBH", 0, parts.ip[9], len(parts.transport) + len(parts.payload))
    return internet_checksum(parts.ip) == 0 == internet_checksum(pseudo + parts.transport + parts.payload)


def ip_packet(protocol: int, payload: bytes, flags: int = 0) -> bytes:
    frame = bytearray(make_frame("udp", SOURCE, DESTINATION, payload)[:34])
    frame[23] = protocol
    struct.pack_into("!HHH", frame, 16, 20 + len(payload), 7, flags)
    struct.pack_into("!H", frame, 24, 0)
    struct.pack_into("!H", frame, 24, internet_checksum(bytes(frame[14:])))
    return bytes(frame) + payload


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_changed_payload_gets_right_checksums(transport: str) -> None:
    (frame,) = through(make_frame(transport, SOURCE, DESTINATION, SECRET), change=upper)
    assert is_right(frame)
    assert split_frame(frame).payload == SECRET.upper()


def test_a_wrong_checksum_of_an_unchanged_frame_stays() -> None:
    frame = bytearray(make_frame("udp", SOURCE, DESTINATION, SECRET))
    frame[40:42] = b"\x12\x34"
    assert through(bytes(frame)) == [bytes(frame)]


def test_what_a_tunnel_carries_is_changed_and_both_checksums_are_right() -> None:
    inner = make_frame("udp", SOURCE, DESTINATION, SECRET)
    tunnel = struct.pack("!BBHI", 0x30, 255, len(inner) - 14, 77) + inner[14:]
    (frame,) = through(make_frame("udp", ("10.9.0.1", 2152), ("10.9.0.2", 2152), tunnel), change=upper)
    assert is_right(frame)
    payload = split_frame(frame).payload
    assert payload[:8] == tunnel[:8]
    assert is_right(frame[:14] + payload[8:])
    assert SECRET.upper() in frame


def test_a_datagram_in_fragments_is_changed_as_a_whole() -> None:
    whole = make_frame("udp", SOURCE, DESTINATION, SECRET)[34:]
    first, last = ip_packet(17, whole[:24], 0x2000), ip_packet(17, whole[24:], 3)
    new = through(first, last, change=upper)
    assert [len(frame) for frame in new] == [len(first), len(last)]
    assert new[0][42:] + new[1][34:] == SECRET.upper()


def test_of_a_fragment_without_its_others_nothing_is_shown() -> None:
    (frame,) = through(ip_packet(17, b"\x13\xc4\x13\xc4\x00\x40\x00\x00" + SECRET, 0x2000))
    assert b"alice" not in frame


def test_esp_without_encryption_is_changed_inside() -> None:
    plain = make_frame("udp", SOURCE, DESTINATION, SECRET)[34:]
    padding = -(len(plain) + 2) % 4
    content = struct.pack("!II", 0x1111, 1) + plain + bytes(range(1, padding + 1)) + bytes([padding, 17])
    (frame,) = through(ip_packet(50, content + b"check value!"), change=upper)
    assert SECRET.upper() in frame
    assert frame.endswith(bytes([padding, 17]) + bytes(12))


@pytest.mark.parametrize(
    ("frame", "kept"),
    [
        (ip_packet(50, b"\0\0\x11\x11\0\0\0\1" + SECRET), b"\0\0\x11\x11\0\0\0\1"),
        (ip_packet(132, SECRET), b""),
        (ip_packet(1, b"\3\3\0\0\0\0\0\0" + make_frame("udp", SOURCE, DESTINATION, SECRET)[14:]), b"\x0a\0\0\1"),
        (bytes(12) + b"\x86\xdd" + bytes(40) + SECRET, b"\x86\xdd"),
        (bytes(12) + b"\x12\x34" + SECRET, b"\x12\x34"),
        (make_frame("udp", SOURCE, DESTINATION, b"") + SECRET, b"\x0a\0\0\1"),
        (make_frame("udp", SOURCE, DESTINATION, SECRET)[:-4], b"\x0a\0\0\1"),
        (SECRET[:12], b""),
    ],
    ids=["esp", "sctp", "icmp", "ipv6", "other", "behind the packet", "cut", "short"],
)
def test_what_is_not_understood_keeps_headers_at_most(frame: bytes, kept: bytes) -> None:
    (new,) = through(frame)
    assert len(new) == len(frame)
    assert b"here" not in new
    assert kept in new


def test_an_icmp_message_has_a_right_checksum() -> None:
    quoted = make_frame("udp", SOURCE, DESTINATION, SECRET)[14:]
    (new,) = through(ip_packet(1, b"\3\3\0\0\0\0\0\0" + quoted))
    assert internet_checksum(new[34:]) == 0
