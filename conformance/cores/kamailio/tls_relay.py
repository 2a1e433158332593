"""Ends TLS in front of a server of HTTP: Kamailio 5.6 tells nobody the secrets of its connections.

A capture that cannot be read proves nothing. So HTTPS ends at the node, which writes the secrets down, and what is
inside goes on to the server at 127.0.0.1, as it goes from a proxy of an operator (D2.2 3.3.3.2).
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from conformance.cores.kamailio.dns_relay import Place, pass_on
from conformance.stack.ports import bind_failure

_IDLE_S = 30.0


@asynccontextmanager
async def tls_relay(entry: Place, context: ssl.SSLContext, server: Place) -> AsyncIterator[None]:
    """Take TLS connections and pass on what is inside, for as long as the context lasts.

    Args:
        entry: where connections are taken.
        context: has the certificate.
        server: where what is inside goes.

    Raises:
        TestbedDown, NotPermitted: the entry cannot be bound.
    """

    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(OSError, TimeoutError):
            onward, back = await asyncio.open_connection(*server)
            with contextlib.closing(back):
                await asyncio.gather(pass_on(reader, back, _IDLE_S), pass_on(onward, writer, _IDLE_S))

    try:
        listening = await asyncio.start_server(stream, entry.address, entry.port, ssl=context)
    except OSError as error:
        raise bind_failure(error, entry.address, entry.port, "tcp") from None
    try:
        yield
    finally:
        listening.close()
