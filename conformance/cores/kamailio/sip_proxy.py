"""A plain SIP proxy with a registrar, in front of the presence server, that is played by Kamailio."""

from __future__ import annotations

from conformance.cores.emulated.node import NodeContext
from conformance.cores.kamailio import rpc
from conformance.cores.kamailio.node_control import NodeControl
from conformance.cores.kamailio.render import proxy_files
from conformance.cores.kamailio.server import installed_modules, serve


async def run(context: NodeContext) -> None:
    """Serve until cancelled (see `NodeContext`)."""
    files = proxy_files(context.federation, context.testbed, installed_modules(context))
    await serve(context, files, Control(context).answer)


class Control(NodeControl):
    """Answers what the harness asks: whether it has work under way, and who is registered."""

    async def users(self) -> list[str]:
        """Return the default identities of those who are registered."""
        found = []
        for identity in self.default_identities():
            user = identity.partition(":")[2].partition("@")[0]
            if await rpc.call(self._context.folder, "ul.lookup", "location", user):
                found.append(identity)
        return found
