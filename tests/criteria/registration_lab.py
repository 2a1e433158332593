"""One home registration, typed by hand: every message can be edited, dropped or looked at."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from hashlib import md5
from typing import Any

from conformance.judgement import judge
from conformance.trace.model import (
    CaptureFile,
    DiameterAvp,
    DiameterMessage,
    DnsMessage,
    DnsRecord,
    Message,
    Sighting,
    SipMessage,
    Trace,
)
from conformance.trace.sip import read_sip
from conformance.vocabulary.federation import Federation
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.numbers import VENDOR_3GPP, Avp, DiameterCommand
from conformance.vocabulary.points import Point
from conformance.vocabulary.results import CriterionResult, ProcedureResult

UE = Endpoint("127.40.1.100", 5062, "udp")
PCSCF = Endpoint("127.40.1.11", 4060, "udp")
ICSCF = Endpoint("127.40.1.12", 5060, "udp")
SCSCF = Endpoint("127.40.1.13", 6060, "udp")
HSS = Endpoint("127.40.1.14", 3868, "tcp")
DNS = Endpoint("127.40.1.15", 53, "udp")
ICSCF_CX = Endpoint("127.40.1.12", 40001, "tcp")
SCSCF_CX = Endpoint("127.40.1.13", 40002, "tcp")

RAND_AUTN = bytes(range(32))
XRES = bytes.fromhex("a54211d5e3ba50bf")
CK = bytes.fromhex("b40ba9a3c58b2a05bbf0d987b21bf8cb")
IK = bytes.fromhex("f769bcd751044604127672711c6d3441")
NONCE = base64.b64encode(RAND_AUTN).decode()
PASSWORD = b"Circle Of Life"


def _h(text: bytes) -> str:
    return md5(text, usedforsecurity=False).hexdigest()


def _response(
    uri: str = "sip:uc3m.test",
    *,
    password: bytes = XRES,
    nonce: str = NONCE,
    nc: str = "00000001",
    cnonce: str = "0a4f113b",
    qop: str | None = "auth",
) -> str:
    a1 = _h(b"alice@uc3m.test:uc3m.test:" + password)
    a2 = _h(f"REGISTER:{uri}".encode() + (b":" + _h(b"").encode() if qop == "auth-int" else b""))
    return _h(":".join([a1, nonce, *([nc, cnonce, qop] if qop else []), a2]).encode())


VIA_UE = "Via: SIP/2.0/UDP 127.40.1.100:5062;branch=z9hG4bKue{n};rport\r\n"
VIA_NOTED = VIA_UE.replace(";rport", ";received=127.40.1.100;rport=5062")
VIA_P = "Via: SIP/2.0/UDP 127.40.1.11:4060;branch=z9hG4bKp{n}\r\n"
VIA_I = "Via: SIP/2.0/UDP 127.40.1.12:5060;branch=z9hG4bKi{n}\r\n"
COMMON = "From: <sip:alice@uc3m.test>;tag=f{n}\r\nTo: <sip:alice@uc3m.test>\r\nCall-ID: c1@ue\r\nCSeq: {n} REGISTER\r\n"
BACK = (
    "From: <sip:alice@uc3m.test>;tag=f{n}\r\nTo: <sip:alice@uc3m.test>;tag=t{n}\r\n"
    "Call-ID: c1@ue\r\nCSeq: {n} REGISTER\r\n"
)
CONTACT = "Contact: <sip:alice@127.40.1.100:5062>;expires=600000\r\n"
ADDED = (
    "Path: <sip:term@pcscf.uc3m.test:4060;lr>\r\nRequire: path\r\n"
    'P-Visited-Network-ID: "uc3m.test"\r\nP-Charging-Vector: icid-value="a1b2c3";icid-generated-at=127.40.1.11\r\n'
)
EMPTY = (
    'Authorization: Digest username="alice@uc3m.test", realm="uc3m.test", nonce="", uri="sip:uc3m.test", '
    'response=""\r\n'
)
ANSWER = (
    'Authorization: Digest username="alice@uc3m.test", realm="uc3m.test", nonce="{nonce}", uri="sip:uc3m.test", '
    'response="{response}", algorithm=AKAv1-MD5, qop=auth, nc=00000001, cnonce="0a4f113b"\r\n'
)
CHALLENGE = 'WWW-Authenticate: Digest realm="uc3m.test", nonce="{nonce}", algorithm=AKAv1-MD5, qop="auth"{keys}\r\n'
KEYS = f', ck="{CK.hex()}", ik="{IK.hex()}"'
PATH = "Path: <sip:term@pcscf.uc3m.test:4060;lr>\r\n"
SERVICE_ROUTE = "Service-Route: <sip:orig@scscf.uc3m.test:6060;lr>\r\n"
ASSOCIATED = "P-Associated-URI: <sip:alice@uc3m.test>, <tel:+34600000001>\r\n"
GRANTED = "Contact: <sip:alice@127.40.1.100:5062>;expires=3600\r\n" + PATH + SERVICE_ROUTE + ASSOCIATED
SECURITY = "Security-Client: ipsec-3gpp; alg=hmac-sha-1-96; spi-c=1111; spi-s=2222; port-c=5063; port-s=5064\r\n"
ABROAD = {
    "127.40.1.100": "127.40.2.100",
    "127.40.1.11": "127.40.2.11",
    "pcscf.uc3m.test": "pcscf.stuba.test",
    'Network-ID: "uc3m.test"': 'Network-ID: "stuba.test"',
}
OURS = "ipsec-3gpp; q=0.1; alg=hmac-sha-1-96; spi-c=3333; spi-s=4444; port-c=4062; port-s=4061\r\n"
SERVER, VERIFY = f"Security-Server: {OURS}", f"Security-Verify: {OURS}"
END = "Content-Length: 0\r\n\r\n"


@dataclass
class Entry:
    key: str
    point: Point
    source: Endpoint
    destination: Endpoint
    sip: str = ""
    command: int = 0
    is_request: bool = False
    avps: list[tuple[Avp, object]] = field(default_factory=list)
    question: tuple[str, str] = ("", "")
    records: list[DnsRecord] = field(default_factory=list)
    rcode: int = 0
    time_ns: int = 0
    tunnels: tuple[str, ...] = ()


def naptr(service: str = "SIP+D2U", flags: str = "s", replacement: str = "_sip._udp.uc3m.test") -> DnsRecord:
    fields = {"order": "10", "preference": "50", "flags": flags, "service": service, "regexp": ""}
    return DnsRecord("answer", "uc3m.test", "NAPTR", 60, {**fields, "replacement": replacement}, 30, 40)


def srv(target: str = "icscf.uc3m.test") -> DnsRecord:
    fields = {"priority": "1", "weight": "0", "port": "5060", "target": target}
    return DnsRecord("answer", "_sip._udp.uc3m.test", "SRV", 60, fields, 40, 20)


def host(name: str = "icscf.uc3m.test", address: str = "127.40.1.12") -> DnsRecord:
    return DnsRecord("answer", name, "A", 60, {"address": address}, 40, 16)


class Lab:
    """The messages of one registration, in order, before they become a trace."""

    naptr, srv, host = staticmethod(naptr), staticmethod(srv), staticmethod(host)
    response = staticmethod(_response)
    nonce, keys, rand_autn, xres, ck, ik = NONCE, KEYS, RAND_AUTN, XRES, CK, IK
    empty, path, service_route, associated = EMPTY, PATH, SERVICE_ROUTE, ASSOCIATED
    security, server, verify = SECURITY, SERVER, VERIFY

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries
        self.drops: int | None = 0
        self.points: tuple[Point, ...] = (Point.GM, Point.MW, Point.CX, Point.DNS)
        self.federation: Federation | None = None

    def __getitem__(self, key: str) -> Entry:
        return next(entry for entry in self.entries if entry.key == key)

    def edit(self, keys: str, old: str, new: str) -> Lab:
        """Replace a text in the SIP messages of those keys; each must have it."""
        for key in keys.split():
            assert old in self[key].sip, f"{key} has no {old!r}"
            self[key].sip = self[key].sip.replace(old, new)
        return self

    def copy_of(self, key: str, name: str) -> Entry:
        """Return a copy of an entry, under another key, that is not among the entries yet."""
        return replace(self[key], key=name)

    def drop(self, keys: str) -> Lab:
        self.entries = [entry for entry in self.entries if entry.key not in keys.split()]
        return self

    def avp(self, key: str, code: Avp, value: object) -> Lab:
        """Set an AVP of a Cx message; None takes it away."""
        entry = self[key]
        entry.avps = [(c, v) for c, v in entry.avps if c is not code]
        if value is not None:
            entry.avps.append((code, value))
        return self

    def name_scscf(self, uri: str) -> Lab:
        """Let the HSS and the S-CSCF use another name of the S-CSCF."""
        for key in ("uaa1", "uaa2", "mar", "sar"):
            self.avp(key, Avp.SERVER_NAME, uri)
        return self

    def ask(self, before: str, asker: str, name: str, kind: str) -> Lab:
        """Add a DNS query that finds nothing, in front of a message."""
        address = {"icscf": ICSCF.address, "stranger": "127.40.1.77"}[asker]
        place = self.entries.index(self[before])
        query, refusal = dns("extra", Endpoint(address, 50001, "udp"), name, kind)
        refusal.rcode = 3
        self.entries[place:place] = [query, refusal]
        return self

    def secured(self) -> Lab:
        """Let terminal and P-CSCF agree on a security association, seen behind the stacks that end it."""
        agree = "Require: sec-agree\r\nProxy-Require: sec-agree\r\n"
        self.edit("gm1", "Supported: path", SECURITY + agree + "Supported: path")
        self.edit("gm2", "Supported: path", SECURITY + VERIFY + agree + "Supported: path")
        self.edit("g401", "Content-Length", SERVER + "Content-Length")
        self["gm2"].destination = self["g200"].source = PCSCF._replace(port=4061)
        self.edit("p1 i1 p2 i2", 'uri="sip:uc3m.test"', 'uri="sip:uc3m.test", integrity-protected="no"')
        return self

    def abroad(self) -> Lab:
        """Let the terminal use the access point of stuba: its address, its P-CSCF, its DNS server."""
        keys = " ".join(entry.key for entry in self.entries if entry.sip)
        for entry in (self[key] for key in keys.split()):
            for home, visited in ABROAD.items():
                entry.sip = entry.sip.replace(home, visited)
        for entry in self.entries:
            moved = {UE.address, PCSCF.address}
            asks = entry.question[0] and PCSCF.address in (entry.source.address, entry.destination.address)
            for end in ("source", "destination"):
                endpoint = getattr(entry, end)
                if endpoint.address in moved or (asks and endpoint.address == DNS.address):
                    setattr(entry, end, endpoint._replace(address=endpoint.address.replace("127.40.1.", "127.40.2.")))
            if entry.point is Point.MW and "127.40.2.11" in (entry.source.address, entry.destination.address):
                entry.point = Point.IC
        for key in ("uar1", "uar2"):
            self.avp(key, Avp.VISITED_NETWORK_IDENTIFIER, "stuba.test")
        self.points = (*self.points, Point.IC)
        return self

    def tunnel(self) -> Lab:
        """Let what the terminal sends and gets be seen inside GTP-U as well."""
        for entry in self.entries:
            if entry.point is Point.GM:
                entry.tunnels = ("gtp",)
        self.points = (*self.points, Point.ACCESS)
        return self

    def records(self, key: str, *records: DnsRecord, rcode: int = 0) -> Lab:
        self[key].records, self[key].rcode = list(records), rcode
        return self

    def trace(self) -> Trace:
        messages: list[Message] = []
        for frame, entry in enumerate(self.entries, 1):
            messages.append(_message(entry, frame))
        capture = CaptureFile("hand.pcapng", len(messages), len(messages), self.drops, self.points, ())
        return Trace((capture,), tuple(messages))

    def judge(self) -> ProcedureResult:
        found = judge(self.trace(), federation=self.federation, confirm=None).procedures
        assert len(found) == 1
        return found[0]

    def result(self, id: str) -> CriterionResult:
        return next(criterion for criterion in self.judge().criteria if criterion.id == id)

    def failing(self) -> list[str]:
        return [criterion.id for criterion in self.judge().criteria if criterion.verdict == "FAIL"]


def _message(entry: Entry, frame: int) -> Message:
    time_ns = entry.time_ns or 1_700_000_000_000_000_000 + frame * 1_000_000
    sighting = Sighting(0, frame, time_ns, entry.point, entry.source, entry.destination, entry.tunnels)
    if entry.sip:
        raw = entry.sip.encode()
        return SipMessage((sighting,), raw, sip=read_sip(raw))
    if entry.command:
        avps, raw = _avps(entry.avps, 20)
        # Request and answer of one exchange have the same digits in their keys.
        identifier = entry.command * 1000 + int("".join(filter(str.isdigit, entry.key)) or 0)
        return DiameterMessage(
            (sighting,),
            bytes(20) + raw,
            command=entry.command,
            is_request=entry.is_request,
            application=16777216,
            hop_by_hop=identifier,
            end_to_end=identifier,
            avps=tuple(avps),
        )
    name, kind = entry.question
    return DnsMessage(
        (sighting,),
        bytes(100),
        id=len(name) + len(kind),
        is_response=entry.source.port == DNS.port,
        rcode=entry.rcode,
        question_name=name,
        question_type=kind,
        records=tuple(entry.records),
    )


def _avps(avps: list[tuple[Avp, object]], offset: int) -> tuple[list[DiameterAvp], bytes]:
    found, raw = [], b""
    for code, value in avps:
        vendor = VENDOR_3GPP if code >= 600 else 0
        header = 12 if vendor else 8
        children: list[DiameterAvp] = []
        if isinstance(value, list):
            children, data = _avps(value, offset + len(raw) + header)
        elif isinstance(value, int):
            data = value.to_bytes(4, "big")
        else:
            data = value if isinstance(value, bytes) else str(value).encode()
        length = header + len(data)
        name = code.name.title().replace("_", "-")
        found.append(DiameterAvp(code, vendor, 0, data, offset + len(raw), length, name, tuple(children)))
        raw += bytes(header) + data + bytes(-length % 4)
    return found, raw


def cx(key: str, command: int, sender: Endpoint, avps: list[tuple[Avp, object]]) -> Entry:
    is_request = sender != HSS
    other = SCSCF_CX if command in (301, 303) else ICSCF_CX
    destination = HSS if is_request else other
    return Entry(key, Point.CX, sender, destination, command=command, is_request=is_request, avps=avps)


def dns(key: str, asker: Endpoint, name: str, kind: str, *records: DnsRecord) -> list[Entry]:
    source = Endpoint(asker.address, 50000, "udp")
    return [
        Entry(f"{key}-q", Point.DNS, source, DNS, question=(name, kind)),
        Entry(f"{key}-r", Point.DNS, DNS, source, question=(name, kind), records=list(records)),
    ]


def register(n: int, credentials: str) -> list[str]:
    start, name = "REGISTER sip:uc3m.test SIP/2.0\r\n", "REGISTER sip:scscf.uc3m.test:6060 SIP/2.0\r\n"
    ue, noted, p, i = (via.format(n=n) for via in (VIA_UE, VIA_NOTED, VIA_P, VIA_I))
    rest = COMMON.format(n=n) + CONTACT + credentials + "Supported: path\r\n"
    return [
        start + ue + "Max-Forwards: 70\r\n" + rest + END,
        start + p + noted + "Max-Forwards: 69\r\n" + rest + ADDED + END,
        name + i + p + noted + "Max-Forwards: 68\r\n" + rest + ADDED + END,
    ]


def answers(n: int, status: str, headers: str, gm_headers: str) -> list[str]:
    ue, p, i = (via.format(n=n) for via in (VIA_NOTED, VIA_P, VIA_I))
    back = BACK.format(n=n)
    return [
        f"SIP/2.0 {status}\r\n" + i + p + ue + back + headers + END,
        f"SIP/2.0 {status}\r\n" + p + ue + back + headers + END,
        f"SIP/2.0 {status}\r\n" + ue + back + gm_headers + END,
    ]


def home_registration() -> Lab:
    """Return a conforming AKA registration at home."""
    user: list[tuple[Avp, object]] = [
        (Avp.USER_NAME, "alice@uc3m.test"),
        (Avp.PUBLIC_IDENTITY, "sip:alice@uc3m.test"),
    ]
    server: tuple[Avp, object] = (Avp.SERVER_NAME, "sip:scscf.uc3m.test:6060")
    vector: list[tuple[Avp, object]] = [
        (Avp.SIP_AUTHENTICATION_SCHEME, "Digest-AKAv1-MD5"),
        (Avp.SIP_AUTHENTICATE, RAND_AUTN),
        (Avp.SIP_AUTHORIZATION, XRES),
        (Avp.CONFIDENTIALITY_KEY, CK),
        (Avp.INTEGRITY_KEY, IK),
    ]
    asked: list[tuple[Avp, object]] = [(Avp.SIP_AUTHENTICATION_SCHEME, "Digest-AKAv1-MD5")]
    first = register(1, EMPTY)
    second = register(2, ANSWER.format(nonce=NONCE, response=_response()))
    refused = answers(
        1,
        "401 Unauthorized",
        CHALLENGE.format(nonce=NONCE, keys=KEYS),
        CHALLENGE.format(nonce=NONCE, keys=""),
    )
    granted = answers(2, "200 OK", GRANTED, GRANTED)

    def result(code: int) -> tuple[Avp, object]:
        return (
            Avp.EXPERIMENTAL_RESULT,
            [(Avp.VENDOR_ID, VENDOR_3GPP), (Avp.EXPERIMENTAL_RESULT_CODE, code)],
        )

    def uar(n: int, code: int) -> list[Entry]:
        query = [*user, (Avp.VISITED_NETWORK_IDENTIFIER, "uc3m.test")]
        command = DiameterCommand.USER_AUTHORIZATION
        return [
            cx(f"uar{n}", command, ICSCF_CX, query),
            cx(f"uaa{n}", command, HSS, [result(code), server]),
        ]

    mar = [*user, (Avp.SIP_NUMBER_AUTH_ITEMS, 1), (Avp.SIP_AUTH_DATA_ITEM, asked), server]
    maa = [*user, (Avp.RESULT_CODE, 2001), (Avp.SIP_AUTH_DATA_ITEM, vector)]
    sar = [*user, server, (Avp.SERVER_ASSIGNMENT_TYPE, 1), (Avp.USER_DATA_ALREADY_AVAILABLE, 0)]
    saa = [*user, (Avp.RESULT_CODE, 2001), (Avp.USER_DATA, "<IMSSubscription/>")]
    auth, assignment = DiameterCommand.MULTIMEDIA_AUTH, DiameterCommand.SERVER_ASSIGNMENT
    return Lab(
        [
            Entry("gm1", Point.GM, UE, PCSCF, first[0]),
            *dns("naptr", PCSCF, "uc3m.test", "NAPTR", naptr(), naptr("SIP+D2T", "S", "_sip._tcp.uc3m.test")),
            *dns("srv", PCSCF, "_sip._udp.uc3m.test", "SRV", srv()),
            *dns("a", PCSCF, "icscf.uc3m.test", "A", host()),
            Entry("p1", Point.MW, PCSCF, ICSCF, first[1]),
            *uar(1, 2001),
            *dns("s", ICSCF, "scscf.uc3m.test", "A", host("scscf.uc3m.test", "127.40.1.13")),
            Entry("i1", Point.MW, ICSCF, SCSCF, first[2]),
            cx("mar", auth, SCSCF_CX, mar),
            cx("maa", auth, HSS, maa),
            Entry("s401", Point.MW, SCSCF, ICSCF, refused[0]),
            Entry("i401", Point.MW, ICSCF, PCSCF, refused[1]),
            Entry("g401", Point.GM, PCSCF, UE, refused[2]),
            Entry("gm2", Point.GM, UE, PCSCF, second[0]),
            Entry("p2", Point.MW, PCSCF, ICSCF, second[1]),
            *uar(2, 2002),
            Entry("i2", Point.MW, ICSCF, SCSCF, second[2]),
            cx("sar", assignment, SCSCF_CX, sar),
            cx("saa", assignment, HSS, saa),
            Entry("s200", Point.MW, SCSCF, ICSCF, granted[0]),
            Entry("i200", Point.MW, ICSCF, PCSCF, granted[1]),
            Entry("g200", Point.GM, PCSCF, UE, granted[2]),
        ]
    )


def _testbed(name: str, octet: int, impi: str, impus: list[str], release: int = 7) -> dict[str, Any]:
    ports = {"p-cscf": 4060, "i-cscf": 5060, "s-cscf": 6060, "hss": 3868, "dns": 53}
    nodes = {
        kind: {"host": kind.replace("-", ""), "address": f"127.40.{octet}.{11 + index}", "port": port}
        for index, (kind, port) in enumerate(ports.items())
    }
    return {
        "name": name,
        "operator": name,
        "domain": f"{name}.test",
        "release": release,
        "visited_network_id": f"{name}.test",
        "nodes": nodes,
        "access_networks": [{"name": "wlan", "type": "IEEE-802.11b", "pool": f"127.40.{octet}.96/27"}],
        "subscribers": [{"name": impi.partition("@")[0], "impi": impi, "impus": impus, "k": "0" * 32, "opc": "1" * 32}],
    }


def two_networks() -> Federation:
    """Return a federation of two testbeds; alice is at home in uc3m."""
    testbeds = {
        "uc3m": _testbed("uc3m", 1, "alice@uc3m.test", ["sip:alice@uc3m.test", "tel:+34600000001"]),
        "stuba": _testbed("stuba", 2, "bob@stuba.test", ["sip:bob@stuba.test"]),
    }
    return Federation.model_validate({"name": "two", "block": "127.40.0.0/16", "testbeds": testbeds})


def md5_registration() -> Lab:
    """Return the same with a password: MD5 challenge, HA1 from the HSS."""
    lab = home_registration()
    nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c0"
    for key in ("s401", "i401", "g401"):
        lab.edit(key, f'nonce="{NONCE}", algorithm=AKAv1-MD5', f'nonce="{nonce}", algorithm=MD5')
    lab.edit("s401 i401", KEYS, "")
    lab.edit("gm1 p1 i1", EMPTY, "")
    response = _response(password=PASSWORD, nonce=nonce)
    for key in ("gm2", "p2", "i2"):
        lab.edit(key, NONCE, nonce).edit(key, _response(), response)
        lab.edit(key, "algorithm=AKAv1-MD5", "algorithm=MD5")
    ha1 = _h(b"alice@uc3m.test:uc3m.test:" + PASSWORD)
    lab.avp("mar", Avp.SIP_AUTH_DATA_ITEM, [(Avp.SIP_AUTHENTICATION_SCHEME, "SIP Digest")])
    digest = [(Avp.DIGEST_REALM, "uc3m.test"), (Avp.DIGEST_HA1, ha1)]
    item = [(Avp.SIP_AUTHENTICATION_SCHEME, "SIP Digest"), (Avp.SIP_DIGEST_AUTHENTICATE, digest)]
    return lab.avp("maa", Avp.SIP_AUTH_DATA_ITEM, item)
