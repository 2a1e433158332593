"""A presence server and an XDMS of Kamailio, opposite to a hand-written S-CSCF, watcher and XCAP client."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
from typing import Any

import pytest
from sipmessage import Request, Response

from conformance.cores.kamailio.installed import require_programs
from conformance.protocols.sip.message import make_response
from conformance.vocabulary.errors import NetlabError
from conformance.vocabulary.federation import NodeKind
from tests.cores.conftest import Scene

ALICE = "sip:alice@uc3m.netlab.test"
BOB = "sip:bob@stuba.netlab.test"
PIDF = (
    f'<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" entity="{ALICE}">'
    '<tuple id="{}"><status><basic>{}</basic></status></tuple></presence>'
)
RULES = (
    '<?xml version="1.0"?><ruleset xmlns="urn:ietf:params:xml:ns:common-policy" '
    'xmlns:pr="urn:ietf:params:xml:ns:pres-rules"><rule id="r1"><conditions><identity>'
    f'<one id="{BOB}"/></identity></conditions><actions><pr:sub-handling>{{}}</pr:sub-handling></actions>'
    "<transformations><pr:provide-all-attributes/></transformations></rule></ruleset>"
)
RULES_TYPE = "application/auth-policy+xml"
PASSWORD = "xcap-alice"
DOCUMENT = f"/xcap-root/pres-rules/users/{ALICE}/index"


def _why_not() -> str:
    try:
        require_programs()
    except NetlabError as error:
        return str(error)
    return ""


needs_servers = pytest.mark.skipif(bool(_why_not()), reason=_why_not() or "they are there")


class Servers:
    """Presence server, XDMS and BIND of `uc3m`, and what a test has in the place of the S-CSCF."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.notified: asyncio.Queue[Request] = asyncio.Queue()

    async def begin(self, *, scscf: bool = True) -> None:
        """Start everything; without a peer of our own in the place of the S-CSCF another program may stand there."""

        def answer(request: Request) -> Response:
            self.notified.put_nowait(request)
            return make_response(request, 200)

        await self.scene.node(NodeKind.DNS)
        if scscf:
            self.scscf = await self.scene.instead_of(NodeKind.SCSCF, answer)
        await asyncio.gather(self.scene.node(NodeKind.PRESENCE), self.scene.node(NodeKind.XDMS))

    async def send(self, method: str, *lines: str, sender: Any = None, body: str = "", cseq: int = 1) -> Response:
        scscf = self.scene.testbed.node(NodeKind.SCSCF)
        contact = f"Contact: <sip:peer@{scscf.address}:{scscf.port}>"
        request = self.scene.request(method, ALICE, contact, "Supported:", *lines, cseq=cseq)
        if body:
            request.body = body.encode()
        response: Response = await (sender or self.scscf).send_request(request, self.scene.hop(NodeKind.PRESENCE))
        return response

    async def publish(self, basic: str, tag: str | None = None, device: str = "t1") -> Response:
        """Publish for a device of alice, by the entity tag where there is one; nothing to say: remove it."""
        given = [f"P-Asserted-Identity: <{ALICE}>", "Event: presence", f"Call-ID: {device}"]
        given += [f"SIP-If-Match: {tag}"] if tag else []
        given += ["Expires: 60", "Content-Type: application/pidf+xml"] if basic else ["Expires: 0"]
        return await self.send("PUBLISH", *given, body=PIDF.format(device, basic) if basic else "")

    async def watch(self, expires: int = 60, cseq: int = 1) -> Response:
        given = ("Event: presence", f"Expires: {expires}", "Call-ID: watching", f"From: <{BOB}>;tag=w")
        return await self.send("SUBSCRIBE", *given, f"P-Asserted-Identity: <{BOB}>", cseq=cseq)

    async def next_notify(self) -> Request:
        return await asyncio.wait_for(self.notified.get(), 5)

    async def http(
        self, method: str, path: str, body: str = "", password: str | None = PASSWORD, **headers: str
    ) -> tuple[int, dict[str, str], str]:
        """Ask the XDMS; answer its challenge where there is a password."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        code, fields, text = await self._ask(method, path, body, given)
        if code != 401 or password is None:
            return code, fields, text
        offered = dict(re.findall(r'(\w+)="?([^",]+)', fields["www-authenticate"]))
        user, count, cnonce = "alice@uc3m.netlab.test", "00000001", "c0ffee"
        one = _md5(f"{user}:{offered['realm']}:{password}")
        response = _md5(f"{one}:{offered['nonce']}:{count}:{cnonce}:auth:{_md5(f'{method}:{path}')}")
        given["Authorization"] = (
            f'Digest username="{user}", realm="{offered["realm"]}", nonce="{offered["nonce"]}", uri="{path}", '
            f'qop=auth, nc={count}, cnonce="{cnonce}", response="{response}"'
        )
        return await self._ask(method, path, body, given)

    async def _ask(self, method: str, path: str, body: str, given: dict[str, str]) -> tuple[int, dict[str, str], str]:
        node = self.scene.testbed.node(NodeKind.XDMS)
        terminal = str(self.scene.testbed.access_networks[0].pool[1])
        reader, writer = await asyncio.open_connection(str(node.address), node.port, local_addr=(terminal, 0))
        with contextlib.closing(writer):
            fields = {"Host": "xdms.uc3m.netlab.test:8080", "Content-Length": str(len(body)), **given}
            head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
            writer.write((head + "\r\n" + body).encode())
            top = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).decode()
            lines = top.split("\r\n")
            found = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            text = (await reader.readexactly(int(found.get("content-length", "0")))).decode()
            return int(lines[0].split()[1]), found, text


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
