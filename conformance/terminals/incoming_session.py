"""The end of a session that is called: 183, 180, 200 and refusals (RFC 3261 13.3, RFC 3262 3, RFC 3312)."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field

from sipmessage import Request, Response

from conformance.protocols.sdp import parse_sdp
from conformance.protocols.sdp_answer import NothingInCommon
from conformance.protocols.sip.dialog import Dialog
from conformance.protocols.sip.message import make_response, new_tag
from conformance.protocols.sip.name_addr import parse_addresses
from conformance.stack.sip import ServerTransaction
from conformance.terminals.call_failures import CallRefused, CallTimedOut
from conformance.terminals.session import EXTENSIONS, CallAgent, Session, SessionState
from conformance.terminals.session_fields import has_sdp, option_tags
from conformance.vocabulary.events import EventKind

_RACK = re.compile(r"\s*(\d{1,10})\s+(\d{1,10})\s+INVITE\s*")


@dataclass(eq=False)
class IncomingSession(Session):
    """A session that the peer begins."""

    transaction: ServerTransaction = field(kw_only=True)
    tag: str = field(default_factory=new_tag)
    _rseq: int = field(default_factory=lambda: secrets.randbelow(1000) + 1)
    _confirmed: int = 0
    """RSeq of the last provisional response whose PRACK came."""
    _described: bool = False
    """The answer to the offer was sent in a reliable provisional response."""

    @classmethod
    def of(cls, agent: CallAgent, transaction: ServerTransaction) -> IncomingSession:
        """Return the session that an INVITE asks for.

        Raises:
            ValueError: it cannot make a dialog.
        """
        session = cls(agent, transaction=transaction)
        response = make_response(transaction.request, 180, to_tag=session.tag)
        session.dialog = Dialog.answered(transaction.request, response)
        agent.record(EventKind.INVITED, None, caller_of(transaction.request))
        return session

    @property
    def invite(self) -> Request:
        """The request that began it."""
        return self.transaction.request

    @property
    def reliably(self) -> bool:
        """The caller understands reliable provisional responses."""
        return "100rel" in option_tags(self.invite, "Supported") | option_tags(self.invite, "Require")

    async def refuse(self, status: int) -> None:
        """Refuse the call with a final answer, 300 to 699."""
        self._must_be_open("refuse")
        await self._respond(make_response(self.invite, status, to_tag=self.tag))
        self.end(EventKind.REFUSED, status, "by who is called")

    async def ring(self) -> None:
        """Alert the user, once the resources that the caller waits for are there, and tell the caller: 180.

        Raises:
            CallRefused: the call has ended, or the offer cannot be taken: it was refused with 488 or 400.
            CallTimedOut: the caller does not confirm what it was told.
        """
        self._must_be_open("180")
        unmet = await self._unmet()
        if unmet:
            await self._provide(183, await self._describe(ready=False))
            if not await self.until(lambda: self.ended or self._met(), self.agent.timers.timeout_s):
                raise CallTimedOut("awaited UPDATE: the caller does not say that its resources are there")
            self._must_be_open("180")
        body = b"" if self._described or not self.reliably else await self._describe()
        await self._provide(180, body)

    async def answer(self) -> None:
        """Accept the call: 200, again and again until its ACK comes (RFC 3261 13.3.1.4).

        Raises:
            CallRefused: the call has ended, or its offer cannot be taken.
            CallTimedOut: no ACK came.
        """
        self._must_be_open("200")
        body = b"" if self._described else await self._describe()
        response = make_response(self.invite, 200, to_tag=self.tag)
        self._fill(response, body)
        self.timer.answer(self.invite, response)
        self.status = 200
        self.state = SessionState.ESTABLISHED
        self.agent.record(EventKind.ANSWERED, 200, self.streams)
        self.tell()
        await self.accept(self.transaction, response)
        self.play()

    async def cancelled(self) -> None:
        """The caller gave up: 487 (RFC 3261 9.2)."""
        if self.state in (SessionState.ESTABLISHED, SessionState.ENDED):
            return
        await self._respond(make_response(self.invite, 487, to_tag=self.tag))
        self.end(EventKind.CANCELLED, None, "by the caller")

    async def confirmed(self, request: Request) -> Response:
        """Take a PRACK."""
        found = _RACK.fullmatch(request.headers.get("RAck") or "")
        expected = (self._rseq, self.invite.cseq.sequence)
        if found is None or (int(found[1]), int(found[2])) != expected or self._confirmed == self._rseq:
            return make_response(request, 481)
        self._confirmed = self._rseq
        self.tell()
        return make_response(request, 200)

    # --- provisional responses -------------------------------------------------------------------------------

    async def _provide(self, status: int, body: bytes) -> None:
        """Send a provisional response: reliably where the caller understands it, until its PRACK comes."""
        response = make_response(self.invite, status, to_tag=self.tag)
        self._fill(response, body)
        kind = EventKind.RINGING if status == 180 else EventKind.PROGRESS
        self.agent.record(kind, status, "" if status == 180 else self.streams)
        if status == 180:
            self.enter(SessionState.RINGING)
        if not self.reliably:
            await self._respond(response)
            return
        self._rseq += 1
        response.headers.set("Require", "100rel")
        response.headers.set("RSeq", str(self._rseq))

        async def send() -> None:
            await self._respond(response)

        if not await self.repeat(send, lambda: self._confirmed == self._rseq or self.ended):
            raise CallTimedOut(f"awaited PRACK: the caller does not confirm the {status}")
        self._must_be_open(str(status))
        self._described = self._described or bool(body)

    async def _describe(self, *, ready: bool = True) -> bytes:
        """Return the answer to the offer of the INVITE; refuse a call whose offer cannot be taken."""
        try:
            if not has_sdp(self.invite):
                raise NothingInCommon  # an offer of our own in the 200 is not made
            return self.take_offer(self.invite.body, ready=ready)
        except NothingInCommon:
            status = 488
        except ValueError:
            status = 400
        await self.refuse(status)
        raise CallRefused(status, "the offer cannot be taken")

    async def _unmet(self) -> bool:
        """Tell whether the caller's resources are not there yet, and the user must not be alerted (RFC 3312 6)."""
        known = option_tags(self.invite, "Supported") | option_tags(self.invite, "Require")
        if "precondition" not in known or not self.reliably or not has_sdp(self.invite):
            return False
        try:
            conditions = [m.preconditions for m in parse_sdp(self.invite.body).media if m.port]
        except ValueError:
            return False  # refused where it is answered
        return any(one is not None and one.local != "sendrecv" for one in conditions)

    def _met(self) -> bool:
        if self.local is None:
            return False
        return all(one.preconditions is None or one.preconditions.met for one in self.local.media if one.port)

    def _fill(self, response: Response, body: bytes) -> None:
        # The route of the dialog is told to the caller as the request recorded it (RFC 3261 12.1.1).
        if routes := self.invite.headers.getlist("Record-Route"):
            response.headers.setlist("Record-Route", list(routes))
        response.headers.set("Supported", ", ".join(sorted(EXTENSIONS)))
        self.complete(response, body)

    async def _respond(self, response: Response) -> None:
        await self.transaction.respond(response)

    def _must_be_open(self, what: str) -> None:
        if self.state in (SessionState.ESTABLISHED, SessionState.ENDED):
            raise CallRefused(self.status or 0, f"{what}: the call is {self.state}: {self.reason}")


def caller_of(request: Request) -> str:
    """Return who calls as the network says it: P-Asserted-Identity; `anonymous` where it says nothing."""
    try:
        asserted = parse_addresses(request.headers.getlist("P-Asserted-Identity"))
    except ValueError:
        return "unreadable"
    return asserted[0].uri[:200] if asserted else "anonymous"
