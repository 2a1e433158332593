"""The terminal's end of a tunnel, with a gateway that the test plays.

Addresses: 150 and 200 of `Block.TUNNELS`, with xdist the next ones for each worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address

import pytest
from sipmessage import URI, Request

from conformance.protocols.gtpu import (
    GtpMessage,
    GtpType,
    echo_request,
    echo_response,
    end_marker,
    error_indication,
    g_pdu,
)
from conformance.protocols.ip_udp import UdpPacket
from conformance.protocols.sip.message import make_response, read_message, write_message
from conformance.protocols.sip.timers import SipTimers
from conformance.stack.errors import TransportFailed
from conformance.stack.hop import Hop
from conformance.stack.sip import SipStack
from conformance.stack.tunnel import Tunnel, TunnelPort
from conformance.stack.udp_port import Address, UdpPort
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.federation import TunnelIds
from conformance.vocabulary.identifiers import Endpoint
from tests.blocks import WORKER, Block

DEADLINE_S = 5.0
VISITED_NET, HOME_NET = (f"{Block.TUNNELS.prefix}{first + WORKER % 50}" for first in (150, 200))
LOCAL, GATEWAY = f"{VISITED_NET}.129", f"{VISITED_NET}.16"
HOME, SERVER = Endpoint(f"{HOME_NET}.129", 5060, "udp"), Endpoint(f"{HOME_NET}.11", 4060, "udp")
IDS = TunnelIds(0x302, 0x303)
TUNNEL = Tunnel(LOCAL, (GATEWAY, 2152), IDS)


class Scene:
    def __init__(self, end: contextlib.AsyncExitStack) -> None:
        self.end = end
        self.answers = True
        self.at_gateway: asyncio.Queue[GtpMessage] = asyncio.Queue()
        self.at_terminal: asyncio.Queue[tuple[bytes, Endpoint]] = asyncio.Queue()
        self.gateway = UdpPort(GATEWAY, 2152, self._received)
        end.callback(self.gateway.close)

    def _received(self, data: bytes, source: Address) -> None:
        assert source == (LOCAL, 2152)
        message = GtpMessage.decode(data)
        if message.type == GtpType.ECHO_REQUEST and self.answers:
            self.gateway.send(echo_response(message).encode(), source)
        else:
            self.at_gateway.put_nowait(message)

    def open(self) -> TunnelPort:
        log = logging.getLogger("test.tunnel")
        port = TunnelPort(TUNNEL, HOME, lambda data, source: self.at_terminal.put_nowait((data, source)), log)
        self.end.push_async_callback(port.close)
        return port

    def downlink(self, payload: bytes, teid: int = IDS.downlink, destination: Endpoint = HOME) -> None:
        self.gateway.send(g_pdu(teid, UdpPacket(SERVER, destination, payload).encode()).encode(), (LOCAL, 2152))

    async def message(self) -> GtpMessage:
        return await asyncio.wait_for(self.at_gateway.get(), DEADLINE_S)


@pytest.fixture
def in_scene() -> Callable[[Callable[[Scene], Awaitable[None]]], None]:
    def run(story: Callable[[Scene], Awaitable[None]]) -> None:
        async def whole() -> None:
            async with contextlib.AsyncExitStack() as end:
                await story(Scene(end))

        asyncio.run(whole())

    return run


InScene = Callable[..., None]


def test_datagrams_are_wrapped_and_unwrapped(in_scene: InScene) -> None:
    async def story(scene: Scene) -> None:
        port = scene.open()
        port.send(b"REGISTER", SERVER)
        assert await scene.message() == g_pdu(IDS.uplink, UdpPacket(HOME, SERVER, b"REGISTER").encode())
        scene.downlink(b"SIP/2.0 401")
        found = await asyncio.wait_for(scene.at_terminal.get(), DEADLINE_S)
        assert found == (b"SIP/2.0 401", SERVER)

    in_scene(story)


def test_the_end_is_told_where_something_was_sent(in_scene: InScene) -> None:
    async def story(scene: Scene) -> None:
        await scene.open().close()  # nothing was sent: no gateway knows of it
        port = scene.open()
        port.send(b"REGISTER", SERVER)
        await port.close()
        await port.close()
        assert (await scene.message()).type == GtpType.G_PDU
        assert await scene.message() == end_marker(IDS.uplink)
        with pytest.raises(TransportFailed, match="closed"):
            port.send(b"again", SERVER)

    in_scene(story)


def test_a_gateway_that_does_not_answer_at_the_end_is_not_awaited_for_ever(
    in_scene: InScene, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(scene: Scene) -> None:
        scene.answers = False
        port = scene.open()
        port.send(b"REGISTER", SERVER)
        async with asyncio.timeout(DEADLINE_S):
            await port.close()

    in_scene(story)
    assert caplog.messages == [f"tunnel of {HOME}: awaited the gateway's echo for 1 s"]


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("tunnel", "expected tunnel 0x00000303, found 0x00000302"),
        ("address", ":5061/udp, expected 127.43."),
        ("type", "expected a G-PDU, found message type 26"),
        ("packet", "IPv4: expected 20 octets or more"),
        ("octets", "GTP-U: expected 8 octets or more"),
        ("sender", "not from the gateway of this tunnel"),
    ],
)
def test_anything_else_is_one_line_in_the_log(
    in_scene: InScene, caplog: pytest.LogCaptureFixture, what: str, said: str
) -> None:
    async def story(scene: Scene) -> None:
        scene.open()
        if what == "tunnel":
            scene.downlink(b"x", teid=IDS.uplink)
        elif what == "address":
            scene.downlink(b"x", destination=HOME._replace(port=5061))
        elif what == "sender":
            stranger = UdpPort(GATEWAY, 0, lambda data, source: None)
            stranger.send(g_pdu(IDS.downlink, UdpPacket(SERVER, HOME, b"x").encode()).encode(), (LOCAL, 2152))
            stranger.close()
        else:
            octets = {
                "type": error_indication(IDS.uplink, IPv4Address(GATEWAY)).encode(),
                "packet": g_pdu(IDS.downlink, b"").encode(),
                "octets": b"\n",
            }
            scene.gateway.send(octets[what], (LOCAL, 2152))
        scene.gateway.send(echo_request(3).encode(), (LOCAL, 2152))
        answer = await scene.message()
        assert (answer.type, answer.sequence) == (GtpType.ECHO_RESPONSE, 3)
        assert scene.at_terminal.empty()

    in_scene(story)
    (line,) = caplog.messages
    assert said in line
    assert "\n" not in line


def test_what_does_not_fit_is_refused(in_scene: InScene) -> None:
    async def story(scene: Scene) -> None:
        port = scene.open()
        with pytest.raises(TransportFailed, match="at most 65507 octets"):
            port.send(b"x" * 65_508, SERVER)
        with pytest.raises(TransportFailed, match="Message too long"):
            port.send(b"x" * 65_500, SERVER)

    in_scene(story)


def test_a_local_port_in_use_is_one_line(in_scene: InScene) -> None:
    async def story(scene: Scene) -> None:
        scene.open()
        with pytest.raises(TestbedDown, match=rf"{LOCAL}:2152/udp is in use"):
            scene.open()

    in_scene(story)


def test_a_stack_behind_a_tunnel_opens_no_socket_of_its_own_and_has_no_tcp(in_scene: InScene) -> None:
    async def story(scene: Scene) -> None:
        stack = SipStack(HOME.address, HOME.port, SipTimers(), tunnel=TUNNEL)
        await stack.start()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind((HOME.address, HOME.port))
            tcp.bind((HOME.address, HOME.port))
        request = Request("OPTIONS", URI.parse("sip:uc3m.netlab.test"))
        for name, value in {
            "From": "<sip:a@a.test>;tag=1", "To": "<sip:a@a.test>", "Call-ID": "1", "CSeq": "1 OPTIONS",
            "Subject": "x" * 2000,  # a request of this size would go over TCP (RFC 3261 18.1.1)
        }.items():  # fmt: skip
            request.headers.set(name, value)
        waiting = asyncio.ensure_future(stack.send_request(request, Hop(SERVER.address, SERVER.port)))
        inner = UdpPacket.decode((await scene.message()).payload)
        assert (inner.source, inner.destination) == (HOME, SERVER)
        received = read_message(inner.payload)
        assert isinstance(received, Request)
        scene.downlink(write_message(make_response(received, 200)))
        assert (await asyncio.wait_for(waiting, DEADLINE_S)).code == 200
        with pytest.raises(TransportFailed, match="expected udp, which is all that the tunnel carries"):
            await stack.send_request(request, Hop(SERVER.address, SERVER.port, "tcp"))
        await stack.stop()

    in_scene(story)


def test_a_further_port_sends_from_its_own_end_and_gets_what_is_sent_there(in_scene: InScene) -> None:
    async def story(scene: Scene) -> None:
        port = scene.open()
        got: asyncio.Queue[tuple[bytes, Address]] = asyncio.Queue()
        media = port.open_port(40_000, lambda data, source: got.put_nowait((data, source)), dscp=46)
        there = (SERVER.address, SERVER.port)
        assert media.send(b"speech", there) is None
        inner = HOME._replace(port=40_000)
        assert await scene.message() == g_pdu(IDS.uplink, UdpPacket(inner, SERVER, b"speech", 46).encode())
        scene.downlink(b"answer", destination=inner)
        assert await asyncio.wait_for(got.get(), DEADLINE_S) == (b"answer", there)
        with pytest.raises(TestbedDown, match="in the tunnel is in use"):
            port.open_port(40_000, lambda data, source: None)
        media.close()
        media.close()
        port.open_port(40_000, lambda data, source: None)
        await port.close()
        assert "closed" in str(media.send(b"late", there))

    in_scene(story)
