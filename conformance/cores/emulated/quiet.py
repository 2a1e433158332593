"""What a SIP proxy (CSCF or plain) tells over its control channel: is anything under way, and whom does it know?

Every exchange on the wire is somebody's unfinished work: the node that asked waits for the answer. So when all nodes
are quiet, nothing is on its way between them, and a capture may end. When no node knows a registration, the next cell
begins as the first one did.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from conformance.cores.emulated.control import ask, control_channel
from conformance.stack.sip import SipStack

SETTLE_S = 3.0
"""How long a node may take to become quiet, seconds; then it says that it is not."""
MOST_USERS = 20
"""Users whom a node names; there may be more."""


class Work:
    """What a node does beside the answers to requests: tasks that outlive the request that set them off."""

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[None]] = set()

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Run in a task of its own, after what is answered now."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def stop(self) -> None:
        """Give up what is under way."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def control_path(folder: Path) -> Path:
    """Return the socket of a CSCF's control channel in the node's folder."""
    return folder / "control.sock"


def nobody() -> Iterable[str]:
    """Return the users whom a node without memory knows."""
    return ()


def quiet_channel(
    folder: Path,
    stack: SipStack | None,
    work: Work,
    users: Callable[[], Iterable[str]] = nobody,
    *,
    more_work: Sequence[Work] = (),
) -> AbstractAsyncContextManager[None]:
    """Serve `{"settle": true}` and `{"users": true}` for as long as the context lasts.

    The answer to the first is `{"quiet": ..., "was": ...}`: quiet now, and quiet already when it was asked; to the
    second `{"users": [...]}`.

    Args:
        folder: the node's folder.
        stack: its requests; None where they are part of its work.
        work: its other tasks.
        users: default public identities of those whose registration it knows.
        more_work: tasks of its other parts.
    """

    def at_work() -> set[asyncio.Task[None]]:
        handlers = stack.handlers if stack is not None else ()
        return set(handlers).union(*(one.tasks for one in (work, *more_work)))

    async def answer(command: Mapping[str, Any]) -> Mapping[str, Any]:
        if command.get("users") is True:
            return {"users": sorted(set(users()))[:MOST_USERS]}
        if command.get("settle") is not True:
            raise ValueError('expected {"settle": true} or {"users": true}')
        loop = asyncio.get_running_loop()
        deadline = loop.time() + SETTLE_S
        was = not at_work()
        while (busy := at_work()) and (left := deadline - loop.time()) > 0:
            await asyncio.wait(busy, timeout=left)
            await asyncio.sleep(0)  # whoever waited for them goes on first
        return {"quiet": not busy, "was": was}

    return control_channel(control_path(folder), answer)


async def all_quiet(paths: Iterable[Path]) -> bool:
    """Ask several nodes, again and again, until each one was quiet before it was asked.

    Args:
        paths: their control channels.

    Returns:
        False where one was not quiet after `SETTLE_S`.

    Raises:
        TestbedDown: a node does not answer.
    """
    paths = list(paths)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + SETTLE_S
    while loop.time() < deadline:
        answers = [await ask(path, {"settle": True}) for path in paths]
        if not all(answer.get("quiet") for answer in answers):
            return False
        if all(answer.get("was") for answer in answers):
            return True
    return False


async def known_users(paths: Mapping[str, Path]) -> dict[str, list[str]]:
    """Ask several nodes whose registration they know.

    Args:
        paths: control channel by name of the node.

    Returns:
        Default public identities by name of the node, without the nodes that know nobody.

    Raises:
        TestbedDown: a node does not answer.
    """
    answers = {name: await ask(path, {"users": True}) for name, path in paths.items()}
    return {name: list(answer["users"]) for name, answer in answers.items() if answer.get("users")}
