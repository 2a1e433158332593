"""Transactions joined to the clock and to a channel: what `SipStack` keeps of each (RFC 3261 17)."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from sipmessage import Request, Response

from conformance.protocols.sip.message import make_ack, make_response, top_via, write_message
from conformance.protocols.sip.routing import ClientKey, ServerKey, response_destination
from conformance.protocols.sip.states import Action, Stimulus
from conformance.protocols.sip.transaction import Transaction
from conformance.stack.errors import TransactionTimeout, TransportFailed
from conformance.stack.hop import Hop
from conformance.stack.sip_transport import Channel
from conformance.vocabulary.errors import HarnessFault
from conformance.vocabulary.identifiers import Endpoint

if TYPE_CHECKING:
    from conformance.stack.sip import SipStack

OnResponse = Callable[[Response], None]


def _stimulus(code: int) -> Stimulus:
    if code < 200:
        return Stimulus.PROVISIONAL
    return Stimulus.SUCCESS if code < 300 else Stimulus.FAILURE


class Clocked(ABC):
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


class ClientTransaction(Clocked):
    """A request that was sent, and its end."""

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
        self.heard = asyncio.Event()
        """Set with the first response, or when none can come any more."""
        self._data = data
        self._on_response = on_response

    def start(self) -> None:
        """Send the request."""
        self._perform((Action.SEND,), None)
        self.arm()

    def receive(self, response: Response) -> None:
        """Take a response."""
        self.heard.set()
        self._perform(self.transaction.receive(_stimulus(response.code), self._loop.time()), response)
        self.arm()

    def lost(self, why: str) -> None:
        """The connection is gone."""
        self._fail(why)
        self.arm()

    def give_up(self) -> None:
        """Wait no longer for a final response: the request was cancelled long ago (RFC 3261 9.1)."""
        if not self.final.done():
            self._fail(f"cancelled, and not answered within {self.transaction.timers.timeout_s:g} s")
            self.arm()

    def expect_sign_within(self, seconds: float) -> None:
        """Give the request up where no response of any kind has come by then."""
        self._loop.call_later(seconds, self._without_sign, seconds)

    def _without_sign(self, seconds: float) -> None:
        if self.heard.is_set():
            return
        self.transaction.receive(Stimulus.TRANSPORT_ERROR, self._loop.time())
        self._end(TransactionTimeout(f"{self.request.method} to {self.channel.peer}: no sign within {seconds:g} s"))
        self.arm()

    def abandon(self, why: str) -> None:
        """End without an answer."""
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
        self.heard.set()
        if not self.final.done():
            self.final.set_exception(error)


class ServerTransaction(Clocked):
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
