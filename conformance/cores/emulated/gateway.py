"""The gateway of a testbed: carries the packets of terminals that use the home access point, in GTP-U over UDP.

As gateway of the visited network it relays between the terminal, which has an address of this access network, and
the gateway of the home network. As gateway of the home network it takes the terminal's packets out of the tunnel and
sends them on from the terminal's home address; what comes back to that address is wrapped and returned.

Which tunnels there may be follows from the federation file (`Federation.tunnel_ids`): there is no control plane. Where
a terminal is, is learnt from its packets; an End Marker, or a long silence, makes the gateways forget it.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from ipaddress import ip_address

from conformance.cores.emulated.node import NodeContext
from conformance.protocols.gtpu import (
    GtpMessage,
    GtpType,
    MalformedGtp,
    echo_response,
    erroneous_tunnel,
    error_indication,
    g_pdu,
)
from conformance.protocols.ip_udp import MalformedPacket, UdpPacket
from conformance.stack.idle_table import IdleTable
from conformance.stack.udp_port import Address, UdpPort
from conformance.vocabulary.errors import NetlabError
from conformance.vocabulary.federation import NodeKind, Testbed
from conformance.vocabulary.identifiers import Endpoint, IpAddress

VISITORS_AT_MOST = 10_000
PORTS_AT_MOST = 500
"""Each holds a descriptor; a process usually has 1024."""
PORTS_A_TERMINAL = 8


@dataclass(slots=True)
class _HomePort:
    """A UDP port at the home address of a subscriber who is away."""

    socket: UdpPort
    peer: Address
    """The gateway that the tunnel leads to."""
    dscp: int = 0
    """Codepoint of the subscriber's first packet, for both ways: a socket does not tell that of what it receives."""


