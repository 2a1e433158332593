"""An XDMS and what asks it, in one event loop."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from yarl import URL

from conformance.protocols.aka import digest_ha1, digest_response
from conformance.protocols.sip.digest_header import DigestHeader
from conformance.vocabulary.federation import Node, NodeKind

ALICE = "sip:alice@uc3m.netlab.test"
BOOK = f"resource-lists/users/{ALICE}/index"
LISTS = "application/resource-lists+xml"
ELEMENT = "application/xcap-el+xml"
PRESENCE = "127.35.1.18"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def etag(self) -> str:
        return self.headers["ETag"]


class Client:
    """A plain XCAP client that answers challenges; it knows nothing of the server's code."""

    def __init__(self, session: aiohttp.ClientSession, root: str, user: str = "", password: str = "") -> None:
        self._session = session
        self._root = root
        self._user, self._password = user, password
        self.challenges = 0

    def as_user(self, user: str, password: str) -> Client:
        return Client(self._session, self._root, user, password)

    async def ask(self, method: str, path: str, body: bytes | str = b"", kind: str = "", **headers: str) -> Reply:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if kind:
            given["Content-Type"] = kind
        url = URL(f"{self._root}/{path}", encoded=True)
        reply = await self._send(method, url, body, given)
        if reply.status == 401 and self._user:
            self.challenges += 1
            challenge = DigestHeader.parse(reply.headers["WWW-Authenticate"])
            realm, nonce = challenge.get("realm"), challenge.get("nonce")
            values = {"username": self._user, "realm": realm, "nonce": nonce, "uri": url.raw_path_qs}
            response = digest_response(
                digest_ha1(self._user, realm, self._password.encode()),
                method=method,
                uri=url.raw_path_qs,
                nonce=nonce,
                qop="auth",
                nc="00000001",
                cnonce="c",
            )
            values |= {"response": response, "qop": "auth", "nc": "00000001", "cnonce": "c"}
            given["Authorization"] = str(DigestHeader.credentials(**values))
            reply = await self._send(method, url, body, given)
        return reply

    async def _send(self, method: str, url: URL, body: bytes | str, headers: dict[str, str]) -> Reply:
        data = body.encode() if isinstance(body, str) else body
        async with self._session.request(method, url, data=data or None, headers=headers) as response:
            return Reply(response.status, response.headers, await response.read())


class Xdms:
    """An XDMS of uc3m that runs."""

    def __init__(self, scene: Any, session: aiohttp.ClientSession) -> None:
        self.scene = scene
        self.folder = scene.folder
        self.root = f"http://{scene.testbed.node(NodeKind.XDMS).address}:8080/xcap-root"
        self._session = session
        self.nobody = Client(session, self.root)
        self.alice = self.nobody.as_user("alice@uc3m.netlab.test", "xcap-alice")

    @asynccontextmanager
    async def at(self, address: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[Client]:
        """A client whose requests come from an address; with `tls` over HTTPS."""
        root = self.root if tls is None else self.root.replace("http:", "https:").replace(":8080", ":8443")
        connector = aiohttp.TCPConnector(local_addr=(address, 0), ssl=tls or True)
        async with aiohttp.ClientSession(connector=connector) as session:
            yield Client(session, root)


def with_presence_server(scene: Any) -> None:
    """Give the scene's testbed a presence server, which the XDMS trusts."""
    node = Node(host="presence", address=PRESENCE, port=5060)
    testbed = scene.testbed
    scene.testbed = testbed.model_copy(update={"nodes": {**testbed.nodes, NodeKind.PRESENCE: node}})


@pytest.fixture
def xdms(in_scene: Callable[..., None], tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Runs a story with an XDMS; faults by name."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(story: Callable[[Xdms], Any], *faults: str) -> None:
        async def whole(scene: Any) -> None:
            with_presence_server(scene)
            await scene.node(NodeKind.DNS)
            await scene.node(NodeKind.XDMS, *faults)
            await scene.ready(NodeKind.XDMS)
            async with aiohttp.ClientSession() as session:
                await story(Xdms(scene, session))

        in_scene(whole)

    return run
