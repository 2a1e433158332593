"""The adapter with a scripted P-CSCF, byte for byte (RFC 3261 16.11). Addresses: 127.35.0.0/16."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sipmessage import Request, Response

from conformance.vocabulary.federation import NodeKind


@pytest.fixture
def exchange(in_scene: Callable[..., None]) -> Callable[[str], tuple[bytes, bytes]]:
    """Sends bytes through the adapter; returns what reached the P-CSCF, and the phone's answer."""

    def run(message: str) -> tuple[bytes, bytes]:
        found: list[bytes] = []

        async def story(scene: Any) -> None:
            loop = asyncio.get_running_loop()
            arrived, answered = loop.create_future(), loop.create_future()

            class Listener(asyncio.DatagramProtocol):
                def __init__(self, future: asyncio.Future[tuple[bytes, Any]]) -> None:
                    self.future = future

                def datagram_received(self, data: bytes, addr: Any) -> None:
                    if not self.future.done():
                        self.future.set_result((data, addr))

            pcscf = scene.testbed.node(NodeKind.PCSCF)
            adapter = scene.testbed.node(NodeKind.ADAPTER)
            phone = str(scene.testbed.access_networks[0].pool[1])
            await scene.node(NodeKind.ADAPTER)
            core, _ = await loop.create_datagram_endpoint(
                lambda: Listener(arrived), local_addr=(str(pcscf.address), pcscf.port)
            )
            terminal, _ = await loop.create_datagram_endpoint(lambda: Listener(answered), local_addr=(phone, 5060))
            terminal.sendto(message.replace("PHONE", phone).encode(), (str(adapter.address), adapter.port))
            async with asyncio.timeout(5):
                data, source = await arrived
                via = [line for line in data.split(b"\r\n") if line.startswith(b"Via")]
                core.sendto(b"SIP/2.0 401 Unauthorized\r\n" + b"\r\n".join(via) + b"\r\nX-Kept :  so\r\n\r\n", source)
                found.extend([data, (await answered)[0]])
            core.close()
            terminal.close()

        in_scene(story)
        return found[0], found[1]

    return run


def lines_of(message: bytes) -> list[str]:
    return message.decode().split("\r\n")


STANDARD = (
    "REGISTER sip:uc3m.netlab.test SIP/2.0\r\n"
    "v: SIP/2.0/UDP PHONE:5060;rport;branch=z9hG4bKa\r\n"
    "From: <sip:alice@uc3m.netlab.test>;tag=1\r\nTo: <sip:alice@uc3m.netlab.test>\r\n"
    "Max-Forwards:   70\r\nCall-ID: c\r\nCSeq: 1   REGISTER\r\n"
    'Authorization: Digest username="alice@uc3m.netlab.test", realm="uc3m.netlab.test", nonce="", '
    'uri="sip:uc3m.netlab.test", response="", algorithm=AKAv1-MD5\r\n'
    "Contact:   <sip:alice@PHONE:5060>\r\n ;expires=600\r\nX-ODD :  \u00e9 , kept\r\nContent-Length: 0\r\n\r\n"
)


def test_a_standard_register_keeps_every_byte_but_via_and_max_forwards(exchange: Callable[..., Any]) -> None:
    seen, answer = exchange(STANDARD)
    sent = lines_of(STANDARD.replace("PHONE", "127.35.1.129").encode())
    came = lines_of(seen)
    assert came[1].startswith("Via: SIP/2.0/UDP 127.35.1.21:5060;branch=z9hG4bK")
    assert came[2].startswith("v: SIP/2.0/UDP 127.35.1.129:5060;")
    assert "rport=5060" in came[2]
    assert "received=127.35.1.129" in came[2]
    assert came[5] == "Max-Forwards: 69"
    assert [*came[:1], *came[3:5], *came[6:]] == [*sent[:1], *sent[2:4], *sent[5:]]
    assert [line.partition(":")[0] for line in lines_of(answer)[:3]] == ["SIP/2.0 401 Unauthorized", "X-Kept ", ""]


def test_what_comes_back_has_the_vias_of_the_terminal_alone(exchange: Callable[..., Any]) -> None:
    seen, answer = exchange(STANDARD.replace("v: ", "Via: "))
    assert lines_of(answer) == ["SIP/2.0 401 Unauthorized", lines_of(seen)[2], "X-Kept :  so", "", ""]


def test_repetitions_have_the_branch_of_the_first(exchange: Callable[..., Any]) -> None:
    def branch() -> str:
        return lines_of(exchange(STANDARD)[0])[1]

    assert branch() == branch()
    assert branch() != lines_of(exchange(STANDARD.replace("z9hG4bKa", "z9hG4bKb"))[0])[1]


def test_who_is_no_terminal_is_not_served(in_scene: Callable[..., None]) -> None:
    async def story(scene: Any) -> None:
        await scene.node(NodeKind.ADAPTER)
        stranger = await scene.peer(str(scene.testbed.node(NodeKind.ICSCF).address))
        terminal = await scene.terminal()
        hop = scene.hop(NodeKind.ADAPTER)
        assert (await stranger.send_request(scene.request(), hop)).code == 403
        request = scene.request("REGISTER", None, "Max-Forwards: 0")
        assert (await terminal.send_request(request, hop)).code == 483
        await scene.ready(NodeKind.ADAPTER)

    in_scene(story)


def test_the_pcscf_believes_nobody_else_who_brings_a_terminal(
    in_scene: Callable[..., None], ok: Callable[[Request], Response]
) -> None:
    async def story(scene: Any) -> None:
        await scene.node(NodeKind.DNS)
        await scene.instead_of(NodeKind.ICSCF, ok)
        await scene.node(NodeKind.PCSCF)
        terminal = await scene.terminal()
        hop, where = scene.hop(NodeKind.PCSCF), f"{terminal.address}:{terminal.port}"
        contact = f"Contact: <sip:alice@{where}>;expires=100"
        assert (await terminal.send_request(scene.request("REGISTER", None, contact), hop)).code == 200
        publish = scene.request("PUBLISH", "sip:alice@uc3m.netlab.test", "Event: presence")
        publish.headers.setlist("Via", [f"SIP/2.0/UDP {where};branch=z9hG4bKx"])
        stranger = await scene.peer(str(scene.testbed.access_networks[0].pool[9]))
        assert (await stranger.send_request(publish, hop)).code == 403

    in_scene(story)
