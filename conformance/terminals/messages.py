"""A terminal's part in page-mode messages: MESSAGE outside of a dialog (RFC 3428; 3GPP TS 24.229 5.1.2A).

The methods of `MessageUser` may be called from any thread but the terminals' own.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from typing import Final

from sipmessage import URI, CSeq, Request, Response

from conformance.protocols.sip.message import make_response, new_tag
from conformance.protocols.sip.name_addr import parse_addresses
from conformance.terminals.message_failures import MessageRefused, MessageTimedOut
from conformance.terminals.service import Service, ServiceAgent, ServiceHost
from conformance.vocabulary.events import EventKind

CONTENT_TYPE: Final = "text/plain;charset=UTF-8"
_MOST_KEPT = 1000
"""Messages that nobody fetched."""


@dataclass(frozen=True, slots=True)
class Received:
    """One message that came."""

    sender: str
    """Public user identity that the network asserts; empty: anonymous."""
    text: str


class MessageUser(Service):
    """Messages as one terminal sends and gets them; see `Service`."""

    timed_out = MessageTimedOut

    def __init__(self, host: ServiceHost) -> None:
        super().__init__(host)
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
        self.run(lambda: self._send(impu, text), "the answer to MESSAGE")

    def wait(self, deadline_s: float | None = None) -> Received:
        """Wait for the next message and return it.

        Args:
            deadline_s: seconds; `timers.procedure_ms` where it is None.

        Raises:
            MessageTimedOut: none came.
        """
        return self.run(self._inbox.get, "a message", deadline_s)

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
        response = await agent.stack.send_request(_message(agent, impu, text), agent.hop)
        if response.code >= 300:
            self._record(EventKind.MESSAGE_REFUSED, response.code, response.phrase)
            raise MessageRefused(response.code, response.phrase)
        self._record(EventKind.MESSAGE_SENT, response.code, impu)


def _message(agent: ServiceAgent, impu: str, text: str) -> Request:
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
