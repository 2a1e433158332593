"""Signalling of many users as a capture: registrations that go through, interleaved, the same octets each time.

Each user registers once by AKA: REGISTER, 401, REGISTER, 200. Seen at Gm alone that makes four SIP messages a user;
with the core network it makes twelve, and UAR, MAR, UAR and SAR with their answers. What is written conforms.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from conformance.faults.frames import make_frame
from conformance.pcapng.writer import PcapngWriter
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.numbers import CX_APPLICATION, VENDOR_3GPP, Avp, DiameterCommand
from conformance.vocabulary.points import Point

START_NS = 1_700_000_000_000_000_000
APART_NS = 2_000_000
"""A user begins so long after the one before him."""
STEP_NS = 25_000_000
"""Each message comes so long after the one before it of the same user: a dozen users and more are on their way."""
HOP_NS = 1_000_000
ETHERNET = 1
DOMAIN = "uc3m.test"
SCSCF_URI = f"sip:scscf.{DOMAIN}:6060"
PCSCF = Endpoint("10.1.0.11", 4060, "udp")
ICSCF = Endpoint("10.1.0.12", 5060, "udp")
SCSCF = Endpoint("10.1.0.13", 6060, "udp")
HSS = Endpoint("10.1.0.14", 3868, "tcp")
ICSCF_CX = Endpoint("10.1.0.12", 40001, "tcp")
SCSCF_CX = Endpoint("10.1.0.13", 40002, "tcp")


class Sent(NamedTuple):
    """One message on its way."""

    time_ns: int
    point: Point
    source: Endpoint
    destination: Endpoint
    payload: bytes


@dataclass(frozen=True)
class User:
    """What one user puts into his messages."""

    number: int

    @property
    def name(self) -> str:
        """User part of both identities."""
        return f"user{self.number:06}"

    @property
    def address(self) -> Endpoint:
        """Where the terminal is."""
        return Endpoint(f"10.{64 + (self.number >> 16)}.{self.number >> 8 & 255}.{self.number & 255}", 5062, "udp")

    def word(self, what: str, octets: int = 8) -> str:
        """Return a hexadecimal word that is this user's for this purpose, always the same."""
        return self.octets(what, octets).hex()

    def octets(self, what: str, length: int) -> bytes:
        """Return octets that are this user's for this purpose, always the same."""
        return hashlib.shake_128(f"{what} {self.number}".encode()).digest(length)

    @property
    def nonce(self) -> str:
        """RAND and AUTN of the challenge in base64 (RFC 3310 3.2)."""
        return base64.b64encode(self.octets("rand autn", 32)).decode()

    @property
    def response(self) -> str:
        """Digest of the answer to the challenge (RFC 2617 3.2.2.1), the RES of AKA as password."""
        a1 = _md5(f"{self.name}@{DOMAIN}:{DOMAIN}:".encode() + self.octets("res", 8))
        a2 = _md5(f"REGISTER:sip:{DOMAIN}".encode())
        return _md5(f"{a1}:{self.nonce}:00000001:{self.word('cnonce')}:auth:{a2}".encode())


def registrations(users: int, *, core: bool = False) -> Iterator[Sent]:
    """Yield the messages of that many registrations in the order of time.

    Args:
        users: How many register.
        core: With Mw and Cx of the home network; without it Gm alone.
    """
    waiting: list[Sent] = []
    for number in range(users):
        begin = START_NS + number * APART_NS
        waiting.sort(key=lambda one: one.time_ns)
        ready = sum(one.time_ns < begin for one in waiting)
        yield from waiting[:ready]
        waiting = waiting[ready:] + list(_registration(User(number), begin, core))
    yield from sorted(waiting, key=lambda one: one.time_ns)


