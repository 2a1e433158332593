"""The I-CSCF: entry of the home network, asks the HSS which S-CSCF serves a user (3GPP TS 24.229 5.3.1)."""

from __future__ import annotations

import asyncio
import contextlib
import re

from sipmessage import URI, Request, Response

from conformance.cores.emulated.cx_link import cx_link
from conformance.cores.emulated.faults import NO_LOCATION_QUERY, altered, selection
from conformance.cores.emulated.node import NodeContext
from conformance.cores.emulated.quiet import Work, quiet_channel
from conformance.cores.emulated.register_fields import (
    private_identity,
    public_identity,
    refuse_unknown_extensions,
    wants_removal,
)
from conformance.cores.emulated.session_relay import ForwardedInvite, SessionRelay
from conformance.cores.emulated.sip_server import Refused, SipServer, relay
from conformance.protocols.cx import LocationInfoRequest, UserAuthorizationAnswer, UserAuthorizationRequest
from conformance.protocols.e164 import global_number
from conformance.protocols.sip.message import forwarded_request
from conformance.protocols.sip.timers import SipTimers
from conformance.stack.errors import StackError
from conformance.stack.locate import Locator
from conformance.stack.sip import ServerTransaction, SipStack
from conformance.vocabulary.federation import NodeKind
from conformance.vocabulary.numbers import DiameterResult, UserAuthorizationType

_AUTHORIZATION_REJECTED = 5003
"""DIAMETER_AUTHORIZATION_REJECTED: as a Result-Code, not to be mistaken for the experimental 5003 (RFC 6733 7.1.5)."""


_NETWORK = re.compile(r'\s*(?:"(?P<quoted>[^"\\]+)"|(?P<token>[^\s",;]+))')


STANDALONE = ("SUBSCRIBE", "PUBLISH", "MESSAGE")
"""Requests outside of a dialog that call nobody."""


