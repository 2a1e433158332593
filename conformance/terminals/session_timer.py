"""The session timer of one end of a session (RFC 4028): who refreshes it, and what becomes of it where nobody does.

One end refreshes when half of the interval is over, with UPDATE, or with a re-INVITE where the peer does not allow
UPDATE. An end that sees no refresh answered in time ends the session (RFC 4028 10).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from sipmessage import Request, Response

from conformance.protocols.sip.message import make_response
from conformance.protocols.sip.name_addr import split_entries
from conformance.protocols.sip.session_expires import (
    MIN_SE,
    OPTION,
    SESSION_EXPIRES,
    Refresher,
    SessionExpires,
    min_se,
    supports,
)
from conformance.terminals.call_failures import CallFailed

_LOG = logging.getLogger(__name__)

LONGEST_MARGIN_S = 32.0
"""So long before the end of the interval the session is given up, or a third of it where that is less."""


@dataclass(frozen=True, slots=True)
class TimerWish:
    """What a caller asks of the session timer."""

    interval_s: int
    refresher: Refresher = "uac"
    by: Literal["UPDATE", "INVITE"] = "UPDATE"
    """How the caller refreshes: UPDATE where the peer allows it, or always a re-INVITE."""


class Timed(Protocol):
    """What the timer does with its session."""

    async def refresh(self, method: str, fields: Mapping[str, str]) -> Response:
        """Send a refresh and return its final answer; raises CallFailed where none comes."""
        ...

    async def expire(self, why: str) -> None:
        """End the session."""
        ...

    def refreshed(self, how: str) -> None:
        """Note that the session goes on."""
        ...

    def spawn(self, work: Coroutine[Any, Any, None]) -> object:
        """Run in a task that ends with the session."""
        ...


class SessionTimer:
    """The timer.

    Args:
        session: what it is of.
        minimum_s: shortest interval that this end accepts, seconds.
    """

    def __init__(self, session: Timed, minimum_s: int) -> None:
        self._session = session
        self._minimum_s = minimum_s
        self.interval_s: int | None = None
        """Agreed interval, seconds; None: the session has no timer."""
        self.ours = False
        """This end refreshes."""
        self.silent = False
        """This end hangs: it neither refreshes nor sees that time is over."""
        self._peer_minimum_s = 0
        self._by: Literal["UPDATE", "INVITE"] = "UPDATE"
        self._method = "UPDATE"
        self._alarms: list[asyncio.TimerHandle] = []

    # --- who asks --------------------------------------------------------------------------------------------

    def asking(self, wish: TimerWish) -> dict[str, str]:
        """Return the fields of an INVITE that begins a session with a timer."""
        self._by = wish.by
        return self._fields(max(wish.interval_s, self._peer_minimum_s), wish.refresher)

    def _fields(self, seconds: int, refresher: Refresher) -> dict[str, str]:
        fields = {"Supported": OPTION, SESSION_EXPIRES: str(SessionExpires(seconds, refresher))}
        if self._peer_minimum_s:
            fields[MIN_SE] = str(self._peer_minimum_s)
        return fields

    def lengthen(self, refusal: Response) -> bool:
        """Take a 422; False where it says nothing new, so that asking again would be a loop."""
        try:
            wanted = min_se(refusal) or 0
        except ValueError:
            return False
        if refusal.code != 422 or wanted <= self._peer_minimum_s:
            return False
        self._peer_minimum_s = wanted
        return True

    def answered(self, response: Response, wish: TimerWish | None = None) -> None:
        """Take the 2xx to an own request.

        Args:
            response: the 2xx.
            wish: what was asked for; a peer that does not know the extension leaves all to this end.
        """
        self._learn(response)
        try:
            agreed = SessionExpires.of(response)
        except ValueError:
            agreed = None
        if agreed is not None:
            self._arm(agreed.seconds, agreed.refresher != "uas")
        elif wish is not None:
            self._arm(max(wish.interval_s, self._peer_minimum_s), True)
        else:
            self.stop()

    # --- who is asked ----------------------------------------------------------------------------------------

    def refusal(self, request: Request) -> Response | None:
        """Return why a request cannot be taken: 422 for too short an interval, 400; None where it can."""
        return too_brief(request, self._minimum_s)

    def answer(self, request: Request, response: Response) -> None:
        """Add to the 2xx to a request of the peer what becomes of the timer, and begin it."""
        self._learn(request)
        asked = SessionExpires.of(request)
        if asked is None:
            self.stop()
            return
        known = supports(request)
        self._peer_minimum_s = max(self._peer_minimum_s, min_se(request) or 0)
        # Who does not know the extension cannot refresh: a proxy asked in its place.
        refresher: Refresher = (asked.refresher or "uac") if known else "uas"
        response.headers.set(SESSION_EXPIRES, str(SessionExpires(asked.seconds, refresher)))
        if known and refresher == "uac":
            response.headers.set("Require", OPTION)
        again = self.interval_s is not None
        self._arm(asked.seconds, refresher == "uas")
        if again:
            self._session.refreshed("by the other end")

    # --- time ------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """The session has no timer any more."""
        self.interval_s = None
        self._disarm()

    def _disarm(self) -> None:
        for alarm in self._alarms:
            alarm.cancel()
        self._alarms.clear()

    def _arm(self, seconds: int, ours: bool) -> None:
        self._disarm()
        self.interval_s, self.ours = seconds, ours
        loop, spawn = asyncio.get_running_loop(), self._session.spawn
        margin = min(LONGEST_MARGIN_S, seconds / 3)
        self._alarms.append(loop.call_later(seconds - margin, lambda: spawn(self._expire())))
        if ours:
            self._alarms.append(loop.call_later(seconds / 2, lambda: spawn(self._refresh())))

    async def _expire(self) -> None:
        if self.silent:
            return
        seconds = self.interval_s
        self.stop()
        await self._session.expire(f"no refresh within the session interval of {seconds} s")

    async def _refresh(self) -> None:
        for _ in range(2):
            if self.interval_s is None or self.silent:
                return
            fields = self._fields(max(self.interval_s, self._peer_minimum_s), "uac")
            try:
                response = await self._session.refresh(self._method, fields)
            except CallFailed as error:  # the session is given up when its time is over
                _LOG.info("%s", error)
                return
            if 200 <= response.code < 300:
                self.answered(response)
                self._session.refreshed(f"with {self._method}")
                return
            if not self.lengthen(response):
                break
        if response.code in (408, 481):  # the dialog is gone (RFC 3261 12.2.1.2)
            self.stop()
            await self._session.expire(f"the refresh was answered {response.code}")

    def _learn(self, message: Request | Response) -> None:
        allowed = split_entries(message.headers.getlist("Allow"))
        if allowed:
            self._method = self._by if "UPDATE" in allowed else "INVITE"


def too_brief(request: Request, minimum_s: int) -> Response | None:
    """Return the refusal of a request that asks for too short an interval; None where it does not.

    Args:
        request: INVITE or UPDATE; only who understands the extension is refused.
        minimum_s: shortest interval, seconds.
    """
    try:
        asked = SessionExpires.of(request)
        min_se(request)
    except ValueError:
        return make_response(request, 400)
    if asked is None or asked.seconds >= minimum_s or not supports(request):
        return None
    response = make_response(request, 422)
    response.headers.set(MIN_SE, str(minimum_s))
    return response