def write_capture(file: Path, sent: Iterator[Sent]) -> int:
    """Write messages into a pcapng of one interface a point that lost nothing; return how many there were.

    Diameter goes over TCP connections that were opened before, one message a segment.
    """
    count = 0
    streams: dict[tuple[Endpoint, Endpoint], int] = {}
    with file.open("wb") as stream:
        writer = PcapngWriter(stream)
        interfaces: dict[Point, int] = {}
        for one in sent:
            there, back = (one.source, one.destination), (one.destination, one.source)
            frame = make_frame(
                one.source.transport,
                (one.source.address, one.source.port),
                (one.destination.address, one.destination.port),
                one.payload,
                sequence=1000 + streams.get(there, 0) & 0xFFFFFFFF,
                acknowledge=1000 + streams.get(back, 0) & 0xFFFFFFFF,
            )
            if one.point not in interfaces:
                interfaces[one.point] = writer.interface(one.point.value, ETHERNET, "")
            streams[there] = streams.get(there, 0) + len(one.payload)
            writer.packet(interfaces[one.point], one.time_ns, frame, len(frame))
            count += 1
        for interface in interfaces.values():
            writer.statistics(interface, START_NS, START_NS + count * APART_NS, count, 0)
    return count


def _md5(octets: bytes) -> str:
    return hashlib.md5(octets, usedforsecurity=False).hexdigest()


# --- one registration ---------------------------------------------------------------------------------


def _registration(user: User, begin_ns: int, core: bool) -> Iterator[Sent]:
    plain = f'username="{user.name}@{DOMAIN}", realm="{DOMAIN}", '
    first = f'{plain}nonce="", uri="sip:{DOMAIN}", response=""'
    second = (
        f'{plain}nonce="{user.nonce}", uri="sip:{DOMAIN}", response="{user.response}", algorithm=AKAv1-MD5, '
        f'qop=auth, nc=00000001, cnonce="{user.word("cnonce")}"'
    )
    challenge = f'WWW-Authenticate: Digest realm="{DOMAIN}", nonce="{user.nonce}", algorithm=AKAv1-MD5, qop="auth"'
    keys = f', ck="{user.word("ck", 16)}", ik="{user.word("ik", 16)}"'
    granted = (
        f"Contact: {_contact(user, 3600)}\r\nPath: {_path()}\r\n"
        f"Service-Route: <sip:orig@scscf.{DOMAIN}:6060;lr>\r\n"
        f"P-Associated-URI: <sip:{user.name}@{DOMAIN}>, <tel:+3460{user.number:07}>"
    )
    for attempt, (credentials, status, headers, secret) in enumerate(
        ((first, "401 Unauthorized", challenge, keys), (second, "200 OK", granted, "")), start=1
    ):
        at = begin_ns + (attempt - 1) * 2 * STEP_NS
        yield Sent(at, Point.GM, user.address, PCSCF, _register(user, attempt, credentials, 1))
        if core:
            yield from _behind(user, attempt, credentials, status, headers + secret, at)
        answer = _answer(user, attempt, status, headers, 1)
        yield Sent(at + STEP_NS, Point.GM, PCSCF, user.address, answer)


def _behind(user: User, attempt: int, credentials: str, status: str, headers: str, at: int) -> Iterator[Sent]:
    """Yield what one REGISTER sets off behind the P-CSCF."""
    inner = f'{credentials}, integrity-protected="no"'
    times = iter(range(at + HOP_NS, at + STEP_NS, HOP_NS))
    yield Sent(next(times), Point.MW, PCSCF, ICSCF, _register(user, attempt, inner, 2))
    for sender, command, asked, answered in _queries(user, attempt)[:1]:
        yield from _cx(user, attempt, sender, command, asked, answered, times)
    yield Sent(next(times), Point.MW, ICSCF, SCSCF, _register(user, attempt, inner, 3))
    for sender, command, asked, answered in _queries(user, attempt)[1:]:
        yield from _cx(user, attempt, sender, command, asked, answered, times)
    yield Sent(next(times), Point.MW, SCSCF, ICSCF, _answer(user, attempt, status, headers, 3))
    yield Sent(next(times), Point.MW, ICSCF, PCSCF, _answer(user, attempt, status, headers, 2))


def _contact(user: User, expires: int) -> str:
    return f"<sip:{user.name}@{user.address.address}:{user.address.port}>;expires={expires}"


def _path() -> str:
    return f"<sip:term@pcscf.{DOMAIN}:4060;lr>"


def _vias(user: User, attempt: int, depth: int) -> str:
    seen = f";received={user.address.address};rport={user.address.port}" if depth > 1 else ";rport"
    lines = [f"{user.address.address}:{user.address.port};branch=z9hG4bKue{user.word(f'ue{attempt}')}{seen}"]
    nodes = ((PCSCF, "p"), (ICSCF, "i"))[: depth - 1]
    lines += [f"{at.address}:{at.port};branch=z9hG4bK{n}{user.word(f'{n}{attempt}')}" for at, n in nodes]
    return "".join(f"Via: SIP/2.0/UDP {line}\r\n" for line in reversed(lines))


