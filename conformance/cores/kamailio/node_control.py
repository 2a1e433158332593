"""What a node of Kamailio answers to the harness: whether it has work under way, and whom it knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.cores.emulated.node import NodeContext
from conformance.cores.emulated.quiet import MOST_USERS
from conformance.cores.kamailio.server import has_transactions, settled


class NodeControl:
    """What all nodes of Kamailio have in common; a kind of node says whom it knows and what else keeps it busy.

    Args:
        context: the node.
    """

    def __init__(self, context: NodeContext) -> None:
        self._context = context

    async def answer(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer `{"settle": true}` and `{"users": true}` as an emulated node does (see `quiet`).

        Raises:
            ValueError: another command.
        """
        if command.get("users") is True:
            return {"users": (await self.users())[:MOST_USERS]}
        if command.get("settle") is not True:
            raise ValueError('expected {"settle": true} or {"users": true}')
        return await settled(self.is_busy)

    async def is_busy(self) -> bool:
        """Tell whether a transaction waits for its end."""
        return await has_transactions(self._context)

    async def users(self) -> list[str]:
        """Return whom it knows: nobody."""
        return []

    def default_identities(self) -> list[str]:
        """Return the default public user identity of every subscriber of the testbed."""
        return sorted({impu for user in self._context.testbed.subscribers for impu in user.impus[:1]})
