"""A presence server: an application server behind ISC, or behind a SIP proxy (3GPP TS 24.141, RFC 3856, D2.2 3.3).

It takes PUBLISH and SUBSCRIBE for the users of its own network, from the nodes that it trusts. What it knows of the
rules of a user it has from the XDMS, by XCAP and xcap-diff.
"""

from __future__ import annotations

import asyncio
import contextlib

from sipmessage import Response

from conformance.cores.emulated.faults import altered
from conformance.cores.emulated.node import NodeContext
from conformance.cores.emulated.presence.policy import Policy
from conformance.cores.emulated.presence.publications import Publications
from conformance.cores.emulated.presence.store import PresenceStore
from conformance.cores.emulated.presence.subscriber import Subscriber
from conformance.cores.emulated.presence.subscriptions import PresenceSubscriptions
from conformance.cores.emulated.presence.trust import Trust
from conformance.cores.emulated.presence.watches import Watches
from conformance.cores.emulated.presence.xcap_client import XcapClient
from conformance.cores.emulated.register_fields import refuse_unknown_extensions
from conformance.cores.emulated.sip_server import Refused, SipServer
from conformance.protocols.presence.identity import canonical
from conformance.protocols.presence.pidf import sphere_of
from conformance.protocols.sip.dialog import dialog_key
from conformance.protocols.sip.timers import SipTimers
from conformance.stack.locate import Locator
from conformance.stack.sip import ServerTransaction, SipStack
from conformance.vocabulary.federation import NodeKind

TRUSTED = (NodeKind.SCSCF,)
"""Who adds P-Asserted-Identity, and is believed."""
XDMS_SIP_PORT = 5060


class PresenceServer:
    """One presence server."""

    def __init__(self, context: NodeContext) -> None:
        testbed, faults = context.testbed, context.faults
        address = str(context.node.address)
        self._log = context.log
        self._users = {canonical(impu) for one in testbed.subscribers for impu in one.impus}
        self._trust = Trust(
            (str(testbed.node(kind).address) for kind in TRUSTED if kind in testbed.nodes),
            context.log,
            by_address="trusts-address" in faults,
        )
        server = SipServer(context.log, {"PUBLISH": self.publish, "SUBSCRIBE": self.subscribe, "NOTIFY": self.notify})
        self.stack = SipStack(
            address,
            context.node.port,
            SipTimers.core(context.federation.timers),
            on_request=server,
            alter=altered(context),
            log=context.log,
        )
        dns = testbed.node(NodeKind.DNS)
        locator = Locator(str(dns.address), dns.port, source=address)
        uri = testbed.uri(NodeKind.PRESENCE)
        self._store = PresenceStore(context.folder / "presence.sqlite")
        self.subscriber = Subscriber(self.stack, locator, uri, context.log)
        self.publications = Publications(
            self._store, self._changed, context.log, takes_any_etag="accepts-unknown-etag" in faults
        )
        self._xcap = None
        xdms_uri = ""
        if NodeKind.XDMS in testbed.nodes:
            host = testbed.fqdn(NodeKind.XDMS)
            root = f"http://{host}:{testbed.node(NodeKind.XDMS).port}/xcap-root"
            self._xcap = XcapClient(root, address, locator)
            xdms_uri = f"sip:{host}:{XDMS_SIP_PORT}"
        self.policy = Policy(
            self._xcap,
            xdms_uri,
            self.subscriber,
            self._changed,
            lambda presentity: sphere_of(self.publications.document(presentity)),
            context.log,
            everybody="forced-authorisation" in faults,
        )
        self.subscriptions = PresenceSubscriptions(
            self.stack, locator, uri, self._store, context.log, silent="no-immediate-notify" in faults
        )
        self.watches = Watches(
            self.publications,
            self.policy,
            self.subscriptions.watcher_changed,
            context.log,
            shows_while_pending="shows-state-while-pending" in faults,
        )
        self.subscriptions.watches = self.watches

    def _changed(self, presentity: str) -> None:
        self.watches.reconsider(presentity)

    async def start(self) -> None:
        """Take up what was kept over a restart, and serve."""
        await self.stack.start()
        self.publications.restore()
        await self.subscriptions.restore()

    async def stop(self) -> None:
        """Stop serving; what is kept stays kept."""
        self.publications.stop()
        self.policy.stop()
        await self.watches.stop()
        await self.subscriptions.stop()
        await self.subscriber.stop()
        await self.stack.stop()
        if self._xcap is not None:
            await self._xcap.stop()
        self._store.close()

    async def publish(self, transaction: ServerTransaction) -> Response:
        """Take the presence of a user from the user himself (RFC 3903 6)."""
        request = transaction.request
        user = self._trust.identity(transaction)
        refuse_unknown_extensions(request, "Require", set())
        presentity = canonical(str(request.uri))
        if presentity not in self._users:
            raise Refused(404)
        if presentity != user:
            self._log.warning("PUBLISH of %s for %s refused", user, presentity)
            raise Refused(403)
        return self.publications.publish(request)

    async def subscribe(self, transaction: ServerTransaction) -> Response:
        """Take a subscription, its refresh or its end."""
        request = transaction.request
        self._trust.check_source(transaction)
        known_watcher = self.subscriptions.watcher_of(request)
        if dialog_key(request) is not None and known_watcher is None:
            raise Refused(481)
        watcher = self._trust.identity(transaction, known_watcher)
        refuse_unknown_extensions(request, "Require", {"eventlist"})
        known = self.subscriptions.notifier.known(request)
        if known is not None:
            return self.subscriptions.renew(request, known)
        presentity = canonical(str(request.uri))
        if presentity not in self._users:
            raise Refused(404)
        return await self.subscriptions.begin(request, presentity, watcher)

    async def notify(self, transaction: ServerTransaction) -> Response:
        """Take a NOTIFY of a subscription of this server's own."""
        return self.subscriber.notified(transaction.request)


async def run(context: NodeContext) -> None:
    """Serve until cancelled (see `NodeContext`)."""
    node = PresenceServer(context)
    async with contextlib.AsyncExitStack() as end:
        end.push_async_callback(node.stop)
        await node.start()
        context.ready()
        await asyncio.Event().wait()
