"""Readiness is asked for until it is seen, whatever stands in the way of the question itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from conformance.cores.emulated import readiness
from conformance.cores.emulated.readiness import until_serving
from conformance.stack.sip import SipStack
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.federation import NodeKind


class Unlucky(SipStack):
    """An element whose first port is taken."""

    failed = 0

    async def start(self) -> None:
        if Unlucky.failed == 0:
            Unlucky.failed += 1
            raise TestbedDown("127.0.0.1:1/tcp is in use")
        await super().start()


@pytest.fixture
def unlucky(monkeypatch: pytest.MonkeyPatch) -> type[Unlucky]:
    monkeypatch.setattr(Unlucky, "failed", 0)
    monkeypatch.setattr(readiness, "SipStack", Unlucky)
    return Unlucky


def test_a_port_that_is_taken_is_no_answer(in_scene: Callable[..., None], unlucky: type[Unlucky]) -> None:
    async def story(scene: Any) -> None:
        await scene.node(NodeKind.PCSCF)
        assert await until_serving(scene.testbed, NodeKind.PCSCF, lambda: True) is None
        assert unlucky.failed == 1

    in_scene(story)


def test_asking_ends_when_nobody_wants_to_know(in_scene: Callable[..., None], unlucky: type[Unlucky]) -> None:
    async def story(scene: Any) -> None:
        found = await until_serving(scene.testbed, NodeKind.PCSCF, lambda: False)
        assert found == "127.0.0.1:1/tcp is in use"

    in_scene(story)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", None),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "b'HTTP/1.1 503 Service Unavailable'"),
        (b"", "b''"),
    ],
)
def test_an_xdms_serves_when_it_tells_its_capabilities(
    in_scene: Callable[..., None], answer: bytes, found: str | None
) -> None:
    async def story(scene: Any) -> None:
        node = scene.testbed.node(NodeKind.XDMS)
        assert "Connect call failed" in str(await until_serving(scene.testbed, NodeKind.XDMS, lambda: False))

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            assert (await reader.readline()).startswith(b"GET /xcap-root/xcap-caps/global/index HTTP/1.1")
            await reader.readuntil(b"\r\n\r\n")
            assert writer.get_extra_info("peername")[0] == str(node.address)
            writer.write(answer)
            writer.close()

        async with await asyncio.start_server(serve, str(node.address), node.port):
            assert await until_serving(scene.testbed, NodeKind.XDMS, lambda: False) == found

    in_scene(story)
