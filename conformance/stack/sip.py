"""A SIP element: transactions of `protocols.sip` joined to sockets and to the clock (RFC 3261 sections 17 and 18)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from sipmessage import Parameters, Request, Response, Via

from conformance.protocols.sip.message import (
    MalformedMessage,
    copy_message,
    make_cancel,
    make_response,
    new_branch,
    push_via,
    read_message,
    replace_top_via,
    top_via,
    write_message,
)
from conformance.protocols.sip.routing import ClientKey, ServerKey, client_key, note_source, server_key
from conformance.protocols.sip.timers import SipTimers
from conformance.stack.errors import StackError, TransactionTimeout, TransportFailed
from conformance.stack.hop import Hop
from conformance.stack.sip_transactions import ClientTransaction, OnResponse, ServerTransaction
from conformance.stack.sip_transport import Alter, Channel, SipTransport
from conformance.stack.tunnel import Tunnel, TunnelPort
from conformance.vocabulary.errors import HarnessFault
from conformance.vocabulary.identifiers import Endpoint, uri_host

__all__ = ["Hop", "ServerTransaction", "SipStack", "TransactionTimeout", "TransportFailed"]

UDP_AT_MOST = 1300
"""A larger request goes over a congestion controlled transport, that is TCP (RFC 3261 18.1.1)."""

_TRANSACTIONS_AT_MOST = 20_000

OnRequest = Callable[["ServerTransaction"], Awaitable[None]]
TimersFor = Callable[[str], SipTimers]
"""Timers towards the peer of an address: a P-CSCF has other ones towards terminals (3GPP TS 24.229)."""


class SipStack:
    """One SIP element on one address and port, UDP and TCP.

    Args:
        address: numeric address; everything that leaves carries it.
        port: port for both transports; 0 lets the system choose (then see `port` after `start`).
        timers: transaction timers, the same towards everybody or by the address of the peer.
        on_request: called in a task of its own for each new request, and for each ACK of a 2xx. Where it is None
            every request is answered with 501. Where it raises, the answer is 500.
        alter: fault hook on the octets of each emitted message; None drops the message.
        log: logger; `conformance.stack.sip` where it is None.
        tunnel: carries every datagram, UDP only; the address is then reachable through the tunnel alone.
    """

    def __init__(
        self,
        address: str,
        port: int,
        timers: SipTimers | TimersFor,
        *,
        on_request: OnRequest | None = None,
        alter: Alter | None = None,
        log: logging.Logger | None = None,
        tunnel: Tunnel | None = None,
    ) -> None:
        self.timers = timers
        self.on_request = on_request
        self.log = log or logging.getLogger(__name__)
        self._transport = SipTransport(
            address,
            port,
            on_message=self._on_message,
            on_lost=self._on_lost,
            alter=alter,
            log=self.log,
            tunnel=tunnel,
        )
        self._clients: dict[ClientKey, ClientTransaction] = {}
        self._servers: dict[ServerKey, ServerTransaction] = {}
        self._handlers: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        """Numeric address of the element."""
        return self._transport.address

    @property
    def port(self) -> int:
        """Port of the element."""
        return self._transport.port

    @property
    def tunnel_port(self) -> TunnelPort | None:
        """The open end of the terminal's tunnel; None where there is none, or it is not started."""
        return self._transport.tunnel_port

    @property
    def handlers(self) -> frozenset[asyncio.Task[None]]:
        """The requests that are being handled now, each a task."""
        return frozenset(self._handlers)

    def timers_for(self, peer: Endpoint) -> SipTimers:
        """Return the timers of transactions with that peer."""
        return self.timers if isinstance(self.timers, SipTimers) else self.timers(peer.address)

    async def start(self) -> None:
        """Bind the UDP socket and the TCP listener.

        Raises:
            TestbedDown: the port is in use, in one line with its holder.
            NotPermitted: the port may not be bound.
        """
        await self._transport.start()

    async def stop(self) -> None:
        """Close the sockets; who waits for a response gets TransportFailed."""
        handlers = [handler for handler in self._handlers if handler is not asyncio.current_task()]
        for handler in handlers:
            handler.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)
        for client in self._clients.values():
            client.abandon("the stack was stopped")
        for server in self._servers.values():
            server.disarm()
        self._clients.clear()
        self._servers.clear()
        await self._transport.stop()

    async def send_request(
        self,
        request: Request,
        hop: Hop,
        *,
        branch: str | None = None,
        on_response: OnResponse | None = None,
        sign_within_s: float | None = None,
    ) -> Response:
        """Send a request in a client transaction of its own and wait for the end.

        Args:
            request: without our Via; it is not changed. Content-Length is set.
            hop: where to. A request above 1300 octets goes over TCP even where the hop says UDP, and comes back
                to UDP where TCP is refused (RFC 3261 18.1.1).
            branch: branch of the new top Via; a fresh one where it is None. CANCEL takes that of its INVITE.
            on_response: called with each provisional response, and each further 2xx of an INVITE.
            sign_within_s: how long to wait for the first response of any kind, seconds; None: as long as for the last.

        Returns:
            The final response as it came, our Via still on top.

        Raises:
            TransactionTimeout: none came within 64*T1, or no sign in time.
            TransportFailed: no connection, or it was lost.
        """
        branch = branch or new_branch()
        outgoing = copy_message(request)
        push_via(outgoing, self._via(hop.transport, branch))
        data = write_message(outgoing)
        if hop.transport == "udp" and len(data) > UDP_AT_MOST:
            channel, outgoing = await self._large(outgoing, hop, branch)
            data = write_message(outgoing)
        else:
            channel = await self._transport.channel(hop)
        key = client_key(branch, request.method)
        if key in self._clients:
            raise HarnessFault(f"branch {branch} is in use by another {request.method} of {self.address}")
        transaction = ClientTransaction(self, key, outgoing, data, channel, on_response)
        self._clients[key] = transaction
        transaction.start()
        if sign_within_s is not None:
            transaction.expect_sign_within(sign_within_s)
        return await transaction.final

    async def cancel(self, branch: str) -> None:
        """Give up an INVITE that has no final response yet (RFC 3261 9.1); nothing where it is over.

        The CANCEL goes where the INVITE went, once somebody has answered it with a provisional response. Where no
        final response follows within 64*T1, who waits for one gets TransportFailed.

        Args:
            branch: branch of the INVITE.
        """
        invite = self._clients.get(client_key(branch, "INVITE"))
        key = client_key(branch, "CANCEL")
        if invite is None or key in self._clients:
            return
        await invite.heard.wait()
        if invite.final.done():
            return
        request = make_cancel(invite.request)
        transaction = ClientTransaction(self, key, request, write_message(request), invite.channel, None)
        self._clients[key] = transaction
        transaction.start()
        try:
            await transaction.final
            await asyncio.wait({invite.final}, timeout=invite.transaction.timers.timeout_s)
        except StackError as error:
            self.log.info("%s", error)
        invite.give_up()

    def invite_of(self, cancel: Request) -> ServerTransaction | None:
        """Return the INVITE that a CANCEL is for (RFC 3261 9.2), None where there is none."""
        branch, sent_by, *_ = server_key(cancel)
        found = self._servers.get((branch, sent_by, "INVITE"))
        return found if found is not None and not found.transaction.terminated else None

    async def send_ack(self, ack: Request, hop: Hop) -> None:
        """Send the ACK of a 2xx, which belongs to no transaction (RFC 3261 13.2.2.4).

        Args:
            ack: without our Via.
            hop: where to.

        Raises:
            TransportFailed: it cannot be sent.
        """
        outgoing = copy_message(ack)
        push_via(outgoing, self._via(hop.transport, new_branch()))
        (await self._transport.channel(hop)).send(write_message(outgoing))

    def _via(self, transport: str, branch: str) -> Via:
        # RFC 3581: an empty rport asks for the answer on the port that the request came from.
        parameters = Parameters(branch=branch, rport=None) if transport == "udp" else Parameters(branch=branch)
        return Via(transport=transport.upper(), host=uri_host(self.address), port=self.port, parameters=parameters)

    async def _large(self, outgoing: Request, hop: Hop, branch: str) -> tuple[Channel, Request]:
        over_tcp = copy_message(outgoing)
        replace_top_via(over_tcp, self._via("tcp", branch))
        try:
            return await self._transport.channel(hop._replace(transport="tcp")), over_tcp
        except TransportFailed as error:
            self.log.info("request above %d octets goes over UDP all the same: %s", UDP_AT_MOST, error)
            return await self._transport.channel(hop), outgoing

    def _on_message(self, data: bytes, channel: Channel) -> None:
        try:
            message = read_message(data)
            if isinstance(message, Request):
                note_source(message, channel.peer)
        except MalformedMessage as error:
            self.log.warning("%s sent no SIP message: %s, began %.120r", channel.peer, error, data[:60])
            return
        if isinstance(message, Response):
            self._on_response(message, channel)
        else:
            self._on_request(message, channel)

    def _on_response(self, response: Response, channel: Channel) -> None:
        via = top_via(response)
        transaction = self._clients.get(client_key(via.parameters.get("branch") or "", response.cseq.method))
        ours = (via.host, via.port) == (uri_host(self.address), self.port)  # RFC 3261 18.1.2: else discard
        if transaction is None or not ours:
            self.log.info("%s sent a %d that belongs to no transaction", channel.peer, response.code)
            return
        transaction.receive(response)

    def _on_request(self, request: Request, channel: Channel) -> None:
        key = server_key(request)
        transaction = self._servers.get(key)
        if transaction is not None:
            transaction.receive_again(request)
        elif request.method == "ACK":
            self.dispatch(ServerTransaction(self, key, request, channel))
        elif len(self._servers) >= _TRANSACTIONS_AT_MOST:
            self.log.warning("%s: request dropped, %d transactions are open", channel.peer, _TRANSACTIONS_AT_MOST)
        else:
            transaction = ServerTransaction(self, key, request, channel)
            self._servers[key] = transaction
            transaction.arm()
            self.dispatch(transaction)

    def _on_lost(self, channel: Channel) -> None:
        for transaction in [one for one in self._clients.values() if one.channel is channel]:
            transaction.lost(f"{channel.peer}: the connection was closed before the response")

    def dispatch(self, transaction: ServerTransaction) -> None:
        """Give a request to the transaction user in a task of its own."""
        task = asyncio.get_running_loop().create_task(self._handle(transaction))
        self._handlers.add(task)
        task.add_done_callback(self._handlers.discard)

    async def _handle(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        try:
            if self.on_request is not None:
                await self.on_request(transaction)
            elif request.method != "ACK":
                await transaction.respond(make_response(request, 501))
        except Exception:
            self.log.exception("%s of %s could not be handled", request.method, transaction.source)
            if request.method != "ACK":
                await transaction.respond(make_response(request, 500))

    def forget(self, transaction: ClientTransaction | ServerTransaction) -> None:
        """Drop a transaction that is over."""
        if isinstance(transaction, ClientTransaction):
            self._clients.pop(transaction.key, None)
        elif self._servers.get(transaction.key) is transaction:
            del self._servers[transaction.key]

    async def way_back(self, hop: Hop) -> Channel:
        """Open a connection for a response whose own connection is gone (RFC 3261 18.2.2)."""
        return await self._transport.channel(hop)
