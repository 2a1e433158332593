"""The end of a session that calls: INVITE, PRACK, UPDATE, ACK, CANCEL (RFC 3261 13.2, RFC 3262, RFC 3312)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from typing import TypedDict

from sipmessage import URI, CSeq, Request, Response

from conformance.protocols.sdp import Preconditions, SessionDescription
from conformance.protocols.sdp_answer import offered
from conformance.protocols.sip.dialog import Dialog
from conformance.protocols.sip.message import copy_message, new_branch, new_tag, tag_of
from conformance.stack.errors import StackError, TransactionTimeout
from conformance.terminals.call_failures import CallRefused
from conformance.terminals.session import Session, SessionState
from conformance.terminals.session_fields import has_sdp, option_tags
from conformance.terminals.session_timer import TimerWish
from conformance.vocabulary.events import EventKind

ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>'


class CallOptions(TypedDict, total=False):
    """How to call; what is left out is not wanted."""

    video: bool
    """Offer video beside audio."""
    preconditions: bool
    """Let the other end ring only when both have their resources (RFC 3312); else they are there already."""
    anonymous: bool
    """Hide who calls: Privacy: id (RFC 3325)."""
    timer: TimerWish | None
    """Ask for a session timer (RFC 4028)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom to call, and how: the fields are those of `CallOptions`."""

    to: str
    """Public user identity that is called, or a number."""
    video: bool = False
    preconditions: bool = False
    anonymous: bool = False
    timer: TimerWish | None = None


@dataclass(slots=True, eq=False)
class _Early:
    """A dialog that a provisional response began; with forking there may be several, each with an answer of its own."""

    dialog: Dialog
    local: SessionDescription | None
    """What this end said last in it; the offer at first."""
    remote: SessionDescription | None = None
    """What the peer said last in it."""
    seen: list[int] = field(default_factory=list)
    """RSeq numbers of the reliable responses that were acknowledged."""
    rings: bool = False


@dataclass(eq=False)
class OutgoingSession(Session):
    """A session that this end begins."""

    wanted: Wanted = field(default_factory=lambda: Wanted(""))
    branch: str = field(default_factory=new_branch)
    early: dict[str, _Early] = field(default_factory=dict)
    """By the peer's tag."""
    invite: Request | None = None
    cancelling: bool = False
    answered_by: str | None = None
    """Tag of the peer whose 2xx came first."""
    _offer: SessionDescription | None = None
    _turn: _Early | None = None
    """The early dialog that `dialog`, `local` and `remote` are of."""
    _surplus: set[str] = field(default_factory=set)
    """Tags of further peers that answered as well."""

    def begin(self) -> None:
        """Send the INVITE; what becomes of it is seen in `state`."""
        kinds = ["audio", "video"] if self.wanted.video else ["audio"]
        conditions = Preconditions() if self.wanted.preconditions else None
        ports = self.ports(kinds)
        self.local = self.describe(*(offered(kind, port, preconditions=conditions) for kind, port in ports.items()))
        self._offer = self.local
        self.invite = self._invite()
        self.agent.record(EventKind.CALLING, None, f"{self.wanted.to} with {self.streams}")
        self.spawn(self._call(self.invite))

    @property
    def ringing(self) -> int:
        """How many peers have told that they ring."""
        return sum(early.rings for early in self.early.values())

    async def cancel(self) -> None:
        """Give the call up (RFC 3261 9.1); the end comes as 487."""
        if self.state in (SessionState.ESTABLISHED, SessionState.ENDED):
            raise CallRefused(0, "CANCEL: the call has been answered or has ended")
        self.cancelling = True
        self.agent.record(EventKind.CANCELLED, None, "by the caller")
        await self.agent.stack.cancel(self.branch)

    def _invite(self) -> Request:
        request = Request("INVITE", URI.parse(self.wanted.to))
        headers = request.headers
        headers.setlist("Via", [])
        headers.set("Max-Forwards", "70")
        headers.setlist("Route", list(self.agent.routes))
        caller = ANONYMOUS if self.wanted.anonymous else f"<{self.agent.identity}>"
        headers.set("From", f"{caller};tag={new_tag()}")
        headers.set("To", f"<{self.wanted.to}>")
        headers.set("Call-ID", secrets.token_hex(12))
        headers.set("CSeq", str(CSeq(1, "INVITE")))
        headers.set("P-Preferred-Identity", f"<{self.agent.identity}>")
        if self.wanted.anonymous:
            headers.set("Privacy", "id")
        tags = ["100rel", *(["precondition"] if self.wanted.preconditions else [])]
        if self.wanted.timer is not None:
            for name, value in self.timer.asking(self.wanted.timer).items():
                headers.set(name, value)
            tags.append("timer")
        headers.set("Supported", ", ".join(tags))
        assert self.local is not None
        self.complete(request, self.local.encode())
        return request

    async def _call(self, invite: Request) -> None:
        stack, hop = self.agent.stack, self.agent.hop
        try:
            response = await stack.send_request(invite, hop, branch=self.branch, on_response=self._heard)
        except TransactionTimeout as error:
            self.end(EventKind.TIMED_OUT, None, str(error))
            return
        except StackError as error:
            self.end(EventKind.TIMED_OUT, None, f"INVITE: {error}")
            return
        if response.code == 422 and self.wanted.timer is not None and self.timer.lengthen(response):
            await self._call(self._once_more(invite, self.wanted.timer))
            return
        if response.code >= 300:
            self.end(EventKind.REFUSED, response.code, response.phrase)
            return
        self.answered_by = tag_of(response.headers["To"]) or ""
        await self._answered(invite, response, self.answered_by)

    def _once_more(self, invite: Request, wish: TimerWish) -> Request:
        """Return the INVITE with the interval that a 422 asks for: the call stays the same one (RFC 4028)."""
        again = copy_message(invite)
        for name, value in self.timer.asking(wish).items():
            if name != "Supported":
                again.headers.set(name, value)
        again.headers.set("CSeq", str(CSeq(invite.cseq.sequence + 1, "INVITE")))
        self.invite, self.branch = again, new_branch()
        return again

    async def _answered(self, invite: Request, response: Response, tag: str) -> None:
        try:
            early = self.early.get(tag)
            confirmed = Dialog.begun(invite, response)
            self._turn_to(early or _Early(confirmed, self._offer))
            if early is not None:
                confirmed.cseq = max(confirmed.cseq, early.dialog.cseq)
                confirmed.remote_cseq = early.dialog.remote_cseq
            self.dialog = confirmed
            await self.acknowledge(invite.cseq.sequence)
            if has_sdp(response) and self.remote is None:
                self.take_answer(response.body)
        except ValueError as error:
            self.end(EventKind.REFUSED, response.code, f"the 200 cannot be read: {error}")
            return
        self.status = response.code
        if self.remote is None:
            self.end(EventKind.REFUSED, response.code, "the 200 brings no answer to the offer")
            return
        self.state = SessionState.ESTABLISHED
        self.timer.answered(response, self.wanted.timer)
        self.agent.record(EventKind.ANSWERED, response.code, self.streams)
        self.play()
        self.tell()
        if self.cancelling:  # the answer and the CANCEL have crossed each other (RFC 3261 9.1)
            await self.hang_up()

    def _heard(self, response: Response) -> None:
        """Take a provisional response, or a 2xx that came once more."""
        if response.code < 200:
            self.spawn(self._provisional(response))
        elif tag_of(response.headers["To"]) != self.answered_by:
            self.spawn(self._answered_as_well(response))
        elif self.dialog is not None:
            self.spawn(self.acknowledge(response.cseq.sequence))

    async def _answered_as_well(self, response: Response) -> None:
        """Acknowledge the 2xx of a further peer, and end the dialog with it at once (RFC 3261 13.2.2.4)."""
        tag = tag_of(response.headers["To"]) or ""
        if self.invite is None:
            return
        try:
            dialog = Dialog.begun(self.invite, response)
            if tag in self.early:
                dialog.cseq = max(dialog.cseq, self.early[tag].dialog.cseq)
            await self.agent.stack.send_ack(dialog.ack(response.cseq.sequence), self.agent.hop)
            if tag not in self._surplus:
                self._surplus.add(tag)
                bye = dialog.next_request("BYE")
                self.complete(bye)
                await self.agent.stack.send_request(bye, self.agent.hop)
                self.tell()
        except (StackError, ValueError) as error:
            self.agent.stack.log.warning("a second %d: %s", response.code, error)

    def _turn_to(self, early: _Early) -> bool:
        """Go on in one of the early dialogs; False where another one has been confirmed, or the session has ended."""
        if early is self._turn:
            return not self.ended
        if self.state in (SessionState.ESTABLISHED, SessionState.ENDED):
            return False
        if self._turn is not None:
            self._turn.local, self._turn.remote = self.local, self.remote
        self._turn = early
        self.dialog, self.local, self.remote = early.dialog, early.local, early.remote
        return True

    async def _provisional(self, response: Response) -> None:
        tag = tag_of(response.headers["To"])
        if tag is None or self.invite is None or self.state in (SessionState.ESTABLISHED, SessionState.ENDED):
            return
        try:
            early = self.early.get(tag) or _Early(Dialog.begun(self.invite, response), self._offer)
            number = _rseq(response)
        except ValueError as error:
            self.agent.stack.log.warning("%d: %s", response.code, error)
            return
        self.early[tag] = early
        if number is not None:
            if early.seen and number != early.seen[-1] + 1:
                return  # a copy, or one that has to wait for its predecessor, which comes again (RFC 3262 4)
            early.seen.append(number)
        if not self._turn_to(early):
            return
        try:
            if has_sdp(response) and self.remote is None:
                self.take_answer(response.body)
            self._note(response, early)
            if number is not None:
                await self._prack(response, number)
                if self._turn_to(early):
                    await self._confirm_resources(early)
        except (CallRefused, ValueError) as error:
            self.agent.stack.log.warning("%d: %s", response.code, error)

    def _note(self, response: Response, early: _Early) -> None:
        if response.code == 180 and not early.rings:
            early.rings = True
            self.agent.record(EventKind.RINGING, 180, "" if self.ringing == 1 else "another device")
            self.enter(SessionState.RINGING)
        elif response.code == 183:
            self.agent.record(EventKind.PROGRESS, 183, self.streams)
            self.tell()

    async def _prack(self, response: Response, number: int) -> None:
        answer = await self.ask("PRACK", RAck=f"{number} {response.cseq.sequence} INVITE")
        if answer.code >= 300:
            raise CallRefused(answer.code, f"PRACK: {answer.phrase}")

    async def _confirm_resources(self, early: _Early) -> None:
        """Say that the own resources are there, where the peer waits for it: UPDATE (RFC 3312 5.1.2)."""
        if self.local is None or self.remote is None:
            return
        waits = [one.preconditions is not None and one.preconditions.confirm for one in self.remote.media if one.port]
        mine = [one.preconditions for one in self.local.media if one.port and one.preconditions is not None]
        if not any(waits) or not mine or all(conditions.local == "sendrecv" for conditions in mine):
            return
        media = []
        for stream, theirs in zip(self.local.media, self.remote.media, strict=True):
            conditions = stream.preconditions
            if conditions is not None and stream.port:
                known = theirs.preconditions.local if theirs.preconditions is not None else "none"
                conditions = replace(conditions, local="sendrecv", remote=known, desired_remote="mandatory")
            media.append(replace(stream, preconditions=conditions))
        self.local = self.local.next(tuple(media))
        response = await self.ask("UPDATE", self.local.encode(), Supported="100rel, precondition")
        if response.code >= 300:
            raise CallRefused(response.code, f"UPDATE: {response.phrase}")
        if has_sdp(response) and self._turn_to(early):
            self.take_answer(response.body)


def _rseq(response: Response) -> int | None:
    """Return the number of a reliable provisional response (RFC 3262 7.1), None where it is not one.

    Raises:
        ValueError: it says that it is one, and has no number.
    """
    if "100rel" not in option_tags(response, "Require"):
        return None
    text = (response.headers.get("RSeq") or "").strip()
    if not text.isascii() or not text.isdigit() or len(text) > 10:
        raise ValueError(f"RSeq: expected a number, found {text[:20]!r}")
    return int(text)
