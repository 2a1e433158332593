"""Passes DNS messages on between two addresses of a node, because programs cannot be told which addresses are theirs.

The C library lets no program choose the address that its queries come from, and on the loopback interface the kernel
chooses 127.0.0.1: nobody could tell who asked. So a CSCF asks itself, and what the DNS sees is the CSCF. The other way
round BIND listens at addresses of interfaces alone, and `lo` has but one: so a DNS node takes queries where the
federation has it, and BIND gets them at 127.0.0.1. No octet of a message is changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from conformance.stack.ports import bind_failure

PORT = 53
_ANSWER_S = 5.0
_IDLE_S = 10.0
_MOST_PENDING = 512
_READ = 65_536


class Place(NamedTuple):
    """Where a server of DNS listens."""

    address: str
    port: int


class _Once(asyncio.DatagramProtocol):
    """One query, from a port of its own (RFC 5452), and its answer back to who asked."""

    def __init__(self, query: bytes, back: asyncio.DatagramTransport, to: Any, pending: set[Any]) -> None:
        self._query, self._back, self._to, self._pending = query, back, to, pending
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._pending.add(transport)
        transport.sendto(self._query)
        asyncio.get_running_loop().call_later(_ANSWER_S, transport.close)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        assert self._transport is not None
        if data[:2] == self._query[:2]:
            self._back.sendto(data, self._to)
            self._transport.close()

    def error_received(self, exc: Exception) -> None:
        """A server that is down: who asked repeats the query or gives up."""

    def connection_lost(self, exc: Exception | None) -> None:
        self._pending.discard(self._transport)


class _Entry(asyncio.DatagramProtocol):
    def __init__(self, source: str, server: Place) -> None:
        self._source, self._server = source, server
        self._tasks: set[asyncio.Task[Any]] = set()
        self.pending: set[Any] = set()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if len(data) < 12 or len(self.pending) + len(self._tasks) >= _MOST_PENDING:
            return
        loop = asyncio.get_running_loop()
        task = loop.create_task(
            loop.create_datagram_endpoint(
                lambda: _Once(data, self._transport, addr, self.pending),
                local_addr=(self._source, 0),
                remote_addr=self._server,
            )
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


@asynccontextmanager
async def dns_relay(entry: Place, source: str, server: Place) -> AsyncIterator[None]:
    """Pass queries on over UDP and TCP for as long as the context lasts.

    Args:
        entry: where queries are taken.
        source: address that they are sent on from.
        server: where they go.

    Raises:
        TestbedDown, NotPermitted: the entry cannot be bound.
    """

    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(OSError, TimeoutError):
            onward, back = await asyncio.open_connection(*server, local_addr=(source, 0))
            with contextlib.closing(back):
                await asyncio.gather(pass_on(reader, back, _IDLE_S), pass_on(onward, writer, _IDLE_S))

    loop = asyncio.get_running_loop()
    transport_name = "udp"
    try:
        transport, protocol = await loop.create_datagram_endpoint(
            lambda: _Entry(source, server), local_addr=(entry.address, entry.port)
        )
        transport_name = "tcp"
        listening = await asyncio.start_server(stream, entry.address, entry.port)
    except OSError as error:
        raise bind_failure(error, entry.address, entry.port, transport_name) from None
    try:
        yield
    finally:
        listening.close()
        transport.close()
        for pending in set(protocol.pending):
            pending.close()


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, idle_s: float) -> None:
    """Pass on what comes in one direction of a connection until it ends.

    Raises:
        TimeoutError: nothing came for so many seconds.
    """
    while octets := await asyncio.wait_for(reader.read(_READ), idle_s):
        writer.write(octets)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
    else:
        writer.close()  # TLS knows no end of one direction alone


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody has, for UDP and TCP."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as two,
    ):
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
        two.bind(("127.0.0.1", port))
    return port
