"""How a CSCF forwards what makes and ends sessions: the response context of a proxy (RFC 3261 16.6 to 16.11).

An INVITE may go to several places; every provisional answer and the best final one come back; a CANCEL follows the
INVITE to all places that have not answered. Requests of a dialog and the ACK of a 2xx go along their Route.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from sipmessage import Request, Response

from conformance.cores.emulated.quiet import Work
from conformance.cores.emulated.session_interval import admit, insert, inserted
from conformance.cores.emulated.sip_server import Handler, Refused, relay
from conformance.protocols.sip.dialog import next_hop
from conformance.protocols.sip.message import forwarded_response, make_response, new_branch
from conformance.protocols.sip.routing import ServerKey
from conformance.stack.errors import StackError, TransactionTimeout
from conformance.stack.hop import Hop
from conformance.stack.locate import Locator
from conformance.stack.sip import ServerTransaction, SipStack

Adapt = Callable[[Response], None]
"""Changes a response, our Via taken off, before it goes on to the previous hop."""

_MOST_TARGETS = 10


class Forwarded(Protocol):
    """A request on its way through a CSCF, whatever its method."""

    transaction: ServerTransaction
    """Where it came from."""
    request: Request

    async def forward(
        self, requests: Sequence[Request], adapt: Adapt = ..., *, sign_within_s: float | None = None
    ) -> Response:
        """Send it to places and return the best final response; see `ForwardedInvite.forward`."""
        ...


def unchanged(response: Response) -> None:
    """Pass a response on as it is."""


class SessionRelay:
    """What one CSCF forwards of sessions.

    Args:
        stack: sends.
        locator: finds next hops.
        work: what is under way of the node.
        proceeding_s: timer C of RFC 3261 16.6: how long an INVITE may ring, seconds.
        log: the node's logger.
        minimum_session_s: shortest session interval that it lets pass, seconds (RFC 4028 8.1); 0: any.
        network_session_s: session interval that it asks for where the caller asks for none; 0: it does not.
    """

    def __init__(
        self,
        stack: SipStack,
        locator: Locator,
        work: Work,
        proceeding_s: float,
        log: logging.Logger,
        minimum_session_s: int = 0,
        network_session_s: int = 0,
    ) -> None:
        self.minimum_session_s = minimum_session_s
        self.network_session_s = network_session_s
        self.stack = stack
        self.locator = locator
        self.work = work
        self.proceeding_s = proceeding_s
        self.log = log
        self._open: dict[ServerKey, ForwardedInvite] = {}

    def inviting(self, procedure: Callable[[ForwardedInvite], Awaitable[Response]]) -> Handler:
        """Return the handler of INVITEs that begin a dialog: 100 at once, then the node's procedure."""

        async def handle(transaction: ServerTransaction) -> Response:
            admit(transaction.request, self.minimum_session_s)
            await transaction.respond(make_response(transaction.request, 100))
            invite = self._open[transaction.key] = ForwardedInvite(self, transaction)
            try:
                return await procedure(invite)
            finally:
                del self._open[transaction.key]

        return handle

    async def cancel(self, transaction: ServerTransaction) -> Response:
        """Answer a CANCEL and give up its INVITE (RFC 3261 16.10)."""
        invite = self.stack.invite_of(transaction.request)
        if invite is None:
            raise Refused(481)
        if (forwarded := self._open.get(invite.key)) is not None:
            forwarded.cancel()
        return make_response(transaction.request, 200)

    def passing(self, procedure: Callable[[Forwarded], Awaitable[Response]]) -> Handler:
        """Return the handler of other requests that begin something: the node's procedure alone."""

        async def handle(transaction: ServerTransaction) -> Response:
            return await procedure(ForwardedRequest(self, transaction))

        return handle

    async def request(self, request: Request, *, sign_within_s: float | None = None) -> Response:
        """Forward a request other than INVITE along its Route.

        Raises:
            Refused: 408 where nobody answers, 504 where no next hop can be reached, 422 for too short an interval.
        """
        admit(request, self.minimum_session_s)
        try:
            hops = self.locator.locate(next_hop(request))
            return await relay(
                self.stack, request, hops, self.log, spirals=_is_routed(request), sign_within_s=sign_within_s
            )
        except StackError as error:
            self.log.warning("%s %s: %s", request.method, request.uri, error)
            raise Refused(_status_of(error)) from None

    async def ack(self, request: Request) -> None:
        """Forward the ACK of a 2xx along its Route (RFC 3261 16.11).

        Raises:
            StackError: it cannot be sent.
        """
        async for hop in self.locator.locate(next_hop(request)):
            self.log.info("ACK %s to %s", request.uri, hop)
            await self.stack.send_ack(request, hop)
            return


