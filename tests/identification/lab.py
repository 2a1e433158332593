"""A terminal of the harness without a network: its REGISTERs become a trace, as a sniffer on Gm would see them."""

from __future__ import annotations

from collections.abc import Sequence

from sipmessage import Via

from conformance.federation import default_federation_path, load_federation
from conformance.identification.terminals import Terminal, find_terminals
from conformance.protocols.aka import SequenceNumbers, encode_nonce, generate_vector
from conformance.protocols.milenage import Milenage
from conformance.protocols.sip.digest_header import DigestHeader
from conformance.protocols.sip.message import new_branch, push_via, write_message
from conformance.quirks.edits import edit_of
from conformance.quirks.profiles import profile_named
from conformance.stack.hop import Hop
from conformance.terminals.authenticator import Authenticator
from conformance.terminals.manner import Manner
from conformance.terminals.register_request import RegisterSeries
from conformance.trace.correlate import correlate
from conformance.trace.model import CaptureFile, Sighting, SipMessage, Trace
from conformance.trace.sip import read_sip
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.points import Point

FEDERATION = load_federation(default_federation_path())
HOME = FEDERATION.testbeds["uc3m"]
ALICE = HOME.subscriber("alice")
DOMAIN = HOME.domain
UE = Endpoint("192.0.2.101", 5060, "udp")
PCSCF = Endpoint("192.0.2.11", 4060, "udp")


def trace_of(*sent: tuple[bytes, Endpoint, Endpoint]) -> Trace:
    """Return a trace of one message a millisecond."""
    messages = []
    for number, (raw, source, destination) in enumerate(sent, start=1):
        seen = Sighting(0, number, 1_000_000_000 + number * 1_000_000, Point.GM, source, destination)
        messages.append(SipMessage((seen,), raw, sip=read_sip(raw)))
    capture = CaptureFile("lab.pcapng", len(messages), len(messages), 0, (Point.GM,), ())
    return Trace((capture,), tuple(messages))


def terminals_of(*sent: tuple[bytes, Endpoint, Endpoint]) -> list[Terminal]:
    return find_terminals(correlate(trace_of(*sent)))


def answer(request: bytes, status: str, *fields: str) -> bytes:
    """Return a response, with the fields that a request and its response have in common."""
    names = ("Via:", "From:", "Call-ID:", "CSeq:")
    lines = [line for line in request.decode().split("\r\n") if line.startswith(names)]
    to = next(line for line in request.decode().split("\r\n") if line.startswith("To:"))
    return "\r\n".join([f"SIP/2.0 {status}", *lines, f"{to};tag=net", *fields, "Content-Length: 0", "", ""]).encode()


def registers(
    profile: str, *, qop: str | None = "auth", stale: bool = False, password: bool = False
) -> Sequence[bytes]:
    """Return what a terminal and its P-CSCF send each other in a registration: REGISTER, 401, REGISTER, 200.

    Args:
        profile: name of the terminal's profile.
        qop: what the challenge offers.
        stale: whether the terminal has seen the sequence number of the challenge before.
        password: whether the network challenges with MD5 and not with AKA.
    """
    known = profile_named(profile)
    manner = Manner.of(known)
    subscriber = FEDERATION.testbeds["octopus"].subscriber("dave") if password else ALICE
    domain = FEDERATION.testbeds["octopus"].domain if password else DOMAIN
    impu = subscriber.impus[0]
    user = impu.partition(":")[2].partition("@")[0]
    contact = f"sip:{user}@{UE.address}:{UE.port}{manner.uri_parameters}"
    hop = Hop(PCSCF.address, PCSCF.port)
    series = RegisterSeries(domain, impu, contact, hop, manner)
    authenticator = Authenticator(subscriber, domain, SequenceNumbers(), manner)
    edit = edit_of(manner.ids)

    def sent(credentials: DigestHeader | None, *before: DigestHeader) -> bytes:
        request = series.next_request(credentials, manner.asked_expiry_s, *before)
        push_via(request, Via.parse(f"SIP/2.0/UDP {UE.address}:{UE.port};branch={new_branch()};rport"))
        raw = write_message(request)
        return raw if edit is None else edit(raw)

    values = {"realm": domain, "nonce": "6f1d0c52b7e94a38", "algorithm": "MD5"}
    if not password:
        assert subscriber.k is not None
        assert subscriber.opc is not None
        vector = generate_vector(Milenage(subscriber.k.reveal(), subscriber.opc.reveal()), bytes(16), 33, b"\x80\x00")
        values |= {"nonce": encode_nonce(vector.rand, vector.autn), "algorithm": "AKAv1-MD5"}
    challenge = DigestHeader.challenge(**values, **({} if qop is None else {"qop": qop}))
    introduction = authenticator.initial(series.digest_uri)
    first = sent(introduction)
    if stale:
        authenticator.answer(challenge, method="REGISTER", uri=series.digest_uri)
    given = authenticator.answer(challenge, method="REGISTER", uri=series.digest_uri).credentials
    kept = [introduction] if introduction is not None and manner.keeps_introduction else []
    second = sent(given, *kept)
    refused = answer(first, "401 Unauthorized", f"WWW-Authenticate: {challenge}")
    return first, refused, second, answer(second, "200 OK", f"Contact: <{contact}>;expires=3600")


def drive(profile: str, *, qop: str | None = "auth", stale: bool = False, password: bool = False) -> Terminal:
    """Return the one terminal of such a registration."""
    first, refused, second, accepted = registers(profile, qop=qop, stale=stale, password=password)
    (found,) = terminals_of((first, UE, PCSCF), (refused, PCSCF, UE), (second, UE, PCSCF), (accepted, PCSCF, UE))
    return found
