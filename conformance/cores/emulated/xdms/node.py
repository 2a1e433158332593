"""The XDMS as a node: HTTP, HTTPS and SIP at one address, documents in a file of its own."""

from __future__ import annotations

import asyncio
import contextlib
import time

from conformance.cores.emulated.faults import altered
from conformance.cores.emulated.node import NodeContext
from conformance.cores.emulated.quiet import quiet_channel
from conformance.cores.emulated.sip_server import SipServer
from conformance.cores.emulated.xdms.changes import ChangeNotifier
from conformance.cores.emulated.xdms.digest import DigestGuard, accounts_of
from conformance.cores.emulated.xdms.http import XcapServer
from conformance.cores.emulated.xdms.service import XcapService
from conformance.cores.emulated.xdms.store import DocumentStore
from conformance.cores.emulated.xdms.tls import server_context
from conformance.protocols.sip.timers import SipTimers
from conformance.stack.locate import Locator
from conformance.stack.sip import SipStack
from conformance.vocabulary.federation import XCAP_HOST, XCAP_TLS_PORT, XDMS_SIP_PORT, NodeKind


async def run(context: NodeContext) -> None:
    """Serve until cancelled (see `NodeContext`)."""
    testbed, address = context.testbed, str(context.node.address)
    # The presence server of the same testbed; and this node itself, which is asked whether it serves.
    trusted = {address, *(str(n.address) for kind, n in testbed.nodes.items() if kind is NodeKind.PRESENCE)}
    names = [context.fqdn, f"{XCAP_HOST}.{testbed.domain}"]
    tls = server_context(context.folder, names, address)
    async with contextlib.AsyncExitStack() as end:
        store = DocumentStore(context.folder / "documents.sqlite")
        end.callback(store.close)
        sip = SipServer(context.log, {})
        stack = SipStack(
            address,
            XDMS_SIP_PORT,
            SipTimers.core(context.federation.timers),
            on_request=sip,
            alter=altered(context),
            log=context.log,
        )
        dns = testbed.node(NodeKind.DNS)
        root = testbed.xcap_root()
        # Changes come from the service and are told by the notifier, which names what the service has.
        service = XcapService(
            store,
            root,
            (impu for subscriber in testbed.subscribers for impu in subscriber.impus),
            lambda change: changes.told(change),
            context.faults,
        )
        changes = ChangeNotifier(
            stack,
            Locator(str(dns.address), dns.port, source=address),
            f"sip:{context.fqdn}:{XDMS_SIP_PORT}",
            root,
            trusted,
            service.documents,
            context.log,
            context.faults,
        )
        sip.add({"SUBSCRIBE": changes.subscribe})
        guard = DigestGuard(testbed.domain, accounts_of(testbed.subscribers, testbed.domain), time.time)
        server = XcapServer(service, guard, trusted, context.log, context.faults)
        end.push_async_callback(stack.stop)
        await stack.start()
        end.push_async_callback(changes.notifier.stop)
        end.push_async_callback(server.stop)
        await end.enter_async_context(quiet_channel(context.folder, stack, changes.notifier.work))
        await server.start(address, context.node.port, XCAP_TLS_PORT, tls)
        context.log.info("serves %s and %s", root, testbed.xcap_root(secure=True))
        context.ready()
        await asyncio.Event().wait()
