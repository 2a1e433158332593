"""One end of a session: its dialog, its streams, and what both ends may ask for once there is a dialog.

Who begins a session and who is called differ only until it is answered: `outgoing_session` and `incoming_session`.
Everything here lives in one event loop.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from sipmessage import Request, Response

from conformance.protocols.sdp import CONTENT_TYPE, SessionDescription, parse_sdp
from conformance.protocols.sdp_answer import NothingInCommon, answer, offered
from conformance.protocols.sip.dialog import Dialog
from conformance.protocols.sip.message import make_response
from conformance.protocols.sip.timers import SipTimers
from conformance.stack.errors import StackError
from conformance.stack.hop import Hop
from conformance.stack.sip import ServerTransaction, SipStack
from conformance.terminals.call_failures import CallRefused, CallTimedOut
from conformance.terminals.event_log import Record
from conformance.terminals.media_endpoint import MediaEndpoint
from conformance.terminals.session_timer import SessionTimer
from conformance.terminals.under_way import UnderWay
from conformance.vocabulary.events import EventKind

ALLOW = "INVITE, ACK, CANCEL, PRACK, UPDATE, BYE, NOTIFY"
EXTENSIONS = frozenset({"100rel", "precondition", "timer"})
"""What a terminal understands of sessions."""


class SessionState(StrEnum):
    """How far a session has come."""

    BEGUN = "begun"
    RINGING = "ringing"
    ESTABLISHED = "established"
    ENDED = "ended"


@dataclass(frozen=True)
class CallAgent:
    """What a session needs of its terminal."""

    stack: SipStack
    hop: Hop
    """The P-CSCF: everything goes there first."""
    contact: str
    identity: str
    """Public user identity that the terminal uses."""
    routes: tuple[str, ...]
    """P-CSCF and Service-Route, for requests that begin a dialog."""
    access_info: str
    """P-Access-Network-Info; empty: nothing is said."""
    timers: SipTimers
    record: Record
    open_media: Callable[[str], MediaEndpoint]
    """Makes the endpoint of one stream of a kind; its port is open already."""
    minimum_session_s: int = 90
    """Shortest session interval that the terminal accepts, seconds."""


@dataclass(eq=False)
class Session(UnderWay):
    """One session of one terminal."""

    agent: CallAgent
    state: SessionState = SessionState.BEGUN
    status: int | None = None
    """Final answer to the INVITE."""
    reason: str = ""
    dialog: Dialog | None = None
    local: SessionDescription | None = None
    """What this end said last."""
    remote: SessionDescription | None = None
    """What the peer said last."""
    endpoints: dict[str, MediaEndpoint] = field(default_factory=dict)
    """By kind of stream."""
    _modifying: bool = False
    _acknowledged: set[int] = field(default_factory=set)
    """CSeq numbers of the INVITEs of the peer whose ACK came."""
    refreshes: int = 0
    """How often the session timer began anew."""

    def __post_init__(self) -> None:
        self.timer = SessionTimer(self, self.agent.minimum_session_s)

    # --- waiting ---------------------------------------------------------------------------------------------

    async def stop(self) -> None:
        """Give up whatever is under way, and close the media."""
        self.timer.stop()
        self.close_media()
        await self.give_up()

    async def repeat(
        self, send: Callable[[], Coroutine[Any, Any, None]], until: Callable[[], bool], longest_s: float | None = None
    ) -> bool:
        """Send again and again, at T1, 2*T1, ..., until something holds; False where it does not within 64*T1.

        Args:
            send: sends once.
            until: what is waited for.
            longest_s: longest interval, seconds; None: it is doubled again and again.
        """
        interval, left = self.agent.timers.t1_s, self.agent.timers.timeout_s
        while left > 0 and not until():
            await send()
            if await self.until(until, min(interval, left)):
                return True
            left -= interval
            interval = 2 * interval if longest_s is None else min(2 * interval, longest_s)
        return until()

    # --- state -----------------------------------------------------------------------------------------------

    @property
    def ended(self) -> bool:
        """True when nothing more can come of it."""
        return self.state is SessionState.ENDED

    @property
    def streams(self) -> str:
        """Which streams there are, for a person: `audio`, `audio and video`."""
        kinds = [media.kind for media in self.local.media if media.port] if self.local is not None else []
        return " and ".join(kinds) or "no stream"

    def enter(self, state: SessionState) -> None:
        """Go on to a state."""
        self.state = state
        if state is SessionState.ENDED:
            self.timer.stop()
            self.close_media()
        self.tell()

    def end(self, kind: EventKind, status: int | None = None, detail: str = "") -> None:
        """End the session, once, and note why."""
        if self.ended:
            return
        if kind is EventKind.REFUSED:
            self.status = status
        self.reason = detail
        self.agent.record(kind, status, detail)
        self.enter(SessionState.ENDED)

    # --- media -----------------------------------------------------------------------------------------------

    def ports(self, kinds: Iterable[str]) -> dict[str, int]:
        """Return the own port of each kind of stream; what is not open yet is opened."""
        for kind in kinds:
            if kind not in self.endpoints:
                self.endpoints[kind] = self.agent.open_media(kind)
        return {kind: self.endpoints[kind].port for kind in kinds}

    def describe(self, *media: Any) -> SessionDescription:
        """Return the first description of this session."""
        return SessionDescription(self.agent.stack.address, tuple(media), session_id=secrets.randbelow(2**31) + 1)

    def take_answer(self, body: bytes) -> None:
        """Take the peer's answer to what this end offered.

        Raises:
            ValueError: it is none.
        """
        remote = parse_sdp(body)
        if self.local is None or len(remote.media) != len(self.local.media):
            raise ValueError("SDP: expected an answer with the streams of the offer, in its order (RFC 3264 6)")
        self.remote = remote
        taken = (
            mine if theirs.port else replace(mine, port=0)
            for mine, theirs in zip(self.local.media, remote.media, strict=True)
        )
        self.local = replace(self.local, media=tuple(taken))

    def take_offer(self, body: bytes, *, ready: bool = True) -> bytes:
        """Answer the peer's offer.

        Args:
            body: the offer.
            ready: the own resources are there.

        Raises:
            ValueError: it is no description.
            NothingInCommon: no stream can be taken.
        """
        offer = parse_sdp(body)
        ports = self.ports(dict.fromkeys(m.kind for m in offer.media if m.port and m.kind in ("audio", "video")))
        own = self.local.next(()) if self.local is not None else self.describe()
        self.local = answer(offer, ports, own, ready=ready)
        self.remote = offer
        return self.local.encode()

    def play(self) -> None:
        """Send what both ends agreed on: the tone on the audio stream, pictures on that of video."""
        if self.local is None or self.remote is None:
            return
        for kind, endpoint in self.endpoints.items():
            mine, theirs = self.local.of(kind), self.remote.of(kind)
            wanted = mine is not None and mine.direction in ("sendrecv", "sendonly")
            listens = theirs is not None and theirs.direction in ("sendrecv", "recvonly")
            if self.state is SessionState.ESTABLISHED and wanted and listens and theirs is not None and theirs.codecs:
                endpoint.start(self.remote.address_of(theirs), theirs.port, theirs.codecs[0].payload_type)
            else:
                endpoint.stop()

    def close_media(self) -> None:
        """Send no more, and give the ports back; what was counted stays."""
        for endpoint in self.endpoints.values():
            endpoint.close()

    # --- requests of this end --------------------------------------------------------------------------------

    async def ask(
        self, method: str, body: bytes = b"", *, fields: Mapping[str, str] | None = None, **more: str
    ) -> Response:
        """Send a request of the dialog and return its final answer.

        Args:
            method: its method.
            body: a session description, or nothing.
            fields: further header fields.
            more: further ones; `_` stands for `-`.

        Raises:
            CallRefused: no answer came, or there is no dialog.
        """
        if self.dialog is None:
            raise CallRefused(0, f"{method}: there is no dialog")
        request = self.dialog.next_request(method)
        for name, value in {**more, **(fields or {})}.items():
            request.headers.set(name.replace("_", "-"), value)
        self.complete(request, body)
        try:
            return await self.agent.stack.send_request(request, self.agent.hop, on_response=self._again)
        except StackError as error:
            raise CallRefused(0, f"{method}: {error}") from None

    def _again(self, response: Response) -> None:
        if response.code >= 200:  # the 2xx of a re-INVITE once more: so its ACK was lost
            self.spawn(self.acknowledge(response.cseq.sequence))

    async def acknowledge(self, cseq: int) -> None:
        """Send the ACK of a 2xx; a network that cannot be reached will be told again, with the next 2xx."""
        assert self.dialog is not None
        try:
            await self.agent.stack.send_ack(self.dialog.ack(cseq), self.agent.hop)
        except StackError as error:
            self.agent.stack.log.warning("ACK: %s", error)

    async def modify(self, offer: SessionDescription) -> None:
        """Propose other streams or directions: re-INVITE (RFC 3261 14.1).

        Raises:
            CallRefused: the peer, or the network, does not accept; the session stays as it was.
        """
        response = await self._reinvite(offer, {})
        if response.code >= 300:
            raise CallRefused(response.code, response.phrase)

    async def _reinvite(self, offer: SessionDescription, fields: Mapping[str, str]) -> Response:
        """Send a re-INVITE and return its final answer, which a refusal may be.

        Raises:
            CallRefused: no answer came, or a 2xx that cannot be read.
        """
        if self.state is not SessionState.ESTABLISHED or self.dialog is None:
            raise CallRefused(0, "re-INVITE: the session is not established")
        before = self.local
        self.local, self._modifying = offer, True
        try:
            response = await self.ask("INVITE", offer.encode(), fields={"Supported": "100rel", **fields})
            if response.code >= 300:
                self.local = before
                return response
            self.dialog.refresh(response)
            await self.acknowledge(self.dialog.cseq)
            self.take_answer(response.body)
        except ValueError as error:
            self.local = before
            raise CallRefused(0, str(error)) from None
        except CallRefused:
            self.local = before
            raise
        finally:
            self._modifying = False
        self.play()
        return response

    async def direct(self, direction: str) -> None:
        """Hold (`sendonly`) or resume (`sendrecv`) every stream (RFC 3264 8.4)."""
        assert self.local is not None
        media = tuple(replace(one, direction=direction, preconditions=None) for one in self.local.media)
        await self.modify(self.local.next(media))

    async def with_video(self, wanted: bool) -> None:
        """Add a video stream, or end it (RFC 3264 8.1, 8.2)."""
        assert self.local is not None
        others = [replace(one, preconditions=None) for one in self.local.media]
        at = next((index for index, one in enumerate(others) if one.kind == "video"), None)
        if wanted:
            stream = offered("video", self.ports(["video"])["video"])
            others = [*others, stream] if at is None else [*others[:at], stream, *others[at + 1 :]]
        elif at is not None:
            others[at] = replace(others[at], port=0)
        await self.modify(self.local.next(tuple(others)))

    async def hang_up(self) -> None:
        """End the session: BYE (RFC 3261 15.1.1).

        Raises:
            CallRefused: there is no session, or the peer does not know it.
        """
        if self.state is not SessionState.ESTABLISHED:
            raise CallRefused(0, "BYE: the session is not established")
        for endpoint in self.endpoints.values():
            endpoint.stop()  # the other end closes its ports when it has read the BYE; what it still sends comes in
        response = await self.ask("BYE")
        self.end(EventKind.ENDED, response.code, "hung up")
        if response.code >= 300:
            raise CallRefused(response.code, response.phrase)

    # --- what the session timer does -------------------------------------------------------------------------

    async def refresh(self, method: str, fields: Mapping[str, str]) -> Response:
        """Refresh the session: UPDATE without a description, or a re-INVITE with the description as it is.

        Raises:
            CallRefused: no answer came.
        """
        if method == "INVITE" and self.local is not None:
            return await self._reinvite(self.local, fields)
        return await self.ask("UPDATE", fields=fields)

    def refreshed(self, how: str) -> None:
        """Note that the session timer began anew."""
        self.refreshes += 1
        self.agent.record(EventKind.REFRESHED, None, how)
        self.tell()

    async def expire(self, why: str) -> None:
        """End a session that is not refreshed: BYE, whose answer nobody may be there to give (RFC 4028 10)."""
        if self.state is not SessionState.ESTABLISHED:
            return
        for endpoint in self.endpoints.values():
            endpoint.stop()
        goodbye = self.spawn(self.ask("BYE"))
        goodbye.add_done_callback(_heed)
        await asyncio.wait({goodbye}, timeout=self.agent.timers.t1_s)
        self.end(EventKind.ENDED, None, why)

    # --- requests of the peer --------------------------------------------------------------------------------

    async def requested(self, transaction: ServerTransaction) -> None:
        """Take a request of the dialog; an ACK is not answered."""
        request = transaction.request
        if request.method == "ACK":
            self._acknowledged.add(request.cseq.sequence)
            self.tell()
            return
        if self.dialog is not None and not self.dialog.in_order(request):
            await transaction.respond(make_response(request, 500))
            return
        if self.ended and request.method != "BYE":
            await transaction.respond(make_response(request, 481))
            return
        match request.method:
            case "BYE":
                await transaction.respond(make_response(request, 200))
                self.end(EventKind.ENDED, None, "by the other end")
            case "PRACK":
                await transaction.respond(await self.confirmed(request))
            case "UPDATE":
                await transaction.respond(self._modified(request))
            case "INVITE":
                self.spawn(self.accept(transaction, self._modified(request)))
            case _:
                await transaction.respond(make_response(request, 405))

    async def confirmed(self, request: Request) -> Response:
        """Take a PRACK; only who is called expects one (RFC 3262 3)."""
        return make_response(request, 481)

    async def accept(self, transaction: ServerTransaction, response: Response) -> None:
        """Answer an INVITE; a 2xx again and again until its ACK comes (RFC 3261 13.3.1.4).

        Raises:
            CallTimedOut: no ACK came.
        """
        number = transaction.request.cseq.sequence
        if response.code >= 300:
            await transaction.respond(response)
            return

        async def send() -> None:
            await transaction.respond(response)

        if not await self.repeat(send, lambda: number in self._acknowledged or self.ended, self.agent.timers.t2_s):
            raise CallTimedOut(f"awaited ACK {number}: the 200 is not acknowledged")

    def _modified(self, request: Request) -> Response:
        """Answer an offer of the peer within the dialog: re-INVITE or UPDATE."""
        if self._modifying:
            return make_response(request, 491)
        assert self.dialog is not None
        if (refusal := self.timer.refusal(request)) is not None:
            return refusal
        before = self._shape
        try:
            self.dialog.refresh(request)
            body = self.take_offer(request.body) if request.body else b""
        except ValueError:
            return make_response(request, 400)
        except NothingInCommon:
            return make_response(request, 488)
        response = make_response(request, 200, body=body)
        self.complete(response, body)
        self.timer.answer(request, response)
        self.play()
        if request.method == "INVITE":
            self._note_modification(before)
        self.tell()
        return response

    @property
    def _shape(self) -> tuple[str, str]:
        """Which streams there are, and where the audio goes."""
        audio = self.local.of("audio") if self.local is not None else None
        return self.streams, audio.direction if audio is not None else ""

    def _note_modification(self, before: tuple[str, str]) -> None:
        streams, direction = self._shape
        if streams != before[0]:
            self.agent.record(EventKind.MEDIA_CHANGED, None, streams)
        elif direction != before[1]:
            held = direction in ("recvonly", "inactive")
            self.agent.record(EventKind.HELD if held else EventKind.RESUMED, None, "by the other end")

    # --- header fields ---------------------------------------------------------------------------------------

    def complete(self, message: Request | Response, body: bytes = b"") -> None:
        """Add what every message of a session has that begins or refreshes a dialog."""
        headers = message.headers
        method = message.method if isinstance(message, Request) else message.cseq.method
        if method in ("INVITE", "UPDATE"):
            headers.set("Contact", f"<{self.agent.contact}>")
            headers.set("Allow", ALLOW)
        if self.agent.access_info:
            headers.set("P-Access-Network-Info", self.agent.access_info)
        if body:
            message.body = body
            headers.set("Content-Type", CONTENT_TYPE)


def _heed(task: asyncio.Task[Response]) -> None:
    """Look at what a BYE came to, which nobody waits for."""
    if not task.cancelled():
        task.exception()
