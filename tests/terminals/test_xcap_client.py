"""The XCAP client and a user's documents, with a scripted server (RFC 4825, RFC 2617)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from conformance.protocols.aka import digest_ha1, digest_response
from conformance.protocols.presence.pres_rules import Occasion, SubHandling, read_rules
from conformance.protocols.sip.digest_header import DigestHeader
from conformance.stack.locate import Locator
from conformance.terminals.authenticator import Authenticator
from conformance.terminals.documents import Documents
from conformance.terminals.event_log import EventLog
from conformance.terminals.loop import TerminalLoop
from conformance.terminals.presence_failures import PresenceRefused, PresenceTimedOut
from conformance.terminals.xcap_client import XcapClient, XcapPlace
from conformance.vocabulary.events import EventKind
from conformance.vocabulary.federation import Subscriber
from conformance.vocabulary.secrets import Secret
from tests.blocks import Block

HOST = f"127.{1 + Block.NODES.number}.1.19"
REALM, ALICE, BOB = "uc3m.netlab.test", "sip:alice@uc3m.netlab.test", "sip:bob@stuba.netlab.test"
RULES = "/xcap-root/pres-rules/users/sip:alice@uc3m.netlab.test/index"


class Server:
    """Challenges each request that has no right answer, and keeps what was put."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, bytes]] = []
        self.headers: list[Any] = []
        self.status = 200
        self.silent = False
        self.port = 0

    async def handle(self, request: web.Request) -> web.Response:
        if self.silent:
            await asyncio.Event().wait()
        if not self._is_right(request):
            challenge = f'Digest realm="{REALM}", nonce="n", algorithm=MD5, qop="auth"'
            return web.Response(status=401, headers={"WWW-Authenticate": challenge})
        self.requests.append((request.method, request.raw_path, await request.read()))
        self.headers.append(request.headers)
        return web.Response(status=self.status, body=b"<x/>", headers={"ETag": '"e"'})

    def _is_right(self, request: web.Request) -> bool:
        if "Authorization" not in request.headers:
            return False
        given = DigestHeader.parse(request.headers["Authorization"])
        ha1 = digest_ha1("alice@uc3m.netlab.test", REALM, b"open sesame")
        values = {name: given.get(name) for name in ("nonce", "qop", "nc", "cnonce")}
        right = digest_response(ha1, method=request.method, uri=request.raw_path, **values)
        return given.get("response") == right and given.get("uri") == request.raw_path


@pytest.fixture
def server(loop: TerminalLoop) -> Iterator[Server]:
    made = Server()

    async def start() -> web.AppRunner:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", made.handle)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, HOST, 0)
        await site.start()
        made.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        return runner

    runner = loop.run(start, 5, "start of the server")
    yield made
    loop.run(runner.cleanup, 5, "end of the server")


@pytest.fixture
def client(server: Server, alice: Subscriber, loop: TerminalLoop) -> Callable[..., XcapClient]:
    def make(spoken: str = "open sesame", port: int = 0) -> XcapClient:
        user = alice.model_copy(update={"k": None, "opc": None, "op": None, "password": Secret(spoken.encode())})
        place = XcapPlace(f"http://{HOST}:{port or server.port}/xcap-root", ALICE, "127.0.0.1", Locator(HOST))
        return XcapClient(place, Authenticator(user, REALM), EventLog(), loop, 2.0)

    return make


def test_rules_are_stored_with_the_users_password(server: Server, client: Callable[..., XcapClient]) -> None:
    documents = Documents(client())
    server.status = 201
    assert documents.allow(BOB).entity_tag == '"e"'
    ((method, path, body),) = server.requests
    assert (method, path) == ("PUT", RULES)
    assert read_rules(body).decide(Occasion(BOB, datetime.now(UTC))).handling is SubHandling.ALLOW
    assert server.headers[0]["Content-Type"] == "application/auth-policy+xml"
    assert server.headers[0]["X-3GPP-Intended-Identity"] == f'"{ALICE}"'
    events = documents.client._events.events
    assert [(one.kind, one.status, one.detail) for one in events] == [(EventKind.STORED, 201, f"PUT {RULES}")]


def test_one_rule_is_replaced_by_its_selector(server: Server, client: Callable[..., XcapClient]) -> None:
    Documents(client()).change_rule("block", BOB)
    ((method, path, body),) = server.requests
    assert method == "PUT"
    assert path.startswith(f"{RULES}/~~/cp:ruleset/cp:rule%5B@id=%22watchers%22%5D?xmlns(cp=urn")
    assert server.headers[0]["Content-Type"] == "application/xcap-el+xml"
    assert b"<pr:sub-handling>block</pr:sub-handling>" in body


def test_entries_of_a_list(server: Server, client: Callable[..., XcapClient]) -> None:
    documents = Documents(client())
    documents.keep_buddies("friends", [BOB])
    documents.add_buddy("friends", "sip:c@x")
    documents.remove_buddy("friends", BOB)
    documents.rename_list("family")
    documents.buddies()
    documents.clear()
    assert [method for method, _, _ in server.requests] == ["PUT", "PUT", "DELETE", "PUT", "GET", "DELETE"]
    lists = "/xcap-root/resource-lists/users/sip:alice@uc3m.netlab.test/index"
    assert server.requests[5][1] == lists
    selector = "/~~/resource-lists/list%5B@name=%22friends%22%5D/entry%5B@uri=%22sip:bob@stuba.netlab.test%22%5D"
    assert server.requests[2][1] == lists + selector
    assert server.requests[3][1:] == (f"{lists}/~~/resource-lists/list%5B1%5D/@name", b"family")
    assert server.headers[3]["Content-Type"] == "application/xcap-att+xml"


@pytest.mark.parametrize("status", [403, 404, 409, 412, 500])
def test_a_refusal_has_its_status(server: Server, client: Callable[..., XcapClient], status: int) -> None:
    server.status = status
    with pytest.raises(PresenceRefused) as refusal:
        Documents(client()).rules()
    assert refusal.value.status == status


def test_a_wrong_password_is_refused(server: Server, client: Callable[..., XcapClient]) -> None:
    with pytest.raises(PresenceRefused) as refusal:
        Documents(client("mistaken")).rules()
    assert (refusal.value.status, server.requests) == (401, [])


def test_who_does_not_answer_is_named(server: Server, client: Callable[..., XcapClient]) -> None:
    server.silent = True
    with pytest.raises(PresenceTimedOut, match=r"awaited the answer to GET /xcap-root/pres-rules/.* for 2 s"):
        Documents(client()).rules()


def test_who_is_not_there_is_named(client: Callable[..., XcapClient]) -> None:
    with pytest.raises(PresenceTimedOut, match="awaited the answer to GET"):
        Documents(client(port=9)).rules()


def test_documents_that_are_gone_are_gone(server: Server, client: Callable[..., XcapClient]) -> None:
    documents = Documents(client())
    documents.block(BOB)
    server.status = 404
    documents.clear()
    documents.clear()
    assert [method for method, _, _ in server.requests] == ["PUT", "DELETE"]