class Gateway:
    """One gateway."""

    def __init__(self, context: NodeContext) -> None:
        self._context = context
        self._federation = context.federation
        self._testbed = context.testbed
        self._log = context.log
        self._gateways: dict[str, Testbed] = {
            str(testbed.node(NodeKind.GATEWAY).address): testbed
            for testbed in self._federation.testbeds.values()
            if testbed.has_gateway
        }
        idle_s = float(self._federation.timers.registration_s)
        self._visitors: IdleTable[int, Address] = IdleTable(VISITORS_AT_MOST, idle_s, self._visitor_left)
        """By uplink identifier: where in this access network the terminal is."""
        self._ports: IdleTable[Address, _HomePort] = IdleTable(PORTS_AT_MOST, idle_s, self._port_left)
        """By home address and port."""
        self._gtp: UdpPort | None = None

    def start(self) -> None:
        """Bind the GTP-U port; raises TestbedDown or NotPermitted where that does not work."""
        self._gtp = UdpPort(str(self._context.node.address), self._context.node.port, self.receive)

    def stop(self) -> None:
        """Forget all terminals and close every socket."""
        self._visitors.clear()
        self._ports.clear()
        if self._gtp is not None:
            self._gtp.close()

    def receive(self, data: bytes, source: Address) -> None:
        """Take one datagram of the GTP-U port; what cannot be used is logged in one line."""
        try:
            self._take(data, source)
        except (MalformedGtp, MalformedPacket) as error:
            self._log.warning("%s:%d: %s", *source, error)

    def _take(self, data: bytes, source: Address) -> None:
        if ip_address(source[0]) not in self._federation.block:
            self._log.warning("%s:%d: not of this federation: dropped", *source)
            return
        message = GtpMessage.decode(data)
        if message.type == GtpType.ECHO_REQUEST:
            self._send(echo_response(message), source)
        elif message.type in (GtpType.G_PDU, GtpType.END_MARKER):
            if (problem := self._carry(message, source)) is not None:
                self._log.warning("%s:%d: tunnel 0x%08x: %s", *source, message.teid, problem)
                if message.type == GtpType.G_PDU:
                    self._send(error_indication(message.teid, self._context.node.address), source)
        elif message.type == GtpType.ERROR_INDICATION:
            self._tunnel_is_gone(message, source)
        else:
            self._log.warning("%s:%d: message type %d is not for a gateway of this kind", *source, message.type)

    def _carry(self, message: GtpMessage, source: Address) -> str | None:
        """Carry a packet, or the end of its tunnel, one section further; return what speaks against it."""
        owner = self._federation.tunnel_owner(message.teid)
        home = self._federation.pool_owner(owner) if owner is not None else None
        if owner is None or home is None or not home.has_gateway:
            return "belongs to no terminal"
        uplink, downlink = self._federation.tunnel_ids(owner)
        if message.teid == downlink:
            return self._to_visitor(message, uplink, home, source)
        if home.name == self._testbed.name:
            return self._from_subscriber(message, owner, source)
        return self._from_visitor(message, home, source)

    # --- gateway of the visited network ---------------------------------------------------------------------

    def _from_visitor(self, message: GtpMessage, home: Testbed, source: Address) -> str | None:
        here = self._federation.pool_owner(ip_address(source[0]))
        if here is None or here.name != self._testbed.name:
            return f"expected a terminal of {self._testbed.name}, or a subscriber of it"
        known = self._visitors.use(message.teid)
        if message.type == GtpType.END_MARKER:
            if known != source:
                return "expected its end from the terminal that has it"
            self._visitors.remove(message.teid)
        elif known != source:
            if not self._visitors.put(message.teid, source):
                return f"{VISITORS_AT_MOST} visitors are here already"
            self._log.info("visitor of %s at %s:%d, tunnel 0x%08x", home.name, *source, message.teid)
        node = home.node(NodeKind.GATEWAY)
        self._send(message, (str(node.address), node.port))
        return None

    def _to_visitor(self, message: GtpMessage, uplink: int, home: Testbed, source: Address) -> str | None:
        sender = self._gateways.get(source[0])
        if sender is None or sender.name != home.name:
            return f"expected the gateway of {home.name}"
        visitor = self._visitors.use(uplink)
        if visitor is None:
            return "nobody with this tunnel is here"
        self._send(message, visitor)
        return None

    def _tunnel_is_gone(self, message: GtpMessage, source: Address) -> None:
        teid, _ = erroneous_tunnel(message)
        self._log.warning("%s:%d: does not know tunnel 0x%08x", *source, teid)
        owner = self._federation.tunnel_owner(teid)
        if owner is None or source[0] not in self._gateways:
            return
        # 3GPP TS 29.281 7.3.1: who sent there has no use of the tunnel any more.
        if teid == self._federation.tunnel_ids(owner).uplink:
            self._visitors.remove(teid)
        else:
            self._forget_subscriber(owner, source)

    def _visitor_left(self, teid: int, place: Address) -> None:
        self._log.info("visitor at %s:%d left, tunnel 0x%08x", *place, teid)

    # --- gateway of the home network ------------------------------------------------------------------------

    def _from_subscriber(self, message: GtpMessage, owner: IpAddress, source: Address) -> str | None:
        if source[0] not in self._gateways:
            return "expected a gateway of the federation"
        if message.type == GtpType.END_MARKER:
            self._forget_subscriber(owner, source)
            return None
        packet = UdpPacket.decode(message.payload)
        if packet.source.address != str(owner):
            raise MalformedPacket(f"inner packet from {packet.source.address}, expected {owner}")
        if ip_address(packet.destination.address) not in self._federation.block or 0 in (
            packet.source.port,
            packet.destination.port,
        ):
            raise MalformedPacket(f"inner packet to {packet.destination}, expected a node of the federation")
        key = (packet.source.address, packet.source.port)
        port = self._ports.use(key) or self._open(key, source, packet.dscp)
        if port is None:
            return None
        port.peer = source
        if problem := port.socket.send(packet.payload, (packet.destination.address, packet.destination.port)):
            self._log.warning("%s to %s: %s", packet.source, packet.destination, problem.strerror)
        return None

    def _open(self, key: Address, peer: Address, dscp: int) -> _HomePort | None:
        addresses = [address for address, _ in self._ports]
        here = addresses.count(key[0])
        if self._ports.full or here >= PORTS_A_TERMINAL:
            self._log.warning("%s:%d: no further port: %d are open, %d of them here", *key, len(addresses), here)
            return None
        try:
            opened = UdpPort(*key, lambda data, source: self._to_subscriber(key, data, source), dscp=dscp)
        except NetlabError as error:
            self._log.warning("%s", error)
            return None
        port = _HomePort(opened, peer, dscp)
        self._ports.put(key, port)
        self._log.info("subscriber at %s:%d by the gateway %s:%d", *key, *peer)
        return port

    def _to_subscriber(self, key: Address, data: bytes, source: Address) -> None:
        port = self._ports.use(key)
        if port is None:
            return
        try:
            packet = UdpPacket(Endpoint(*source, "udp"), Endpoint(*key, "udp"), data, port.dscp).encode()
        except MalformedPacket as error:
            self._log.warning("%s:%d: %s", *source, error)
            return
        self._send(g_pdu(self._federation.tunnel_ids(ip_address(key[0])).downlink, packet), port.peer)

    def _forget_subscriber(self, owner: IpAddress, peer: Address) -> None:
        """Close the ports of a subscriber whose tunnel leads to that peer."""
        for key in self._ports:
            if key[0] == str(owner) and (port := self._ports.use(key)) is not None and port.peer == peer:
                self._ports.remove(key)

    def _port_left(self, key: Address, port: _HomePort) -> None:
        port.socket.close()
        self._log.info("subscriber at %s:%d left", *key)

    def _send(self, message: GtpMessage, destination: Address) -> None:
        problem = self._gtp.send(message.encode(), destination) if self._gtp is not None else None
        if problem is not None:
            self._log.warning("GTP-U to %s:%d: %s", *destination, problem.strerror)


async def run(context: NodeContext) -> None:
    """Serve until cancelled (see `NodeContext`)."""
    gateway = Gateway(context)
    with contextlib.ExitStack() as end:
        end.callback(gateway.stop)
        gateway.start()
        context.ready()
        await asyncio.Event().wait()
