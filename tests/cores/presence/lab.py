"""A presence server with hand-written peers: an S-CSCF in front of it, an XDMS beside it."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from typing import Any

from aiohttp import web
from sipmessage import URI, Request, Response

from conformance.protocols.sip.dialog import Dialog
from conformance.protocols.sip.message import make_response, read_message
from conformance.protocols.xcap.diff import DocumentChange, write_diff
from conformance.stack.sip import ServerTransaction, SipStack
from conformance.vocabulary.federation import Node, NodeKind

ALICE = "sip:alice@uc3m.netlab.test"
BOB = "sip:bob@stuba.netlab.test"
GRACE = "sip:grace@uc3m.netlab.test"

PIDF = """<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model"
 xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" entity="{entity}">
<tuple id="{id}"><status><basic>{basic}</basic></status><rpid:class>{id}</rpid:class><contact>{entity}</contact></tuple>
<dm:person id="p-{id}"><rpid:activities><rpid:{activity}/></rpid:activities></dm:person>
</presence>"""

RULES = """<?xml version="1.0" encoding="UTF-8"?>
<cr:ruleset xmlns="urn:ietf:params:xml:ns:pres-rules" xmlns:pr="urn:ietf:params:xml:ns:pres-rules"
 xmlns:cr="urn:ietf:params:xml:ns:common-policy"><cr:rule id="r1">
