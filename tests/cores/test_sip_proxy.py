"""The SIP framework: a proxy that authenticates, asserts identities, and has the presence server behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sipmessage import Request, Response

from conformance.protocols.aka import digest_ha1, digest_response
from conformance.protocols.sip.digest_header import DigestHeader
from conformance.protocols.sip.message import copy_message, make_response
from conformance.stack.sip import ServerTransaction, SipStack
from conformance.vocabulary.federation import Node, NodeKind
from conformance.vocabulary.secrets import Secret
from tests.cores.presence.lab import ALICE, GRACE, pidf

DOMAIN = "uc3m.netlab.test"
PASSWORD = b"a password of SIP"
KIND = "Content-Type: application/pidf+xml"


class Framework:
    """Proxy and presence server, and a terminal of alice at an address of the access network."""

    def __init__(self, scene: Any) -> None:
        self.scene = scene
        self.got: asyncio.Queue[Request] = asyncio.Queue()
        self.terminal: SipStack
        self._number = 0

    async def begin(self) -> None:
        testbed = self.scene.testbed
        base = str(testbed.node(NodeKind.SCSCF).address).rpartition(".")[0]
        nodes = {kind: node for kind, node in testbed.nodes.items() if kind is not NodeKind.XDMS}
        nodes[NodeKind.PRESENCE] = Node(host="presence", address=f"{base}.18", port=5060)
        nodes[NodeKind.SIP_PROXY] = Node(host="sip", address=f"{base}.20", port=5060)
        users = [one.model_copy(update={"xcap_password": Secret(PASSWORD)}) for one in testbed.subscribers]
        self.impi = next(one.impi for one in users if ALICE in one.impus)
        self.scene.testbed = testbed.model_copy(update={"nodes": nodes, "subscribers": tuple(users)})
        for kind in (NodeKind.DNS, NodeKind.PRESENCE, NodeKind.SIP_PROXY):
            await self.scene.node(kind)
        await self.scene.ready(NodeKind.DNS)
        self.terminal = await self.scene.terminal()
        self.terminal.on_request = self._take

    async def _take(self, transaction: ServerTransaction) -> None:
        self.got.put_nowait(transaction.request)
        await transaction.respond(make_response(transaction.request, 200))

    async def next(self) -> Request:
        async with asyncio.timeout(5):
            return await self.got.get()

    def request(self, method: str, uri: str, *lines: str, body: bytes = b"") -> Request:
        self._number += 1
        given = {line.partition(":")[0] for line in lines}
        usual = [f"Call-ID: c{self._number}", f"To: <{uri}>"]
        request: Request = self.scene.request(
            method, uri, *(line for line in usual if line.partition(":")[0] not in given), *lines
        )
        request.body = body
        return request

    async def send(self, request: Request) -> Response:
        return await self.terminal.send_request(request, self.scene.hop(NodeKind.SIP_PROXY))

    async def proven(self, request: Request, password: bytes = PASSWORD) -> Response:
        """Send a request, and once more with the answer to the challenge."""
        refused = await self.send(request)
        header = {401: "WWW-Authenticate", 407: "Proxy-Authenticate"}[refused.code]
        challenge = DigestHeader.parse(refused.headers[header])
        values = {
            "username": self.impi,
            "realm": DOMAIN,
            "nonce": challenge.get("nonce"),
            "uri": str(request.uri),
            "qop": "auth",
            "nc": "00000001",
            "cnonce": "ours",
        }
        response = digest_response(
            digest_ha1(self.impi, DOMAIN, password),
            method=request.method,
            uri=values["uri"],
            nonce=values["nonce"],
            qop="auth",
            nc=values["nc"],
            cnonce=values["cnonce"],
        )
        again = copy_message(request)
        again.headers.set("CSeq", f"{request.cseq.sequence + 1} {request.method}")
        again.headers.set(
            "Authorization" if refused.code == 401 else "Proxy-Authorization",
            str(DigestHeader.credentials(**values, response=response)),
        )
        return await self.send(again)


@pytest.fixture
def framework(in_scene: Callable[..., None]) -> Callable[..., None]:
    def run(story: Callable[[Framework], Any]) -> None:
        async def whole(scene: Any) -> None:
            one = Framework(scene)
            await one.begin()
            await story(one)

        in_scene(whole)

    return run


def test_a_user_registers_with_his_password(framework: Callable[..., None]) -> None:
    async def story(one: Framework) -> None:
        register = one.request("REGISTER", f"sip:{DOMAIN}", f"To: <{ALICE}>", "Expires: 100")
        assert (await one.proven(register, b"another")).code == 401
        answer = await one.proven(register)
        assert answer.code == 200
        assert answer.headers["Contact"].endswith(";expires=100")
        other = one.request("REGISTER", f"sip:{DOMAIN}", f"To: <{GRACE}>")
        assert (await one.proven(other)).code == 403

    framework(story)


def test_presence_without_ims(framework: Callable[..., None]) -> None:
    async def story(one: Framework) -> None:
        publish = one.request("PUBLISH", ALICE, "Event: presence", KIND, body=pidf())
        assert (await one.send(publish)).code == 407
        answer = await one.proven(publish)
        assert (answer.code, bool(answer.headers["SIP-ETag"])) == (200, True)
        watch = one.request("SUBSCRIBE", ALICE, "Event: presence", "Expires: 600")
        answer = await one.proven(watch)
        assert answer.code == 200
        assert answer.headers["Record-Route"] == "<sip:sip.uc3m.netlab.test:5060;lr>"
        notify = await one.next()
        assert (notify.method, b"open" in notify.body) == ("NOTIFY", True)
        assert [via.host for via in notify.via] == [
            str(one.scene.testbed.node(kind).address) for kind in (NodeKind.SIP_PROXY, NodeKind.PRESENCE)
        ]

    framework(story)


def test_a_refresh_takes_the_same_way(framework: Callable[..., None]) -> None:
    async def story(one: Framework) -> None:
        answer = await one.proven(one.request("SUBSCRIBE", ALICE, "Event: presence", "Expires: 600"))
        await one.next()
        lines = (f"To: {answer.headers['To']}", f"Call-ID: {answer.headers['Call-ID']}", "CSeq: 9 SUBSCRIBE")
        route = f"Route: {answer.headers['Record-Route']}"
        contact = answer.headers["Contact"].strip("<>")
        end = one.request("SUBSCRIBE", contact, "Event: presence", "Expires: 0", *lines, route)
        assert (await one.proven(end)).code == 200
        assert (await one.next()).headers["Subscription-State"] == "terminated;reason=timeout"

    framework(story)


def test_nobody_claims_another_identity(framework: Callable[..., None]) -> None:
    async def story(one: Framework) -> None:
        claim = f"P-Asserted-Identity: <{GRACE}>"
        as_grace = f"From: <{GRACE}>;tag=1"
        publish = one.request("PUBLISH", GRACE, "Event: presence", KIND, claim, body=pidf(entity=GRACE))
        assert (await one.proven(publish)).code == 403  # the presence server: alice is not grace
        publish = one.request("PUBLISH", GRACE, "Event: presence", KIND, as_grace, body=pidf(entity=GRACE))
        assert (await one.proven(publish)).code == 403
        stranger = "From: <sip:mallory@elsewhere.test>;tag=1"
        watch = one.request("SUBSCRIBE", ALICE, "Event: presence", stranger, claim)
        assert (await one.send(watch)).code == 403  # nothing vouches for him

    framework(story)


def test_a_message_reaches_who_is_registered(framework: Callable[..., None]) -> None:
    async def story(one: Framework) -> None:
        assert (await one.proven(one.request("MESSAGE", ALICE))).code == 480
        await one.proven(one.request("REGISTER", f"sip:{DOMAIN}", f"To: <{ALICE}>"))
        assert (await one.proven(one.request("MESSAGE", ALICE, "P-Asserted-Identity: <sip:x@y>"))).code == 200
        message = await one.next()
        assert message.headers["P-Asserted-Identity"] == f"<{ALICE}>"
        assert message.headers.get("Proxy-Authorization") is None

    framework(story)


@pytest.mark.parametrize(
    ("method", "lines", "code"),
    [("INVITE", (), 405), ("MESSAGE", ("Proxy-Require: teleport",), 420), ("REGISTER", ("Require: path",), 420)],
)
def test_what_does_not_pass(framework: Callable[..., None], method: str, lines: tuple[str, ...], code: int) -> None:
    async def story(one: Framework) -> None:
        assert (await one.send(one.request(method, ALICE, *lines))).code == code

    framework(story)
