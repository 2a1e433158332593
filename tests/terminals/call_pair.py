"""Two terminals' calls that face each other, without a network between them. Addresses: 127.35.8.0/24."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from conformance.protocols.sip.timers import SipTimers
from conformance.stack.hop import Hop
from conformance.stack.sip import SipStack
from conformance.stack.sip_transport import Alter
from conformance.terminals.call import IncomingCall, OutgoingCall
from conformance.terminals.calls import Calls
from conformance.terminals.event_log import EventLog
from conformance.terminals.loop import TerminalLoop
from conformance.terminals.media_endpoint import MediaEndpoint
from conformance.terminals.outgoing_session import Wanted
from conformance.terminals.session import CallAgent
from conformance.vocabulary.events import EventKind

CALLER, CALLEE = "127.35.8.1", "127.35.8.2"
TIMERS = SipTimers(t1_s=0.05, t2_s=0.2, t4_s=0.1)
PATIENCE_S = 3.0
MINIMUM_S = 1
"""Shortest session interval that the called terminal accepts."""


class End:
    """One terminal."""

    def __init__(self, name: str, address: str, other: str, loop: TerminalLoop, alter: Alter | None) -> None:
        self.name = name
        self.loop = loop
        self.events = EventLog()
        self.sent: list[bytes] = []
        self._alter = alter
        self.stack = SipStack(address, 5060, TIMERS, on_request=self._requested, alter=self._emit)
        self.calls = Calls(self.stack, lambda: self._agent(other))

    async def _requested(self, transaction: object) -> None:
        await self.calls.requested(transaction)  # type: ignore[arg-type]

    def _emit(self, data: bytes) -> bytes | None:
        outgoing = data if self._alter is None else self._alter(data)
        if outgoing is not None:
            self.sent.append(outgoing)
        return outgoing

    def _agent(self, other: str) -> CallAgent:
        return CallAgent(
            stack=self.stack,
            hop=Hop(other, 5060, "udp"),
            contact=f"sip:{self.name}@{self.stack.address}:5060",
            identity=f"sip:{self.name}@h.test",
            routes=(),
            access_info="IEEE-802.11b",
            timers=TIMERS,
            record=lambda kind, status, detail: self.events.record(self.name, kind, status, detail),
            open_media=self._open,
            minimum_session_s=MINIMUM_S,
        )

    def _open(self, kind: str) -> MediaEndpoint:
        endpoint = MediaEndpoint(self.stack.address, self.loop, kind=kind)
        endpoint.open()
        return endpoint

    @property
    def kinds(self) -> list[EventKind]:
        """What the terminal noted."""
        return [event.kind for event in self.events.events]

    def starts(self) -> list[str]:
        """The first words of what it sent, retransmissions left out."""
        lines = [message.split(b"\r\n", 1)[0].decode() for message in dict.fromkeys(self.sent)]
        return [line.split()[1] if line.startswith("SIP") else line.split()[0] for line in lines]

    async def close(self) -> None:
        """End everything."""
        await self.calls.stop()
        await self.stack.stop()


class Pair:
    """Both terminals."""

    def __init__(self, caller: End, callee: End) -> None:
        self.caller = caller
        self.callee = callee

    def call(self, **wanted: Any) -> OutgoingCall:
        """Let the caller call."""
        loop = self.caller.loop

        async def begin() -> OutgoingCall:
            session = self.caller.calls.call(Wanted("sip:callee@h.test", **wanted))
            return OutgoingCall(session, loop, PATIENCE_S)

        return loop.run(begin, 5, "INVITE")

    def incoming(self) -> IncomingCall:
        """Return the call that came."""
        loop = self.callee.loop
        session = loop.run(lambda: self.callee.calls.next_incoming(PATIENCE_S), 5, "a call")
        assert session is not None
        return IncomingCall(session, loop, PATIENCE_S)

    def set_up(self, **wanted: Any) -> tuple[OutgoingCall, IncomingCall]:
        """Let the callee ring and answer."""
        call = self.call(**wanted)
        incoming = self.incoming()
        incoming.ring()
        incoming.answer()
        call.wait_answered()
        return call, incoming


def losing(*which: Callable[[bytes], bool]) -> Alter:
    """Return a hook that loses the first message of each kind."""
    left = list(which)

    def alter(data: bytes) -> bytes | None:
        for one in left:
            if one(data):
                left.remove(one)
                return None
        return data

    return alter


@contextmanager
def call_pair(caller: Alter | None = None, callee: Alter | None = None) -> Iterator[Pair]:
    """Bring up both; `caller` and `callee` are hooks on what they send."""
    loop = TerminalLoop()
    ends = [End("caller", CALLER, CALLEE, loop, caller), End("callee", CALLEE, CALLER, loop, callee)]
    try:
        for end in ends:
            loop.run(end.stack.start, 5, "start")
        yield Pair(*ends)
    finally:
        for end in ends:
            loop.run(end.close, 5, "end")
        loop.close()
