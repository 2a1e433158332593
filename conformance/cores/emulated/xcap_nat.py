"""The proxy of a network makes its XDMS reachable from outside (D2.2 3.3.3.2): the ports are translated, and no octet.

What comes to the P-CSCF at the ports of the XDMS goes on to there, from the address of the P-CSCF. HTTPS stays between
the terminal and the XDMS. Outside, the name `xcap.` of the domain leads to the P-CSCF (`zone`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from conformance.cores.emulated.node import NodeContext
from conformance.stack.ports import bind_failure
from conformance.vocabulary.federation import XCAP_TLS_PORT, NodeKind

_MOST = 200
"""Connections at a time."""
_IDLE_S = 60.0
_CONNECT_S = 2.0
_READ = 65_536


class _Relay:
    """Passes connections on to one port of the XDMS."""

    def __init__(self, own: str, xdms: str, port: int, log: logging.Logger) -> None:
        self._own, self._xdms, self._port = own, xdms, port
        self._log = log
        self._open: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        try:
            self._server = await asyncio.start_server(self._accepted, self._own, self._port)
        except OSError as error:
            raise bind_failure(error, self._own, self._port, "tcp") from None

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            with contextlib.closing(writer):
                if len(self._open) <= _MOST:
                    await self._pass_on(reader, writer)
        except (OSError, TimeoutError) as error:
            self._log.warning("XCAP at port %d: %s", self._port, error or type(error).__name__)
        finally:
            self._open.discard(task)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_CONNECT_S):
            inner = await asyncio.open_connection(self._xdms, self._port, local_addr=(self._own, 0))
        with contextlib.closing(inner[1]):
            async with asyncio.TaskGroup() as both:
                both.create_task(_pump(reader, inner[1]))
                both.create_task(_pump(inner[0], writer))

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes until the end of it; then the other side is told that no more will come."""
    with contextlib.suppress(OSError, TimeoutError):
        while True:
            async with asyncio.timeout(_IDLE_S):
                piece = await reader.read(_READ)
                if not piece:
                    break
                writer.write(piece)
                await writer.drain()
    with contextlib.suppress(OSError):
        if writer.can_write_eof():
            writer.write_eof()


@contextlib.asynccontextmanager
async def xcap_nat(context: NodeContext) -> AsyncIterator[None]:
    """Translate for as long as the context lasts, where the testbed has it; else nothing happens.

    Args:
        context: that of the P-CSCF.

    Raises:
        TestbedDown, NotPermitted: a port cannot be bound.
    """
    testbed, own = context.testbed, str(context.node.address)
    async with contextlib.AsyncExitStack() as end:
        if testbed.translates_xcap:
            xdms = testbed.node(NodeKind.XDMS)
            for port in (xdms.port, XCAP_TLS_PORT):
                relay = _Relay(own, str(xdms.address), port, context.log)
                end.push_async_callback(relay.stop)
                await relay.start()
        yield
