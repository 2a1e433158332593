"""Gateways of three testbeds in this process; terminals and the P-CSCF are sockets of the test.

Addresses: `Block.TUNNELS`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.cores.emulated import gateway as room
from conformance.cores.emulated.gateway import Gateway
from conformance.cores.emulated.node import NodeContext
from conformance.cores.emulated.readiness import until_serving
from conformance.federation import default_federation_path, load_federation, rebase
from conformance.protocols.g711 import Law
from conformance.protocols.gtpu import (
    PORT,
    GtpMessage,
    GtpType,
    echo_request,
    end_marker,
    erroneous_tunnel,
    error_indication,
    g_pdu,
)
from conformance.protocols.ip_udp import UdpPacket
from conformance.protocols.tone import dominant
from conformance.stack.rtp_content import Tone
from conformance.stack.rtp_session import RtpSession
from conformance.stack.tunnel import Tunnel, TunnelPort
from conformance.stack.udp_port import Address, UdpPort
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.federation import Federation, NodeKind
from conformance.vocabulary.identifiers import Endpoint
from tests.blocks import Block

DEADLINE_S = 5.0
SIP = 5060


class Peer:
    """A socket of the test; it keeps what it receives."""

    def __init__(self, address: object, port: int = PORT) -> None:
        self.received: asyncio.Queue[tuple[bytes, Address]] = asyncio.Queue()
        self.place = (str(address), port)
        self.port = UdpPort(*self.place, lambda data, source: self.received.put_nowait((data, source)))

    async def next(self, awaited: str) -> tuple[bytes, Address]:
        try:
            return await asyncio.wait_for(self.received.get(), DEADLINE_S)
        except TimeoutError:
            pytest.fail(f"awaited {awaited} at {self.place} for {DEADLINE_S:g} s")

    async def message(self, awaited: str) -> GtpMessage:
        return GtpMessage.decode((await self.next(awaited))[0])


class Scene:
    """The gateways of uc3m, stuba and utu, and what alice's way from utu to uc3m consists of."""

    def __init__(self, federation: Federation, end: contextlib.ExitStack) -> None:
        self.federation = federation
        self.end = end
        self.gateways: dict[str, Gateway] = {}
        for name in ("uc3m", "stuba", "utu"):
            self.gateways[name] = made = Gateway(context(federation, name))
            made.start()
            end.callback(made.stop)
        self.alice = self.pool("uc3m", 1)
        self.ids = federation.tunnel_ids(self.alice)
        self.pcscf = federation.testbeds["uc3m"].node(NodeKind.PCSCF)

    def pool(self, testbed: str, host: int) -> IPv4Address:
        return self.federation.testbeds[testbed].access_networks[0].pool[host]

    def place(self, testbed: str) -> Address:
        return str(self.federation.testbeds[testbed].node(NodeKind.GATEWAY).address), PORT

    def peer(self, address: object, port: int = PORT) -> Peer:
        made = Peer(address, port)
        self.end.callback(made.port.close)
        return made

    def packet(self, payload: bytes, *, source: object = None, port: int = SIP, destination: object = None) -> bytes:
        inner = Endpoint(str(source or self.alice), port, "udp")
        return UdpPacket(
            inner, Endpoint(str(destination or self.pcscf.address), self.pcscf.port, "udp"), payload
        ).encode()

    async def registered(self, terminal: Peer, server: Peer) -> None:
        """Send one packet all the way, so that the gateways know the terminal."""
        terminal.port.send(g_pdu(self.ids.uplink, self.packet(b"REGISTER")).encode(), self.place("utu"))
        assert await server.next("the terminal's packet") == (b"REGISTER", (str(self.alice), SIP))


def context(federation: Federation, name: str) -> NodeContext:
    return NodeContext(
        federation=federation,
        testbed=federation.testbeds[name],
        kind=NodeKind.GATEWAY,
        folder=Path(),
        log=logging.getLogger(f"{name}/gateway"),
        faults=frozenset(),
        ready=lambda: None,
    )


