"""The adapter: a SIP proxy in front of the P-CSCF that makes REGISTERs readable for a core (D2.2 3.1).

It keeps no transactions (RFC 3261 16.11): its branch follows from the one that came, so that what the terminal repeats
is a repetition for the P-CSCF, too. It puts its Via on top, counts Max-Forwards down, takes its own entry out of Route
and changes a REGISTER as `adaptation` says; every other byte of a request stays, and of a response all but its own Via.

It stands between terminal and P-CSCF in requests of the terminal alone. The P-CSCF reads in the second Via which
terminal it is (see `pcscf.PCscf.origin`), remembers that one, and sends what is for the terminal straight to its
contact.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re

from sipmessage import URI, Request

from conformance.cores.emulated.adaptation import adapted_register
from conformance.cores.emulated.faults import altered
from conformance.cores.emulated.header_lines import HeaderLines
from conformance.cores.emulated.node import NodeContext
from conformance.cores.emulated.quiet import Work, quiet_channel
from conformance.protocols.sip.message import (
    MAGIC_COOKIE,
    MalformedMessage,
    make_response,
    read_message,
    split_vias,
    top_via,
    write_message,
)
from conformance.protocols.sip.name_addr import NameAddr, split_entries
from conformance.protocols.sip.routing import note_source, response_destination
from conformance.stack.errors import StackError
from conformance.stack.hop import Hop
from conformance.stack.idle_table import IdleTable
from conformance.stack.sip_transport import Channel, SipTransport
from conformance.vocabulary.federation import NodeKind
from conformance.vocabulary.identifiers import uri_host

_MOST = 20_000
_VIA, _ROUTE, _HOPS = ("via", "v"), ("route",), ("max-forwards",)
_OWN_VIA = re.compile(
    r"\s*SIP\s*/\s*2\.0\s*/\s*(?:UDP|TCP)\s+(?P<place>\S+?)\s*;.*?\bbranch\s*=\s*(?P<branch>[^;,\s]+)", re.I
)


class Adapter:
    """One adapter."""

    def __init__(self, context: NodeContext) -> None:
        testbed, node = context.testbed, context.node
        self._federation = context.federation
        self._log = context.log
        self._place = f"{uri_host(node.address)}:{node.port}"
        self._own = {f"sip:{self._place}", testbed.uri(NodeKind.ADAPTER)}
        pcscf = testbed.node(NodeKind.PCSCF)
        self._pcscf = Hop(str(pcscf.address), pcscf.port)
        self._back: IdleTable[str, Channel] = IdleTable(
            _MOST, context.federation.timers.proceeding_s + 64 * context.federation.timers.gm_t1_ms / 1000, _forget
        )
        """Where the answers to a request go, by the branch that it left with."""
        self.work = Work()
        self.transport = SipTransport(
            str(node.address),
            node.port,
            on_message=lambda data, channel: self.work.begin(self._take(data, channel)),
            on_lost=lambda _: None,
            alter=altered(context),
            log=context.log,
        )

    async def stop(self) -> None:
        """Give up what is under way and close the sockets."""
        await self.work.stop()
        self._back.clear()
        await self.transport.stop()

    async def _take(self, data: bytes, channel: Channel) -> None:
        try:
            message = HeaderLines(data)
            if message.method == "SIP/2.0":
                self._return(message)
            elif not self._federation.is_terminal(channel.peer.address):
                self._answer(data, channel)
            else:
                await self._forward(message, data, channel)
        except (ValueError, StackError) as error:
            self._log.warning("%s: %.200r", channel.peer, str(error))

    async def _forward(self, message: HeaderLines, data: bytes, channel: Channel) -> None:
        """Send a request of a terminal to the P-CSCF.

        Raises:
            MalformedMessage: it has no Via that could be read.
            StackError: the P-CSCF cannot be reached.
        """
        left = message.take_first(*_HOPS)
        if left is not None and not (left[1].isdigit() and len(left[1]) < 10 and int(left[1])):
            if message.method != "ACK":
                self._answer(data, channel, 483 if left[1].strip("0") == "" else 400)
            return
        branch = self._note_source(message, channel)
        if left is not None:
            message.rewrite(left[0], str(int(left[1]) - 1))
        self._take_own_route(message)
        done = adapted_register(message) if message.method == "REGISTER" else []
        if left is None:
            message.replace("max-forwards", [("Max-Forwards", "70")])  # RFC 3261 16.6 item 3
        transport = "TCP" if channel.reliable else "UDP"
        message.push("Via", f"SIP/2.0/{transport} {self._place};branch={branch}")
        self._log.info("%.20s of %s: %s", message.method, channel.peer, "; ".join(done) or "as it is")
        onward = await self.transport.channel(self._pcscf._replace(transport=transport.lower()))
        onward.send(bytes(message))

    def _note_source(self, message: HeaderLines, channel: Channel) -> str:
        """Write into the topmost Via where a request came from, and remember it; return the branch to send with."""
        found = message.take_first(*_VIA)
        if found is None:
            raise MalformedMessage("no Via")
        place, line = found
        first, *others = split_vias(line)
        noted = Request("OPTIONS", URI(scheme="sip", host="via.invalid"))
        noted.headers.set("Via", first)
        note_source(noted, channel.peer)
        via = top_via(noted)
        if noted.headers["Via"] != first:
            message.rewrite(place, ", ".join([noted.headers["Via"], *others]))
        named = f"{self._place} {via.host}:{via.port} {via.parameters.get('branch')} {channel.peer}"
        branch = f"{MAGIC_COOKIE}{hashlib.sha256(named.encode()).hexdigest()[:24]}"
        way = channel
        if not channel.reliable:
            way = self.transport.datagrams_to(response_destination(via, channel.peer))
        if not self._back.put(branch, way):
            raise MalformedMessage(f"{_MOST} requests are under way")
        return branch

    def _take_own_route(self, message: HeaderLines) -> None:
        """RFC 3261 16.4: a terminal whose outbound proxy this is may say so in Route."""
        found = message.take_first(*_ROUTE)
        if found is None:
            return
        first, *others = split_entries([found[1]])
        if NameAddr.parse(first).uri.partition(";")[0] in self._own:
            message.rewrite(found[0], ", ".join(others))

    def _return(self, message: HeaderLines) -> None:
        """Send a response where its request came from, without the own Via (RFC 3261 16.11)."""
        found = message.take_first(*_VIA)
        first, *others = split_vias(found[1]) if found is not None else [""]
        own = _OWN_VIA.match(first)
        way = self._back.use(own["branch"]) if own is not None and own["place"] == self._place else None
        if found is None or way is None:
            raise MalformedMessage("a response that belongs to no request")
        message.rewrite(found[0], ", ".join(others))
        way.send(bytes(message))

    def _answer(self, data: bytes, channel: Channel, status: int | None = None) -> None:
        """Answer a request oneself: OPTIONS of who asks whether the adapter serves, and what is not for it."""
        request = read_message(data)
        if not isinstance(request, Request) or request.method == "ACK":
            return
        status = status or (200 if request.method == "OPTIONS" else 403)
        note_source(request, channel.peer)
        way = channel
        if not channel.reliable:
            way = self.transport.datagrams_to(response_destination(top_via(request), channel.peer))
        way.send(write_message(make_response(request, status)))


def _forget(branch: str, way: Channel) -> None:
    """Nobody has to be told of a way back that nobody has used for longer than any answer takes."""


async def run(context: NodeContext) -> None:
    """Serve until cancelled (see `NodeContext`)."""
    node = Adapter(context)
    async with contextlib.AsyncExitStack() as end:
        end.push_async_callback(node.stop)
        await node.transport.start()
        await end.enter_async_context(quiet_channel(context.folder, None, node.work))
        context.ready()
        await asyncio.Event().wait()
