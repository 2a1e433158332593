"""The presence server beside the real XDMS: they meet on the wire, by XCAP and xcap-diff."""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes

import aiohttp
from yarl import URL

from conformance.vocabulary.federation import NodeKind
from tests.cores.presence.lab import ALICE, BOB, GRACE, Lab, pidf, rules

FRIENDS = "sip:alice-friends@uc3m.netlab.test"
KINDS = {"pres-rules": "auth-policy", "resource-lists": "resource-lists", "rls-services": "rls-services"}


async def put(lab: Lab, path: str, document: bytes, user: str = ALICE) -> int:
    """Put a document in the name of a user, as a trusted server may."""
    node, presence = (lab.scene.testbed.node(kind) for kind in (NodeKind.XDMS, NodeKind.PRESENCE))
    connector = aiohttp.TCPConnector(local_addr=(str(presence.address), 0))
    headers = {
        "X-3GPP-Asserted-Identity": f'"{user}"',
        "Content-Type": f"application/{KINDS[path.partition('/')[0]]}+xml",
    }
    url = URL(f"http://{node.address}:{node.port}/xcap-root/{path}", encoded=True)
    async with (
        aiohttp.ClientSession(connector=connector) as client,
        client.put(url, data=document, headers=headers) as answer,
    ):
        return answer.status


def test_rules_are_put_and_felt(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        await lab.scene.node(NodeKind.XDMS)
        await lab.scene.ready(NodeKind.XDMS)
        await lab.scene.node(NodeKind.PRESENCE)
        await lab.publish(body=pidf())
        await lab.subscribe()
        assert await lab.state() == ("pending", b"")
        index = f"pres-rules/users/{ALICE}/index"
        assert await put(lab, index, rules("allow")) == 201
        state, body = await lab.state()
        assert (state, b"open" in body) == ("active", True)
        assert await put(lab, index, rules("block")) == 200
        assert await lab.state() == ("terminated;reason=rejected", b"")

    in_lab(story, xdms_of_the_test=False, serve=False)


def test_a_buddy_list_is_subscribed_to(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        await lab.scene.node(NodeKind.XDMS)
        await lab.scene.ready(NodeKind.XDMS)
        await lab.scene.node(NodeKind.PRESENCE)
        rl = "urn:ietf:params:xml:ns:resource-lists"
        buddies = f'<resource-lists xmlns="{rl}"><list name="friends"><entry uri="{GRACE}"/></list></resource-lists>'
        path = f"resource-lists/users/{ALICE}/index"
        assert await put(lab, path, buddies.encode()) == 201
        where = f"{lab.scene.testbed.xcap_root()}/{path}/~~/resource-lists/list%5b@name=%22friends%22%5d"
        service = (
            f'<rls-services xmlns="urn:ietf:params:xml:ns:rls-services"><service uri="{FRIENDS}">'
            f"<resource-list>{where}</resource-list><packages><package>presence</package></packages></service></rls-services>"
        )
        assert await put(lab, f"rls-services/users/{ALICE}/index", service.encode()) == 201
        await lab.subscribe("Supported: eventlist", user=ALICE, uri=FRIENDS)
        notify = await lab.notify()
        whole = message_from_bytes(f"Content-Type: {notify.headers['Content-Type']}\r\n\r\n".encode() + notify.body)
        rlmi = whole.get_payload(0).get_payload(decode=True)  # type: ignore[union-attr]
        assert f'uri="{GRACE}"'.encode() in rlmi
        assert b'state="pending"' in rlmi
        allow = rules("allow", watcher=ALICE)
        assert await put(lab, f"pres-rules/users/{GRACE}/index", allow, GRACE) == 201
        assert b'state="active"' in (await lab.notify()).body

    in_lab(story, xdms_of_the_test=False, serve=False)


def test_without_an_answer_of_the_xdms_watchers_wait(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        await lab.scene.node(NodeKind.PRESENCE)
        await lab.subscribe(user=BOB)
        assert await lab.state() == ("pending", b"")

    in_lab(story, xdms_of_the_test=False, serve=False)
