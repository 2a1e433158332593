"""An application server that is told who registers (3GPP TS 24.229), and that sessions may pass.

It takes third-party REGISTERs, and what begins and ends sessions, of the S-CSCF of its own network. Whoever else asks
is refused with 403; other methods are answered 405.
"""

from __future__ import annotations

import asyncio
import contextlib

from sipmessage import Response

from conformance.cores.emulated.application_sessions import ApplicationSessions
from conformance.cores.emulated.faults import altered
from conformance.cores.emulated.node import NodeContext
from conformance.cores.emulated.quiet import Work
from conformance.cores.emulated.register_fields import public_identity, refuse_unknown_extensions
from conformance.cores.emulated.registrar import OutOfOrder, Registrar
from conformance.cores.emulated.session_relay import SessionRelay
from conformance.cores.emulated.sip_server import Refused, SipServer
from conformance.protocols.sip.message import make_response
from conformance.protocols.sip.timers import SipTimers
from conformance.stack.locate import Locator
from conformance.stack.sip import ServerTransaction, SipStack
from conformance.vocabulary.federation import NodeKind

_LONGEST_S = 2**31
"""It grants whatever the S-CSCF asks for, which has decided already how long the user is registered."""


class ApplicationServer:
    """One application server."""

    def __init__(self, context: NodeContext) -> None:
        timers = context.federation.timers
        testbed = context.testbed
        self._scscf = str(testbed.node(NodeKind.SCSCF).address)
        self._log = context.log
        self.registrar = Registrar(_LONGEST_S, 1, asyncio.get_running_loop().time)
        """At which S-CSCF each user is registered."""
        server = SipServer(context.log, {"REGISTER": self.register})
        self.stack = SipStack(
            str(context.node.address),
            context.node.port,
            SipTimers.core(timers),
            on_request=server,
            alter=altered(context),
            log=context.log,
        )
        dns = testbed.node(NodeKind.DNS)
        locator = Locator(str(dns.address), dns.port, source=str(context.node.address))
        self.work = Work()
        relaying = SessionRelay(self.stack, locator, self.work, timers.proceeding_s, context.log)
        sessions = ApplicationSessions(relaying, testbed.uri(NodeKind.AS), self._scscf)
        server.add(sessions.handlers, sessions.ack)

    async def register(self, transaction: ServerTransaction) -> Response:
        """Note which S-CSCF serves a user (RFC 3261 10.3)."""
        request = transaction.request
        if transaction.source.address != self._scscf:
            raise Refused(403)
        refuse_unknown_extensions(request, "Require", set())
        user = public_identity(request)
        wish = self.registrar.read_wish(request.headers.getlist("Contact"), request.headers.get("Expires"))
        try:
            self.registrar.check_order(user, wish, request.call_id, request.cseq.sequence)
        except OutOfOrder:
            raise Refused(500, "CSeq Out Of Order") from None
        self.registrar.expired()  # forgets whose time is over
        registration = self.registrar.bind(
            user, (user,), wish, path=(), call_id=request.call_id, cseq=request.cseq.sequence
        )
        self._log.info("%s is %s", user, "registered" if registration.bindings else "not registered")
        response = make_response(request, 200)
        contacts = [
            f"<{uri}>;expires={self.registrar.remaining_s(binding)}" for uri, binding in registration.bindings.items()
        ]
        if contacts:
            response.headers.setlist("Contact", contacts)
        return response


async def run(context: NodeContext) -> None:
    """Serve until cancelled (see `NodeContext`)."""
    node = ApplicationServer(context)
    async with contextlib.AsyncExitStack() as end:
        end.push_async_callback(node.stack.stop)
        await node.stack.start()
        end.push_async_callback(node.work.stop)
        context.ready()
        await asyncio.Event().wait()
