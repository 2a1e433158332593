"""A presence server that is played by Kamailio."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from conformance.cores.emulated.node import NodeContext
from conformance.cores.kamailio import rpc
from conformance.cores.kamailio.node_control import NodeControl
from conformance.cores.kamailio.presence_database import known_users, presence_database, shared_folder
from conformance.cores.kamailio.render import presence_files
from conformance.cores.kamailio.server import installed_modules, serve

_IDENTITY = re.compile(r"sip:[^\s\"<>;?]{1,255}")


async def run(context: NodeContext) -> None:
    """Serve until cancelled (see `NodeContext`)."""
    files = presence_files(context.federation, context.testbed, context.kind, installed_modules(context))
    async with presence_database(context):
        await serve(context, files, Control(context).answer, shared_folder(context))


class Control(NodeControl):
    """Answers the harness, and the XDMS when it has other rules for who may watch somebody."""

    async def answer(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer what every node answers; tell watchers at `{"rules": "sip:..."}`."""
        if isinstance(identity := command.get("rules"), str) and _IDENTITY.fullmatch(identity):
            await rpc.call(self._context.folder, "presence.updateWatchers", identity, "presence")
            # And the user is told who watches now.
            await rpc.call(self._context.folder, "presence.refreshWatchers", identity, "presence.winfo", 1)
            return {"told": identity}
        return await super().answer(command)

    async def is_busy(self) -> bool:
        """Tell whether a request is being answered, or watchers are still to be told of one that was."""
        counted = await rpc.call(self._context.folder, "stats.fetchn", "script.telling")
        return bool(counted and counted["script.telling"]) or await super().is_busy()

    async def users(self) -> list[str]:
        """Return who publishes and watches."""
        return await known_users(self._context)
