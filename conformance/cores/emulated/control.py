"""A node's control channel: a UNIX socket in its folder; one line of JSON asks, one line of JSON answers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from conformance.vocabulary.errors import TestbedDown

Handler = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
"""Does what a command asks and returns what is told of it; ValueError: the command cannot be understood."""
_ASK_S = 5.0


@contextmanager
def short_name(path: Path) -> Iterator[str]:
    """Give a name for the socket that fits into the 107 octets of a UNIX address, however deep the folder is."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


@asynccontextmanager
async def control_channel(path: Path, handler: Handler) -> AsyncIterator[None]:
    """Answer commands at the socket `path` for as long as the context lasts."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            try:
                line = await asyncio.wait_for(reader.readline(), _ASK_S)
                command = json.loads(line)
                if not isinstance(command, dict):
                    raise ValueError("expected a JSON object")
                answer = await handler(command)
            except (ValueError, TimeoutError) as error:
                answer = {"error": f"expected a command in one line of JSON, found: {error}"}
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()

    path.unlink(missing_ok=True)
    with short_name(path) as name:
        server = await asyncio.start_unix_server(serve, name)
    try:
        yield
    finally:
        server.close()
        path.unlink(missing_ok=True)


async def ask(path: Path, command: Mapping[str, Any]) -> dict[str, Any]:
    """Send one command to the socket `path` and return its answer.

    Raises:
        TestbedDown: nobody answers there within 5 seconds.
    """
    try:
        return await asyncio.wait_for(_ask(path, command), _ASK_S)
    except (OSError, TimeoutError, ValueError) as error:
        raise TestbedDown(
            f"control channel {path}: expected an answer within {_ASK_S:g} s, found: {error or 'none'}"
        ) from None


async def _ask(path: Path, command: Mapping[str, Any]) -> dict[str, Any]:
    with short_name(path) as name:
        reader, writer = await asyncio.open_unix_connection(name)
    with contextlib.closing(writer):
        writer.write(json.dumps(command).encode() + b"\n")
        answer = json.loads(await reader.readline())
    if not isinstance(answer, dict):
        raise ValueError("no JSON object")
    return answer
