"""Corruptions of what packets carry: SIP, Diameter and DNS messages that a peer could send on purpose.

Each takes a message and gives another one. Frames around them are made right again by the caller, so that nothing
but the message itself is wrong.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from random import Random

Corruption = Callable[[Random, bytes], bytes]

LONGEST = 60_000
"""Octets that fit into one datagram, with room for what is around them."""
_DIGITS = "9" * 5000
_NUMBERS = (
    "",
    "-1",
    "0",
    "00",
    "1",
    "255",
    "256",
    "65536",
    "4294967295",
    "4294967296",
    "18446744073709551616",
    _DIGITS,
)
# The last are digits for str.isdigit and for \d, and not all of them for int.
_STRANGE_NUMBERS = ("1 2", "0x10", "1e9", "+1", "1_000", "NaN", "\N{SUPERSCRIPT TWO}", "\N{ARABIC-INDIC DIGIT TWO}")
_FILLINGS = (
    b"A",
    b",",
    b'"',
    b"\\",
    b"<",
    b">",
    b";",
    b"=",
    b"%",
    b"\t",
    b" ",
    b"\0",
    b"\xff",
    "\N{OGHAM SPACE MARK}".encode(),
)
_PATTERNS = (
    b";a=b",
    b'"a",',
    b"<sip:a@b>,",
    b'a="\\"",',
    b"\r\n ",
    b"\r\n\t,",
    b"a=b,",
    b"SIP/2.0/UDP a;branch=b,",
    b"%00",
)
_SIGNS = (
    b"\x1b[2J",
    b"\x1b]0;x\x07",
    b"\0",
    b"\x7f",
    b"\x80",
    b"\xe2\x80\xae",
    b"\xe2\x80\xa8",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
)
_NUMBER = re.compile(rb"[0-9]+")
_WORD = re.compile(rb"[A-Za-z0-9@.:_+-]{2,}")


def sip_number(random: Random, message: bytes) -> bytes:
    """Put another number where one stands."""
    numbers = list(_NUMBER.finditer(message))
    if not numbers:
        return message
    found = random.choice(numbers)
    other = random.choice(_NUMBERS + _STRANGE_NUMBERS).encode()
    return message[: found.start()] + other + message[found.end() :]


def sip_content_length(random: Random, message: bytes) -> bytes:
    """Let Content-Length lie, say it twice, or leave it out."""
    other = random.choice(_NUMBERS + _STRANGE_NUMBERS).encode()
    line = random.choice(
        (b"Content-Length: " + other, b"l:" + other, b"Content-Length:\r\n " + other, b"Content-Length")
    )
    again = random.choice((b"", b"\r\nContent-Length: 7"))
    return re.sub(rb"(?im)^(?:content-length|l)[ \t]*:[^\r\n]*", lambda _: line + again, message, count=1)


def sip_words(random: Random, message: bytes) -> bytes:
    """Put words of the message in the places of others."""
    for _ in range(random.choice((1, 2, 8))):
        words = list(_WORD.finditer(message))
        if len(words) < 2:
            break
        one, other = random.sample(words, 2)
        message = message[: one.start()] + other.group() + message[one.end() :]
    return message


def sip_headers(random: Random, message: bytes) -> bytes:
    """Repeat, drop, move, empty or rename header lines."""
    head, blank, body = message.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    for _ in range(random.choice((1, 1, 3))):
        if len(lines) < 3:
            break
        at = random.randrange(1, len(lines))
        line = lines.pop(at)
        name, colon, _value = line.partition(b":")
        many = min(random.choice((2, 100, 2000)), LONGEST // (len(line) + 2))
        other = random.randrange(1, len(lines))
        match random.randrange(6):
            case 0:
                lines[at:at] = [line] * many
            case 1:
                pass
            case 2:
                lines.insert(other, line)
            case 3:
                lines.insert(at, name + colon)
            case 4:
                lines.insert(at, lines[other].partition(b":")[0] + b":" + _value)
            case 5:
                lines.insert(at, random.choice((b" ", b"\t", b":", b"X" * 9000 + b":", b"\xff: ", b"a b:")) + line)
    return b"\r\n".join(lines) + blank + body


def sip_filling(random: Random, message: bytes) -> bytes:
    """Put a very long run of one octet, or of a pattern, anywhere."""
    size = random.choice((300, 5_000, LONGEST))
    pattern = random.choice(_FILLINGS + _PATTERNS)
    filling = (pattern * (size // len(pattern)))[: max(0, LONGEST - len(message))]
    edges = [found.end() for found in re.finditer(rb"[:;=<\" ,@]", message)] or [0]
    at = random.choice(edges)
    return message[:at] + filling + message[at:]


def sip_signs(random: Random, message: bytes) -> bytes:
    """Put in octets that steer a terminal, end a string, or are no UTF-8."""
    for _ in range(random.choice((1, 3, 9))):
        at = random.randrange(len(message) + 1)
        message = message[:at] + random.choice(_SIGNS) + message[at:]
    return message


def sip_start_line(random: Random, message: bytes) -> bytes:
    """Break the start line."""
    line, end, rest = message.partition(b"\r\n")
    other = random.choice(
        (
            b"",
            line.lower(),
            line.replace(b"SIP/2.0", b"SIP/3.0"),
            line.replace(b" ", b"  "),
            line.replace(b" ", b""),
            b"SIP/2.0 999 " + b"x" * 3000,
            b"SIP/2.0 000",
            b"SIP/2.0 200",
            b"REGISTER sip:" + b"a" * 20_000 + b" SIP/2.0",
            b"REGISTER  SIP/2.0",
            b"REGISTER sip: SIP/2.0",
            b"A" * 20_000 + b" sip:a SIP/2.0",
            b"REGISTER sip:a@b:99999 SIP/2.0",
            b"NOTIFY tel:+1;phone-context=\xff SIP/2.0",
        )
    )
    return other + end + rest


def sip_line_ends(random: Random, message: bytes) -> bytes:
    """End lines in another way, or some lines only."""
    other = random.choice((b"\n", b"\r", b"\n\r", b"\r\n\r\n", b"\r\r\n", b""))
    if random.random() < 0.5:
        return message.replace(b"\r\n", other)
    ends = [found.start() for found in re.finditer(rb"\r\n", message)] or [0]
    at = random.choice(ends)
    return message[:at] + other + message[at + 2 :]


def sip_body(random: Random, message: bytes) -> bytes:
    """Give it a body of XML that nobody should expand, or of anything, with the right length."""
    head, _, _ = message.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not re.match(rb"(?i)(content-(type|length)|[cl])[ \t]*:", line)]
    body = xml_bomb(random)
    lines += [b"Content-Type: application/reginfo+xml", b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def xml_bomb(random: Random) -> bytes:
    """Return a document that is small and would be large, deep, or without end."""
    namespace = b'xmlns="urn:ietf:params:xml:ns:reginfo"'
    entities = b"".join(b'<!ENTITY e%d "%s">' % (n + 1, b"&e%d;" % n * 10) for n in range(12))
    depth = random.choice((17, 1_000, 9_000))
    contact = b'<contact id="a" state="active" event="registered"><uri>sip:a@b</uri></contact>'
    return random.choice(
        (
            b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY e0 "ha">' + entities + b"]><r>&e12;</r>",
            b'<!DOCTYPE r SYSTEM "file:///etc/passwd"><reginfo/>',
            b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///dev/zero">]><r>&x;</r>',
            b"<reginfo " + namespace + b">" + b"<registration>" * (depth // 2),
            b"<a>" * depth + b"</a>" * min(depth, 5_000),
            b"<reginfo " + b'a%d="" ' * 0 + b" ".join(b'a%d=""' % n for n in range(4_000)) + b"/>",
            b"<reginfo " + namespace + b' version="0" state="full">' + contact * 600 + b"</reginfo>",
            b"<reginfo " + namespace + b' version="' + b"9" * 5000 + b'" state="full"/>',
            b"<reginfo " + namespace + b' version="0" state="full">' + b"\n" * 50_000 + b"</reginfo>",
            b'<?xml version="1.0" encoding="utf-16"?><reginfo/>',
            b'<?xml version="1.0" encoding="no-such"?><reginfo/>',
            '<?xml version="1.0" encoding="utf-16"?><reginfo/>'.encode("utf-16"),
            b"<![CDATA[" * 1000,
            b"<IMSSubscription><PrivateID>" + b"x" * 50_000,
            b"",
            b"\0" * 100,
            b"\xef\xbb\xbf" * 3 + b"<reginfo/>",
        )
    )[:LONGEST]


def diameter_lengths(random: Random, message: bytes) -> bytes:
    """Let the lengths of message and AVPs lie."""
    octets = bytearray(message)
    for _ in range(random.choice((1, 1, 3))):
        at = random.choice([0, *avp_offsets(message)])
        place = at + (1 if at == 0 else 5)
        real = int.from_bytes(octets[place : place + 3])
        lie = random.choice((0, 1, 7, 8, 11, 12, 20, real + 1, real - 1, real + 4, real * 2, 0x7FFFFF, 0xFFFFFF))
        octets[place : place + 3] = (lie & 0xFFFFFF).to_bytes(3)
    return bytes(octets)


def diameter_octets(random: Random, message: bytes) -> bytes:
    """Change codes, flags, vendors and values at random."""
    octets = bytearray(message)
    for _ in range(random.choice((1, 2, 5))):
        at = random.choice([0, *avp_offsets(message)])
        place = min(at + random.choice((0, 3, 4, 4, 8, 11, 12, 15, 16)), len(octets) - 1)
        octets[place] = random.choice((0, 1, 0x40, 0x80, 0xC0, 0xFF, random.randrange(256)))
    return bytes(octets)


def diameter_nested(random: Random, message: bytes) -> bytes:
    """Add groups in groups in groups, or more AVPs than anybody counts."""
    code, depth = random.choice((279, 260, 297, 612, 443)), random.choice((21, 200, 5_000))
    avp = struct.pack("!IBBH", 268, 0x40, 0, 12) + struct.pack("!I", 2001)
    if random.random() < 0.3:
        return _message(message, message[20:] + avp * random.choice((500, 4_000)))
    vendor = struct.pack("!I", 10415) if code == 612 else b""
    parts = []
    for level in range(min(depth, 4_500)):
        length = 12 + (8 + len(vendor)) * (level + 1)
        parts.append(struct.pack("!II", code, (0xC0 if vendor else 0x40) << 24 | length) + vendor)
    return _message(message, message[20:] + b"".join(reversed(parts)) + avp)


def diameter_values(random: Random, message: bytes) -> bytes:
    """Give an AVP a value of another size or kind: XML bombs, no UTF-8, numbers of three octets."""
    places = avp_offsets(message)
    if not places:
        return message
    at = random.choice(places)
    length = int.from_bytes(message[at + 5 : at + 8])
    head = 12 if message[at + 4] & 0x80 else 8
    value = random.choice((b"", b"\0", b"abc", b"\xff" * 7, b"9" * 5000, random.choice(_SIGNS) * 9, xml_bomb(random)))
    new = (
        message[at : at + 5]
        + (head + len(value)).to_bytes(3)
        + message[at + 8 : at + head]
        + value
        + bytes(-len(value) % 4)
    )
    rest = message[20:at] + new + message[at + (length + 3) // 4 * 4 :]
    if random.random() < 0.2:  # as User-Data of a Server-Assignment-Answer
        value = xml_bomb(random)
        rest += struct.pack("!III", 606, 0xC0 << 24 | 12 + len(value), 10415) + value + bytes(-len(value) % 4)
    return _message(message, rest)


def avp_offsets(message: bytes) -> list[int]:
    """Return where the AVPs of the first level begin, as far as their lengths can be believed."""
    found = []
    at = 20
    while at + 8 <= len(message):
        length = int.from_bytes(message[at + 5 : at + 8])
        if length < 8 or at + length > len(message):
            break
        found.append(at)
        at += (length + 3) // 4 * 4
    return found


def _message(old: bytes, avps: bytes) -> bytes:
    avps = avps[: LONGEST // 4 * 4]
    return old[:1] + (20 + len(avps)).to_bytes(3) + old[4:20] + avps


def dns_counts(random: Random, message: bytes) -> bytes:
    """Let the counts of the header lie."""
    octets = bytearray(message.ljust(12, b"\0"))
    for _ in range(random.choice((1, 4))):
        struct.pack_into("!H", octets, random.choice((4, 6, 8, 10)), random.choice((0, 1, 2, 999, 1001, 0xFFFF)))
    return bytes(octets)


def dns_pointers(random: Random, message: bytes) -> bytes:
    """Let names point at themselves, at each other, forward, out of the message, or along a chain without end."""
    chain = b"".join(b"\x01a" + struct.pack("!H", 0xC000 | 12 + 8 * n) + b"\0\1\0\1" for n in range(7_000))
    names = random.choice(
        (
            b"\xc0\x0c",
            b"\xc0\x0e\xc0\x0c",
            b"\xff\xff",
            b"\xc0",
            b"\x3f" + b"a" * 63 + b"\xc0\x0c",
            b"\x01a" * 200 + b"\0",
            (b"\x3f" + b"b" * 63) * 900,
            b"\x7fabc\0",
            b"\x05a.b\x1bc\0",
            chain[: LONGEST - 20],
            b"\xc0\x0c" * 20_000,
        )
    )
    count = random.choice((1, 1_000, 0xFFFF))
    return message[:4] + struct.pack("!4H", random.choice((1, count)), count, 0, 0) + names + b"\0\1\0\1"


def dns_records(random: Random, message: bytes) -> bytes:
    """Answer with records that lie about their length, or say what no zone should."""
    records = []
    for _ in range(random.choice((1, 20, 2_000))):
        kind = random.choice((1, 2, 5, 6, 12, 16, 28, 33, 35, 41, 257, 0xFFFF))
        data = random.choice(
            (
                b"",
                b"\1",
                b"\xc0\x0c",
                struct.pack("!HH", 1, 1) + b"\1s\7SIP+D2U\x16!(.*)*(.*)*(.*)*(.*)*!!" + b"\xc0\x0c",
                struct.pack("!HHH", 0xFFFF, 0xFFFF, 0) + b"\xc0\x0c",
                random.randbytes(random.choice((4, 16, 30))),
            )
        )
        length = random.choice((len(data), len(data), len(data), 0, 0xFFFF, len(data) + 1))
        records.append(b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, random.choice((0, 0xFFFFFFFF)), length) + data)
    answer = struct.pack("!HHHH", 0x8580, 1, len(records), 0) + bytes(2)
    return (message[:2] + answer + message[12:] + b"".join(records))[:LONGEST]


def octets(random: Random, message: bytes) -> bytes:
    """Change octets of any message at random, or cut it off."""
    changed = bytearray(message or b"\0")
    for _ in range(random.choice((1, 4, 20))):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed[: random.randrange(len(changed))]) if random.random() < 0.2 else bytes(changed)


SIP: tuple[Corruption, ...] = (
    sip_number,
    sip_number,
    sip_content_length,
    sip_words,
    sip_headers,
    sip_filling,
    sip_signs,
    sip_start_line,
    sip_line_ends,
    sip_body,
    octets,
)
DIAMETER: tuple[Corruption, ...] = (diameter_lengths, diameter_octets, diameter_nested, diameter_values, octets)
DNS: tuple[Corruption, ...] = (dns_counts, dns_pointers, dns_records, octets)
