"""A presence server that is played by Kamailio."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from conformance.cores.emulated.node import NodeContext
from conformance.cores.emulated.quiet import MOST_USERS
from conformance.cores.kamailio import rpc
from conformance.cores.kamailio.presence_database import known_users, presence_database, shared_folder
from conformance.cores.kamailio.render import presence_files
from conformance.cores.kamailio.server import has_transactions, installed_modules, serve, settled

_IDENTITY = re.compile(r"sip:[^\s\"<>;?]{1,255}")


async def run(context: NodeContext) -> None:
    """Serve until cancelled (see `NodeContext`)."""
    files = presence_files(context.federation, context.testbed, context.kind, installed_modules(context))
    async with presence_database(context):
        await serve(context, files, Control(context).answer, shared_folder(context))


class Control:
    """Answers the harness, and the XDMS when it has other rules for who may watch somebody.

    Args:
        context: the node.
    """

    def __init__(self, context: NodeContext) -> None:
        self._context = context

    async def answer(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer `{"settle": true}` and `{"users": true}` (see `quiet`); tell watchers at `{"rules": "sip:..."}`."""
        if isinstance(identity := command.get("rules"), str) and _IDENTITY.fullmatch(identity):
            await rpc.call(self._context.folder, "presence.updateWatchers", identity, "presence")
            # And the user is told who watches now.
            await rpc.call(self._context.folder, "presence.refreshWatchers", identity, "presence.winfo", 1)
            return {"told": identity}
        if command.get("users") is True:
            return {"users": (await known_users(self._context))[:MOST_USERS]}
        if command.get("settle") is not True:
            raise ValueError('expected {"settle": true}, {"users": true} or {"rules": "sip:..."}')
        return await settled(self.is_busy)

    async def is_busy(self) -> bool:
        """Tell whether a request is being answered, or watchers are still to be told of one that was."""
        counted = await rpc.call(self._context.folder, "stats.fetchn", "script.telling")
        return bool(counted and counted["script.telling"]) or await has_transactions(self._context)
