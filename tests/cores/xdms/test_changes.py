"""Who has subscribed to documents is told of each change at once (RFC 5875); nobody else may subscribe."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree
from sipmessage import Request, Response

from conformance.cores.emulated.control import ask
from conformance.cores.emulated.quiet import control_path
from conformance.protocols.sip.message import make_response
from conformance.protocols.xcap.diff import CONTENT_TYPE, LIST_TYPE
from conformance.stack.hop import Hop
from conformance.vocabulary.federation import NodeKind
from tests.cores.xdms.conftest import ALICE, PRESENCE, Xdms

RULES = f"pres-rules/users/{ALICE}/index"
RULESET = '<ruleset xmlns="urn:ietf:params:xml:ns:common-policy"/>'
POLICY = "application/auth-policy+xml"
DIFF = "{urn:ietf:params:xml:ns:xcap-diff}document"
LINES = (
    "From: <sip:presence.uc3m.netlab.test>;tag=1",
    "Contact: <sip:presence.uc3m.netlab.test:5060>",
    "Event: xcap-diff",
    f"Accept: {CONTENT_TYPE}",
    f"Content-Type: {LIST_TYPE}",
    "Supported:",
)


def wanted(*uris: str) -> bytes:
    entries = "".join(f'<entry uri="{uri}"/>' for uri in uris)
    namespace = "urn:ietf:params:xml:ns:resource-lists"
    return f'<resource-lists xmlns="{namespace}"><list>{entries}</list></resource-lists>'.encode()


class Watcher:
    """A server at an address that subscribes and collects what it is told."""

    def __init__(self, at: Xdms, address: str = PRESENCE) -> None:
        self._at = at
        self._address = address
        self.told: asyncio.Queue[Request] = asyncio.Queue()

    async def start(self) -> Watcher:
        def answer(request: Request) -> Response:
            self.told.put_nowait(request)
            return make_response(request, 200)

        self.stack = await self._at.scene.peer(self._address, answer=answer)
        self.xdms = Hop(str(self._at.scene.testbed.node(NodeKind.XDMS).address), 5060)
        return self

    async def subscribe(self, body: bytes, *lines: str) -> Response:
        named = {line.partition(":")[0]: line for line in (*LINES, *lines)}
        request = self._at.scene.request("SUBSCRIBE", "sip:xdms.uc3m.netlab.test:5060", *named.values())
        request.headers.set("Contact", f"<sip:{self._address}:5060>")
        request.body = body
        response: Response = await self.stack.send_request(request, self.xdms)
        return response

    async def next(self) -> Request:
        return await asyncio.wait_for(self.told.get(), 5)

    async def documents(self) -> list[dict[str, str]]:
        notify = await self.next()
        assert notify.headers["Content-Type"] == CONTENT_TYPE
        return [dict(one.attrib) for one in etree.fromstring(notify.body).iter(DIFF)]


def test_each_change_of_a_document_is_told_at_once(xdms: Callable[..., None]) -> None:
    async def story(at: Xdms) -> None:
        first = await at.alice.ask("PUT", RULES, RULESET, POLICY)
        watcher = await Watcher(at).start()
        response = await watcher.subscribe(wanted(f"pres-rules/users/{ALICE}/"), "Expires: 600")
        assert (response.code, response.headers["Expires"]) == (200, "600")
        assert await watcher.documents() == [{"new-etag": first.etag.strip('"'), "sel": RULES}]

        rule = RULESET.replace("/>", '><rule id="a"/></ruleset>')
        second = await at.alice.ask("PUT", RULES, rule, POLICY)
        tags = {"new-etag": second.etag.strip('"'), "previous-etag": first.etag.strip('"')}
        assert await watcher.documents() == [{**tags, "sel": RULES}]
        await at.alice.ask("DELETE", f"{RULES}/~~/cp:ruleset/cp:rule?xmlns(cp=urn:ietf:params:xml:ns:common-policy)")
        (third,) = await watcher.documents()
        assert third["previous-etag"] == second.etag.strip('"')
        await at.alice.ask("PUT", f"resource-lists/users/{ALICE}/index", "<a/>", "application/resource-lists+xml")
        await at.alice.ask("DELETE", RULES)
        assert await watcher.documents() == [{"previous-etag": third["new-etag"], "sel": RULES}]

    xdms(story)


def test_who_asks_for_patches_is_told_what_of_a_document_is_another(xdms: Callable[..., None]) -> None:
    async def story(at: Xdms) -> None:
        await at.alice.ask("PUT", RULES, RULESET, POLICY)
        watcher = await Watcher(at).start()
        await watcher.subscribe(wanted(RULES), "Event: xcap-diff;diff-processing=xcap-patching")
        await watcher.next()
        rule = '<rule xmlns="urn:ietf:params:xml:ns:common-policy" id="a"/>'
        where = f'{RULES}/~~/cp:ruleset/cp:rule%5b@id="a"%5d?xmlns(cp=urn:ietf:params:xml:ns:common-policy)'
        await at.alice.ask("PUT", where, rule, "application/xcap-el+xml")
        (document,) = etree.fromstring((await watcher.next()).body)
        (patch,) = document
        assert (etree.QName(patch).localname, patch.get("sel"), patch[0].get("id")) == ("add", "*", "a")
        assert set(document.attrib) == {"sel", "new-etag", "previous-etag"}
        await at.alice.ask("DELETE", where)
        (document,) = etree.fromstring((await watcher.next()).body)
        assert [(etree.QName(one).localname, one.get("sel")) for one in document] == [("remove", "*/*[1]")]
        await at.alice.ask("PUT", RULES, RULESET, POLICY)
        (document,) = etree.fromstring((await watcher.next()).body)
        assert len(document) == 0

    xdms(story)


def test_a_subscription_can_be_a_look_and_ends(xdms: Callable[..., None]) -> None:
    async def story(at: Xdms) -> None:
        watcher = await Watcher(at).start()
        await watcher.subscribe(wanted("pres-rules/"), "Expires: 0")
        assert (await watcher.next()).headers["Subscription-State"] == "terminated;reason=timeout"
        await watcher.subscribe(wanted("pres-rules/"), "Expires: 1", "Call-ID: another")
        assert (await watcher.next()).headers["Subscription-State"] == "active;expires=1"
        assert (await watcher.next()).headers["Subscription-State"] == "terminated;reason=timeout"
        await at.alice.ask("PUT", RULES, RULESET, POLICY)
        await watcher.subscribe(wanted("rls-services/global/"), "Call-ID: a-third")
        (index,) = await watcher.documents()  # and nothing of the rules came before it
        assert index["sel"] == "rls-services/global/index"

    xdms(story)


@pytest.mark.parametrize(
    ("lines", "body", "status"),
    [
        (("Event: presence",), wanted("pres-rules/"), 489),
        (("Accept: application/pidf+xml",), wanted("pres-rules/"), 406),
        (("Content-Type: text/plain",), b"pres-rules", 415),
        ((), b"<!DOCTYPE a []><a/>", 400),
        (("To: <sip:xdms>;tag=x",), wanted("pres-rules/"), 481),
    ],
)
def test_other_subscriptions_are_refused(
    xdms: Callable[..., None], lines: tuple[str, ...], body: bytes, status: int
) -> None:
    async def story(at: Xdms) -> None:
        watcher = await Watcher(at).start()
        assert (await watcher.subscribe(body, *lines)).code == status

    xdms(story)


def test_a_terminal_may_not_subscribe(xdms: Callable[..., None]) -> None:
    async def story(at: Xdms) -> None:
        watcher = await Watcher(at, "127.35.1.130").start()
        assert (await watcher.subscribe(wanted("pres-rules/"))).code == 403

    xdms(story)


def test_the_fault_that_tells_nobody(xdms: Callable[..., None]) -> None:
    async def story(at: Xdms) -> None:
        watcher: Any = await Watcher(at).start()
        await watcher.subscribe(wanted("pres-rules/"))
        assert await watcher.documents() == []
        await at.alice.ask("PUT", RULES, RULESET, POLICY)
        await watcher.subscribe(wanted("pres-rules/"), "Call-ID: another")
        assert [one["sel"] for one in await watcher.documents()] == [RULES]  # the first NOTIFY of the second one

    xdms(story, "no-change-notification")


def test_it_is_quiet_when_nobody_has_to_be_told_any_more(xdms: Callable[..., None]) -> None:
    async def story(at: Xdms) -> None:
        watcher = await Watcher(at).start()
        await watcher.subscribe(wanted("pres-rules/"))
        await at.alice.ask("PUT", RULES, RULESET, POLICY)
        assert (await ask(control_path(at.folder), {"settle": True}))["quiet"]
        assert watcher.told.qsize() == 2
        assert await ask(control_path(at.folder), {"users": True}) == {"users": []}

    xdms(story)
