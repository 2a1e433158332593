"""A plain SIP proxy with a registrar, in front of the presence server, that is played by Kamailio."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from conformance.cores.emulated.node import NodeContext
from conformance.cores.emulated.quiet import MOST_USERS
from conformance.cores.kamailio import rpc
from conformance.cores.kamailio.render import proxy_files
from conformance.cores.kamailio.server import has_transactions, installed_modules, serve, settled


async def run(context: NodeContext) -> None:
    """Serve until cancelled (see `NodeContext`)."""
    files = proxy_files(context.federation, context.testbed, installed_modules(context))
    await serve(context, files, Control(context).answer)


class Control:
    """Answers what the harness asks: whether it has work under way, and whom it knows.

    Args:
        context: the node.
    """

    def __init__(self, context: NodeContext) -> None:
        self._context = context
        self._identities = [impu for user in context.testbed.subscribers for impu in user.impus[:1]]

    async def answer(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer `{"settle": true}` and `{"users": true}` (see `quiet`)."""
        if command.get("users") is True:
            return {"users": (await self.users())[:MOST_USERS]}
        if command.get("settle") is not True:
            raise ValueError('expected {"settle": true} or {"users": true}')
        return await settled(partial(has_transactions, self._context))

    async def users(self) -> list[str]:
        """Return the default identities of those who are registered."""
        found = []
        for identity in sorted(set(self._identities)):
            user = identity.partition(":")[2].partition("@")[0]
            if await rpc.call(self._context.folder, "ul.lookup", "location", user):
                found.append(identity)
        return found