class ICscf:
    """One I-CSCF."""

    def __init__(self, context: NodeContext) -> None:
        self._context = context
        self._log = context.log
        self._testbed = context.testbed
        dns = context.testbed.node(NodeKind.DNS)
        self._locator = Locator(str(dns.address), dns.port, source=str(context.node.address))
        self.cx = cx_link(context)
        self._select = selection(context, self._ask_the_hss)
        server = SipServer(
            context.log,
            {"REGISTER": self.register, **dict.fromkeys(STANDALONE, self.standalone)},
            lambda: self.cx.is_open,
        )
        self.stack = SipStack(
            str(context.node.address),
            context.node.port,
            SipTimers.core(context.federation.timers),
            on_request=server,
            alter=altered(context),
            log=context.log,
        )
        self.work = Work()
        relaying = SessionRelay(self.stack, self._locator, self.work, context.federation.timers.proceeding_s, self._log)
        server.add({"INVITE": relaying.inviting(self._invite), "CANCEL": relaying.cancel})
        self._relaying = relaying

    async def register(self, transaction: ServerTransaction) -> Response:
        """Forward a REGISTER to the S-CSCF that the HSS names, or that is chosen here.

        The I-CSCF adds nothing that would keep it on the path.
        """
        request = transaction.request
        if not self._is_trusted(transaction.source.address):
            raise Refused(403)
        refuse_unknown_extensions(request, "Proxy-Require", {"path"})
        server = await self._select(request)
        outgoing = forwarded_request(request)
        try:
            outgoing.uri = URI.parse(server)
            hops = self._locator.locate(outgoing.uri)
            return await relay(self.stack, outgoing, hops, self._log)
        except ValueError:
            self._log.error("S-CSCF %.120r: expected a SIP URI", server)
            raise Refused(480) from None
        except StackError as error:
            self._log.warning("S-CSCF %s: %s", server, error)
            raise Refused(504) from None

    async def standalone(self, transaction: ServerTransaction) -> Response:
        """Forward a SUBSCRIBE, PUBLISH or MESSAGE for a user of this network to the S-CSCF of that user.

        The S-CSCF goes into Route; the I-CSCF does not stay on the path.
        """
        outgoing = await self._towards_server(transaction)
        return await self._relaying.request(outgoing)

    async def _invite(self, invite: ForwardedInvite) -> Response:
        """Forward an INVITE for a user of this network to the S-CSCF that serves the user (3GPP TS 24.229 5.3.2.1)."""
        return await invite.forward([await self._towards_server(invite.transaction)])

    async def _towards_server(self, transaction: ServerTransaction) -> Request:
        """Return a request for a user of this network as it leaves for the user's S-CSCF.

        A number in a SIP URI (`user=phone`) is the identity that its tel URI is (3GPP TS 24.229).

        Raises:
            Refused: 403 to who is no server of a joined network, 482 to what comes back, else what the HSS says.
        """
        request = transaction.request
        if not self._is_trusted(transaction.source.address):
            raise Refused(403)
        refuse_unknown_extensions(request, "Proxy-Require", ())
        number = global_number(request.uri)
        called = request.uri if number is None else URI.parse(f"tel:{number}")
        server = await self._serving(str(called).partition(";")[0])
        try:
            URI.parse(server)
        except ValueError:
            self._log.error("S-CSCF %.120r: expected a SIP URI", server)
            raise Refused(480) from None
        outgoing = forwarded_request(request)
        outgoing.uri = called
        outgoing.headers.setlist("Route", [f"<{server};lr>"])
        return outgoing

    async def _serving(self, identity: str) -> str:
        """Ask the HSS which S-CSCF serves a public user identity: LIR.

        A user who is not registered, but has services for that case, is given an S-CSCF (3GPP TS 24.229 5.3.2.1).

        Raises:
            Refused: 404 where the HSS does not know it, 480 where nobody serves it or the HSS gives no usable answer.
        """
        if NO_LOCATION_QUERY in self._context.faults:
            return self._testbed.uri(NodeKind.SCSCF)
        try:
            answer = await self.cx.lir(LocationInfoRequest(identity))
        except StackError as error:
            self._log.warning("LIR: %s", error)
            raise Refused(480) from None
        self._log.info("LIA %d %s", answer.result, answer.server_name or "")
        if answer.experimental and answer.result == DiameterResult.ERROR_USER_UNKNOWN:
            raise Refused(404)
        unregistered = answer.experimental and answer.result == DiameterResult.UNREGISTERED_SERVICE
        server = answer.offered_server or (self._testbed.uri(NodeKind.SCSCF) if unregistered else None)
        if not answer.is_success or server is None:
            raise Refused(480)
        return server

    def _is_trusted(self, address: str) -> bool:
        """Requests come from servers of the joined networks only (3GPP TS 24.229 5.3.1.2): not from terminals."""
        return self._context.federation.is_server(address)

    async def _ask_the_hss(self, request: Request) -> str:
        """Return the URI of the S-CSCF for a REGISTER: one UAR for every one (3GPP TS 24.229 5.3.1.2).

        Raises:
            Refused: 403 where the HSS does not let the user register here, 480 where it gives no usable answer, 600
                where no S-CSCF has the capabilities that it demands.
        """
        removal = wants_removal(request)
        question = UserAuthorizationRequest(
            user_name=private_identity(request, self._testbed.domain, self._context.policy),
            public_identity=public_identity(request),
            visited_network_id=self._visited_network(request),
            authorization_type=(
                UserAuthorizationType.DE_REGISTRATION if removal else UserAuthorizationType.REGISTRATION
            ),
        )
        try:
            answer = await self.cx.uar(question)
        except StackError as error:
            self._log.warning("UAR: %s", error)
            raise Refused(480) from None
        self._log.info("UAA %d %s", answer.result, answer.offered_server or "")
        return self._chosen(answer)

    def _chosen(self, answer: UserAuthorizationAnswer) -> str:
        if not answer.is_success:
            negative = answer.experimental or answer.result == _AUTHORIZATION_REJECTED
            raise Refused(403 if negative else 480)
        if answer.offered_server is not None:
            return answer.offered_server
        if answer.capabilities is not None and answer.capabilities.mandatory:
            # The only S-CSCF of a testbed claims no numbered capability.
            raise Refused(600)
        return self._testbed.uri(NodeKind.SCSCF)

    def _visited_network(self, request: Request) -> str:
        """Return the first P-Visited-Network-ID without quotation marks; without one, the own network's."""
        found = _NETWORK.match(request.headers.get("P-Visited-Network-ID") or "")
        return (found and (found["quoted"] or found["token"])) or self._testbed.visited_network_id


async def run(context: NodeContext) -> None:
    """Serve until cancelled (see `NodeContext`)."""
    node = ICscf(context)
    async with contextlib.AsyncExitStack() as end:
        end.push_async_callback(node.cx.stop)
        await node.cx.start()
        end.push_async_callback(node.stack.stop)
        await node.stack.start()
        end.push_async_callback(node.work.stop)
        await end.enter_async_context(quiet_channel(context.folder, node.stack, node.work))
        context.ready()
        await asyncio.Event().wait()
