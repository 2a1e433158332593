"""Two SIP elements over real sockets, for tests. Addresses: 127.34.11.0/24."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from sipmessage import URI, Request

from conformance.protocols.sip.message import make_response
from conformance.protocols.sip.timers import SipTimers
from conformance.stack.hop import Hop
from conformance.stack.sip import ServerTransaction, SipStack

SERVER, CLIENT = "127.34.11.1", "127.34.11.2"
FAST = SipTimers(t1_s=0.02, t2_s=0.08, t4_s=0.1)
"""For what must time out."""
QUICK = SipTimers(t1_s=0.1, t2_s=0.4, t4_s=0.1)
"""For what must be sent again, but not time out on a busy machine."""
DEADLINE_S = 10.0


def run(test: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(DEADLINE_S):
            await test

    asyncio.run(bounded())


def request(method: str = "OPTIONS", *, body: bytes = b"", call_id: str = "c") -> Request:
    message = Request(method, URI(scheme="sip", host=SERVER), body)
    for name, value in (
        ("Max-Forwards", "70"),
        ("From", f"<sip:a@{CLIENT}>;tag=1"),
        ("To", f"<sip:b@{SERVER}>"),
        ("Call-ID", call_id),
        ("CSeq", f"1 {method}"),
    ):
        message.headers.set(name, value)
    return message


class Answerer:
    """Answers each request with a list of codes and remembers what it saw."""

    def __init__(self, *codes: int) -> None:
        self.codes = codes
        self.seen: list[ServerTransaction] = []

    async def __call__(self, transaction: ServerTransaction) -> None:
        self.seen.append(transaction)
        if transaction.request.method != "ACK":
            for code in self.codes:
                await transaction.respond(make_response(transaction.request, code, to_tag="t"))


@asynccontextmanager
async def pair(
    answer: Callable[[ServerTransaction], Coroutine[Any, Any, None]] | None,
    *,
    alter_server: Callable[[bytes], bytes | None] | None = None,
    alter_client: Callable[[bytes], bytes | None] | None = None,
    timers: SipTimers = QUICK,
    addresses: tuple[str, str] = (SERVER, CLIENT),
) -> AsyncIterator[tuple[SipStack, Hop]]:
    server = SipStack(addresses[0], 0, timers, on_request=answer, alter=alter_server)
    client = SipStack(addresses[1], 0, timers, alter=alter_client)
    await server.start()
    await client.start()
    try:
        yield client, Hop(addresses[0], server.port, "udp")
    finally:
        await client.stop()
        await server.stop()