def _dialog(user: User, attempt: int, to_tag: str) -> str:
    identity = f"<sip:{user.name}@{DOMAIN}>"
    return (
        f"From: {identity};tag={user.word('from')}\r\nTo: {identity}{to_tag}\r\n"
        f"Call-ID: {user.word('call', 12)}@{user.address.address}\r\nCSeq: {attempt} REGISTER\r\n"
    )


def _register(user: User, attempt: int, credentials: str, depth: int) -> bytes:
    uri = SCSCF_URI if depth == 3 else f"sip:{DOMAIN}"
    added = (
        f'Path: {_path()}\r\nRequire: path\r\nP-Visited-Network-ID: "{DOMAIN}"\r\n'
        f"P-Charging-Vector: icid-value={user.word('icid')}{attempt};icid-generated-at={PCSCF.address}\r\n"
    )
    return (
        f"REGISTER {uri} SIP/2.0\r\n{_vias(user, attempt, depth)}Max-Forwards: {71 - depth}\r\n"
        f"{added if depth > 1 else ''}{_dialog(user, attempt, '')}Contact: {_contact(user, 600000)}\r\n"
        f"Authorization: Digest {credentials}\r\nSupported: path\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def _answer(user: User, attempt: int, status: str, headers: str, depth: int) -> bytes:
    tag = f";tag={user.word(f'to{attempt}')}"
    vias = _vias(user, attempt, depth).replace(";rport\r\n", f";received={user.address.address};rport=5062\r\n")
    return (f"SIP/2.0 {status}\r\n{vias}{_dialog(user, attempt, tag)}{headers}\r\nContent-Length: 0\r\n\r\n").encode()


# --- Cx -----------------------------------------------------------------------------------------------

_Fields = Sequence[tuple[int, int, bytes]]
"""Code, vendor and data of each AVP."""


def _queries(user: User, attempt: int) -> list[tuple[Endpoint, DiameterCommand, _Fields, _Fields]]:
    """Return the exchanges that one REGISTER sets off: sender, command, what is asked, what is answered."""
    public = (Avp.PUBLIC_IDENTITY, VENDOR_3GPP, f"sip:{user.name}@{DOMAIN}".encode())
    private = (Avp.USER_NAME, 0, f"{user.name}@{DOMAIN}".encode())
    served = (Avp.SERVER_NAME, VENDOR_3GPP, SCSCF_URI.encode())
    network = (Avp.VISITED_NETWORK_IDENTIFIER, VENDOR_3GPP, DOMAIN.encode())
    new, known = 2001, 2002  # DIAMETER_FIRST_REGISTRATION, DIAMETER_SUBSEQUENT_REGISTRATION (3GPP TS 29.229 6.2.1)
    which = _experimental(new if attempt == 1 else known)
    uar = (ICSCF_CX, DiameterCommand.USER_AUTHORIZATION, [public, private, network], [which, served])
    if attempt == 1:
        asked = _group(Avp.SIP_AUTH_DATA_ITEM, [(Avp.SIP_AUTHENTICATION_SCHEME, VENDOR_3GPP, b"Digest-AKAv1-MD5")])
        vector = _group(
            Avp.SIP_AUTH_DATA_ITEM,
            [
                (Avp.SIP_ITEM_NUMBER, VENDOR_3GPP, struct.pack("!I", 1)),
                (Avp.SIP_AUTHENTICATION_SCHEME, VENDOR_3GPP, b"Digest-AKAv1-MD5"),
                (Avp.SIP_AUTHENTICATE, VENDOR_3GPP, user.octets("rand autn", 32)),
                (Avp.SIP_AUTHORIZATION, VENDOR_3GPP, user.octets("res", 8)),
                (Avp.CONFIDENTIALITY_KEY, VENDOR_3GPP, user.octets("ck", 16)),
                (Avp.INTEGRITY_KEY, VENDOR_3GPP, user.octets("ik", 16)),
            ],
        )
        one = (Avp.SIP_NUMBER_AUTH_ITEMS, VENDOR_3GPP, struct.pack("!I", 1))
        answer = [_succeeded(), private, public, one, vector]
        return [uar, (SCSCF_CX, DiameterCommand.MULTIMEDIA_AUTH, [public, private, one, asked, served], answer)]
    reason = (Avp.SERVER_ASSIGNMENT_TYPE, VENDOR_3GPP, struct.pack("!I", 1))
    available = (Avp.USER_DATA_ALREADY_AVAILABLE, VENDOR_3GPP, struct.pack("!I", 0))
    profile = (Avp.USER_DATA, VENDOR_3GPP, _profile(user))
    sar = (SCSCF_CX, DiameterCommand.SERVER_ASSIGNMENT, [public, private, served, reason, available])
    return [uar, (*sar, [_succeeded(), private, profile])]


def _profile(user: User) -> bytes:
    """Return the user profile (3GPP TS 29.228 annex E): two public identities, no initial filter criteria."""
    identities = (f"sip:{user.name}@{DOMAIN}", f"tel:+3460{user.number:07}")
    shown = "".join(f"<PublicIdentity><Identity>{one}</Identity></PublicIdentity>" for one in identities)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><IMSSubscription><PrivateID>{user.name}@{DOMAIN}</PrivateID>'
        f"<ServiceProfile>{shown}</ServiceProfile></IMSSubscription>"
    ).encode()