@pytest.fixture
def federation() -> Federation:
    return rebase(load_federation(default_federation_path()), Block.TUNNELS.own_number)


@pytest.fixture
def in_scene(federation: Federation) -> Callable[[Callable[[Scene], Awaitable[None]]], None]:
    def run(story: Callable[[Scene], Awaitable[None]], **timers: int) -> None:
        changed = federation.model_copy(update={"timers": federation.timers.model_copy(update=timers)})

        async def whole() -> None:
            with contextlib.ExitStack() as end:
                await story(Scene(changed, end))

        asyncio.run(whole())

    return run


InScene = Callable[..., None]


def test_a_packet_goes_through_both_gateways_and_the_answer_comes_back(in_scene: InScene) -> None:
    async def story(scene: Scene) -> None:
        terminal = scene.peer(scene.pool("utu", 1))
        server = scene.peer(scene.pcscf.address, scene.pcscf.port)
        await scene.registered(terminal, server)
        server.port.send(b"SIP/2.0 401", (str(scene.alice), SIP))
        data, source = await terminal.next("the answer")
        assert source == scene.place("utu")
        answer = GtpMessage.decode(data)
        assert (answer.type, answer.teid) == (GtpType.G_PDU, scene.ids.downlink)
        packet = UdpPacket.decode(answer.payload)
        assert packet.payload == b"SIP/2.0 401"
        assert packet.source == Endpoint(str(scene.pcscf.address), scene.pcscf.port, "udp")
        assert packet.destination == Endpoint(str(scene.alice), SIP, "udp")

    in_scene(story)


def test_anybody_of_the_home_network_reaches_the_terminal(in_scene: InScene) -> None:
    async def story(scene: Scene) -> None:
        terminal = scene.peer(scene.pool("utu", 1))
        await scene.registered(terminal, scene.peer(scene.pcscf.address, scene.pcscf.port))
        other = scene.peer(scene.federation.testbeds["uc3m"].node(NodeKind.SCSCF).address, 6060)
        other.port.send(b"NOTIFY", (str(scene.alice), SIP))
        message = await terminal.message("the packet of another server")
        assert UdpPacket.decode(message.payload).source.address == other.place[0]

    in_scene(story)


def test_after_the_end_marker_the_home_address_is_free_and_nobody_is_known(in_scene: InScene) -> None:
    async def story(scene: Scene) -> None:
        terminal = scene.peer(scene.pool("utu", 1))
        server = scene.peer(scene.pcscf.address, scene.pcscf.port)
        await scene.registered(terminal, server)
        with pytest.raises(TestbedDown, match="is in use"):
            scene.peer(scene.alice, SIP)
        terminal.port.send(end_marker(scene.ids.uplink).encode(), scene.place("utu"))
        terminal.port.send(echo_request(1).encode(), scene.place("utu"))
        await terminal.message("the visited gateway's echo, which shows that it has read the end marker")
        server.port.send(echo_request(2).encode(), scene.place("uc3m"))
        await server.message("the home gateway's echo")
        scene.peer(scene.alice, SIP)

    in_scene(story)


