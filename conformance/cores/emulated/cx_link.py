"""The Cx connection of a CSCF, set up from the federation."""

from __future__ import annotations

from conformance.cores.emulated.faults import altered_cx
from conformance.cores.emulated.node import NodeContext
from conformance.stack.cx import CxClient, OnRtr
from conformance.vocabulary.federation import NodeKind


def cx_link(context: NodeContext, on_rtr: OnRtr | None = None) -> CxClient:
    """Return the client of the HSS of the node's own network, not started.

    Args:
        context: the node.
        on_rtr: what to do when the HSS ends registrations.
    """
    hss, timers = context.testbed.node(NodeKind.HSS), context.federation.timers
    return CxClient(
        origin_host=context.fqdn,
        origin_realm=context.testbed.domain,
        local_address=str(context.node.address),
        peer_address=str(hss.address),
        peer_port=hss.port,
        answer_timeout_s=timers.cx_answer_ms / 1000,
        watchdog_s=timers.watchdog_ms / 1000,
        on_rtr=on_rtr,
        alter=altered_cx(context),
    )