def _cx(
    user: User,
    attempt: int,
    sender: Endpoint,
    command: DiameterCommand,
    asked: _Fields,
    answered: _Fields,
    times: Iterator[int],
) -> Iterator[Sent]:
    session = (Avp.SESSION_ID, 0, f"{sender.address};{user.number};{attempt};{command}".encode())
    application = _group(
        Avp.VENDOR_SPECIFIC_APPLICATION_ID,
        [(Avp.VENDOR_ID, 0, struct.pack("!I", VENDOR_3GPP)), (Avp.AUTH_APPLICATION_ID, 0, _word(CX_APPLICATION))],
        vendor=0,
    )
    state = (Avp.AUTH_SESSION_STATE, 0, struct.pack("!I", 1))
    realm = DOMAIN.encode()
    node = b"icscf." if sender is ICSCF_CX else b"scscf."
    there = [(Avp.ORIGIN_HOST, 0, node + realm), (Avp.ORIGIN_REALM, 0, realm), (Avp.DESTINATION_REALM, 0, realm)]
    back = [(Avp.ORIGIN_HOST, 0, b"hss." + realm), (Avp.ORIGIN_REALM, 0, realm)]
    number = user.number << 2 | attempt
    request = _message(0xC0, command, number, [session, application, state, *there, *asked])
    yield Sent(next(times), Point.CX, sender, HSS, request)
    answer = _message(0x40, command, number, [session, application, state, *back, *answered])
    yield Sent(next(times), Point.CX, HSS, sender, answer)


def _word(number: int) -> bytes:
    return struct.pack("!I", number)


def _succeeded() -> tuple[int, int, bytes]:
    return Avp.RESULT_CODE, 0, _word(2001)  # DIAMETER_SUCCESS (RFC 6733 7.1.2)


def _experimental(code: int) -> tuple[int, int, bytes]:
    vendor = (Avp.VENDOR_ID, 0, _word(VENDOR_3GPP))
    return _group(Avp.EXPERIMENTAL_RESULT, [vendor, (Avp.EXPERIMENTAL_RESULT_CODE, 0, _word(code))], vendor=0)


def _group(code: int, inner: _Fields, vendor: int = VENDOR_3GPP) -> tuple[int, int, bytes]:
    return code, vendor, b"".join(_avp(*one) for one in inner)


def _avp(code: int, vendor: int, data: bytes) -> bytes:
    """Return one AVP with its padding (RFC 6733 4.1); the M bit is set."""
    head = 12 if vendor else 8
    flags = 0xC0 if vendor else 0x40
    length = head + len(data)
    packed = struct.pack("!II", code, flags << 24 | length) + (_word(vendor) if vendor else b"")
    return packed + data + bytes(-length % 4)


def _message(flags: int, command: int, identifier: int, avps: _Fields) -> bytes:
    body = b"".join(_avp(*one) for one in avps)
    head = struct.pack("!II", 1 << 24 | 20 + len(body), flags << 24 | command)
    return head + struct.pack("!III", CX_APPLICATION, identifier, identifier) + body