class Departures(logging.Handler):
    """Tells when gateways say that somebody left."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: asyncio.Queue[str] = asyncio.Queue()

    def emit(self, record: logging.LogRecord) -> None:
        if " left" in record.getMessage():
            self.seen.put_nowait(record.name)


def test_who_is_silent_is_forgotten(in_scene: InScene, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def story(scene: Scene) -> None:
        departures = Departures()
        logging.getLogger().addHandler(departures)
        scene.end.callback(logging.getLogger().removeHandler, departures)
        terminal = scene.peer(scene.pool("utu", 1))
        await scene.registered(terminal, scene.peer(scene.pcscf.address, scene.pcscf.port))
        async with asyncio.timeout(DEADLINE_S):
            left = {await departures.seen.get(), await departures.seen.get()}
        assert left == {"utu/gateway", "uc3m/gateway"}
        scene.peer(scene.alice, SIP)

    in_scene(story, registration_s=1)


@pytest.mark.parametrize("kind", ["unknown tunnel", "tunnel of a network that is neither", "not a terminal of here"])
def test_a_tunnel_that_there_is_not_gives_an_error_indication(in_scene: InScene, kind: str) -> None:
    async def story(scene: Scene) -> None:
        place = scene.pool("uc3m", 5) if kind == "not a terminal of here" else scene.pool("utu", 1)
        asker = scene.peer(place)
        teid = {
            "unknown tunnel": 0xFFFFFFFF,
            "tunnel of a network that is neither": 0x10,
            "not a terminal of here": scene.ids.uplink,
        }[kind]
        asker.port.send(g_pdu(teid, scene.packet(b"x")).encode(), scene.place("utu"))
        answer = await asker.message("an error indication")
        assert answer.type == GtpType.ERROR_INDICATION
        assert erroneous_tunnel(answer) == (teid, IPv4Address(scene.place("utu")[0]))

    in_scene(story)


def test_a_downlink_packet_comes_from_the_home_gateway_only(in_scene: InScene) -> None:
    async def story(scene: Scene) -> None:
        terminal = scene.peer(scene.pool("utu", 1))
        await scene.registered(terminal, scene.peer(scene.pcscf.address, scene.pcscf.port))
        stranger = scene.peer(scene.pool("utu", 2))
        stranger.port.send(g_pdu(scene.ids.downlink, scene.packet(b"forged")).encode(), scene.place("utu"))
        assert (await stranger.message("an error indication")).type == GtpType.ERROR_INDICATION
        assert terminal.received.empty()

    in_scene(story)


def test_only_the_terminal_itself_ends_its_tunnel(in_scene: InScene, caplog: pytest.LogCaptureFixture) -> None:
    async def story(scene: Scene) -> None:
        terminal = scene.peer(scene.pool("utu", 1))
        server = scene.peer(scene.pcscf.address, scene.pcscf.port)
        await scene.registered(terminal, server)
        stranger = scene.peer(scene.pool("utu", 2))
        stranger.port.send(end_marker(scene.ids.uplink).encode(), scene.place("utu"))
        stranger.port.send(echo_request(1).encode(), scene.place("utu"))
        await stranger.message("the echo after the forged end marker")
        server.port.send(b"still there", (str(scene.alice), SIP))
        await terminal.next("a packet after the forged end marker")

    in_scene(story)
    assert any("expected its end from the terminal that has it" in line for line in caplog.messages)


def test_the_home_gateway_takes_packets_from_gateways_only(in_scene: InScene) -> None:
    async def story(scene: Scene) -> None:
        server = scene.peer(scene.pcscf.address, scene.pcscf.port)
        direct = scene.peer(scene.pool("utu", 1))
        direct.port.send(g_pdu(scene.ids.uplink, scene.packet(b"past the gateway")).encode(), scene.place("uc3m"))
        assert (await direct.message("an error indication")).type == GtpType.ERROR_INDICATION
        assert server.received.empty()

    in_scene(story)


def test_a_terminal_that_moves_is_reached_where_it_is(in_scene: InScene) -> None:
    async def story(scene: Scene) -> None:
        before = scene.peer(scene.pool("utu", 1))
        server = scene.peer(scene.pcscf.address, scene.pcscf.port)
        await scene.registered(before, server)
        after = scene.peer(scene.pool("stuba", 1))
        after.port.send(g_pdu(scene.ids.uplink, scene.packet(b"from stuba")).encode(), scene.place("stuba"))
        await server.next("the packet by the other gateway")
        # The end of the old way is not that of the new one.
        before.port.send(end_marker(scene.ids.uplink).encode(), scene.place("utu"))
        before.port.send(echo_request(1).encode(), scene.place("utu"))
        await before.message("the echo after the end marker")
        server.port.send(b"to stuba", (str(scene.alice), SIP))
        assert UdpPacket.decode((await after.message("a packet at the new place")).payload).payload == b"to stuba"
        assert before.received.empty()

    in_scene(story)


def test_a_gateway_that_lost_a_visitor_makes_the_home_gateway_forget_it(in_scene: InScene) -> None:
    async def story(scene: Scene) -> None:
        terminal = scene.peer(scene.pool("utu", 1))
        server = scene.peer(scene.pcscf.address, scene.pcscf.port)
        await scene.registered(terminal, server)
        scene.gateways["utu"].stop()
        restarted = scene.peer(scene.place("utu")[0])
        server.port.send(b"NOTIFY", (str(scene.alice), SIP))
        message = await restarted.message("the packet for the lost visitor")
        restarted.port.send(
            error_indication(message.teid, IPv4Address(restarted.place[0])).encode(), scene.place("uc3m")
        )
        restarted.port.send(echo_request(1).encode(), scene.place("uc3m"))
        await restarted.message("the echo after the error indication")
        scene.peer(scene.alice, SIP)

    in_scene(story)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("octets", "GTP-U: expected 8 octets or more, found 3"),
        ("version 2", "expected version 1 and protocol type 1"),
        ("another message", "message type 18 is not for a gateway"),
        ("another source", "inner packet from 127.43.1.130, expected 127.43.1.129"),
        ("far away", "inner packet to 192.0.2.1:4060/udp, expected a node of the federation"),
        ("port 0", "inner packet to 127.43.1.11:4060/udp, expected a node"),
        ("no packet", "IPv4: expected 20 octets or more, found 1"),
    ],
)
def test_hostile_octets_are_one_line_in_the_log(
    in_scene: InScene, caplog: pytest.LogCaptureFixture, what: str, said: str
) -> None:
    async def story(scene: Scene) -> None:
        uplink = scene.ids.uplink
        octets = {
            "octets": b"\x30\xff\n",
            "version 2": b"\x48" + b"\n" * 20,
            "another message": GtpMessage(18, 0, b"\n").encode(),
            "another source": g_pdu(uplink, scene.packet(b"x", source=scene.pool("uc3m", 2))).encode(),
            "far away": g_pdu(uplink, scene.packet(b"x", destination="192.0.2.1")).encode(),
            "port 0": g_pdu(uplink, scene.packet(b"x", port=0)).encode(),
            "no packet": g_pdu(uplink, b"\n").encode(),
        }[what]
        # As the gateway of stuba would send it.
        scene.gateways["stuba"].stop()
        sender = scene.peer(scene.place("stuba")[0])
        sender.port.send(octets, scene.place("uc3m"))
        sender.port.send(echo_request(9).encode(), scene.place("uc3m"))
        message = await sender.message("the echo, which shows that the gateway lives")
        assert (message.type, message.sequence) == (GtpType.ECHO_RESPONSE, 9)
        block = str(scene.federation.block.network_address).removesuffix("0.0")
        lines = [line for line in caplog.messages if said.replace("127.43.", block) in line]
        assert len(lines) == 1
        assert "\n" not in lines[0]

    in_scene(story)


def test_tables_are_bounded(
    in_scene: InScene, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "VISITORS_AT_MOST", 1)

    async def story(scene: Scene) -> None:
        server = scene.peer(scene.pcscf.address, scene.pcscf.port)
        terminal = scene.peer(scene.pool("utu", 1))
        for port in range(40_001, 40_010):
            terminal.port.send(g_pdu(scene.ids.uplink, scene.packet(b"x", port=port)).encode(), scene.place("utu"))
        for _ in range(room.PORTS_A_TERMINAL):
            await server.next("a packet from each port")
        other = scene.federation.tunnel_ids(scene.pool("uc3m", 2)).uplink
        terminal.port.send(g_pdu(other, b"").encode(), scene.place("utu"))
        assert (await terminal.message("an error indication")).type == GtpType.ERROR_INDICATION

    in_scene(story)
    assert any("no further port: 8 are open, 8 of them here" in line for line in caplog.messages)
    assert any("1 visitors are here already" in line for line in caplog.messages)


def test_a_home_address_in_use_is_one_line_and_no_end(in_scene: InScene, caplog: pytest.LogCaptureFixture) -> None:
    async def story(scene: Scene) -> None:
        scene.peer(scene.alice, SIP)
        terminal = scene.peer(scene.pool("utu", 1))
        terminal.port.send(g_pdu(scene.ids.uplink, scene.packet(b"x")).encode(), scene.place("utu"))
        server = scene.peer(scene.pcscf.address, scene.pcscf.port)
        terminal.port.send(g_pdu(scene.ids.uplink, scene.packet(b"y", port=5062)).encode(), scene.place("utu"))
        assert (await server.next("the packet from another port"))[0] == b"y"

    in_scene(story)
    assert sum("5060/udp is in use" in line for line in caplog.messages) == 1


def test_readiness_is_an_echo(in_scene: InScene) -> None:
    async def story(scene: Scene) -> None:
        testbed = scene.federation.testbeds["utu"]
        assert await until_serving(testbed, NodeKind.GATEWAY, lambda: False) is None
        scene.gateways["utu"].stop()
        assert await until_serving(testbed, NodeKind.GATEWAY, lambda: False) is not None

    in_scene(story)


def test_a_port_in_use_is_one_line(in_scene: InScene) -> None:
    async def story(scene: Scene) -> None:
        with pytest.raises(TestbedDown, match=r":2152/udp is in use") as refusal:
            await room.run(context(scene.federation, "utu"))
        assert "\n" not in str(refusal.value)

    in_scene(story)


@given(data=st.one_of(st.binary(max_size=80), st.binary(max_size=80).map(lambda rest: b"\x34\xff" + rest)))
def test_no_octets_end_a_gateway(federation_once: Federation, data: bytes) -> None:
    async def story() -> None:
        gateway = Gateway(context(federation_once, "uc3m"))  # without sockets: nothing leaves
        for source in ("stuba", "uc3m"):
            place = str(federation_once.testbeds[source].node(NodeKind.GATEWAY).address), PORT
            gateway.receive(data, place)
            gateway.receive(g_pdu(0x303, data).encode(), place)
            gateway.receive(GtpMessage(GtpType.ERROR_INDICATION, 0, data).encode(), place)
        gateway.stop()

    asyncio.run(story())


@pytest.fixture(scope="module")
def federation_once() -> Federation:
    return rebase(load_federation(default_federation_path()), 42)


def test_media_go_through_the_tunnel_both_ways_with_their_codepoint(in_scene: InScene) -> None:
    async def story(scene: Scene) -> None:
        tunnel = TunnelPort(
            Tunnel(str(scene.pool("utu", 1)), scene.place("utu"), scene.ids),
            Endpoint(str(scene.alice), SIP, "udp"),
            lambda data, source: None,
            logging.getLogger("test.media"),
        )
        bob = str(scene.pool("uc3m", 9))
        away = RtpSession(str(scene.alice), 40_000, lambda port, take: tunnel.open_port(port, take, dscp=46), Tone(700))
        home = RtpSession(bob, 40_000, lambda port, take: UdpPort(bob, port, take, dscp=46), Tone(900))
        away.start((bob, 40_000), Law.A, 1)
        home.start((str(scene.alice), 40_000), Law.A, 1)
        async with asyncio.timeout(10):
            while min(home.sent_packets, away.sent_packets) < 50 or not (home.receptions and away.receptions):
                await asyncio.sleep(0.01)
        assert dominant(home.last_second()) == pytest.approx(700, abs=2)
        assert dominant(away.last_second()) == pytest.approx(900, abs=2)
        assert [one.lost for one in home.receptions.values()] == [0]
        away.close()
        home.close()
        await tunnel.close()

    in_scene(story)
