"""A node that is played by Kamailio: its files, its process, and its control channel."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

from conformance.cores.emulated.control import control_channel
from conformance.cores.emulated.node import NodeContext
from conformance.cores.emulated.quiet import SETTLE_S, control_path
from conformance.cores.kamailio import rpc
from conformance.cores.kamailio.dns_relay import PORT, Place, dns_relay
from conformance.cores.kamailio.installed import modules_folder
from conformance.cores.kamailio.program import INSIDE, RESOLVER, Program, running
from conformance.cores.kamailio.render import write
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.federation import NodeKind

AGAIN_S = 0.02
"""The state of another process is only seen by asking again; so often."""
_COMMAND = (
    *("kamailio", "-DD", "-E", "-f", "kamailio.cfg"),
    *("-P", f"{INSIDE}.pid", "-w", INSIDE, "-Y", INSIDE),
    *("-m", "48", "-M", "8"),  # MB shared, and of each process
)
Answer = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


def installed_modules(context: NodeContext) -> str:
    """Return the folder of Kamailio's modules.

    Raises:
        TestbedDown: it is not installed.
    """
    modules = modules_folder()
    if modules is None:
        raise TestbedDown(f"{context.name}: expected the modules of Kamailio below /usr, found none")
    return str(modules)


async def serve(context: NodeContext, files: Mapping[str, str], answer: Answer, shared: str = ".") -> None:
    """Run Kamailio until cancelled; answer on the control channel once it serves.

    Args:
        context: the node.
        files: what stands in its folder, by name: `kamailio.cfg` and what belongs to it.
        answer: answers commands of the control channel.
        shared: folder of the node whose database it uses, relative to its own.
    """
    folder, dns = context.folder, context.testbed.node(NodeKind.DNS)
    write(folder, files)
    (folder / rpc.SOCKET).unlink(missing_ok=True)
    async with AsyncExitStack() as end:
        own = str(context.node.address)
        await end.enter_async_context(dns_relay(Place(own, PORT), own, Place(str(dns.address), dns.port)))
        (folder / RESOLVER).write_text(f"nameserver {own}\noptions timeout:1 attempts:2\n", encoding="utf-8")
        program = await end.enter_async_context(running(folder.parent, context.name, folder, _COMMAND, shared))
        ending = asyncio.create_task(program.until_end())
        serving = asyncio.create_task(_until_it_answers(context, program))
        try:
            await asyncio.wait((ending, serving), return_when=asyncio.FIRST_COMPLETED)
            if not ending.done():
                await end.enter_async_context(control_channel(control_path(folder), answer))
                context.ready()
            await ending
        finally:
            ending.cancel()
            serving.cancel()
            await asyncio.gather(ending, serving, return_exceptions=True)


async def _until_it_answers(context: NodeContext, program: Program) -> None:
    while program.runs:
        try:
            await rpc.call(context.folder, "core.version")
        except TestbedDown:
            await asyncio.sleep(AGAIN_S)
        else:
            return


async def settled(is_busy: Callable[[], Awaitable[bool]]) -> Mapping[str, Any]:
    """Wait until a node is not busy; the answer to `{"settle": true}` (see `quiet`)."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + SETTLE_S
    was = quiet = not await is_busy()
    while not quiet and loop.time() < deadline:
        await asyncio.sleep(AGAIN_S)
        quiet = not await is_busy()
    return {"quiet": quiet, "was": was}


async def has_transactions(context: NodeContext) -> bool:
    """Tell whether a transaction of Kamailio waits for its end."""
    stats = await rpc.call(context.folder, "tm.stats")
    # A transaction that has ended is kept for a while, to recognise repetitions: `waiting`.
    return stats is not None and int(stats["current"]) > int(stats["waiting"])
