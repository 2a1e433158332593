"""The terminal's end of a GTP-U tunnel: datagrams of its home address, carried by the network that it visits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from conformance.protocols.gtpu import (
    PORT,
    GtpMessage,
    GtpType,
    MalformedGtp,
    echo_request,
    echo_response,
    end_marker,
    g_pdu,
)
from conformance.protocols.ip_udp import MalformedPacket, UdpPacket
from conformance.stack.errors import TransportFailed
from conformance.stack.udp_port import Address, UdpPort
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.federation import TunnelIds
from conformance.vocabulary.identifiers import Endpoint

_END_S = 1.0
"""How long the gateway may take to answer at the end."""
_LAST_ECHO = 0xFFFF


@dataclass(frozen=True, slots=True)
class Tunnel:
    """One tunnel, as configuration knows it.

    In a real network the radio or access node of the visited network begins it; on the wire the two look the same.
    """

    local_address: str
    """Numeric address in the visited access network."""
    gateway: Address
    """Gateway of the visited network."""
    ids: TunnelIds
    """From the terminal's home address: `Federation.tunnel_ids`."""
    local_port: int = PORT


class TunnelPort:
    """An open tunnel. To be made in a running event loop.

    Args:
        tunnel: which one.
        inner: the terminal's own address and port in its home network.
        on_datagram: called with each datagram for the terminal, and who sent it.
        log: where refusals are told, one bounded line each.

    Raises:
        TestbedDown: the local port is in use, in one line with its holder.
    """

    def __init__(
        self,
        tunnel: Tunnel,
        inner: Endpoint,
        on_datagram: Callable[[bytes, Endpoint], None],
        log: logging.Logger,
    ) -> None:
        self._tunnel = tunnel
        self._inner = inner
        self._on_datagram = on_datagram
        self._log = log
        self._used = False
        self._open = True
        self._ended = asyncio.Event()
        self._inside: dict[int, InnerPort] = {}
        self._port = UdpPort(tunnel.local_address, tunnel.local_port, self._receive)

    def open_port(self, port: int, on_datagram: Callable[[bytes, Address], None], *, dscp: int = 0) -> InnerPort:
        """Open a further port of the terminal's home address.

        Args:
            port: its number.
            on_datagram: called with each datagram and where it came from.
            dscp: codepoint of the inner packets that it sends.

        Raises:
            TestbedDown: the port is in use.
        """
        if port in self._inside or port == self._inner.port:
            raise TestbedDown(f"{self._inner.address}:{port}/udp in the tunnel is in use: expected it free")
        opened = self._inside[port] = InnerPort(self, self._inner._replace(port=port), on_datagram, dscp)
        return opened

    def close_port(self, port: int) -> None:
        """Forget a further port; one that is not open does no harm."""
        self._inside.pop(port, None)

    def send(self, data: bytes, destination: Endpoint, *, source: Endpoint | None = None, dscp: int = 0) -> None:
        """Send one datagram through the tunnel.

        Args:
            data: its payload.
            destination: in the home network, or beyond it.
            source: the terminal's end; that of the tunnel where it is None.
            dscp: codepoint of the inner packet.

        Raises:
            TransportFailed: the tunnel is closed, the datagram is too long, or the system refuses it.
        """
        if not self._open:
            raise TransportFailed(f"tunnel of {self._inner}: closed")
        try:
            packet = UdpPacket(source or self._inner, destination, data, dscp).encode()
        except MalformedPacket as error:
            raise TransportFailed(f"tunnel of {self._inner}: {error}") from None
        self._used = True
        self._send(g_pdu(self._tunnel.ids.uplink, packet))

    async def close(self) -> None:
        """Tell the gateways that nothing follows, and close; a second call does nothing.

        The echo that follows the End Marker shows that the gateway has read it and passed it on, so that nothing of
        this tunnel is on the wire any more.
        """
        if not self._open:
            return
        self._open = False
        try:
            if self._used:
                self._send(end_marker(self._tunnel.ids.uplink))
                self._send(echo_request(_LAST_ECHO))
                await asyncio.wait_for(self._ended.wait(), _END_S)
        except TransportFailed as error:
            self._log.info("%s", error)
        except TimeoutError:
            self._log.warning("tunnel of %s: awaited the gateway's echo for %g s", self._inner, _END_S)
        finally:
            self._port.close()

    def _send(self, message: GtpMessage) -> None:
        problem = self._port.send(message.encode(), self._tunnel.gateway)
        if problem is not None:
            raise TransportFailed(f"tunnel of {self._inner} to {self._tunnel.gateway[0]}: {problem.strerror}")

    def _receive(self, data: bytes, source: Address) -> None:
        try:
            if source != self._tunnel.gateway:
                raise MalformedGtp("not from the gateway of this tunnel")
            self._take(GtpMessage.decode(data))
        except (MalformedGtp, MalformedPacket, TransportFailed) as error:
            self._log.warning("%s:%d: %s", *source, error)

    def _take(self, message: GtpMessage) -> None:
        if message.type == GtpType.ECHO_REQUEST:
            self._send(echo_response(message))
        elif message.type == GtpType.ECHO_RESPONSE and message.sequence == _LAST_ECHO:
            self._ended.set()
        elif message.type != GtpType.G_PDU:
            raise MalformedGtp(f"expected a G-PDU, found message type {message.type}")
        elif message.teid != self._tunnel.ids.downlink:
            raise MalformedGtp(f"expected tunnel 0x{self._tunnel.ids.downlink:08x}, found 0x{message.teid:08x}")
        else:
            packet = UdpPacket.decode(message.payload)
            inside = self._inside.get(packet.destination.port)
            if inside is not None and packet.destination == inside.end:
                inside.on_datagram(packet.payload, (packet.source.address, packet.source.port))
                return
            if packet.destination != self._inner:
                raise MalformedPacket(f"inner packet to {packet.destination}, expected {self._inner}")
            self._on_datagram(packet.payload, packet.source)


@dataclass(frozen=True, slots=True)
class InnerPort:
    """A further port of the terminal's home address, as a socket would be: for media."""

    tunnel: TunnelPort
    end: Endpoint
    on_datagram: Callable[[bytes, Address], None]
    dscp: int

    def send(self, data: bytes, destination: Address) -> OSError | None:
        """Send one datagram; return why it cannot be sent, None where it could."""
        try:
            self.tunnel.send(data, Endpoint(*destination, "udp"), source=self.end, dscp=self.dscp)
        except TransportFailed as error:
            return OSError(str(error))
        return None

    def close(self) -> None:
        """Receive no more; a second call does nothing."""
        self.tunnel.close_port(self.end.port)
