"""A SIP element: transactions of `protocols.sip` joined to sockets and to the clock (RFC 3261 sections 17 and 18)."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

from sipmessage import Parameters, Request, Response, Via

from conformance.protocols.sip.message import (
    MalformedMessage,
    copy_message,
    make_ack,
    make_response,
    new_branch,
    push_via,
    read_message,
    replace_top_via,
    top_via,
    write_message,
)
from conformance.protocols.sip.routing import (
    ClientKey,
    ServerKey,
    client_key,
    note_source,
    response_destination,
    server_key,
)
from conformance.protocols.sip.states import Action, Stimulus
from conformance.protocols.sip.timers import SipTimers
from conformance.protocols.sip.transaction import Transaction
from conformance.stack.errors import TransactionTimeout, TransportFailed
from conformance.stack.hop import Hop
from conformance.stack.sip_transport import Alter, Channel, SipTransport
from conformance.stack.tunnel import Tunnel
from conformance.vocabulary.errors import HarnessFault
from conformance.vocabulary.identifiers import Endpoint, uri_host

__all__ = ["Hop", "ServerTransaction", "SipStack", "TransactionTimeout", "TransportFailed"]

UDP_AT_MOST = 1300
"""A larger request goes over a congestion controlled transport, that is TCP (RFC 3261 18.1.1)."""

_TRANSACTIONS_AT_MOST = 20_000

OnRequest = Callable[["ServerTransaction"], Awaitable[None]]
OnResponse = Callable[[Response], None]
TimersFor = Callable[[str], SipTimers]
"""Timers towards the peer of an address: a P-CSCF has other ones towards terminals (3GPP TS 24.229)."""


def _stimulus(code: int) -> Stimulus:
    if code < 200:
        return Stimulus.PROVISIONAL
    return Stimulus.SUCCESS if code < 300 else Stimulus.FAILURE


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
        self._clients: dict[ClientKey, _ClientTransaction] = {}
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
    ) -> Response:
        """Send a request in a client transaction of its own and wait for the end.

        Args:
            request: without our Via; it is not changed. Content-Length is set.
            hop: where to. A request above 1300 octets goes over TCP even where the hop says UDP, and comes back
                to UDP where TCP is refused (RFC 3261 18.1.1).
            branch: branch of the new top Via; a fresh one where it is None. CANCEL takes that of its INVITE.
            on_response: called with each provisional response, and each further 2xx of an INVITE.

        Returns:
            The final response as it came, our Via still on top.

        Raises:
            TransactionTimeout: none came within 64*T1.
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
        transaction = _ClientTransaction(self, key, outgoing, data, channel, on_response)
        self._clients[key] = transaction
        transaction.start()
        return await transaction.final

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

    def forget(self, transaction: _ClientTransaction | ServerTransaction) -> None:
        """Drop a transaction that is over."""
        if isinstance(transaction, _ClientTransaction):
            self._clients.pop(transaction.key, None)
        elif self._servers.get(transaction.key) is transaction:
            del self._servers[transaction.key]

    async def way_back(self, hop: Hop) -> Channel:
        """Open a connection for a response whose own connection is gone (RFC 3261 18.2.2)."""
        return await self._transport.channel(hop)


class _Clocked(ABC):
    """Joins a transaction to the loop's clock."""

    def __init__(self, stack: SipStack, transaction: Transaction) -> None:
        self.stack = stack
        self.transaction = transaction
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None

    def arm(self) -> None:
        """Set the alarm for the next timer; forget the transaction when it is over."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        if self.transaction.terminated:
            self._over()
        elif (deadline := self.transaction.deadline) is not None:
            self._handle = self._loop.call_at(deadline, self._alarm)

    def disarm(self) -> None:
        """Stop the clock."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _alarm(self) -> None:
        # The loop may call a clock tick early: never ask for less than was promised.
        now = max(self._loop.time(), self.transaction.deadline or 0.0)
        self._timers_fired(self.transaction.advance(now))
        self.arm()

    @abstractmethod
    def _timers_fired(self, actions: tuple[Action, ...]) -> None: ...

    @abstractmethod
    def _over(self) -> None: ...


