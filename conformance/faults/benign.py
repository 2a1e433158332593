"""Changes of a whole capture that no standard forbids: no verdict may change because of one.

What stands on one message alone is in `benign_sip`; here is what has to be the same in all messages of a capture.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from ipaddress import IPv4Address
from itertools import pairwise
from random import Random

from conformance.faults.avp_bytes import shuffle_avps
from conformance.faults.benign_sip import REWRITINGS, Rewriting
from conformance.faults.dns_bytes import shuffle_records
from conformance.faults.frames import Frame, split_frame
from conformance.faults.pcapfile import Packet, PacketFile
from conformance.faults.rewrite import contents, rewrite
from conformance.faults.sip_bytes import is_sip
from conformance.vocabulary.errors import BadInput

Benign = Callable[[PacketFile, Random], PacketFile]
"""Takes a capture and a source of chance, returns a capture that means the same."""

_DNS = 53
_DIAMETER = 3868
_SHORT_GAP_NS = 1_000_000_000
_ANSWERED_NS = 200_000_000
"""In which time an INVITE is answered, with 100 at least (RFC 3261 17.2.1)."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_BRANCH = re.compile(rb"(?i);\s*branch[ \t]*=[ \t]*z9hG4bK([\w.!%*+`'~-]{4,})")
_IDENTIFIERS = (
    re.compile(rb"(?im)^(?:Call-ID|i)[ \t]*:\s*([^\s@]{6,})"),
    re.compile(rb"(?i);\s*tag[ \t]*=[ \t]*([\w.!%*+`'~-]{4,})"),
    _BRANCH,
)
"""What a user agent makes up: Call-ID (RFC 3261 8.1.1.4), tags (19.3), branches (8.1.1.7)."""
_WORD = 8
"""A shorter one may be a word that means something elsewhere; it is changed only where it says what it is."""
_MARK = rb"(?P<mark>(?i:;[ \t]*tag[ \t]*=[ \t]*|;[ \t]*branch[ \t]*=[ \t]*z9hG4bK|(?<=\n)(?:Call-ID|i)[ \t]*:[ \t]*))"


def _chance(seed: int, payload: bytes) -> Random:
    """Return a source of chance that is the same for all copies of a message."""
    return Random(hashlib.sha256(seed.to_bytes(8, "big") + payload).digest())  # noqa: S311 - no secret


def _with_payload(frame: Frame, payload: bytes) -> Frame:
    return Frame(frame.ethernet, frame.ip, frame.transport, payload)


def _each_sip(rewriting: Rewriting) -> Benign:
    def change(capture: PacketFile, chance: Random) -> PacketFile:
        seed = chance.getrandbits(60)

        def of(frame: Frame) -> Frame:
            if not is_sip(frame.payload):
                return frame
            return _with_payload(frame, rewriting(frame.payload, _chance(seed, frame.payload)))

        return rewrite(capture, of)

    return change


def _each_on_port(port: int, reorder: Callable[[bytes, Random], bytes]) -> Benign:
    def change(capture: PacketFile, chance: Random) -> PacketFile:
        seed = chance.getrandbits(60)

        def of(frame: Frame) -> Frame:
            if not frame.payload or port not in (frame.source[1], frame.destination[1]):
                return frame
            return _with_payload(frame, reorder(frame.payload, _chance(seed, frame.payload)))

        return rewrite(capture, of)

    return change


def _payloads(capture: PacketFile) -> list[bytes]:
    """Return what UDP and TCP carry, tunnelled packets included."""
    return [frame.payload for _, frame in contents(capture)]


def identifiers(capture: PacketFile, chance: Random) -> PacketFile:
    """Other Call-IDs, tags and branches, the same in every message and of the same length."""
    names = {
        match[1]
        for payload in _payloads(capture)
        if is_sip(payload)
        for pattern in _IDENTIFIERS
        for match in pattern.finditer(payload)
    }
    new = {name: "".join(chance.choices(_LETTERS, k=len(name))).encode() for name in sorted(names)}
    if not new:
        return capture
    long, short = (
        sorted((n for n in new if (len(n) < _WORD) is few), key=lambda n: (-len(n), n)) for few in (False, True)
    )
    anywhere, marked = (b"|".join(map(re.escape, some)) or b"(?!)" for some in (long, short))
    # The longest first: one may be the beginning of another.
    pattern = re.compile(anywhere + rb"|" + _MARK + rb"(?:" + marked + rb")(?![A-Za-z0-9])")

    def renamed(match: re.Match[bytes]) -> bytes:
        mark = match["mark"] or b""
        return mark + new[match[0][len(mark) :]]

    def of(frame: Frame) -> Frame:
        if not is_sip(frame.payload):
            return frame
        return _with_payload(frame, pattern.sub(renamed, frame.payload))

    return rewrite(capture, of)


def addresses(capture: PacketFile, chance: Random) -> PacketFile:
    """Other IPv4 addresses, in IP headers and wherever messages name them, of the same length as text."""
    networks: dict[bytes, bytes] = {}
    ends = {end[0] for _, frame in contents(capture) for end in (frame.source, frame.destination)}
    for address in sorted(ends):
        first, second, *_ = (len(part) for part in address.split("."))
        octets = [_octet(size, chance) for size in (first, second)]
        networks.setdefault(IPv4Address(address).packed[:2], bytes(octets))
    texts = {_dotted(old): _dotted(new) for old, new in networks.items()}
    in_text = re.compile(rb"(?<![\d.])(" + b"|".join(map(re.escape, texts)) + rb")(?=\.\d{1,3}\.\d{1,3}(?!\d))")
    # an A record (RFC 1035 3.4.1) has the length 4 before it, an AVP of type Address the family 1 (RFC 6733 4.3.1)
    in_octets = re.compile(rb"(\x00[\x01\x04])(" + b"|".join(map(re.escape, networks)) + rb")", re.DOTALL)

    def of(frame: Frame) -> Frame:
        ip = bytearray(frame.ip)
        for at in (12, 16):
            ip[at : at + 2] = networks.get(bytes(ip[at : at + 2]), bytes(ip[at : at + 2]))
        payload = in_text.sub(lambda match: texts[match[1]], frame.payload)
        if {frame.source[1], frame.destination[1]} & {_DNS, _DIAMETER}:
            payload = in_octets.sub(lambda match: match[1] + networks[match[2]], payload)
        return Frame(frame.ethernet, bytes(ip), frame.transport, payload)

    return rewrite(capture, of)


def _dotted(octets: bytes) -> bytes:
    return b".".join(b"%d" % octet for octet in octets)


def _octet(digits: int, chance: Random) -> int:
    """Return an octet that takes so many digits and is no loopback, multicast or reserved network."""
    low, high = {1: (1, 9), 2: (11, 99), 3: (128, 223)}[digits]
    return chance.choice([n for n in range(low, high + 1) if n not in (10, 127)])


def ports(capture: PacketFile, chance: Random) -> PacketFile:
    """Other ports of clients: those that no message and no service names, and those that stand behind their address."""
    payloads = _payloads(capture)
    new: dict[tuple[str, int], int] = {}
    for _, frame in contents(capture):
        for address, port in (frame.source, frame.destination):
            if (address, port) not in new and port not in (_DNS, _DIAMETER, 2152, 0):
                new[address, port] = _other_port(address, port, payloads, chance)
    renamed = {end: port for end, port in new.items() if port != end[1]}

    def of(frame: Frame) -> Frame:
        transport, payload = frame.transport, frame.payload
        for at, end in ((0, frame.source), (2, frame.destination)):
            if end in renamed:
                transport = transport[:at] + renamed[end].to_bytes(2, "big") + transport[at + 2 :]
        if is_sip(payload) or _DIAMETER in (frame.source[1], frame.destination[1]):
            for (address, old), port in renamed.items():
                payload = _port_in_text(payload, address, old, port)
        return Frame(frame.ethernet, frame.ip, transport, payload)

    return rewrite(capture, of)


def _other_port(address: str, port: int, payloads: list[bytes], chance: Random) -> int:
    """Return another port of as many digits, or the same one where messages may mean it without saying so."""
    other = chance.randrange(10**4, 65536) if port >= 10**4 else chance.randrange(6100, 9999)
    texts = [payload for payload in payloads if is_sip(payload)]
    named = [text for text in texts if b":%d" % port in text]
    if not named:
        mentioned = any(re.search(rb"[@/ ]" + re.escape(address.encode()) + rb"[^\d:.]", text) for text in texts)
        return port if mentioned or port == 5060 else other
    behind = re.compile(re.escape(address.encode()) + rb"(:\d+)?")
    for text in texts:
        header = re.sub(rb"(?im)^(Call-ID|i)[ \t]*:[^\r\n]*|;received=[\d.]+|icid-generated-at=[\d.]+", b"", text)
        if any(match[1] != b":%d" % port for match in behind.finditer(header)):
            return port
    # another host may have the same port and be named without its address
    own = re.compile(re.escape(address.encode()) + rb":%d(?!\d)" % port)
    return other if any(own.search(text) for text in texts) else port


def _port_in_text(payload: bytes, address: str, old: int, new: int) -> bytes:
    end = re.escape(address.encode()) + rb":%d(?!\d)" % old
    payload = re.sub(end, address.encode() + b":%d" % new, payload)
    # RFC 3581: rport of a Via names the port that the request came from
    via = rb"(?im)^((?:Via|v)[ \t]*:[^\r\n]*" + re.escape(address.encode()) + rb":%d[^\r\n]*;rport=)%d" % (new, old)
    return re.sub(via, lambda match: match[1] + b"%d" % new, payload)


def time(capture: PacketFile, chance: Random) -> PacketFile:
    """Another pace: gaps below a second stretched or shortened, longer ones (timers of people) left.

    No standard leaves all gaps to whoever sends: an INVITE that is not answered within 200 ms gets a 100 (RFC 3261
    17.2.1). So the pace is not slower than the slowest answer may become.
    """
    factor = min(chance.choice((0.3, 0.6, 1.5, 2.5)), _slowest(capture))
    packets = list(capture.packets[:1])
    for before, packet in pairwise(capture.packets):
        gap = packet.time_ns - before.time_ns
        step = round(gap * factor) if gap < _SHORT_GAP_NS else gap
        packets.append(replace(packet, time_ns=packets[-1].time_ns + step))
    return replace(capture, packets=tuple(packets))


def _slowest(capture: PacketFile) -> float:
    """Return by how much a capture may be stretched, 1 at least, so that no INVITE waits too long for its answer."""
    asked: dict[bytes, int] = {}
    waits = [1]
    for time_ns, frame in contents(capture):
        branch = _BRANCH.search(frame.payload) if is_sip(frame.payload) else None
        if branch is None:
            continue
        if frame.payload.startswith(b"INVITE "):
            asked.setdefault(branch[1], time_ns)
        elif frame.payload.startswith(b"SIP/2.0 ") and branch[1] in asked:
            waits.append(time_ns - asked.pop(branch[1]))
    return max(1.0, _ANSWERED_NS / max(waits))


def retransmissions(capture: PacketFile, chance: Random) -> PacketFile:
    """SIP messages over UDP sent again by their sender, before anybody does anything else (RFC 3261 17.1, 17.2)."""
    packets: list[Packet] = []
    seen: dict[bytes, int] = {}
    for payload in _payloads(capture):
        seen[payload] = seen.get(payload, 0) + 1
    times = [packet.time_ns for packet in capture.packets]
    for number, packet in enumerate(capture.packets):
        packets.append(packet)
        following = times[number + 1] if number + 1 < len(times) else packet.time_ns + 2_000_000
        try:
            frame = split_frame(packet.data)
        except BadInput:
            continue
        # what is seen in a tunnel too would have to be sent through the tunnel again
        sent_once = not frame.is_tcp and is_sip(frame.payload) and seen[frame.payload] == 1
        if sent_once and chance.random() < 0.3 and following > packet.time_ns + 1:
            packets.append(replace(packet, time_ns=(packet.time_ns + following) // 2))
    return replace(capture, packets=tuple(packets))


_OF_MESSAGES = {"avp-order": shuffle_avps, "record-order": shuffle_records}
BENIGN: Mapping[str, Benign] = {
    **{name: _each_sip(rewriting) for name, rewriting in REWRITINGS.items()},
    "avp-order": _each_on_port(_DIAMETER, shuffle_avps),
    "record-order": _each_on_port(_DNS, shuffle_records),
    "other-identifiers": identifiers,
    "other-addresses": addresses,
    "other-ports": ports,
    "other-pace": time,
    "retransmissions": retransmissions,
}
"""By name, as `netlab faults --benign` shows them."""
NEEDS_NO_FEDERATION = frozenset({"other-addresses", "other-ports"})
"""Changes after which a federation file no longer speaks of the same network."""


def words_of(name: str) -> str:
    """Return what a benign change does, one line.

    Args:
        name: one of `BENIGN`.
    """
    change = REWRITINGS.get(name, _OF_MESSAGES.get(name, BENIGN[name]))
    return (change.__doc__ or name).partition("\n")[0]


def apply(name: str, capture: PacketFile, seed: int) -> PacketFile:
    """Return the capture with a benign change; the same arguments give the same octets.

    Args:
        name: one of `BENIGN`.
        capture: what is changed.
        seed: where chance begins.
    """
    return BENIGN[name](capture, Random(f"{seed}:{name}"))  # noqa: S311 - no secret
