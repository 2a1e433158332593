"""A terminal's part in page-mode messages: MESSAGE outside of a dialog (RFC 3428; 3GPP TS 24.229 5.1.2A).

The methods of `MessageUser` may be called from any thread but the terminals' own.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NoReturn

from sipmessage import URI, CSeq, Request, Response

from conformance.protocols.sip.message import make_response, new_tag
from conformance.protocols.sip.name_addr import parse_addresses
from conformance.stack.errors import StackError
from conformance.terminals.loop import TerminalLoop
from conformance.terminals.message_failures import MessageRefused, MessageTimedOut
from conformance.terminals.presence import PresenceAgent
from conformance.vocabulary.events import EventKind

CONTENT_TYPE: Final = "text/plain;charset=UTF-8"
_GRACE_S = 5.0
"""Beyond the procedure's own deadline: when that did not work, it is our bug."""
_MOST_KEPT = 1000
"""Messages that nobody fetched."""


@dataclass(frozen=True, slots=True)
class Received:
    """One message that came."""

    sender: str
    """Public user identity that the network asserts; empty: anonymous."""
    text: str


class MessageUser:
    """Messages as one terminal sends and gets them.

    Args:
        agent: what the terminal is now.
        loop: where it lives.
        patience_s: how long an answer, or a message, is awaited, seconds.
        record: writes an observation down.
    """

    def __init__(
        self,
        agent: Callable[[], PresenceAgent],
        loop: TerminalLoop,
        patience_s: float,
        record: Callable[[EventKind, int | None, str], None],
    ) -> None:
        self._agent = agent
        self._loop = loop
        self._patience_s = patience_s
        self._record = record
        self._inbox: asyncio.Queue[Received] = asyncio.Queue(_MOST_KEPT)

    def send(self, impu: str, text: str) -> None:
        """Send a text to somebody; return when the network, or the other terminal, has taken it.

        Args:
            impu: public user identity of who is to get it.
            text: without length limit here; RFC 3428 8 wants no MESSAGE longer than 1300 octets over UDP.

        Raises:
            MessageRefused: the network or the other terminal refused.
            MessageTimedOut: no answer within `timers.procedure_ms`.
        """
        self._loop.run(lambda: self._send(impu, text), self._patience_s + _GRACE_S, "MESSAGE")

    def wait(self, deadline_s: float | None = None) -> Received:
        """Wait for the next message and return it.

        Args:
            deadline_s: seconds; `timers.procedure_ms` where it is None.

        Raises:
            MessageTimedOut: none came.
        """
        patience = self._patience_s if deadline_s is None else deadline_s
        return self._loop.run(lambda: self._next(patience), patience + _GRACE_S, "a message")

    async def received(self, request: Request) -> Response:
        """Answer a MESSAGE (RFC 3428 7): 200 without body and Contact; 415 to what is no text."""
        kind = (request.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
        try:
            asserted = parse_addresses(request.headers.getlist("P-Asserted-Identity"))
            text = request.body.decode()
        except ValueError:
            return make_response(request, 400)
        if kind != "text/plain":
            response = make_response(request, 415)
            response.headers.set("Accept", "text/plain")
            return response
        sender = asserted[0].uri if asserted else ""
        if self._inbox.full():
            return make_response(request, 486)
        self._inbox.put_nowait(Received(sender, text))
        self._record(EventKind.MESSAGE_RECEIVED, None, f"{sender or 'anonymous'}: {len(request.body)} octets")
        return make_response(request, 200)

    async def _send(self, impu: str, text: str) -> None:
        agent = self._agent()
        try:
            async with asyncio.timeout(self._patience_s):
                response = await agent.stack.send_request(_message(agent, impu, text), agent.hop)
        except TimeoutError:
            self._time_out(f"awaited the answer to MESSAGE for {self._patience_s:g} s")
        except StackError as error:
            self._time_out(f"awaited the answer to MESSAGE: {error}")
        if response.code >= 300:
            self._record(EventKind.MESSAGE_REFUSED, response.code, response.phrase)
            raise MessageRefused(response.code, response.phrase)
        self._record(EventKind.MESSAGE_SENT, response.code, impu)

    async def _next(self, patience_s: float) -> Received:
        try:
            async with asyncio.timeout(patience_s):
                return await self._inbox.get()
        except TimeoutError:
            self._time_out(f"awaited a message for {patience_s:g} s")

    def _time_out(self, what: str) -> NoReturn:
        self._record(EventKind.TIMED_OUT, None, what)
        raise MessageTimedOut(what) from None


def _message(agent: PresenceAgent, impu: str, text: str) -> Request:
    """Return a MESSAGE without Via. It begins no dialog, so it has no Contact (RFC 3428 4)."""
    request = Request("MESSAGE", URI.parse(impu))
    headers = request.headers
    headers.setlist("Via", [])
    headers.set("Max-Forwards", "70")
    headers.setlist("Route", list(agent.routes))
    headers.set("From", f"<{agent.identity}>;tag={new_tag()}")
    headers.set("To", f"<{impu}>")
    headers.set("Call-ID", secrets.token_hex(12))
    headers.set("CSeq", str(CSeq(1, "MESSAGE")))
    headers.set("P-Preferred-Identity", f"<{agent.identity}>")
    if agent.access_info:
        headers.set("P-Access-Network-Info", agent.access_info)
    headers.set("Content-Type", CONTENT_TYPE)
    request.body = text.encode()
    return request