class _ClientTransaction(_Clocked):
    def __init__(
        self,
        stack: SipStack,
        key: ClientKey,
        request: Request,
        data: bytes,
        channel: Channel,
        on_response: OnResponse | None,
    ) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(
            stack,
            Transaction(
                "client",
                invite=request.method == "INVITE",
                timers=stack.timers_for(channel.peer),
                reliable=channel.reliable,
                now=loop.time(),
            ),
        )
        self.key = key
        self.request = request
        self.channel = channel
        self.final: asyncio.Future[Response] = loop.create_future()
        self._data = data
        self._on_response = on_response

    def start(self) -> None:
        self._perform((Action.SEND,), None)
        self.arm()

    def receive(self, response: Response) -> None:
        self._perform(self.transaction.receive(_stimulus(response.code), self._loop.time()), response)
        self.arm()

    def lost(self, why: str) -> None:
        self._fail(why)
        self.arm()

    def abandon(self, why: str) -> None:
        self.disarm()
        self._end(TransportFailed(why))

    def _timers_fired(self, actions: tuple[Action, ...]) -> None:
        self._perform(actions, None)

    def _over(self) -> None:
        self.stack.forget(self)

    def _perform(self, actions: tuple[Action, ...], response: Response | None) -> None:
        for action in actions:
            try:
                if action is Action.SEND:
                    self.channel.send(self._data)
                elif action is Action.ACKNOWLEDGE and response is not None:
                    self.channel.send(write_message(make_ack(self.request, response)))
            except TransportFailed as error:
                self._fail(str(error))
                return
            if action is Action.DELIVER and response is not None:
                self._deliver(response)
            elif action is Action.TIMED_OUT:
                waited = self.transaction.timers.timeout_s
                self._end(
                    TransactionTimeout(f"{self.request.method} to {self.channel.peer}: no answer within {waited:g} s")
                )

    def _deliver(self, response: Response) -> None:
        if response.code >= 200 and not self.final.done():
            self.final.set_result(response)
        elif self._on_response is not None:
            self._on_response(response)

    def _fail(self, why: str) -> None:
        if Action.TRANSPORT_FAILED in self.transaction.receive(Stimulus.TRANSPORT_ERROR, self._loop.time()):
            self._end(TransportFailed(f"{self.request.method}: {why}"))

    def _end(self, error: Exception) -> None:
        if not self.final.done():
            self.final.set_exception(error)


class ServerTransaction(_Clocked):
    """A request that came, and the way to answer it.

    `request` has `received` and `rport` in its top Via where they belong; `source` is where it came from. Answer with
    `respond`, made by `protocols.sip.message.make_response` or received from the next hop. Retransmissions of the
    request are answered from here without the user.
    """

    def __init__(self, stack: SipStack, key: ServerKey, request: Request, channel: Channel) -> None:
        super().__init__(
            stack,
            Transaction(
                "server",
                invite=request.method in ("INVITE", "ACK"),
                timers=stack.timers_for(channel.peer),
                reliable=channel.reliable,
                now=asyncio.get_running_loop().time(),
            ),
        )
        self.key = key
        self.request = request
        self._channel = channel
        self._last: bytes | None = None

    @property
    def source(self) -> Endpoint:
        """Where the request came from."""
        return self._channel.peer

    async def respond(self, response: Response) -> None:
        """Send a response; a second final one is discarded (RFC 3261 17.2.2).

        Args:
            response: its top Via is that of `request`. Content-Length is set.

        Raises:
            HarnessFault: the request is an ACK, which has no answer.
        """
        if self.request.method == "ACK":
            raise HarnessFault("an ACK is not answered")
        actions = self.transaction.receive(_stimulus(response.code), self._loop.time())
        self.arm()
        if Action.SEND not in actions:
            self.stack.log.info("%d to %s discarded: answered already", response.code, self.source)
            return
        self._last = write_message(response)
        try:
            self._channel.send(self._last)
        except TransportFailed as error:
            await self._send_anew(self._last, error)

    async def _send_anew(self, data: bytes, error: TransportFailed) -> None:
        try:
            if not self._channel.reliable:
                raise error
            back = response_destination(top_via(self.request), self.source)
            self._channel = await self.stack.way_back(Hop(back.address, back.port, "tcp"))
            self._channel.send(data)
        except TransportFailed as failed:
            self.stack.log.warning("response to %s lost: %s", self.source, failed)
            self.transaction.receive(Stimulus.TRANSPORT_ERROR, self._loop.time())
            self.arm()

    def receive_again(self, request: Request) -> None:
        """Take a retransmission, or the ACK of an INVITE."""
        ack = request.method == "ACK"
        actions = self.transaction.receive(Stimulus.ACK if ack else Stimulus.REQUEST, self._loop.time())
        self._timers_fired(actions)
        if ack and Action.DELIVER in actions:
            self.stack.dispatch(ServerTransaction(self.stack, self.key, request, self._channel))
        self.arm()

    def _timers_fired(self, actions: tuple[Action, ...]) -> None:
        for action in actions:
            data = None
            if action is Action.RESEND:
                data = self._last
            elif action is Action.SEND_TRYING and self._last is None:
                data = self._last = write_message(make_response(self.request, 100))
            elif action is Action.TIMED_OUT:
                self.stack.log.info("no ACK from %s within %g s", self.source, self.transaction.timers.timeout_s)
            if data is not None:
                try:
                    self._channel.send(data)
                except TransportFailed as error:
                    self.stack.log.warning("response to %s lost: %s", self.source, error)

    def _over(self) -> None:
        self.stack.forget(self)
