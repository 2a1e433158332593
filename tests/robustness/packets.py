"""Corruptions of packets: hostile messages in sound frames, and headers of the network that lie."""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import suppress
from random import Random

from conformance.faults.frames import Frame, join_frame, renumber_tcp, split_frame
from conformance.vocabulary.errors import BadInput
from tests.robustness import messages
from tests.robustness.forms import Record

_FRAMED = 14
_SIP_LIKE = (b"SIP/2.0", b" SIP/2.0\r\n")


def hostile_message(random: Random, records: list[Record]) -> list[Record]:
    """Replace messages of one protocol by hostile ones; lengths, checksums and TCP numbers stay right."""
    frames = [_split(record.data) for record in records]
    kinds: dict[tuple[messages.Corruption, ...], list[int]] = {}
    for index, frame in enumerate(frames):
        corruptions = () if frame is None else _corruptions(frame)
        if corruptions:
            kinds.setdefault(corruptions, []).append(index)
    if not kinds:
        return network_lie(random, records)
    corruptions = random.choice(list(kinds))
    corrupt = random.choice(corruptions)
    chosen = kinds[corruptions]
    if random.random() < 0.8:
        chosen = random.sample(chosen, min(len(chosen), random.choice((1, 2, 4))))
    changed: list[Frame | None] = list(frames)
    for index in chosen:
        frame = frames[index]
        assert frame is not None
        payload = corrupt(random, frame.payload)[: messages.LONGEST + 4_000]
        changed[index] = Frame(frame.ethernet, frame.ip, frame.transport, payload)
    whole = renumber_tcp(frames, changed)
    return [
        record if new is None or new == old else _with(record, join_frame(new))
        for record, old, new in zip(records, frames, whole, strict=True)
    ]


def network_lie(random: Random, records: list[Record]) -> list[Record]:
    """Let headers of IP, UDP and TCP lie."""
    records = list(records)
    for _ in range(random.choice((1, 3, 10))):
        index = random.randrange(len(records))
        octets = bytearray(records[index].data)
        place = _FRAMED + random.choice((0, 0, 2, 3, 4, 6, 6, 7, 8, 9, 9, 12, 20, 22, 24, 25, 26, 32))
        if place < len(octets):
            octets[place] = random.choice(
                (0, 1, 4, 6, 0x0F, 0x20, 0x3F, 0x40, 0x41, 0x4F, 0x60, 0x65, 0xFF, 41, 47, 50, 132)
            )
        records[index] = _with(records[index], bytes(octets))
    return records


def short_packets(random: Random, records: list[Record]) -> list[Record]:
    """Cut packets as a snap length does, anywhere, some to nothing."""
    limit = random.choice((0, 1, 14, 20, 34, 42, 60, 96, 200, 400, None))
    return [
        Record(
            one.interface,
            one.time_ns,
            one.data[: random.randrange(len(one.data)) if limit is None else limit],
            one.original,
        )
        if random.random() < 0.7
        else one
        for one in records
    ]


def fragments(random: Random, records: list[Record]) -> list[Record]:
    """Send packets as fragments that overlap, are missing, repeat, or end behind the largest packet there is."""
    found: list[Record] = []
    for one in records:
        ip = one.data[_FRAMED : _FRAMED + 20]
        if len(one.data) < 100 or one.data[12:14] != b"\x08\x00" or random.random() < 0.5:
            found.append(one)
            continue
        payload, size = one.data[_FRAMED + 20 :], random.choice((8, 64, 512))
        parts = [(at, payload[at : at + size]) for at in range(0, min(len(payload), 40 * size), size)]
        match random.randrange(5):
            case 0:
                random.shuffle(parts)
            case 1:
                del parts[random.randrange(len(parts))]
            case 2:
                parts = [(max(0, at - 8), data) for at, data in parts]
            case 3:
                parts.append((65_528, b"A" * 100))
            case 4:
                parts += parts
        for number, (at, data) in enumerate(parts):
            more = 0x2000 if number + 1 < len(parts) else 0
            header = ip[:2] + struct.pack("!HHH", 20 + len(data), 77, more | at // 8) + ip[8:10] + bytes(2) + ip[12:]
            found.append(_with(one, one.data[:_FRAMED] + header + data))
    return found


def tunnels(random: Random, records: list[Record]) -> list[Record]:
    """Put packets into each other: IP in IP in IP, GTP-U in GTP-U, deeper than anybody looks."""
    depth = random.choice((1, 3, 30, 300))
    found = list(records)
    for index in random.sample(range(len(found)), min(len(found), 4)):
        packet = found[index].data[_FRAMED:]
        gtp = random.random() < 0.5
        for _ in range(depth):
            if len(packet) > 64_000:
                break
            protocol = 17 if gtp else 4
            if gtp:
                inner = struct.pack("!BBHI", 0x30, 255, len(packet), 1) + packet
                packet = struct.pack("!HHHH", 2152, 2152, 8 + len(inner), 0) + inner
            head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(packet), 0, 0, 64, protocol, 0)
            packet = head + bytes([127, 0, 0, 1]) * 2 + packet
        found[index] = _with(found[index], found[index].data[:_FRAMED] + packet)
    return found


def wrong_time(random: Random, records: list[Record]) -> list[Record]:
    """Let time stand still, run backwards or jump, and packets come in another order."""
    records = list(records)
    match random.randrange(4):
        case 0:
            times = [0] * len(records)
        case 1:
            times = [one.time_ns for one in reversed(records)]
        case 2:
            times = [random.choice((0, 1, one.time_ns, 2**62, 2**64 - 1)) for one in records]
        case _:
            times = [one.time_ns for one in records]
            random.shuffle(records)
    return [Record(one.interface, time, one.data, one.original) for one, time in zip(records, times, strict=True)]


def _split(data: bytes) -> Frame | None:
    with suppress(BadInput, struct.error, IndexError):
        return split_frame(data)
    return None


def _corruptions(frame: Frame) -> tuple[messages.Corruption, ...]:
    """Return what can be done to the message of a frame: told from the message, not from ports."""
    if any(sign in frame.payload[:400] for sign in _SIP_LIKE):
        return messages.SIP
    if frame.is_tcp and frame.payload[:1] == b"\x01" and int.from_bytes(frame.payload[1:4]) == len(frame.payload):
        return messages.DIAMETER
    if not frame.is_tcp and 53 in (frame.source[1], frame.destination[1]):
        return messages.DNS
    return ()


def _with(record: Record, data: bytes) -> Record:
    return Record(record.interface, record.time_ns, data, len(data))


PACKETS: tuple[Callable[[Random, list[Record]], list[Record]], ...] = (
    *[hostile_message] * 12,
    network_lie,
    network_lie,
    short_packets,
    fragments,
    tunnels,
    wrong_time,
)
"""Each takes the packets of a capture and gives corrupted ones; hostile messages come most often."""