class ForwardedInvite:
    """One INVITE on its way through a CSCF.

    Args:
        owner: of the node.
        transaction: where the INVITE came from.
    """

    def __init__(self, owner: SessionRelay, transaction: ServerTransaction) -> None:
        self.transaction = transaction
        self.request = transaction.request
        self._owner = owner
        self._log = owner.log
        self._branches: set[str] = set()
        self._finals: asyncio.Queue[Response] = asyncio.Queue()
        self._cancelled = False
        self._answered = False

    async def forward(
        self, requests: Sequence[Request], adapt: Adapt = unchanged, *, sign_within_s: float | None = None
    ) -> Response:
        """Send the INVITE to each place at once and return the best final response (RFC 3261 16.7).

        Args:
            requests: as they shall leave, Max-Forwards counted down.
            adapt: what the node does to each response.
            sign_within_s: how long a place may stay silent, seconds; None: as long as a transaction lasts.

        Raises:
            Refused: 487 where the INVITE was cancelled before it left.
        """
        if self._cancelled:
            raise Refused(487)
        targets = requests[:_MOST_TARGETS]
        seconds = self._owner.network_session_s

        def with_timer(response: Response) -> None:
            adapt(response)
            inserted(self.request, response, seconds)

        for request in targets:
            insert(request, seconds)
            self._owner.work.begin(self._try(request, with_timer, sign_within_s))
        finals: list[Response] = []
        while len(finals) < len(targets):
            response = await self._finals.get()
            finals.append(response)
            if 200 <= response.code < 300:
                self.cancel()  # whoever else still rings (RFC 3261 16.7 item 10)
                return response
            if response.code >= 600:
                self.cancel()
        return _best(finals)

    def cancel(self) -> None:
        """Send a CANCEL to every place that has not answered."""
        self._cancelled = True
        for branch in list(self._branches):
            self._owner.work.begin(self._owner.stack.cancel(branch))

    async def _try(self, request: Request, adapt: Adapt, sign_within_s: float | None) -> None:
        """Send to the places of one target, one after the other, until one answers."""
        status = 504
        stack = self._owner.stack
        try:
            async for hop in self._owner.locator.locate(next_hop(request)):
                if (hop.address, hop.port) == (stack.address, stack.port) and not _is_routed(request):
                    status = 482
                    break
                try:
                    self._log.info("%s %s to %s", request.method, request.uri, hop)
                    response = await self._send(request, hop, adapt, sign_within_s)
                except StackError as error:
                    self._log.warning("INVITE to %s: %s", hop, error)
                    status = _status_of(error)
                    if self._cancelled:
                        status = 487
                        break
                    continue
                await self._final(_adapted(response, adapt))
                return
        except StackError as error:
            self._log.warning("INVITE %s: %s", request.uri, error)
        await self._final(make_response(self.request, status))

    async def _send(self, request: Request, hop: Hop, adapt: Adapt, sign_within_s: float | None) -> Response:
        branch = new_branch()
        ringing = _Alarm(self._owner.proceeding_s, lambda: self._owner.work.begin(self._owner.stack.cancel(branch)))

        def heard(response: Response) -> None:
            if response.code == 100:
                return
            ringing.again()
            self._owner.work.begin(self.transaction.respond(_adapted(response, adapt)))

        self._branches.add(branch)
        try:
            return await self._owner.stack.send_request(
                request, hop, branch=branch, on_response=heard, sign_within_s=sign_within_s
            )
        finally:
            ringing.stop()
            self._branches.discard(branch)

    async def _final(self, response: Response) -> None:
        success = 200 <= response.code < 300
        if not self._answered:
            self._answered = success
            await self._finals.put(response)
        elif success:
            # A second device has answered as well; the caller has to know of each (RFC 3261 16.7 item 5).
            await self.transaction.respond(response)


class ForwardedRequest:
    """One request other than INVITE on its way through a CSCF.

    Args:
        owner: of the node.
        transaction: where the request came from.
    """

    def __init__(self, owner: SessionRelay, transaction: ServerTransaction) -> None:
        self.transaction = transaction
        self.request = transaction.request
        self._owner = owner

    async def forward(
        self, requests: Sequence[Request], adapt: Adapt = unchanged, *, sign_within_s: float | None = None
    ) -> Response:
        """Send it to one place after the other until one accepts it; see `ForwardedInvite.forward`."""
        finals: list[Response] = []
        for request in requests[:_MOST_TARGETS]:
            try:
                response = await self._owner.request(request, sign_within_s=sign_within_s)
            except Refused as refusal:
                response = make_response(self.request, refusal.status)
            else:
                adapt(response)
            finals.append(response)
            if response.code < 300:
                break
        return _best(finals)


class _Alarm:
    """Timer C: calls once, a while after the last provisional response."""

    def __init__(self, seconds: float, due: Callable[[], None]) -> None:
        self._seconds = seconds
        self._due = due
        self._handle = asyncio.get_running_loop().call_later(seconds, due)

    def again(self) -> None:
        """Begin anew."""
        self._handle.cancel()
        self._handle = asyncio.get_running_loop().call_later(self._seconds, self._due)

    def stop(self) -> None:
        """Call no more."""
        self._handle.cancel()


def _is_routed(request: Request) -> bool:
    """Tell whether Route says where a request goes: then it may come back here, on its way along the route."""
    return bool(request.headers.getlist("Route"))


def _adapted(response: Response, adapt: Adapt) -> Response:
    outgoing = forwarded_response(response)
    adapt(outgoing)
    return outgoing


def _best(responses: Sequence[Response]) -> Response:
    """Return what the caller is told: any 6xx, else the lowest class; a 503 is not passed on (RFC 3261 16.7 item 6)."""
    best = min(responses, key=lambda response: (response.code < 600, response.code // 100, response.code == 408))
    if best.code == 503:
        best.code, best.phrase = 500, "Server Internal Error"
    return best


def _status_of(error: StackError) -> int:
    return 408 if isinstance(error, TransactionTimeout) else 504
