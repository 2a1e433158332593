"""What all CSCFs do with a request before their own procedures: methods, hops, readiness, answers, log lines."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping

from sipmessage import Request, Response

from conformance.protocols.sip.message import PHRASES, forwarded_response, make_response
from conformance.stack.errors import StackError, TransportFailed
from conformance.stack.hop import Hop
from conformance.stack.sip import ServerTransaction, SipStack

Handler = Callable[[ServerTransaction], Awaitable[Response]]
"""A node's procedure for one method: returns the final response."""
OnAck = Callable[[ServerTransaction], Awaitable[None]]
"""Forwards the ACK of a 2xx."""

_KNOWN_METHODS = frozenset(
    {"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "PRACK"}
    | {"SUBSCRIBE", "NOTIFY", "PUBLISH", "INFO", "REFER", "MESSAGE", "UPDATE"}
)


class Refused(Exception):
    """A request is answered with an error; the text is the reason phrase.

    Args:
        status: status code of the answer.
        phrase: reason phrase; the usual one where it is empty.
        headers: header fields of the answer.
    """

    def __init__(self, status: int, phrase: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(phrase or PHRASES.get(status, "Unknown"))
        self.status = status
        self.headers = dict(headers or {})


class SipServer:
    """Gives each request to the handler of its method and answers the rest itself.

    Args:
        log: the node's logger: one line a request and one a response, no header that could hold a secret.
        handlers: procedures by method.
        is_ready: False makes OPTIONS answer 503, so that nobody takes the node for ready.
    """

    def __init__(
        self,
        log: logging.Logger,
        handlers: Mapping[str, Handler],
        is_ready: Callable[[], bool] = lambda: True,
    ) -> None:
        self._log = log
        self._handlers = dict(handlers)
        self._is_ready = is_ready
        self._on_ack: OnAck | None = None

    def add(self, handlers: Mapping[str, Handler], on_ack: OnAck | None = None) -> None:
        """Serve more methods.

        Args:
            handlers: procedures by method.
            on_ack: takes the ACK of a 2xx, which has no answer; None: nobody sends one through here.
        """
        self._handlers.update(handlers)
        self._on_ack = on_ack

    async def __call__(self, transaction: ServerTransaction) -> None:
        """Answer one request (`on_request` of a `SipStack`)."""
        request = transaction.request
        if request.method == "ACK":
            await self._acknowledged(transaction)
            return
        what = _shown(f"{request.method[:20]} {str(request.uri)[:120]} of {transaction.source}")
        self._log.info("%s", what)
        try:
            response = await self._answer(transaction)
        except Refused as refusal:
            response = make_response(request, refusal.status, str(refusal))
            for name, value in refusal.headers.items():
                response.headers.set(name, value)
        except ValueError as error:
            # Whatever a header field of the request holds that cannot be read.
            response = make_response(request, 400)
            self._log.warning("%s: %s", what, _shown(str(error)[:200]))
        self._log.info("%s: %d %s", what, response.code, _shown(response.phrase[:60]))
        await transaction.respond(response)

    async def _acknowledged(self, transaction: ServerTransaction) -> None:
        if self._on_ack is None:
            return
        try:
            await self._on_ack(transaction)
        except (Refused, StackError, ValueError) as error:
            self._log.warning("ACK of %s: %s", transaction.source, _shown(str(error)[:200]))

    async def _answer(self, transaction: ServerTransaction) -> Response:
        request = transaction.request
        if request.method == "OPTIONS":
            if not self._is_ready():
                raise Refused(503)
            response = make_response(request, 200)
            response.headers.set("Allow", self._allow)
            return response
        handler = self._handlers.get(request.method)
        if handler is None:
            if request.method in _KNOWN_METHODS:
                raise Refused(405, headers={"Allow": self._allow})
            raise Refused(501)
        if request.max_forwards is not None and request.max_forwards <= 0:
            raise Refused(483)
        return await handler(transaction)

    @property
    def _allow(self) -> str:
        return ", ".join(sorted({"OPTIONS", *self._handlers}))


def _shown(text: str) -> str:
    """Make text that came from a packet fit for one line of a log."""
    return "".join(character if character.isprintable() else "?" for character in text)


async def relay(
    stack: SipStack,
    request: Request,
    hops: AsyncIterable[Hop],
    log: logging.Logger,
    *,
    spirals: bool = False,
    sign_within_s: float | None = None,
) -> Response:
    """Forward a request to the first place that can be reached (RFC 3261 16.6 and 16.7, RFC 3263 4.3).

    Args:
        stack: sends; puts its Via on top.
        request: as it shall leave, Max-Forwards counted down.
        hops: places in the order in which they are tried.
        log: the node's logger.
        spirals: the request may go to this node itself; Max-Forwards ends what never leaves it.
        sign_within_s: how long each place may stay silent, seconds; None: as long as a transaction lasts.

    Returns:
        The final response for the previous hop: without our Via.

    Raises:
        Refused: 482 where a place is this node itself.
        StackError: what the last place failed with.
    """
    failure: StackError = TransportFailed("no place to send to")
    async for hop in hops:
        if (hop.address, hop.port) == (stack.address, stack.port) and not spirals:
            raise Refused(482)
        try:
            log.info("%s %s to %s", request.method, request.uri, hop)
            return forwarded_response(await stack.send_request(request, hop, sign_within_s=sign_within_s))
        except StackError as error:
            log.warning("%s to %s: %s", request.method, hop, error)
            failure = error
    raise failure
