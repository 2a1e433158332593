"""An XDMS that is played by Kamailio's XCAP server.

It writes documents into the database of the presence server. That a rule has changed it says in a datagram to its node,
which tells the presence server's.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

from conformance.cores.emulated.control import ask
from conformance.cores.emulated.node import NodeContext
from conformance.cores.emulated.plan import node_folder
from conformance.cores.emulated.quiet import control_path
from conformance.cores.emulated.xdms.tls import server_context
from conformance.cores.kamailio.dns_relay import Place, free_port
from conformance.cores.kamailio.node_control import NodeControl
from conformance.cores.kamailio.presence_database import presence_database, shared_folder
from conformance.cores.kamailio.render import Inside, presence_files
from conformance.cores.kamailio.server import installed_modules, serve
from conformance.cores.kamailio.tls_relay import tls_relay
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.federation import XCAP_HOST, XCAP_TLS_PORT, NodeKind

_INSIDE = "127.0.0.1"


async def run(context: NodeContext) -> None:
    """Serve until cancelled (see `NodeContext`)."""
    changes = Changes(node_folder(context.folder.parent, f"{context.testbed.name}/{NodeKind.PRESENCE}"), context.log)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: changes, local_addr=(_INSIDE, 0))
    own = str(context.node.address)
    inside = Inside(transport.get_extra_info("sockname")[1], free_port())
    tls = server_context(context.folder, [context.fqdn, f"{XCAP_HOST}.{context.testbed.domain}"], own)
    files = presence_files(context.federation, context.testbed, context.kind, installed_modules(context), inside)
    try:
        async with (
            presence_database(context),
            tls_relay(Place(own, XCAP_TLS_PORT), tls, Place(_INSIDE, inside.http)),
        ):
            await serve(context, files, Control(context, changes).answer, shared_folder(context))
    finally:
        transport.close()
        await changes.stop()


class Changes(asyncio.DatagramProtocol):
    """Tells the presence server whose rules are other ones now.

    Args:
        presence: folder of the presence server.
        log: where failures go.
    """

    def __init__(self, presence: Path, log: logging.Logger) -> None:
        self._presence = presence
        self._log = log
        self.tasks: set[asyncio.Task[None]] = set()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Take the identity whose rules have changed."""
        task = asyncio.get_running_loop().create_task(self._tell(data.decode(errors="replace")))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _tell(self, identity: str) -> None:
        try:
            answer = await ask(control_path(self._presence), {"rules": identity})
        except TestbedDown as error:
            self._log.warning("rules of %.100r: %s", identity, error)
        else:
            self._log.info("rules of %.100r: %s", identity, answer)

    async def stop(self) -> None:
        """Give up what is under way."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


class Control(NodeControl):
    """Answers the harness. It has documents, and those are no registrations: it knows nobody.

    Args:
        context: the node.
        changes: what has to be told to the presence server.
    """

    def __init__(self, context: NodeContext, changes: Changes) -> None:
        super().__init__(context)
        self._changes = changes

    async def is_busy(self) -> bool:
        """Tell whether a request is being answered, or a change not told yet."""
        return bool(self._changes.tasks) or await super().is_busy()
