"""The P-CSCF: first contact of the terminal, at home or visited alike (3GPP TS 24.229 5.2.2, RFC 3327)."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
from dataclasses import dataclass
from functools import partial

from sipmessage import Request, Response

from conformance.cores.emulated.border import by_the_border, with_border
from conformance.cores.emulated.faults import IGNORES_PRIVACY, KEEPS_KEYS, altered
from conformance.cores.emulated.node import NodeContext
from conformance.cores.emulated.pcscf_sessions import (
    BEGINS_DIALOG,
    NOT_FROM_TERMINALS,
    NOT_TO_TERMINALS,
    PCscfSessions,
    identify,
)
from conformance.cores.emulated.quiet import Work, quiet_channel
from conformance.cores.emulated.reg_watch import RegWatch
from conformance.cores.emulated.register_fields import public_identity, refuse_unknown_extensions
from conformance.cores.emulated.session_relay import SessionRelay
from conformance.cores.emulated.sip_server import Refused, SipServer, relay
from conformance.cores.emulated.strictness import Unusable
from conformance.cores.emulated.xcap_nat import xcap_nat
from conformance.protocols.sip.charging_vector import HEADER, ChargingVector
from conformance.protocols.sip.dialog import dialog_key, next_hop
from conformance.protocols.sip.digest_header import DigestHeader
from conformance.protocols.sip.message import forwarded_request, second_via
from conformance.protocols.sip.name_addr import NameAddr, parse_addresses, split_entries
from conformance.protocols.sip.routing import DEFAULT_PORT
from conformance.protocols.sip.timers import SipTimers
from conformance.stack.errors import StackError
from conformance.stack.locate import Locator
from conformance.stack.sip import ServerTransaction, SipStack
from conformance.vocabulary.federation import AccessSecurity, NodeKind
from conformance.vocabulary.identifiers import Endpoint, uri_host

_SECURITY_AGREEMENT = ("Security-Client", "Security-Verify")
_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_MOST_REGISTRATIONS = 10_000
FROM_TERMINALS = ("SUBSCRIBE", "PUBLISH")
"""What a terminal asks for without calling anybody."""


@dataclass(frozen=True, slots=True)
class TerminalRegistration:
    """What the P-CSCF keeps of a registered terminal for its later requests (3GPP TS 24.229 5.2.2)."""

    contact: str
    source: Endpoint
    service_route: tuple[str, ...]
    identities: tuple[str, ...]
    """Public user identities, first the default one."""
    expires_at: float
    """Monotonic clock of the event loop, seconds."""


class PCscf:
    """One P-CSCF."""

    def __init__(self, context: NodeContext) -> None:
        testbed, timers = context.testbed, context.federation.timers
        core, gm = SipTimers.core(timers), SipTimers.gm(timers)
        self._context = context
        self._log = context.log
        self._policy = context.policy
        dns = testbed.node(NodeKind.DNS)
        self._locator = Locator(str(dns.address), dns.port, source=str(context.node.address))
        self._uri = testbed.uri(NodeKind.PCSCF)
        self._path = f"<{self._uri};lr>"
        # Its name in Path says which network it belongs to. Where requests of a dialog are to be sent is said by
        # address: then a home network needs no name of the visited one to reach the terminal.
        self._here = f"sip:{uri_host(context.node.address)}:{context.node.port}"
        self._security = testbed.features.access_security
        adapter = str(testbed.node(NodeKind.ADAPTER).address) if NodeKind.ADAPTER in testbed.nodes else ""
        self.registrations: dict[str, TerminalRegistration] = {}
        """By contact URI."""
        server = SipServer(context.log, {"REGISTER": self.register, "NOTIFY": self.notify})
        server.add(dict.fromkeys(FROM_TERMINALS, self.from_terminal))
        self.stack = SipStack(
            str(context.node.address),
            context.node.port,
            # Towards terminals the values of Gm (3GPP TS 24.229), towards servers those of RFC 3261.
            lambda peer: gm if self.is_terminal(peer) or peer == adapter else core,
            on_request=server,
            alter=altered(context),
            log=context.log,
        )
        self.work = Work()
        relaying = SessionRelay(
            self.stack, self._locator, self.work, timers.proceeding_s, context.log, timers.minimum_session_s
        )
        sessions = PCscfSessions(
            relaying,
            self,
            self._here,
            private=IGNORES_PRIVACY not in context.faults,
            border=partial(with_border, testbed),
        )
        server.add(sessions.handlers, sessions.ack)
        self.watches = RegWatch(
            self.stack,
            self._locator,
            self._uri,
            self._here,
            self._forget,
            context.log,
            border=partial(by_the_border, testbed),
        )

    async def register(self, transaction: ServerTransaction) -> Response:
        """Forward a REGISTER to the home network of its Request-URI and bring back the answer."""
        request = transaction.request
        refuse_unknown_extensions(request, "Proxy-Require", {"sec-agree", "path"})
        public_identity(request)
        outgoing = self._towards_home(request)
        try:
            way = next_hop(outgoing) if outgoing.headers.getlist("Route") else self._policy.way_home(outgoing.uri)
            hops = self._locator.locate(way)
            response = await relay(self.stack, outgoing, hops, self._log, spirals=self._policy.spirals)
        except StackError as error:
            # No entry point of the home network can be reached: 504 (3GPP TS 24.229 5.2.2).
            self._log.warning("home network of %s: %s", outgoing.uri, error)
            raise Refused(504) from None
        if 200 <= response.code < 300:
            newcomer = self._remember(request, response, self.origin(transaction))
            if newcomer is not None:
                self.work.begin(self.watches.begin(newcomer.identities[0], secrets.token_hex(16)))
        return self._towards_terminal(response)

    async def from_terminal(self, transaction: ServerTransaction) -> Response:
        """Forward a SUBSCRIBE or PUBLISH of a registered terminal, and say who it is from (3GPP TS 24.229 5.2.6.3)."""
        request = transaction.request
        refuse_unknown_extensions(request, "Proxy-Require", {"sec-agree"})
        registration = self.registered(self.origin(transaction))
        if registration is None:
            raise Refused(403)
        outgoing = forwarded_request(request)
        headers = outgoing.headers
        identify(outgoing, registration.identities)
        headers.set(HEADER, str(ChargingVector.new()))
        routes = self.without_own(outgoing)
        if dialog_key(request) is None:
            # The way to the S-CSCF is the one that the network gave, whatever the terminal wrote.
            routes = list(with_border(self._context.testbed, registration.service_route))
            if request.method in BEGINS_DIALOG:
                headers.setlist("Record-Route", [f"<{self._here};lr>", *request.headers.getlist("Record-Route")])
        return self._towards_terminal(await self._forward(outgoing, routes))

    async def notify(self, transaction: ServerTransaction) -> Response:
        """Take a NOTIFY of an own subscription; forward any other one to its terminal."""
        request = transaction.request
        if self.is_terminal(self.origin(transaction).address):
            raise Refused(403)
        if (own := self.watches.notified(request)) is not None:
            return own
        outgoing = forwarded_request(request)
        routes = self.without_own(outgoing)
        if dialog_key(request) is None or routes or not self.is_terminal(outgoing.uri.host):
            raise Refused(481)
        for name in NOT_TO_TERMINALS:
            outgoing.headers.remove(name)
        return await self._forward(outgoing, routes)

    async def _forward(self, outgoing: Request, routes: list[str]) -> Response:
        if routes:
            outgoing.headers.setlist("Route", routes)
        else:
            outgoing.headers.remove("Route")
        try:
            return await relay(self.stack, outgoing, self._locator.locate(next_hop(outgoing)), self._log)
        except StackError as error:
            self._log.warning("%s %s: %s", outgoing.method, outgoing.uri, error)
            raise Refused(504) from None

    def without_own(self, request: Request) -> list[str]:
        """Return the entries of Route without this P-CSCF, which is the first one (RFC 3261 16.4)."""
        routes = split_entries(request.headers.getlist("Route"))
        own = {self._uri, self._here}
        if routes and NameAddr.parse(routes[0]).uri.partition(";")[0] in own:
            routes = routes[1:]
        return routes

    def users(self) -> list[str]:
        """Return the default public identities of those who are registered by this P-CSCF."""
        now = asyncio.get_running_loop().time()
        return [r.identities[0] for r in self.registrations.values() if r.expires_at > now]

    def is_terminal(self, address: str) -> bool:
        """Tell whether an address, also as a URI has it, lies in an access network: there are terminals, no servers."""
        return self._context.federation.is_terminal(address)

    def origin(self, transaction: ServerTransaction) -> Endpoint:
        """Return where a request comes from: what the own adapter brings is the terminal's whose Via is the second one.

        It is where the terminal gets its answers (RFC 3261 18.2.2, RFC 3581): the adapter has noted that there.
        """
        source, own = transaction.source, self._context.testbed.nodes.get(NodeKind.ADAPTER)
        if own is None or source.address != str(own.address):
            return source
        via = second_via(transaction.request)
        if via is None:
            return source
        port = via.parameters.get("rport") or str(via.port or DEFAULT_PORT)
        address = (via.parameters.get("received") or via.host).strip("[]")
        return Endpoint(address, int(port) if port.isdigit() and len(port) < 6 else DEFAULT_PORT, source.transport)

    def registered(self, source: Endpoint) -> TerminalRegistration | None:
        """Return the newest registration that came from there, by any port where the terminal uses TCP."""
        now = asyncio.get_running_loop().time()
        living = [r for r in self.registrations.values() if r.expires_at > now and r.source.address == source.address]
        same = [r for r in living if r.source == source]
        return next(reversed(same or living), None)

    def registered_contact(self, contact: str) -> TerminalRegistration | None:
        """Return the living registration of a contact URI."""
        now = asyncio.get_running_loop().time()
        living = (r for r in self.registrations.values() if r.expires_at > now)
        return next((r for r in living if r.contact == contact), None)

    def _forget(self, contact: str) -> None:
        """The network has ended a registration."""
        if self.registrations.pop(contact, None) is not None:
            self._log.info("%s is registered no longer", contact)

    def _towards_home(self, request: Request) -> Request:
        outgoing = forwarded_request(request)
        headers = outgoing.headers
        for name in (*NOT_FROM_TERMINALS, *_SECURITY_AGREEMENT, "Route"):
            headers.remove(name)
        # The way to a registrar is found from the Request-URI alone; a terminal may not prescribe it.
        require = _without_agreement(request.headers.getlist("Require"))
        outgoing.proxy_require = _without_agreement(request.headers.getlist("Proxy-Require"))
        outgoing.require = [*require, *([] if "path" in require else ["path"])]
        if routes := by_the_border(self._context.testbed, str(request.uri)):
            headers.setlist("Route", routes)
        headers.setlist("Path", [self._path, *request.headers.getlist("Path")])
        network = self._context.testbed.visited_network_id
        headers.set("P-Visited-Network-ID", network if _TOKEN.fullmatch(network) else f'"{network}"')
        headers.set(HEADER, str(ChargingVector.new()))
        if values := request.headers.getlist("Authorization"):
            headers.setlist("Authorization", [self._marked(value) for value in values])
        return outgoing

    def _marked(self, value: str) -> str:
        """Say in Authorization how the request came; what the terminal says of it is not believed.

        Without access security every REGISTER is unprotected: "no" (3GPP TS 24.229 5.2.2.2). With SIP digest nothing
        is said of the first one, and "ip-assoc-pending" of the one that answers a challenge.
        """
        if value[:7].lower() != "digest ":
            return value
        try:
            credentials = DigestHeader.parse(value).without("integrity-protected")
        except ValueError:
            if self._policy.unreadable is Unusable.REFUSED:
                raise
            return value
        if self._security is not AccessSecurity.DIGEST:
            return str(credentials.adding("integrity-protected", "no"))
        if credentials.get("response"):
            return str(credentials.adding("integrity-protected", "ip-assoc-pending"))
        return str(credentials)

    def _towards_terminal(self, response: Response) -> Response:
        """Keep back what is the network's own: keys of the challenge, charging (3GPP TS 24.229 5.2.2.2)."""
        for name in NOT_TO_TERMINALS:
            response.headers.remove(name)
        challenges = response.headers.getlist("WWW-Authenticate")
        if challenges and KEEPS_KEYS not in self._context.faults:
            response.headers.setlist("WWW-Authenticate", [_without_keys(value) for value in challenges])
        return response

    def _remember(self, request: Request, response: Response, source: Endpoint) -> TerminalRegistration | None:
        """Keep what a 200 grants; return the registration where its user was not registered here before."""
        now = asyncio.get_running_loop().time()
        self.registrations = {c: r for c, r in self.registrations.items() if r.expires_at > now}
        try:
            asked = [contact.uri for contact in parse_addresses(request.headers.getlist("Contact"))]
            granted = {c.uri: c for c in parse_addresses(response.headers.getlist("Contact"))}
            identities = parse_addresses(response.headers.getlist("P-Associated-URI"))
            service_route = split_entries(response.headers.getlist("Service-Route"))
        except ValueError as error:
            self._log.warning("200 to REGISTER: not remembered: %.200s", error)
            return None
        known = {identity for registration in self.registrations.values() for identity in registration.identities}
        newcomer = None
        for contact in asked:
            self.registrations.pop(contact, None)
            seconds = (granted[contact].parameter("expires") or "") if contact in granted else ""
            if not seconds.isdigit() or len(seconds) > 10 or len(self.registrations) >= _MOST_REGISTRATIONS:
                continue
            registration = self.registrations[contact] = TerminalRegistration(
                contact=contact,
                source=source,
                service_route=tuple(service_route),
                identities=tuple(i.uri for i in identities) or (public_identity(request),),
                expires_at=now + int(seconds),
            )
            if not known & set(registration.identities):
                newcomer = registration
        self._log.info("%d terminals are registered", len(self.registrations))
        return newcomer


def _without_agreement(values: list[str]) -> list[str]:
    """Security agreement is between terminal and P-CSCF alone (RFC 3329)."""
    return [tag for tag in split_entries(values) if tag.lower() != "sec-agree"]


def _without_keys(value: str) -> str:
    if value[:7].lower() != "digest ":
        return value
    try:
        return str(DigestHeader.parse(value).without("ck", "ik"))
    except ValueError:
        # What cannot be read may hold keys: better no challenge than keys on the air.
        return "Digest"


async def run(context: NodeContext) -> None:
    """Serve until cancelled (see `NodeContext`)."""
    node = PCscf(context)
    async with contextlib.AsyncExitStack() as end:
        end.push_async_callback(node.stack.stop)
        await node.stack.start()
        end.push_async_callback(node.work.stop)
        await end.enter_async_context(quiet_channel(context.folder, node.stack, node.work, node.users))
        await end.enter_async_context(xcap_nat(context))
        context.ready()
        await asyncio.Event().wait()
