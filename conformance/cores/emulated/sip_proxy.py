"""A plain SIP proxy with a registrar, in front of the presence server: the SIP framework (D2.2 3.3.1, RFC 3261 10, 16).

No IMS is in it: no filter criteria, no HSS. It authenticates its users by digest, writes P-Asserted-Identity in the
place of what they claim (RFC 3325 5), and gives what is about presence to the presence server, which asks nobody again.
Sessions do not pass it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time

from sipmessage import URI, Request, Response

from conformance.cores.emulated.faults import altered
from conformance.cores.emulated.node import NodeContext
from conformance.cores.emulated.notifier import package_of
from conformance.cores.emulated.presence.subscriptions import PACKAGES
from conformance.cores.emulated.quiet import Work, quiet_channel
from conformance.cores.emulated.register_fields import public_identity, refuse_unknown_extensions
from conformance.cores.emulated.registrar import IntervalTooBrief, OutOfOrder, Registrar
from conformance.cores.emulated.session_relay import SessionRelay
from conformance.cores.emulated.sip_server import Refused, SipServer
from conformance.cores.emulated.xdms.digest import Account, DigestGuard, accounts_of
from conformance.protocols.presence.identity import canonical, domain_of
from conformance.protocols.sip.dialog import dialog_key
from conformance.protocols.sip.digest_header import DigestHeader
from conformance.protocols.sip.message import forwarded_request, make_response
from conformance.protocols.sip.name_addr import NameAddr, split_entries
from conformance.protocols.sip.timers import SipTimers
from conformance.stack.locate import Locator
from conformance.stack.sip import ServerTransaction, SipStack
from conformance.vocabulary.federation import NodeKind

RELAYED = ("PUBLISH", "SUBSCRIBE", "NOTIFY", "MESSAGE")
"""Methods that pass it."""

PASSES_CLAIMED_IDENTITY = "passes-claimed-identity"
ASSERTS_WITHOUT_PROOF = "asserts-without-proof"
ACCEPTS_ANY_ANSWER = "accepts-any-password"


class SipProxy:
    """One SIP proxy."""

    def __init__(self, context: NodeContext) -> None:
        testbed, timers = context.testbed, context.federation.timers
        address = str(context.node.address)
        self._log = context.log
        self._domain = testbed.domain
        self._uri = testbed.uri(NodeKind.SIP_PROXY)
        self._servers: set[str] = set()
        """Addresses of servers of its own that vouch for what they send."""
        self._presence = ""
        if NodeKind.PRESENCE in testbed.nodes:
            self._servers.add(str(testbed.node(NodeKind.PRESENCE).address))
            self._presence = testbed.uri(NodeKind.PRESENCE)
        self._faults = context.faults
        self._accounts = accounts_of(testbed.subscribers, testbed.domain)
        self._guard = DigestGuard(testbed.domain, self._accounts, time.time)
        self.registrar = Registrar(
            timers.registration_s, timers.minimum_registration_s, asyncio.get_running_loop().time
        )
        server = SipServer(context.log, {"REGISTER": self.register, **dict.fromkeys(RELAYED, self.pass_on)})
        self.stack = SipStack(
            address,
            context.node.port,
            SipTimers.core(timers),
            on_request=server,
            alter=altered(context),
            log=context.log,
        )
        dns = testbed.node(NodeKind.DNS)
        self.work = Work()
        locator = Locator(str(dns.address), dns.port, source=address)
        self._relay = SessionRelay(self.stack, locator, self.work, timers.proceeding_s, context.log)

    async def register(self, transaction: ServerTransaction) -> Response:
        """Bind a contact of a user who has answered a challenge (RFC 3261 10.3)."""
        request = transaction.request
        refuse_unknown_extensions(request, "Require", set())
        user = public_identity(request)
        if user not in self._authenticated(request, "Authorization", 401).identities:
            raise Refused(403)
        try:
            wish = self.registrar.read_wish(request.headers.getlist("Contact"), request.headers.get("Expires"))
            self.registrar.check_order(user, wish, request.call_id, request.cseq.sequence)
        except IntervalTooBrief:
            raise Refused(423, headers={"Min-Expires": str(self.registrar.shortest_s)}) from None
        except OutOfOrder:
            raise Refused(500, "CSeq Out Of Order") from None
        self.registrar.expired()  # forgets whose time is over
        registration = self.registrar.bind(
            user, (user,), wish, path=(), call_id=request.call_id, cseq=request.cseq.sequence
        )
        response = make_response(request, 200)
        contacts = [f"<{u}>;expires={self.registrar.remaining_s(b)}" for u, b in registration.bindings.items()]
        if contacts:
            response.headers.setlist("Contact", contacts)
        return response

    async def pass_on(self, transaction: ServerTransaction) -> Response:
        """Forward a request (RFC 3261 16.5, 16.6); an own user is authenticated first."""
        request = transaction.request
        refuse_unknown_extensions(request, "Proxy-Require", set())
        outgoing = forwarded_request(request)
        if transaction.source.address not in self._servers:
            # What a user claims is nobody's word (RFC 3325 9.1).
            claims = outgoing.headers.get("P-Asserted-Identity")
            outgoing.headers.remove("P-Asserted-Identity")
            self._assert(request, outgoing)
            if claims and PASSES_CLAIMED_IDENTITY in self._faults:
                outgoing.headers.set("P-Asserted-Identity", claims)
        routes = split_entries(request.headers.getlist("Route"))
        if routes and NameAddr.parse(routes[0]).uri.partition(";")[0] == self._uri:
            routes = routes[1:]
        if dialog_key(request) is None:
            routes = routes or self._target(outgoing)
            if request.method == "SUBSCRIBE":
                own = f"<{self._uri};lr>"
                outgoing.headers.setlist("Record-Route", [own, *request.headers.getlist("Record-Route")])
        outgoing.headers.remove("Route")
        if routes:
            outgoing.headers.setlist("Route", routes)
        return await self._relay.request(outgoing)

    def _assert(self, request: Request, outgoing: Request) -> None:
        """Write who an own user is, once he has proven it; others pass without a word for them."""
        claimed = canonical(NameAddr.parse(request.headers["From"]).uri)
        if domain_of(claimed) != self._domain:
            return
        if ASSERTS_WITHOUT_PROOF in self._faults:
            outgoing.headers.set("P-Asserted-Identity", f"<{claimed}>")
            return
        account = self._authenticated(request, "Proxy-Authorization", 407)
        if claimed not in {canonical(identity) for identity in account.identities}:
            self._log.warning("%s: From is %.100s, which is no identity of who answered", request.method, claimed)
            raise Refused(403)
        outgoing.headers.remove("Proxy-Authorization")
        outgoing.headers.set("P-Asserted-Identity", f"<{claimed}>")

    def _authenticated(self, request: Request, header: str, status: int) -> Account:
        credentials = [
            value
            for value in request.headers.getlist(header)
            if value[:7].lower() == "digest " and DigestHeader.parse(value).get("realm") == self._domain
        ]
        given = credentials[0] if credentials else ""
        # The digest is over the uri that the user wrote: proxies may have changed the Request-URI (RFC 2617 3.2.2.5).
        uri = DigestHeader.parse(given).get("uri") if given else ""
        found = self._guard.check(request.method, uri, given)
        if isinstance(found, Account):
            return found
        known = self._accounts.get(DigestHeader.parse(given).get("username")) if given else None
        if known is not None and ACCEPTS_ANY_ANSWER in self._faults:
            return known
        raise Refused(status, headers={"WWW-Authenticate" if status == 401 else "Proxy-Authenticate": found})

    def _target(self, outgoing: Request) -> list[str]:
        """Return the route to where a request belongs; its Request-URI becomes the contact of a user who is here."""
        identity = canonical(str(outgoing.uri))
        if domain_of(identity) != self._domain:
            return []  # where it belongs says DNS
        if outgoing.method in ("PUBLISH", "SUBSCRIBE") and package_of(outgoing) in PACKAGES and self._presence:
            return [f"<{self._presence};lr>"]
        registration = self.registrar.find(identity)
        if registration is None or not registration.bindings:
            raise Refused(480)
        outgoing.uri = URI.parse(next(reversed(registration.bindings)))
        return []


async def run(context: NodeContext) -> None:
    """Serve until cancelled (see `NodeContext`)."""
    node = SipProxy(context)
    async with contextlib.AsyncExitStack() as end:
        end.push_async_callback(node.stack.stop)
        await node.stack.start()
        end.push_async_callback(node.work.stop)
        await end.enter_async_context(quiet_channel(context.folder, node.stack, node.work, node.registrar.users))
        context.ready()
        await asyncio.Event().wait()
