"""A socket that answers as Kamailio does, and what its nodes tell the harness then."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from conformance.cores.emulated.node import NodeContext
from conformance.cores.kamailio import rpc
from conformance.cores.kamailio.node_control import NodeControl
from conformance.federation import default_federation_path, load_federation
from conformance.vocabulary.federation import NodeKind

QUIET = {"current": 3, "waiting": 3}
BUSY = {"current": 4, "waiting": 3}
Ask = Callable[..., Mapping[str, Any]]


class Answering(asyncio.DatagramProtocol):
    def __init__(self, results: Mapping[str, list[Any]]) -> None:
        self.results = results

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        results = self.results[json.loads(data)["method"]]
        result = results.pop(0) if len(results) > 1 else results[0]
        self.transport.sendto(json.dumps({"jsonrpc": "2.0", "result": result, "id": 1}).encode(), addr)


@asynccontextmanager
async def kamailio(folder: Path, results: Mapping[str, list[Any]]) -> AsyncIterator[None]:
    served = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    served.bind(str(folder / rpc.SOCKET))
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: Answering(results), sock=served)
    try:
        yield
    finally:
        transport.close()


def told(
    control: Callable[[NodeContext], NodeControl],
    folder: Path,
    kind: NodeKind,
    command: Mapping[str, Any],
    results: Mapping[str, list[Any]],
) -> Mapping[str, Any]:
    """Return what a node answers to a command while Kamailio answers its questions.

    `results` are the results of each method, a dot of its name written as two underscores; the last one is repeated.
    """

    async def scene() -> Mapping[str, Any]:
        federation = load_federation(default_federation_path())
        log, testbed = logging.getLogger("test"), federation.testbeds["uc3m"]
        context = NodeContext(federation, testbed, kind, folder, log, frozenset(), lambda: None)
        async with kamailio(folder, {name.replace("__", "."): one for name, one in results.items()}):
            return await control(context).answer(command)

    return asyncio.run(scene())
