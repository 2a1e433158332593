"""Corruptions of the file: octets anywhere, lengths that lie, blocks in the wrong place, archives that explode."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from random import Random

from tests.robustness.forms import Pieces, Record, block, packet_block

NASTY = (0, 1, 3, 7, 8, 11, 12, 13, 27, 28, 32, 0xFFFF, 0x10000, 262_144, 262_145, 64 << 20, 0x7FFFFFFF, 0x80000000)
NASTY_32 = (*NASTY, 0xFFFFFFF0, 0xFFFFFFFC, 0xFFFFFFFF)
_LINKS = (0, 1, 9, 12, 14, 101, 105, 108, 113, 127, 147, 195, 220, 228, 229, 276, 65535)
_EMPTY_BLOCK = struct.pack("<III", 4, 12, 12)


def flip_bits(random: Random, file: Pieces) -> bytes:
    """Turn 1 to 64 bits over."""
    octets = bytearray(file.encode())
    for _ in range(random.choice((1, 2, 4, 16, 64))):
        octets[random.randrange(len(octets))] ^= 1 << random.randrange(8)
    return bytes(octets)


def flip_many(random: Random, file: Pieces) -> bytes:
    """Turn one octet in a hundred into another one, the first 24 not."""
    octets = bytearray(file.encode())
    for _ in range(len(octets) // 100):
        octets[random.randrange(min(24, len(octets) - 1), len(octets))] = random.randrange(256)
    return bytes(octets)


def cut_off(random: Random, file: Pieces) -> bytes:
    """Let the file end anywhere."""
    octets = file.encode()
    return octets[: random.randrange(1, len(octets))]


def cut_out(random: Random, file: Pieces) -> bytes:
    """Take some octets out of the middle."""
    octets = file.encode()
    begin = random.randrange(len(octets))
    return octets[:begin] + octets[begin + random.choice((1, 2, 3, 4, 7, 100, 1000)) :]


def put_in(random: Random, file: Pieces) -> bytes:
    """Put some octets into the middle."""
    octets = file.encode()
    begin = random.randrange(len(octets))
    return octets[:begin] + random.randbytes(random.choice((1, 2, 3, 4, 7, 100, 1000))) + octets[begin:]


def lie_of_length(random: Random, file: Pieces) -> bytes:
    """Put another number where a piece has one of 32 bits: mostly a length."""
    for _ in range(random.choice((1, 1, 1, 3))):
        index = random.randrange(len(file.all))
        piece = bytearray(file.all[index])
        last = len(piece) - 4
        place = min(random.choice((0, 4, 4, 4, 8, 8, 12, 12, 16, 20, 20, 24, last, last)), last)
        real = int.from_bytes(piece[place : place + 4], "little" if file.form.order == "<" else "big")
        near = (real + 1, real - 1, real + 4, real - 4, real * 2, len(piece))
        struct.pack_into(file.form.order + "I", piece, place, random.choice((*NASTY_32, *near)) & 0xFFFFFFFF)
        file.all[index] = bytes(piece)
    return file.encode()


def lie_of_option(random: Random, file: Pieces) -> bytes:
    """Put another number where a descriptive piece has one of 16 bits: code or length of an option, link type."""
    few = [index for index, piece in enumerate(file.all) if len(piece) < 120]
    index = random.choice(few or [0])
    piece = bytearray(file.all[index])
    for _ in range(random.choice((1, 2, 6))):
        place = random.randrange(0, len(piece) - 1, 2)
        struct.pack_into(file.form.order + "H", piece, place, random.choice((0, 1, 2, 9, 14, 127, 128, 255, 0xFFFF)))
    file.all[index] = bytes(piece)
    return file.encode()


def lie_of_link(random: Random, file: Pieces) -> bytes:
    """Say that the packets have another link type."""
    for index, piece in enumerate(file.all):
        described = bytearray(piece)
        if file.form.pcapng and piece[:4] in (b"\1\0\0\0", b"\0\0\0\1") and len(piece) < 100:
            struct.pack_into(file.form.order + "H", described, 8, random.choice(_LINKS))
        elif not file.form.pcapng and index == 0:
            struct.pack_into(file.form.order + "I", described, 20, random.choice((*_LINKS, 0x04000001, 0xFFFFFFFF)))
        file.all[index] = bytes(described)
    return file.encode()


def lie_of_clock(random: Random, file: Pieces) -> bytes:
    """Let an interface count time in another unit."""
    for index, piece in enumerate(file.all):
        mark = struct.pack(file.form.order + "HHB", 9, 1, 9)
        file.all[index] = piece.replace(
            mark, mark[:4] + bytes([random.choice((0, 3, 18, 19, 20, 63, 127, 128, 191, 255))])
        )
    return file.encode()


def rearrange(random: Random, file: Pieces) -> bytes:
    """Swap, repeat or drop pieces."""
    pieces = file.all
    for _ in range(random.choice((1, 1, 2, 5))):
        one, other = random.randrange(len(pieces)), random.randrange(len(pieces))
        what = random.randrange(4)
        if what == 0:
            pieces[one], pieces[other] = pieces[other], pieces[one]
        elif what == 1:
            pieces[one:one] = [pieces[other]] * random.choice((1, 2, 20))
        elif what == 2 and len(pieces) > 1:
            del pieces[one]
        else:
            begin, end = min(one, other), max(one, other)
            middle = pieces[begin:end]
            random.shuffle(middle)
            pieces[begin:end] = middle
    return file.encode()


def sections(random: Random, file: Pieces) -> bytes:
    """Put the file behind itself, whole or not: a second section of pcapng, a packet header of pcap that is none."""
    whole = list(file.all)
    file.all += whole[: random.randrange(1, len(whole) + 1)] * random.choice((1, 3))
    return file.encode()


def strange_blocks(random: Random, file: Pieces) -> bytes:
    """Add blocks of other types, empty or full of anything."""
    for _ in range(random.choice((1, 3, 10))):
        kind = random.choice((0, 2, 3, 4, 5, 9, 10, 0xBAD, 0x80000001, 0xFFFFFFFF))
        body = random.randbytes(random.choice((0, 4, 8, 20, 40, 400)))
        file.all.insert(random.randrange(1, len(file.all) + 1), block(file.form.order, kind, body))
    return file.encode()


def huge_piece(random: Random, file: Pieces) -> bytes:
    """Add one packet that is larger than any network carries, and one that says so without being it."""
    size = random.choice((300_000, 2_000_000, 20_000_000))
    pattern = random.choice((b"\0", b"A", b"SIP/2.0 200 OK\r\n", b"\x45\0\0\x1c"))
    octets = (pattern * (size // len(pattern) + 1))[:size]
    record = Record(0, 1_700_000_000_000_000_000, octets, random.choice((size, 0xFFFFFFFF)))
    if file.form.pcapng:
        piece = packet_block(file.form.order, record)
    else:
        piece = struct.pack(file.form.order + "IIII", 1_700_000_000, 0, size, record.original) + record.data
    file.all.insert(random.randrange(1, len(file.all) + 1), piece)
    return file.encode()


def many_small(random: Random, file: Pieces) -> bytes:
    """Add more empty blocks, interfaces or packets than anybody counts."""
    order = file.form.order
    if file.form.pcapng:
        small = random.choice(
            (
                block(order, 4, b""),
                block(order, 1, struct.pack(order + "HHI", 1, 0, 0)),
                packet_block(order, Record(0, 0, b"", 0)),
                block(order, 5, struct.pack(order + "III", 0, 0, 0)),
                file.all[0],
            )
        )
    else:
        small = bytes(16)
    file.all.insert(random.randrange(1, len(file.all) + 1), small * random.choice((1_000, 70_000)))
    return file.encode()


def broken_archive(random: Random, file: Pieces) -> bytes:
    """Pack the file, then break what was packed."""
    octets = bytearray(gzip.compress(b"".join(file.all), 6, mtime=0))
    what = random.randrange(6)
    if what == 0:
        return bytes(octets[: random.randrange(3, len(octets))])
    if what == 1:
        octets[random.randrange(10, len(octets))] ^= 1 << random.randrange(8)
    elif what == 2:
        octets += random.randbytes(random.choice((1, 8, 1000)))
    elif what == 3:
        octets += bytes(octets)  # a second member, which is allowed
    elif what == 4:
        return gzip.compress(bytes(octets), 6, mtime=0)
    else:
        octets[2:10] = random.randbytes(8)
    return bytes(octets)


def bomb(random: Random, file: Pieces) -> bytes:
    """Pack a file that is some hundred times as large as its archive: zeros, empty records, endless blocks."""
    size = random.choice((20, 100, 400)) << 20
    filling = random.choice((bytes(1 << 16), _EMPTY_BLOCK * (1 << 12), bytes(16) * (1 << 12)))
    packer = zlib.compressobj(9, wbits=31)
    parts = [packer.compress(b"".join(file.all))]
    parts += [packer.compress(filling) for _ in range(size // len(filling))]
    return b"".join([*parts, packer.flush()])


def other_clock(random: Random, file: Pieces) -> bytes:
    """Give packets times of another age."""
    for index, piece in enumerate(file.all):
        if random.random() < 0.5 and len(piece) > 120:
            at = 12 if file.form.pcapng else 0
            time = random.choice(
                (bytes(8), b"\xff" * 8, b"\x7f" + b"\xff" * 7, b"\x80" + bytes(7), random.randbytes(8))
            )
            file.all[index] = piece[:at] + time + piece[at + 8 :]
    return file.encode()


def as_archive_in_name_only(random: Random, file: Pieces) -> bytes:
    """Begin like an archive or like another format."""
    magic = random.choice(
        (b"\x1f\x8b", b"\x1f\x8b\x08\0", b"PK\3\4", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"BZh9")
    )
    file.form = replace(file.form, packed=False)
    return magic + file.encode()[random.choice((0, len(magic))) :]


CONTAINERS: tuple[Callable[[Random, Pieces], bytes], ...] = (
    flip_bits,
    flip_many,
    cut_off,
    cut_out,
    put_in,
    lie_of_length,
    lie_of_option,
    lie_of_link,
    lie_of_clock,
    rearrange,
    sections,
    strange_blocks,
    huge_piece,
    many_small,
    broken_archive,
    bomb,
    other_clock,
    as_archive_in_name_only,
)
"""Each takes a file and gives the octets of a corrupted one."""
