"""From outside an XDMS is reached by the P-CSCF, where the testbed declares that; inside, by its own address."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

import aiohttp
import dns.asyncquery
import dns.message
import pytest

from conformance.vocabulary.federation import XCAP_NAT, NodeKind
from tests.cores.xdms.conftest import Client

NAME = "xcap.uc3m.netlab.test"
OUTSIDE, TERMINAL = "127.35.2.130", "127.35.1.130"


def translating(scene: Any) -> None:
    features = scene.testbed.features.model_copy(update={"ics": scene.testbed.features.ics | {XCAP_NAT}})
    scene.testbed = scene.testbed.model_copy(update={"features": features})


@pytest.fixture
def network(in_scene: Callable[..., None], tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(story: Callable[[Any], Any]) -> None:
        async def whole(scene: Any) -> None:
            translating(scene)
            for kind in (NodeKind.DNS, NodeKind.XDMS, NodeKind.PCSCF):
                await scene.node(kind)
            await story(scene)

        in_scene(whole)

    return run


async def where(scene: Any, source: str) -> str:
    server = str(scene.testbed.node(NodeKind.DNS).address)
    answer = await dns.asyncquery.udp(dns.message.make_query(NAME, "A"), server, 2, source=source)
    return str(answer.answer[0][0])


def test_the_name_leads_others_to_the_proxy(network: Callable[..., None]) -> None:
    async def story(scene: Any) -> None:
        node = {kind: str(scene.testbed.node(kind).address) for kind in (NodeKind.PCSCF, NodeKind.XDMS, NodeKind.AS)}
        assert await where(scene, OUTSIDE) == node[NodeKind.PCSCF]
        assert await where(scene, TERMINAL) == node[NodeKind.XDMS]
        assert await where(scene, node[NodeKind.AS]) == node[NodeKind.XDMS]

    network(story)


def test_the_proxy_passes_http_and_https_on(network: Callable[..., None]) -> None:
    async def story(scene: Any) -> None:
        proxy = await where(scene, OUTSIDE)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=(OUTSIDE, 0))) as session:
            client = Client(session, f"http://{proxy}:8080/xcap-root", "alice@uc3m.netlab.test", "xcap-alice")
            assert (await client.ask("GET", "xcap-caps/global/index")).status == 200
            trust = ssl.create_default_context(cafile=str(scene.folder / "ca.pem"))
            secure = f"https://{proxy}:8443/xcap-root/xcap-caps/global/index"
            async with session.get(secure, ssl=trust, server_hostname=NAME) as response:
                assert response.status == 401

    network(story)


def test_the_word_of_the_proxy_proves_nobody(network: Callable[..., None]) -> None:
    async def story(scene: Any) -> None:
        proxy = str(scene.testbed.node(NodeKind.PCSCF).address)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=(OUTSIDE, 0))) as session:
            client = Client(session, f"http://{proxy}:8080/xcap-root")
            asserted = {"X_3GPP_Asserted_Identity": '"sip:alice@uc3m.netlab.test"'}
            answer = await client.ask("GET", "pres-rules/users/sip:alice@uc3m.netlab.test/index", **asserted)
            assert answer.status == 401

    network(story)


def test_without_the_declaration_nothing_is_translated(in_scene: Callable[..., None]) -> None:
    async def story(scene: Any) -> None:
        for kind in (NodeKind.DNS, NodeKind.PCSCF):
            await scene.node(kind)
        assert await where(scene, OUTSIDE) == str(scene.testbed.node(NodeKind.XDMS).address)
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.get(f"http://{scene.testbed.node(NodeKind.PCSCF).address}:8080/")

    in_scene(story)