<cr:conditions><cr:identity><cr:one id="{watcher}"/></cr:identity></cr:conditions>
<cr:actions><pr:sub-handling>{handling}</pr:sub-handling></cr:actions>
<cr:transformations><pr:provide-services><pr:all-services/></pr:provide-services>
<pr:provide-persons><pr:all-persons/></pr:provide-persons>{more}</cr:transformations></cr:rule></cr:ruleset>"""
EVERYTHING = "<pr:provide-all-attributes/>"


def pidf(*, entity: str = ALICE, id: str = "phone", basic: str = "open", activity: str = "meeting") -> bytes:
    return PIDF.format(entity=entity, id=id, basic=basic, activity=activity).encode()


def rules(handling: str, *, watcher: str = BOB, more: str = EVERYTHING) -> bytes:
    return RULES.format(handling=handling, watcher=watcher, more=more).encode()


@dataclasses.dataclass
class Watcher:
    """A subscription as the subscriber has it."""

    dialog: Dialog
    answer: Response
    event: str


class Lab:
    """What a story works with."""

    def __init__(self, scene: Any) -> None:
        self.scene = scene
        self.documents: dict[str, bytes] = {}
        """What the XDMS has, by path behind its root."""
        self.asked: list[tuple[str, str, str]] = []
        """Path, asserted identity and source address of each GET."""
        self.put_by_server: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        """Path and document of each PUT."""
        self.notified: asyncio.Queue[Request] = asyncio.Queue()
        self.subscribed: asyncio.Queue[Request] = asyncio.Queue()
        """SUBSCRIBEs for rules, at the XDMS."""
        self.arrived: asyncio.Queue[Request] = asyncio.Queue()
        """Requests other than NOTIFY at the S-CSCF."""
        self.answers: Callable[[Request], int] = lambda _: 200
        self.scscf: SipStack
        self.xdms: SipStack
        self._to_be_told: dict[str, Dialog] = {}
        """Who wants to know of changes, by application usage."""
        self._more_to_be_told = asyncio.Condition()
        self._number = 0

    async def begin(
        self, *faults: str, xdms: bool = True, xdms_of_the_test: bool = True, serve: bool = True, scscf: bool = True
    ) -> None:
        testbed = self.scene.testbed
        base = str(testbed.node(NodeKind.SCSCF).address).rpartition(".")[0]
        nodes = dict(testbed.nodes)
        nodes[NodeKind.PRESENCE] = Node(host="presence", address=f"{base}.18", port=5060)
        nodes.pop(NodeKind.XDMS, None)
        if xdms:
            nodes[NodeKind.XDMS] = Node(host="xdms", address=f"{base}.19", port=8080)
        self.scene.testbed = testbed.model_copy(update={"nodes": nodes})
        await self.scene.node(NodeKind.DNS)
        await self.scene.ready(NodeKind.DNS)
        if xdms and xdms_of_the_test:
            await self._begin_xdms(f"{base}.19")
        if scscf:
            node = testbed.node(NodeKind.SCSCF)
            self.scscf = await self.scene.peer(str(node.address), node.port)
            self.scscf.on_request = self._at_scscf
        if serve:
            await self.scene.node(NodeKind.PRESENCE, *faults)

    async def _begin_xdms(self, address: str) -> None:
        async def get(request: web.Request) -> web.Response:
            path = request.path.removeprefix("/xcap-root/")
            self.asked.append((path, request.headers.get("X-3GPP-Asserted-Identity", ""), request.remote or ""))
            found = self.documents.get(path)
            return web.Response(status=404) if found is None else web.Response(body=found)

        async def put(request: web.Request) -> web.Response:
            self.put_by_server.put_nowait((request.path.removeprefix("/xcap-root/"), await request.read()))
            return web.Response(status=200)

        application = web.Application()
        application.router.add_get("/{path:.*}", get)
        application.router.add_put("/{path:.*}", put)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        self.scene._end.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, address, 8080).start()
        self.xdms = await self.scene.peer(address, 5060)
        self.xdms.on_request = self._at_xdms

    async def _at_xdms(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        response = make_response(request, 200)
        response.headers.set("Contact", f"<sip:{self.xdms.address}:5060>")
        response.headers.set("Expires", request.headers["Expires"])
        await transaction.respond(response)
        for usage in ("pres-rules", "pidf-manipulation", "resource-lists", "rls-services"):
            if f'"{usage}/'.encode() in request.body:
                self._to_be_told[usage] = Dialog.answered(request, response)
                if usage == "pres-rules":
                    self.subscribed.put_nowait(request)
        async with self._more_to_be_told:
            self._more_to_be_told.notify_all()

    async def told_of_rules(self) -> Request:
        """Return the next SUBSCRIBE for rules, which has been answered."""
        async with asyncio.timeout(5):
            return await self.subscribed.get()

    async def put_rules(self, document: bytes | None, user: str = ALICE, name: str = "index") -> None:
        """Change the rules of a user, and tell who has subscribed to them (RFC 5875)."""
        await self.put(f"pres-rules/users/{user}/{name}", document)

    async def put(self, path: str, document: bytes | None) -> None:
        """Change a document, and tell who has subscribed to those of its usage."""
        self.documents.pop(path, None)
        if document is not None:
            self.documents[path] = document
        usage = path.partition("/")[0]
        async with asyncio.timeout(5), self._more_to_be_told:
            await self._more_to_be_told.wait_for(lambda: usage in self._to_be_told)
        notify = self._to_be_told[usage].next_request("NOTIFY")
        notify.headers.set("Contact", f"<sip:{self.xdms.address}:5060>")
        notify.headers.set("Event", "xcap-diff")
        notify.headers.set("Subscription-State", "active;expires=3000")
        notify.headers.set("Content-Type", "application/xcap-diff+xml")
        change = DocumentChange(path, "old", None if document is None else "new")
        notify.body = write_diff("http://xdms.uc3m.netlab.test:8080/xcap-root", [change])
        response = await self.xdms.send_request(notify, self.scene.hop(NodeKind.PRESENCE))
        assert response.code == 200

    async def _at_scscf(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        if request.method == "NOTIFY":
            self.notified.put_nowait(request)
        else:
            self.arrived.put_nowait(request)
        response = make_response(request, self.answers(request))
        if request.method == "SUBSCRIBE":
            response.headers.set("Contact", f"<sip:{self.scscf.address}:{self.scscf.port}>")
            response.headers.set("Expires", request.headers.get("Expires") or "3600")
            self.telling = Dialog.answered(request, response)
        await transaction.respond(response)

    def message(self, method: str, uri: str, user: str, *lines: str, body: bytes = b"") -> Request:
        """Make a request of a user as it comes from the S-CSCF; `lines` replace header fields, `Name:` removes one."""
        self._number += 1
        fields = {
            "From": f"<{user}>;tag=t{self._number}",
            "To": f"<{uri}>",
            "Call-ID": f"call-{self._number}",
            "CSeq": f"1 {method}",
            "Max-Forwards": "70",
            "Contact": f"<sip:{user.partition(':')[2].partition('@')[0]}@{self.scscf.address}:{self.scscf.port}>",
            "P-Asserted-Identity": f"<{user}>",
            "Event": "presence",
        }
        for line in lines:
            name, _, value = line.partition(":")
            fields.pop(name, None)
            if value.strip():
                fields[name] = value.strip()
        text = f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP placeholder.invalid\r\n"
        text += "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        request = read_message(text.encode() + b"\r\n")
        assert isinstance(request, Request)
        request.headers.remove("Via")
        request.body = body
        return request

    async def send(self, request: Request, source: SipStack | None = None) -> Response:
        return await (source or self.scscf).send_request(request, self.scene.hop(NodeKind.PRESENCE))

    async def publish(self, *lines: str, body: bytes = b"", user: str = ALICE) -> Response:
        kind = ["Content-Type: application/pidf+xml"] if body else []
        return await self.send(self.message("PUBLISH", user, user, *kind, *lines, body=body))

    async def subscribe(self, *lines: str, user: str = BOB, uri: str = ALICE) -> Watcher:
        request = self.message("SUBSCRIBE", uri, user, "Expires: 600", *lines)
        answer = await self.send(request)
        assert answer.code == 200, f"{answer.code} {answer.phrase}"
        return Watcher(Dialog.begun(request, answer), answer, request.headers["Event"])

    async def again(self, watcher: Watcher, expires: int, *lines: str) -> Response:
        request = watcher.dialog.next_request("SUBSCRIBE")
        request.uri = URI.parse(str(request.uri))
        request.headers.set("Event", watcher.event)
        request.headers.set("Expires", str(expires))
        request.headers.set("Contact", f"<sip:bob@{self.scscf.address}:{self.scscf.port}>")
        for line in lines:
            name, _, value = line.partition(":")
            request.headers.set(name, value.strip())
        return await self.send(request)

    async def notify(self) -> Request:
        """Return the next NOTIFY that the S-CSCF gets."""
        async with asyncio.timeout(5):
            return await self.notified.get()

    async def arrived_next(self) -> Request:
        """Return the next request other than a NOTIFY that the S-CSCF gets."""
        async with asyncio.timeout(5):
            return await self.arrived.get()

    async def state(self) -> tuple[str, bytes]:
        """Return subscription state and body of the next NOTIFY."""
        request = await self.notify()
        return (request.headers["Subscription-State"] or "").partition(";expires")[0], request.body
