"""A presence server: an application server behind ISC, or behind a SIP proxy (3GPP TS 24.141, RFC 3856, D2.2 3.3).

It takes PUBLISH and SUBSCRIBE for the users of its own network, from the nodes that it trusts. What it knows of the
rules of a user it has from the XDMS, by XCAP and xcap-diff.
"""

from __future__ import annotations

import asyncio
import contextlib

from sipmessage import Request, Response

from conformance.cores.emulated.faults import altered
from conformance.cores.emulated.node import NodeContext
from conformance.cores.emulated.presence.document_news import DocumentNews
from conformance.cores.emulated.presence.hard_state import HardState
from conformance.cores.emulated.presence.list_subscriptions import EVENTLIST, ListSubscriptions
from conformance.cores.emulated.presence.lists import Lists
from conformance.cores.emulated.presence.policy import Policy
from conformance.cores.emulated.presence.publications import Publications
from conformance.cores.emulated.presence.store import PresenceStore
from conformance.cores.emulated.presence.subscriber import Subscriber
from conformance.cores.emulated.presence.subscriptions import PresenceSubscriptions
from conformance.cores.emulated.presence.trust import Trust
from conformance.cores.emulated.presence.watcher_documents import WatcherDocuments
from conformance.cores.emulated.presence.watches import Watches
from conformance.cores.emulated.presence.xcap_client import XcapClient
from conformance.cores.emulated.quiet import Work, quiet_channel
from conformance.cores.emulated.register_fields import refuse_unknown_extensions
from conformance.cores.emulated.sip_server import Refused, SipServer, relay
from conformance.protocols.presence.identity import canonical, domain_of
from conformance.protocols.presence.pidf import sphere_of
from conformance.protocols.presence.winfo import WatcherState
from conformance.protocols.sip.dialog import dialog_key, next_hop
from conformance.protocols.sip.message import forwarded_request
from conformance.protocols.sip.name_addr import split_entries
from conformance.protocols.sip.timers import SipTimers
from conformance.stack.errors import StackError
from conformance.stack.locate import Locator
from conformance.stack.sip import ServerTransaction, SipStack
from conformance.vocabulary.federation import XCAP_HOST, XDMS_SIP_PORT, Federation, NodeKind, Testbed

TRUSTED = (NodeKind.SCSCF, NodeKind.SIP_PROXY)
"""Who adds P-Asserted-Identity, and is believed."""

