"""An S-CSCF as a registrar: what its HSS knows, what an I-CSCF sends it, and what it asks."""

from __future__ import annotations

import base64
from typing import Any

from sipmessage import Request, Response

from conformance.protocols.aka import digest_ha1, digest_response
from conformance.protocols.cx import (
    DigestItem,
    Envelope,
    MultimediaAuthAnswer,
    MultimediaAuthRequest,
    RegistrationTerminationRequest,
    ServerAssignmentAnswer,
    ServerAssignmentRequest,
)
from conformance.protocols.diameter_codec import DiameterMessage
from conformance.protocols.sip.digest_header import DigestHeader
from conformance.protocols.user_data import build_user_data
from conformance.stack.diameter import DiameterServer
from conformance.stack.sip import SipStack
from conformance.vocabulary.federation import NodeKind
from conformance.vocabulary.numbers import DiameterCommand

REALM = "uc3m.netlab.test"
IMPI = f"alice@{REALM}"
IMPUS = (f"sip:alice@{REALM}", f"sip:alice.work@{REALM}")
SCSCF = f"sip:scscf.{REALM}:6060"
XRES = bytes(range(8))
VECTOR = MultimediaAuthAnswer(
    2001,
    False,
    user_name=IMPI,
    public_identity=IMPUS[0],
    scheme="Digest-AKAv1-MD5",
    authenticate=bytes(range(32)),
    authorization=XRES,
    ck=b"c" * 16,
    ik=b"i" * 16,
)
NONCE = base64.b64encode(bytes(range(32))).decode()
DIGEST = MultimediaAuthAnswer(
    2001, False, scheme="SIP Digest", digest=DigestItem(realm=REALM, ha1=digest_ha1(IMPI, REALM, b"secret"))
)
ASSIGNED = ServerAssignmentAnswer(2001, False, user_data=build_user_data(IMPI, IMPUS))
PATH = "Path: <sip:pcscf.uc3m.netlab.test:4060;lr>"


def empty(algorithm: str = "") -> str:
    more = f", algorithm={algorithm}" if algorithm else ""
    return f'Authorization: Digest username="{IMPI}", realm="{REALM}", nonce="", uri="sip:{REALM}", response=""{more}'


def answer(challenge: Response, password: bytes, uri: str = f"sip:{REALM}", **other: str) -> str:
    """Answer a challenge as a terminal does, with parameters changed as `other` says."""
    nonce = DigestHeader.parse(challenge.headers["WWW-Authenticate"]).get("nonce")
    values = {"username": IMPI, "realm": REALM, "nonce": nonce, "uri": uri, "qop": "auth", "nc": "00000001"}
    values |= {"cnonce": "c", **other}
    ha1 = digest_ha1(values["username"], REALM, password)
    values.setdefault(
        "response",
        digest_response(
            ha1, method="REGISTER", uri=uri, nonce=values["nonce"], qop="auth", nc=values["nc"], cnonce="c"
        ),
    )
    return f"Authorization: {DigestHeader.credentials(**values)}"


class Registrar:
    """The S-CSCF under test, as a P-CSCF's I-CSCF sees it, and what its HSS was asked."""

    def __init__(self, scene: Any, client: SipStack) -> None:
        self.scene = scene
        self.client = client
        self.mar: list[MultimediaAuthRequest] = []
        self.sar: list[ServerAssignmentRequest] = []
        self.maa = VECTOR
        self.saa: ServerAssignmentAnswer | None = ASSIGNED
        self.cseq = 0

    def hss(self, message: Any) -> Any:
        host = f"hss.{REALM}"
        if message.command == DiameterCommand.MULTIMEDIA_AUTH:
            self.mar.append(MultimediaAuthRequest.decode(message))
            return self.maa.encode(message, host, REALM)
        self.sar.append(ServerAssignmentRequest.decode(message))
        return None if self.saa is None else self.saa.encode(message, host, REALM)

    async def send(self, *lines: str, cseq: int | None = None) -> Response:
        self.cseq = self.cseq + 1 if cseq is None else cseq
        request: Request = self.scene.request("REGISTER", SCSCF, PATH, "Require: path", *lines, cseq=self.cseq)
        response: Response = await self.client.send_request(request, self.scene.hop(NodeKind.SCSCF))
        return response

    async def register(self, *lines: str) -> Response:
        return await self.send(answer(await self.send(empty(), *lines), XRES), *lines)


async def begun(scene: Any, *faults: str) -> tuple[Registrar, DiameterServer]:
    """Run an S-CSCF, with faults, until the end of the scene; return it, and its HSS."""
    registrar = Registrar(scene, await scene.peer("127.35.1.12", 5060))
    server = await scene.hss(registrar.hss)
    await scene.node(NodeKind.SCSCF, *faults)
    await scene.ready(NodeKind.SCSCF)
    return registrar, server


async def end_by_network(scene: Any, server: DiameterServer, identities: tuple[str, ...]) -> DiameterMessage:
    """Let the HSS end the registration of alice's first device; return the answer to RTR."""
    scscf = scene.testbed.fqdn(NodeKind.SCSCF)
    envelope = Envelope("session", f"hss.{REALM}", REALM, REALM, scscf)
    answered: DiameterMessage = await server.send(
        scscf, RegistrationTerminationRequest(IMPI, identities).encode(envelope)
    )
    return answered


TABLET = f"alice-tablet@{REALM}"


async def register_tablet(r: Registrar, *lines: str) -> Response:
    """Let a second device of the user register, by a private identity of its own."""
    contact = "Contact: <sip:alice@127.35.1.130:5060>"
    challenge = await r.send(empty().replace(IMPI, TABLET), contact, *lines)
    right = answer(challenge, XRES, username=TABLET)
    return await r.send(right, contact, *lines)
