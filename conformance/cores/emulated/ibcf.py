"""The IBCF: exit and entry point of a network that hides its topology (3GPP TS 24.229 5.10.2 to 5.10.4)."""

from __future__ import annotations

import asyncio
import contextlib

from sipmessage import Request, Response

from conformance.cores.emulated.border import own_hosts
from conformance.cores.emulated.faults import altered
from conformance.cores.emulated.node import NodeContext
from conformance.cores.emulated.pcscf_sessions import BEGINS_DIALOG, IN_DIALOG, TARGET_REFRESH
from conformance.cores.emulated.quiet import Work, quiet_channel
from conformance.cores.emulated.session_relay import Adapt, ForwardedInvite, SessionRelay
from conformance.cores.emulated.sip_server import Refused, SipServer
from conformance.protocols.sip.dialog import dialog_key
from conformance.protocols.sip.hiding import Hidden, Hiding
from conformance.protocols.sip.message import forwarded_request
from conformance.protocols.sip.name_addr import NameAddr, split_entries
from conformance.protocols.sip.timers import SipTimers
from conformance.stack.locate import Locator
from conformance.stack.sip import ServerTransaction, SipStack
from conformance.vocabulary.federation import NodeKind

NOT_ACROSS = ("P-Charging-Function-Addresses",)
"""What is of one network alone (3GPP TS 24.229 5.10.2, 5.10.3)."""


class Ibcf:
    """One IBCF. What comes from an own node leaves the network here, everything else enters it."""

    def __init__(self, context: NodeContext) -> None:
        testbed, timers = context.testbed, context.federation.timers
        dns = testbed.node(NodeKind.DNS)
        locator = Locator(str(dns.address), dns.port, source=str(context.node.address))
        self._uri = testbed.uri(NodeKind.IBCF)
        self._federation = context.federation
        self._inside = {str(node.address) for kind, node in testbed.nodes.items() if kind is not NodeKind.IBCF}
        self.hiding = Hiding(testbed.domain, own_hosts(testbed))
        server = SipServer(context.log, {})
        self.stack = SipStack(
            str(context.node.address),
            context.node.port,
            SipTimers.core(timers),
            on_request=server,
            alter=altered(context),
            log=context.log,
        )
        self.work = Work()
        self._relay = SessionRelay(self.stack, locator, self.work, timers.proceeding_s, context.log)
        methods = ("REGISTER", "PUBLISH", "SUBSCRIBE", "NOTIFY", "MESSAGE", *IN_DIALOG)
        handlers = {"INVITE": self._relay.inviting(self._invite), "CANCEL": self._relay.cancel}
        server.add({**handlers, **dict.fromkeys(methods, self.request)}, self.ack)

    async def request(self, transaction: ServerTransaction) -> Response:
        """Forward a request other than INVITE across the border, and its answer back."""
        outgoing, adapt = self._across(transaction)
        response = await self._relay.request(outgoing)
        adapt(response)
        return response

    async def ack(self, transaction: ServerTransaction) -> None:
        """Forward the ACK of a 2xx."""
        await self._relay.ack(self._across(transaction)[0])

    async def _invite(self, invite: ForwardedInvite) -> Response:
        outgoing, adapt = self._across(invite.transaction)
        return await invite.forward([outgoing], adapt)

    def _across(self, transaction: ServerTransaction) -> tuple[Request, Adapt]:
        """Return a request as it crosses the border, and what is done to its answers.

        Raises:
            Refused: 403 to who is no server of a joined network.
        """
        request, source = transaction.request, transaction.source.address
        if not self._federation.is_server(source):
            raise Refused(403)
        outgoing = forwarded_request(request)
        headers = outgoing.headers
        leaves = source in self._inside
        routes = split_entries(headers.getlist("Route"))
        if routes and NameAddr.parse(routes[0]).uri.partition(";")[0] == self._uri:
            routes = routes[1:]
        _write(outgoing, "Route", routes if leaves else self.hiding.next_route(routes))
        for name in NOT_ACROSS:
            headers.remove(name)
        made: set[str] = set()
        if leaves:
            made |= _put(outgoing, "Via", self.hiding.vias(split_entries(headers.getlist("Via"))))
            for name in ("Record-Route", "Path"):
                made |= _put(outgoing, name, self.hiding.routes(split_entries(headers.getlist(name))))
        here = f"<{self._uri};lr>"
        if request.method == "REGISTER":
            if leaves:
                _write(outgoing, "Path", [here, *split_entries(headers.getlist("Path"))])
        elif request.method in TARGET_REFRESH or (dialog_key(request) is None and request.method in BEGINS_DIALOG):
            _write(outgoing, "Record-Route", [here, *split_entries(headers.getlist("Record-Route"))])

        def outwards(response: Response) -> None:
            self._hide_answer(response, here)

        def inwards(response: Response) -> None:
            for name in NOT_ACROSS:
                response.headers.remove(name)
            for name in ("Via", "Record-Route", "Path"):
                _write(response, name, self.hiding.restored(split_entries(response.headers.getlist(name)), made))

        return outgoing, inwards if leaves else outwards

    def _hide_answer(self, response: Response, here: str) -> None:
        """Hide what an answer tells of the own network; its Via has nothing of it any more."""
        headers = response.headers
        for name in NOT_ACROSS:
            headers.remove(name)
        _put(response, "Record-Route", self.hiding.routes(split_entries(headers.getlist("Record-Route")), turned=True))
        service = self.hiding.routes(split_entries(headers.getlist("Service-Route")))
        if service.tokens:
            _write(response, "Service-Route", [here, *service.entries])


def _put(message: Request | Response, name: str, hidden: Hidden) -> frozenset[str]:
    _write(message, name, hidden.entries)
    return hidden.tokens


def _write(message: Request | Response, name: str, entries: list[str] | tuple[str, ...]) -> None:
    if entries:
        message.headers.setlist(name, list(entries))
    else:
        message.headers.remove(name)


async def run(context: NodeContext) -> None:
    """Serve until cancelled (see `NodeContext`)."""
    node = Ibcf(context)
    async with contextlib.AsyncExitStack() as end:
        end.push_async_callback(node.stack.stop)
        await node.stack.start()
        end.push_async_callback(node.work.stop)
        await end.enter_async_context(quiet_channel(context.folder, node.stack, node.work))
        context.ready()
        await asyncio.Event().wait()