FORCED_AUTHORISATION = "forced-authorisation"
"""Fault: every subscription counts as authorised, whatever the rules say (D2.2 3.3.3.2)."""
TRUSTS_ADDRESS = "trusts-address"
"""Fault: From is believed where a request comes from a trusted address, P-Asserted-Identity is not looked at."""
TRUSTS_EVERYBODY = "trusts-everybody"
"""Fault: it does not look where a request comes from."""
ACCEPTS_UNKNOWN_ETAG = "accepts-unknown-etag"
"""Fault: an entity tag that it never gave is taken."""
NO_IMMEDIATE_NOTIFY = "no-immediate-notify"
"""Fault: a SUBSCRIBE is answered, and no NOTIFY follows."""
SHOWS_WHILE_PENDING = "shows-state-while-pending"
"""Fault: who waits for the presentity's decision is told of its presence."""
IGNORES_RULE_CHANGES = "ignores-rule-changes"
"""Fault: rules count as they were when they were needed first."""


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
            by_address=TRUSTS_ADDRESS in faults,
            any_source=TRUSTS_EVERYBODY in faults,
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
        self._domain = testbed.domain
        self._locator = locator = Locator(str(dns.address), dns.port, source=address)
        uri = testbed.uri(NodeKind.PRESENCE)
        self._store = PresenceStore(context.folder / "presence.sqlite")
        self.subscriber = Subscriber(self.stack, locator, uri, context.log)
        timers = context.federation.timers
        self._xcap: XcapClient | None = None
        self.hard_state: HardState | None = None
        self.watcher_documents: WatcherDocuments | None = None
        news = None
        if NodeKind.XDMS in testbed.nodes:
            self._xcap = XcapClient(testbed.xcap_root(), address, locator)
            xdms = f"sip:{testbed.fqdn(NodeKind.XDMS)}:{XDMS_SIP_PORT}"
            news = DocumentNews(xdms, self.subscriber, context.log)
            self.hard_state = HardState(self._xcap, news, self._stays_otherwise, context.log)
            self.watcher_documents = WatcherDocuments(
                self._xcap, lambda presentity: self.watches.watchers(presentity), context.log
            )
        self.publications = Publications(
            self._store,
            self._changed,
            context.log,
            longest_s=timers.publication_s,
            shortest_s=timers.minimum_publication_s,
            hard_state=self.hard_state.document if self.hard_state is not None else lambda _: None,
            takes_any_etag=ACCEPTS_UNKNOWN_ETAG in faults,
        )
        self.policy = Policy(
            self._xcap,
            news,
            self._changed,
            lambda presentity: sphere_of(self.publications.document(presentity)),
            context.log,
            deaf=IGNORES_RULE_CHANGES in faults,
            everybody=FORCED_AUTHORISATION in faults,
        )
        self.subscriptions = PresenceSubscriptions(
            self.stack, locator, uri, self._store, context.log, silent=NO_IMMEDIATE_NOTIFY in faults
        )
        self.watches = Watches(
            self.publications,
            self.policy,
            self.hard_state,
            self._watcher_changed,
            context.log,
            shows_while_pending=SHOWS_WHILE_PENDING in faults,
        )
        self.subscriptions.watches = self.watches
        scscf = testbed.uri(NodeKind.SCSCF).replace("sip:", "sip:orig@", 1) if testbed.has_ims else ""
        self.lists = ListSubscriptions(
            self.stack,
            locator,
            uri,
            domain=testbed.domain,
            users=self._users,
            route=(f"<{scscf};lr>",) if scscf else (),
            lists=Lists(self._xcap, _roots(context.federation, testbed), context.log),
            news=news,
            watches=self.watches,
            subscriber=self.subscriber,
            store=self._store,
            log=context.log,
        )

    def _changed(self, presentity: str) -> None:
        self.watches.reconsider(presentity)

    def _watcher_changed(self, presentity: str, watcher: WatcherState) -> None:
        self.subscriptions.watcher_changed(presentity, watcher)
        if self.watcher_documents is not None:
            self.watcher_documents.changed(presentity)

    @property
    def work(self) -> list[Work]:
        """What the parts of the node have under way."""
        parts = (self.policy, self.watches, self.hard_state, self.watcher_documents)
        notifiers = (self.subscriptions.notifier.work, self.lists.notifier.work)
        return [*notifiers, *(one.work for one in parts if one is not None)]

    def _stays_otherwise(self, presentity: str) -> None:
        self.publications.compose_anew(presentity)
        self._changed(presentity)

    async def start(self) -> None:
        """Take up what was kept over a restart, and serve."""
        await self.stack.start()
        self.publications.restore()
        await self.subscriptions.restore()
        await self.lists.restore()

    async def stop(self) -> None:
        """Stop serving; what is kept stays kept."""
        self.publications.stop()
        await self.policy.stop()
        if self.hard_state is not None:
            await self.hard_state.stop()
        if self.watcher_documents is not None:
            await self.watcher_documents.stop()
        await self.watches.stop()
        await self.subscriptions.stop()
        await self.lists.stop()
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
        of_list = self.lists.watcher_of(request)
        of_one = self.subscriptions.watcher_of(request)
        if dialog_key(request) is not None and of_list is None and of_one is None:
            raise Refused(481)
        watcher = self._trust.identity(transaction, of_list or of_one)
        refuse_unknown_extensions(request, "Require", {EVENTLIST})
        if of_list is not None:
            return await self.lists.renew(request)
        if (known := self.subscriptions.notifier.known(request)) is not None:
            return self.subscriptions.renew(request, known)
        presentity = canonical(str(request.uri))
        if presentity in self._users:
            return await self.subscriptions.begin(request, presentity, watcher)
        if (service := await self.lists.find(request, watcher)) is not None:
            return await self.lists.begin(request, service, watcher)
        if domain_of(presentity) != self._domain:
            return await self._onward(request)
        raise Refused(404)

    async def _onward(self, request: Request) -> Response:
        """Send what is for another network back along Route: this server is on the way of every list subscription."""
        _, *others = split_entries(request.headers.getlist("Route")) or [""]
        if not others:
            raise Refused(404)
        outgoing = forwarded_request(request)
        outgoing.headers.setlist("Route", others)
        try:
            return await relay(self.stack, outgoing, self._locator.locate(next_hop(outgoing)), self._log)
        except StackError as error:
            self._log.warning("%s: %s", outgoing.method, error)
            raise Refused(503) from None

    async def notify(self, transaction: ServerTransaction) -> Response:
        """Take a NOTIFY of a subscription of this server's own."""
        return self.subscriber.notified(transaction.request)


def _roots(federation: Federation, own: Testbed) -> dict[str, str]:
    """Return the XCAP roots of all testbeds as a list may name them; see `Lists`."""
    found = {}
    for testbed in federation.testbeds.values():
        if NodeKind.XDMS not in testbed.nodes:
            continue
        outside = f"{XCAP_HOST}.{testbed.domain}"
        inside = testbed.fqdn(NodeKind.XDMS)
        asked = "" if testbed.name == own.name else testbed.xcap_root().replace(inside, outside)
        for root in (testbed.xcap_root(), testbed.xcap_root(secure=True)):
            found[root] = found[root.replace(inside, outside)] = asked
    return found


async def run(context: NodeContext) -> None:
    """Serve until cancelled (see `NodeContext`)."""
    node = PresenceServer(context)
    async with contextlib.AsyncExitStack() as end:
        end.push_async_callback(node.stop)
        await node.start()
        await end.enter_async_context(
            quiet_channel(context.folder, node.stack, node.subscriber.work, more_work=node.work)
        )
        context.ready()
        await asyncio.Event().wait()
