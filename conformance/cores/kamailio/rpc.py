"""Asks a running Kamailio by JSON-RPC over its UNIX datagram socket."""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
from pathlib import Path
from typing import Any

from conformance.cores.emulated.control import short_name
from conformance.vocabulary.errors import TestbedDown

SOCKET = "rpc.sock"
_ANSWER_S = 2.0
_LONGEST = 65_535


async def call(folder: Path, method: str, *arguments: object) -> Any:
    """Call one method and return its result; None where Kamailio answers that there is nothing.

    Args:
        folder: the node's folder, where the socket is.
        method: as in `tm.stats`.
        arguments: of the method.

    Raises:
        TestbedDown: Kamailio does not answer.
    """
    loop = asyncio.get_running_loop()
    question = {"jsonrpc": "2.0", "method": method, "params": list(arguments), "id": 1}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asking, short_name(folder / SOCKET) as name:
        asking.setblocking(False)
        asking.bind(f"\0netlab-{secrets.token_hex(12)}")  # where the answer goes; abstract, so no file is left
        try:
            async with asyncio.timeout(_ANSWER_S):
                asking.connect(name)
                await loop.sock_sendall(asking, json.dumps(question).encode())
                answer = json.loads(await loop.sock_recv(asking, _LONGEST))
        except (OSError, ValueError, TimeoutError) as error:
            raise TestbedDown(f"{method}: expected an answer of Kamailio, found: {error or 'none'}") from None
    return answer.get("result")
