"""A network that takes subscriptions of a terminal and sends the NOTIFYs that a test wants."""

from __future__ import annotations

from collections.abc import Callable

from sipmessage import Request, Response

from conformance.protocols.sip.dialog import Dialog
from conformance.stack.hop import Hop
from conformance.stack.sip import ServerTransaction, SipStack


class ScriptedNotifier:
    """Registers everybody; what else comes is the matter of one of its kind."""

    def __init__(self, stack: SipStack, granted: Callable[[Request], Response]) -> None:
        self.stack = stack
        self.granted = granted
        self.answers: list[int] = []
        self.dialog: Dialog | None = None
        stack.on_request = self.handle

    async def handle(self, transaction: ServerTransaction) -> None:
        if transaction.request.method == "REGISTER":
            await transaction.respond(self.granted(transaction.request))
        else:
            await self.asked(transaction)

    async def asked(self, transaction: ServerTransaction) -> None:
        raise NotImplementedError

    async def send_notify(self, event: str, state: str, kind: str, body: bytes | Callable[[str], bytes]) -> int:
        """Send a NOTIFY in the dialog and return the status of its answer; a body may be made of the Request-URI."""
        assert self.dialog is not None
        request = self.dialog.next_request("NOTIFY")
        request.headers.set("Event", event)
        request.headers.set("Subscription-State", state)
        content = body if isinstance(body, bytes) else body(str(request.uri))
        if content:
            request.headers.set("Content-Type", kind)
            request.body = content
        response = await self.stack.send_request(request, Hop(request.uri.host, request.uri.port or 5060))
        self.answers.append(response.code)
        return response.code
