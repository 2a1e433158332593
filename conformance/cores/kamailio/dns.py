"""A DNS node that is played by BIND: authoritative for its testbed, and for a root that delegates every partner."""

from __future__ import annotations

from conformance.cores.emulated.node import NodeContext
from conformance.cores.kamailio.dns_relay import Place, dns_relay, free_port
from conformance.cores.kamailio.program import RESOLVER, running
from conformance.cores.kamailio.render import dns_files, write

_INSIDE = "127.0.0.1"
_COMMAND = ("named", "-g", "-n", "1", "-c", "named.conf")


async def run(context: NodeContext) -> None:
    """Serve until cancelled (see `NodeContext`)."""
    folder, own = context.folder, str(context.node.address)
    inside = Place(_INSIDE, free_port())
    write(folder, dns_files(context.federation, context.testbed, inside.port))
    (folder / RESOLVER).write_text(f"nameserver {own}\n", encoding="utf-8")
    async with (
        dns_relay(Place(own, context.node.port), _INSIDE, inside),
        running(folder.parent, context.name, folder, _COMMAND) as program,
    ):
        # Whether it serves is asked from outside, as with every node; a program that refuses its files ends at once.
        context.ready()
        await program.until_end()
