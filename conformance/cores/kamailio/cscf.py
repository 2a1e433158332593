"""A CSCF that is played by Kamailio: its configuration, its process, and its control channel."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

from conformance.cores.emulated.control import control_channel
from conformance.cores.emulated.node import NodeContext
from conformance.cores.emulated.quiet import MOST_USERS, SETTLE_S, control_path
from conformance.cores.kamailio import rpc
from conformance.cores.kamailio.dns_relay import PORT, Place, dns_relay
from conformance.cores.kamailio.installed import modules_folder
from conformance.cores.kamailio.program import INSIDE, RESOLVER, Program, running
from conformance.cores.kamailio.render import cscf_files, write
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.federation import NodeKind

_AGAIN_S = 0.02
_DATABASES = {
    NodeKind.PCSCF: "pua.sqlite",
    NodeKind.ICSCF: "icscf.sqlite",
    NodeKind.SCSCF: "presence.sqlite",
}
_ICSCF_TABLES = """
CREATE TABLE s_cscf (id INTEGER PRIMARY KEY, name TEXT NOT NULL, s_cscf_uri TEXT NOT NULL);
CREATE TABLE s_cscf_capabilities (id INTEGER PRIMARY KEY, id_s_cscf INTEGER NOT NULL, capability INTEGER NOT NULL);
CREATE TABLE nds_trusted_domains (id INTEGER PRIMARY KEY, trusted_domain TEXT NOT NULL);
INSERT INTO s_cscf_capabilities VALUES (1, 1, 0);
"""
"""What an I-CSCF reads at its start: the S-CSCFs of its network, and whom it trusts."""
_PACKAGED_SQL = Path("/usr/share/kamailio/db_sqlite")
_COMMAND = (
    *("kamailio", "-DD", "-E", "-f", "kamailio.cfg"),
    *("-P", f"{INSIDE}.pid", "-w", INSIDE, "-Y", INSIDE),
    *("-m", "48", "-M", "8"),  # MB shared, and of each process
)


async def run(context: NodeContext) -> None:
    """Serve until cancelled (see `NodeContext`)."""
    folder, testbed = context.folder, context.testbed
    modules = modules_folder()
    if modules is None:
        raise TestbedDown(f"{context.name}: expected the modules of Kamailio below /usr, found none")
    write(folder, cscf_files(context.federation, testbed, context.kind, str(modules)))
    _make_databases(context)
    (folder / rpc.SOCKET).unlink(missing_ok=True)
    dns = testbed.node(NodeKind.DNS)
    async with AsyncExitStack() as end:
        own = str(context.node.address)
        await end.enter_async_context(dns_relay(Place(own, PORT), own, Place(str(dns.address), dns.port)))
        (folder / RESOLVER).write_text(f"nameserver {own}\noptions timeout:1 attempts:2\n", encoding="utf-8")
        program = await end.enter_async_context(running(folder.parent, context.name, folder, _COMMAND))
        ending = asyncio.create_task(program.until_end())
        serving = asyncio.create_task(_until_it_answers(folder, program))
        try:
            await asyncio.wait((ending, serving), return_when=asyncio.FIRST_COMPLETED)
            if not ending.done():
                await end.enter_async_context(control_channel(control_path(folder), Control(context).answer))
                context.ready()
            await ending
        finally:
            ending.cancel()
            serving.cancel()
            await asyncio.gather(ending, serving, return_exceptions=True)


async def _until_it_answers(folder: Path, program: Program) -> None:
    while program.runs:
        try:
            await rpc.call(folder, "core.version")
        except TestbedDown:
            # Not an event that one could wait for: the state of another process is only seen by asking again.
            await asyncio.sleep(_AGAIN_S)
        else:
            return


def _make_databases(context: NodeContext) -> None:
    """Make the databases that Kamailio's modules insist on; what is in them outlives no start."""
    path = context.folder / _DATABASES[context.kind]
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database:
        if context.kind is NodeKind.ICSCF:
            database.executescript(_ICSCF_TABLES)
            database.execute("INSERT INTO s_cscf VALUES (1, 'S-CSCF', ?)", (context.testbed.uri(NodeKind.SCSCF),))
            database.execute("INSERT INTO nds_trusted_domains VALUES (1, ?)", (context.testbed.domain,))
            database.commit()
            return
        for part in ("standard", "presence"):
            script = _PACKAGED_SQL / f"{part}-create.sql"
            try:
                database.executescript(script.read_text(encoding="utf-8"))
            except OSError:
                raise TestbedDown(f"{script}: expected the tables of Kamailio's package, found no such file") from None


class Control:
    """Answers what the harness asks a CSCF: whether it has work under way, and whom it knows.

    Args:
        context: the node.
    """

    def __init__(self, context: NodeContext) -> None:
        self._folder = context.folder
        self._kind = context.kind
        self._identities = [impu for user in context.testbed.subscribers for impu in user.impus[:1]]

    async def answer(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer `{"settle": true}` and `{"users": true}` as an emulated CSCF does (see `quiet`)."""
        if command.get("users") is True:
            return {"users": (await self.users())[:MOST_USERS]}
        if command.get("settle") is not True:
            raise ValueError('expected {"settle": true} or {"users": true}')
        loop = asyncio.get_running_loop()
        deadline = loop.time() + SETTLE_S
        was = quiet = not await self.is_busy()
        while not quiet and loop.time() < deadline:
            await asyncio.sleep(_AGAIN_S)  # the state of another process is only seen by asking again
            quiet = not await self.is_busy()
        return {"quiet": quiet, "was": was}

    async def is_busy(self) -> bool:
        """Tell whether a transaction waits for its end, or a NOTIFY for being sent."""
        stats = await rpc.call(self._folder, "tm.stats")
        # A transaction that has ended is kept for a while, to recognise repetitions: `waiting`.
        if stats is not None and int(stats["current"]) > int(stats["waiting"]):
            return True
        if self._kind is not NodeKind.SCSCF:
            return False
        counted = await rpc.call(self._folder, "stats.fetchn", "ims_registrar_scscf:notifies_in_q")
        return any(int(number) > 0 for number in (counted or {}).values())

    async def users(self) -> list[str]:
        """Return whom it knows: of an S-CSCF also who is registered no longer and whose subscriptions are left.

        A P-CSCF names nobody; so it is told how many contacts it has.
        """
        if self._kind is NodeKind.PCSCF:
            status = await rpc.call(self._folder, "ulpcscf.status")
            records = _number(status, "Records")
            return [f"somebody ({records} contacts)"] if records else []
        if self._kind is NodeKind.ICSCF:
            return []
        known = []
        for identity in self._identities:
            shown = await rpc.call(self._folder, "ulscscf.showimpu", identity)
            if isinstance(shown, dict) and shown:
                known.append(identity)
        return sorted(known)


def _number(tree: object, key: str) -> int:
    """Return the number that stands under a key, wherever in an answer."""
    if isinstance(tree, dict):
        if isinstance(tree.get(key), int):
            return int(tree[key])
        return sum(_number(branch, key) for branch in tree.values())
    if isinstance(tree, list):
        return sum(_number(branch, key) for branch in tree)
    return 0
