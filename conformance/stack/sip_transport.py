"""Sockets of one SIP element: one UDP socket, one TCP listener, connections that are kept and used again.

Everything that leaves carries the element's own source address. What arrives is cut into messages and handed on
unread; nothing that a peer sends ends the element.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import Protocol

from conformance.protocols.sip.framing import PING, PONG, StreamFramer
from conformance.protocols.sip.message import MalformedMessage
from conformance.stack.errors import TransportFailed
from conformance.stack.hop import Hop
from conformance.stack.ports import bind_failure, family_of
from conformance.stack.tunnel import Tunnel, TunnelPort
from conformance.vocabulary.identifiers import Endpoint

Alter = Callable[[bytes], bytes | None]
"""Fault hook: the octets of each message just before the socket; None drops the message."""

CONNECT_S = 5.0
"""How long a TCP connection may take to open."""

_RECEIVE_BUFFER = 4 * 1024 * 1024
_UNSENT_AT_MOST = 1024 * 1024
_CONNECTIONS_AT_MOST = 1024


class Channel(Protocol):
    """A way to one peer."""

    @property
    def peer(self) -> Endpoint:
        """Address of the peer."""
        ...

    @property
    def reliable(self) -> bool:
        """True for TCP."""
        ...

    def send(self, data: bytes) -> None:
        """Send one message.

        Raises:
            TransportFailed: it cannot be sent.
        """
        ...


OnMessage = Callable[[bytes, Channel], None]
OnLost = Callable[[Channel], None]


class SipTransport:
    """The sockets of one element.

    Args:
        address: numeric address of the element.
        port: port of the UDP socket and of the TCP listener; 0 lets the system choose one for both.
        on_message: called with each datagram or frame and the way back to its sender.
        on_lost: called with each connection that ended.
        alter: fault hook.
        log: where refusals are told, one bounded line each.
        tunnel: carries every datagram; then no socket is opened on the address itself, and there is no TCP.
    """

    def __init__(
        self,
        address: str,
        port: int,
        *,
        on_message: OnMessage,
        on_lost: OnLost,
        alter: Alter | None,
        log: logging.Logger,
        tunnel: Tunnel | None = None,
    ) -> None:
        self.address = address
        self.port = port
        self.on_message = on_message
        self.on_lost = on_lost
        self.alter = alter
        self.log = log
        self.connections: set[Connection] = set()
        self._outgoing: dict[Hop, asyncio.Task[Connection]] = {}
        self._tunnel = tunnel
        self._tunnel_port: TunnelPort | None = None
        self._udp: asyncio.DatagramTransport | None = None
        self._listener: asyncio.Server | None = None
        self._send_error: OSError | None = None

    @property
    def tunnel_port(self) -> TunnelPort | None:
        """The open end of the tunnel; None where there is none, or it is not started."""
        return self._tunnel_port

    async def start(self) -> None:
        """Bind both sockets.

        Raises:
            TestbedDown: the port is in use or the address is not here; the line names the holder.
            NotPermitted: the port may not be bound.
        """
        if self._tunnel is not None:
            self._tunnel_port = TunnelPort(
                self._tunnel, Endpoint(self.address, self.port, "udp"), self.receive_datagram, self.log
            )
            return
        loop = asyncio.get_running_loop()
        udp = self._bound(socket.SOCK_DGRAM)
        self.port = udp.getsockname()[1]
        try:
            tcp = self._bound(socket.SOCK_STREAM)
        except BaseException:
            udp.close()
            raise
        self._udp, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=udp)
        self._listener = await loop.create_server(lambda: Connection(self), sock=tcp, backlog=512)

    async def stop(self) -> None:
        """Close everything."""
        for task in self._outgoing.values():
            task.cancel()
        self._outgoing.clear()
        if self._listener is not None:
            self._listener.close()
        for connection in list(self.connections):
            connection.abort()
        if self._udp is not None:
            self._udp.abort()
        if self._tunnel_port is not None:
            await self._tunnel_port.close()
        # The loop closes sockets in its next turn; after it they are free for the next stack.
        await asyncio.sleep(0)

    async def channel(self, hop: Hop) -> Channel:
        """Return a way to a hop; for TCP the connection that is open already, or a new one.

        Raises:
            TransportFailed: no connection, or the hop is no numeric address.
        """
        try:
            ip_address(hop.address)
        except ValueError:
            raise TransportFailed(f"{hop.address!r:.80} is no numeric address") from None
        if hop.transport == "udp":
            return DatagramChannel(self, Endpoint(hop.address, hop.port, "udp"))
        if self._tunnel is not None:
            raise TransportFailed(f"{hop}: expected udp, which is all that the tunnel carries")
        if hop.transport != "tcp":
            raise TransportFailed(f"transport {hop.transport!r:.20}: expected udp or tcp")
        task = self._outgoing.get(hop)
        if task is None or (task.done() and not _usable(task)):
            task = asyncio.get_running_loop().create_task(self._connect(hop))
            self._outgoing[hop] = task
            task.add_done_callback(lambda done: self._forget_failure(hop, done))
        try:
            # Several requests wait for one connection: the end of one wait does not end it for the others.
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():  # by `stop`, not the wait by its owner
                raise TransportFailed(f"{hop}: the stack was stopped") from None
            raise

    def datagrams_to(self, peer: Endpoint) -> Channel:
        """Return the way to a place over the UDP socket."""
        return DatagramChannel(self, peer)

    def altered(self, data: bytes) -> bytes | None:
        """Apply the fault hook."""
        return data if self.alter is None else self.alter(data)

    def send_datagram(self, data: bytes, peer: Endpoint) -> None:
        """Send one datagram.

        Raises:
            TransportFailed: the system refuses it.
        """
        closed = self._udp is None or self._udp.is_closing()
        if closed and self._tunnel_port is None:
            raise TransportFailed(f"{Endpoint(self.address, self.port, 'udp')} is closed")
        outgoing = self.altered(data)
        if outgoing is None:
            return
        if self._tunnel_port is not None:
            self._tunnel_port.send(outgoing, peer)
            return
        self._send_error = None
        assert self._udp is not None
        self._udp.sendto(outgoing, (peer.address, peer.port))
        if self._send_error is not None:
            raise TransportFailed(f"{peer}: {self._send_error}")

    def receive_datagram(self, data: bytes, source: Endpoint) -> None:
        """Hand on one datagram, unless it is a keep-alive."""
        if data.strip(b"\r\n\0 "):
            self.on_message(data, DatagramChannel(self, source))

    def note_send_error(self, error: OSError) -> None:
        """Keep what the socket complained about while `send_datagram` runs."""
        self._send_error = error

    def forget(self, connection: Connection) -> None:
        """Drop a connection that ended."""
        self.connections.discard(connection)
        for hop, task in list(self._outgoing.items()):
            if task.done() and not _usable(task):
                del self._outgoing[hop]

    def _forget_failure(self, hop: Hop, task: asyncio.Task[Connection]) -> None:
        if not _usable(task) and self._outgoing.get(hop) is task:
            del self._outgoing[hop]

    async def _connect(self, hop: Hop) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_S):
                _, connection = await loop.create_connection(
                    lambda: Connection(self), hop.address, hop.port, local_addr=(self.address, 0)
                )
        except TimeoutError:
            raise TransportFailed(f"{hop}: no connection within {CONNECT_S:g} s") from None
        except OSError as error:
            # asyncio words errors of `connect` in its own way and without the reason.
            raise TransportFailed(f"{hop}: {os.strerror(error.errno) if error.errno else error}") from None
        return connection

    def _bound(self, kind: socket.SocketKind) -> socket.socket:
        bound = socket.socket(family_of(self.address), kind)
        try:
            bound.setblocking(False)
            if kind is socket.SOCK_STREAM:
                # Connections of the node that ran here before may still be in TIME_WAIT.
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            else:
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            bound.bind((self.address, self.port))
            if kind is socket.SOCK_STREAM:
                bound.listen(512)
        except OSError as error:
            bound.close()
            transport = "tcp" if kind is socket.SOCK_STREAM else "udp"
            raise bind_failure(error, self.address, self.port, transport) from None
        return bound


def _usable(task: asyncio.Task[Connection]) -> bool:
    return not task.cancelled() and task.exception() is None and task.result().open


class DatagramChannel:
    """The way to one peer over the UDP socket."""

    reliable = False

    def __init__(self, transport: SipTransport, peer: Endpoint) -> None:
        self.peer = peer
        self._transport = transport

    def send(self, data: bytes) -> None:
        """Send one message in one datagram; TransportFailed where the system refuses it."""
        self._transport.send_datagram(data, self.peer)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, transport: SipTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.receive_datagram(data, Endpoint(addr[0], addr[1], "udp"))

    def error_received(self, exc: Exception) -> None:
        if isinstance(exc, OSError):
            self._transport.note_send_error(exc)


class Connection(asyncio.Protocol):
    """One TCP connection, whoever opened it."""

    reliable = True

    def __init__(self, owner: SipTransport) -> None:
        self.peer = Endpoint("0.0.0.0", 0, "tcp")
        self.open = False
        self._owner = owner
        self._framer = StreamFramer()
        self._stream: asyncio.Transport | None = None

    def send(self, data: bytes) -> None:
        """Send one message; TransportFailed where the connection is closed or its peer does not read."""
        if not self.open or self._stream is None:
            raise TransportFailed(f"{self.peer}: connection is closed")
        if self._stream.get_write_buffer_size() > _UNSENT_AT_MOST:
            self.abort()
            raise TransportFailed(f"{self.peer}: the peer does not read")
        outgoing = self._owner.altered(data)
        if outgoing is not None:
            self._stream.write(outgoing)

    def abort(self) -> None:
        """Close at once."""
        self.open = False
        if self._stream is not None:
            self._stream.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the peer; refuse where too many are connected."""
        assert isinstance(transport, asyncio.Transport)
        self._stream = transport
        peer = transport.get_extra_info("peername")
        if peer is None:
            transport.abort()  # gone already
            return
        self.peer = Endpoint(peer[0], peer[1], "tcp")
        if len(self._owner.connections) >= _CONNECTIONS_AT_MOST:
            self._owner.log.warning("%s refused: %d connections are open", self.peer, _CONNECTIONS_AT_MOST)
            transport.abort()
            return
        self.open = True
        self._owner.connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Cut messages out of the stream; close where it cannot be cut."""
        try:
            frames = self._framer.feed(data)
        except MalformedMessage as error:
            self._owner.log.warning("%s closed: %s, began %.80r", self.peer, error, data[:40])
            self.abort()
            return
        for frame in frames:
            if frame is PING:
                if self._stream is not None and self.open:
                    self._stream.write(PONG)
            else:
                self._owner.on_message(frame, self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the transactions that wait for something from here."""
        self.open = False
        self._owner.forget(self)
        self._owner.on_lost(self)
