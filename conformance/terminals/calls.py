"""The calls of one terminal: which session a request belongs to, and who is calling. Lives in one event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from conformance.protocols.sip.dialog import DialogKey, dialog_key
from conformance.protocols.sip.message import make_response
from conformance.protocols.sip.routing import ServerKey
from conformance.stack.sip import ServerTransaction, SipStack
from conformance.terminals.incoming_session import IncomingSession
from conformance.terminals.outgoing_session import OutgoingSession, Wanted
from conformance.terminals.session import EXTENSIONS, CallAgent, Session
from conformance.terminals.session_fields import option_tags
from conformance.terminals.session_timer import too_brief

METHODS = frozenset({"INVITE", "ACK", "CANCEL", "PRACK", "UPDATE", "BYE"})
_MOST = 100
"""More calls than that at once are no test any more."""


class Calls:
    """All calls of one terminal.

    Args:
        stack: of the terminal.
        agent: makes what a session needs, for the terminal as it is registered now.
    """

    def __init__(self, stack: SipStack, agent: Callable[[], CallAgent]) -> None:
        self._stack = stack
        self._agent = agent
        self._sessions: list[Session] = []
        self._invites: dict[ServerKey, IncomingSession] = {}
        self._waiting: deque[IncomingSession] = deque()
        self._news = asyncio.Condition()

    def call(self, wanted: Wanted) -> OutgoingSession:
        """Begin a call."""
        session = OutgoingSession(self._agent(), wanted=wanted)
        self._sessions.append(session)
        session.begin()
        return session

    async def next_incoming(self, seconds: float) -> IncomingSession | None:
        """Return the next call that came, in their order; None where none comes within that time."""
        try:
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(lambda: bool(self._waiting))
                return self._waiting.popleft()
        except TimeoutError:
            return None

    async def stop(self) -> None:
        """Give up all calls, without a word."""
        for session in self._sessions:
            await session.stop()
        self._sessions.clear()

    async def requested(self, transaction: ServerTransaction) -> None:
        """Take a request of one of the methods above."""
        request = transaction.request
        if request.method == "CANCEL":
            await self._cancelled(transaction)
            return
        key = dialog_key(request)
        if key is not None:
            session = self._session(key)
            if session is not None:
                await session.requested(transaction)
            elif request.method != "ACK":
                await transaction.respond(make_response(request, 481))
        elif request.method == "INVITE":
            await self._invited(transaction)
        elif request.method != "ACK":
            await transaction.respond(make_response(request, 481))

    async def _invited(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        # When the user answers is not known: the hop before is told at once that the INVITE is here (RFC 3261 17.2.1).
        await transaction.respond(make_response(request, 100))
        unknown = option_tags(request, "Require") - EXTENSIONS
        if unknown or len(self._sessions) >= _MOST:
            response = make_response(request, 420 if unknown else 486)
            if unknown:
                response.headers.set("Unsupported", ", ".join(sorted(unknown)))
            await transaction.respond(response)
            return
        agent = self._agent()
        if (refusal := too_brief(request, agent.minimum_session_s)) is not None:
            await transaction.respond(refusal)
            return
        try:
            session = IncomingSession.of(agent, transaction)
        except ValueError:
            await transaction.respond(make_response(request, 400))
            return
        self._sessions.append(session)
        self._invites[transaction.key] = session
        async with self._news:
            self._waiting.append(session)
            self._news.notify_all()

    async def _cancelled(self, transaction: ServerTransaction) -> None:
        invite = self._stack.invite_of(transaction.request)
        session = self._invites.get(invite.key) if invite is not None else None
        await transaction.respond(make_response(transaction.request, 481 if session is None else 200))
        if session is not None:
            await session.cancelled()

    def _session(self, key: DialogKey) -> Session | None:
        return next((one for one in self._sessions if one.dialog is not None and one.dialog.key == key), None)
