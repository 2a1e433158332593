"""A call as a test case sees it. Its methods may be called from any thread but the terminals' own."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from conformance.terminals.call_end import CallEnd
from conformance.terminals.call_failures import CallFailed, CallRefused, CallTimedOut
from conformance.terminals.incoming_session import IncomingSession, caller_of
from conformance.terminals.loop import GRACE_S, TerminalLoop
from conformance.terminals.media_endpoint import MediaEndpoint
from conformance.terminals.outgoing_session import OutgoingSession
from conformance.terminals.session import Session, SessionState
from conformance.vocabulary.events import EventKind

_PACKETS_S = 0.1
"""What has come is listened to again after so many seconds."""

T = TypeVar("T")
_ENDED = SessionState.ENDED


class Call:
    """One end of a call.

    Args:
        session: the end.
        loop: where it lives.
        patience_s: how long the end of a procedure is awaited, seconds.
    """

    def __init__(self, session: Session, loop: TerminalLoop, patience_s: float) -> None:
        self._session = session
        self._loop = loop
        self._patience_s = patience_s

    @property
    def state(self) -> SessionState:
        """How far it has come."""
        return self._session.state

    @property
    def status(self) -> int | None:
        """Final answer to the INVITE, None where none came."""
        return self._session.status

    @property
    def audio(self) -> MediaEndpoint:
        """The own end of the audio stream."""
        return self._session.endpoints["audio"]

    @property
    def video(self) -> MediaEndpoint:
        """The own end of the video stream; there is one once video was offered."""
        return self._session.endpoints["video"]

    @property
    def heard(self) -> int | None:
        """Frequency of the tone that is heard now, Hz; None where none is."""
        return self.audio.heard()

    @property
    def tone_hz(self) -> int:
        """Frequency of the own tone."""
        return self.audio.identity

    def hold(self) -> None:
        """Hold the call: the other end hears nothing any more, and sends nothing. Raises CallRefused."""
        self._procedure(lambda: self._session.direct("sendonly"), "hold")
        self._record(EventKind.HELD)

    def resume(self) -> None:
        """Go on with a call that was held. Raises CallRefused."""
        self._procedure(lambda: self._session.direct("sendrecv"), "resume")
        self._record(EventKind.RESUMED)

    def add_video(self) -> None:
        """Add a video stream. Raises CallRefused."""
        self._procedure(lambda: self._session.with_video(True), "video")
        self._record(EventKind.MEDIA_CHANGED, self._session.streams)

    def drop_video(self) -> None:
        """End the video stream. Raises CallRefused."""
        self._procedure(lambda: self._session.with_video(False), "end of the video")
        self._record(EventKind.MEDIA_CHANGED, self._session.streams)

    def hang_up(self) -> None:
        """End the call. Raises CallRefused where there is none, or the other end does not know it."""
        self._procedure(self._session.hang_up, "BYE")

    def wait_refreshed(self) -> None:
        """Wait until the session timer begins anew, whoever refreshes; CallTimedOut where it does not."""
        known = self._session.refreshes
        interval_s = self._session.timer.interval_s or 0
        self._until(
            lambda: self._session.refreshes > known or self._session.ended, "a refresh of the session", interval_s
        )
        if self._session.ended:
            raise CallRefused(0, f"a refresh: the call has ended: {self._session.reason}")

    def stop_refreshing(self) -> None:
        """Let the own end hang: it refreshes the session no more, and ends it neither."""
        self._session.timer.silent = True

    def wait_ended(self) -> None:
        """Wait until the call has ended, whoever or whatever timer ended it; CallTimedOut where it does not."""
        self._until(lambda: self._session.ended, "the end of the call", self._session.timer.interval_s or 0)

    def wait_heard(self, other: CallEnd, packets: int = 1) -> None:
        """Wait until the tone of the other end is heard, and note how many packets came.

        Args:
            other: the other end.
            packets: so many have to come, for who wants to measure them.

        Raises:
            CallTimedOut: it is not heard, or another one is.
        """
        self._wait_known(self.audio, other.tone_hz, "the tone", "Hz", EventKind.HEARD, packets)

    def wait_seen(self, other: Call) -> None:
        """As `wait_heard`, for the pictures of the other end."""
        self._wait_known(self.video, other.video.identity, "pictures", "of 255 bright", EventKind.SEEN)

    def _wait_known(
        self, endpoint: MediaEndpoint, wanted: int, what: str, unit: str, kind: EventKind, packets: int = 1
    ) -> None:
        deadline = time.monotonic() + self._patience_s

        def is_over() -> bool:
            ended = self._run(lambda: self._session.until(lambda: self._session.ended, _PACKETS_S), what)
            return ended or time.monotonic() > deadline

        # Not in the loop: to know a tone again takes longer than a packet may be late.
        while endpoint.heard() != wanted or endpoint.statistics().packets < packets:
            if is_over():
                known = endpoint.heard()
                found = f"{known} {unit}" if known is not None else "nothing"
                found += f" in {endpoint.statistics().packets} packets"
                detail = f"awaited {what} of {wanted} {unit} for {self._patience_s:g} s, found {found}"
                self._record(EventKind.TIMED_OUT, detail)
                raise CallTimedOut(f"{self._session.agent.identity}: {detail}")
        statistics = endpoint.statistics()
        kinds = ", ".join(map(str, statistics.payload_types))
        self._record(
            kind, f"{wanted} {unit}, {statistics.packets} packets, {statistics.lost} lost, payload type {kinds}"
        )

    def _record(self, kind: EventKind, detail: str = "") -> None:
        self._session.agent.record(kind, None, detail)

    def _until(self, holds: Callable[[], bool], what: str, more_s: float = 0) -> None:
        patience_s = self._patience_s + more_s
        if not self._run(lambda: self._session.until(holds, patience_s), what, more_s):
            detail = f"awaited {what} for {patience_s:g} s; the call is {self._session.state}"
            self._record(EventKind.TIMED_OUT, detail)
            raise CallTimedOut(f"{self._session.agent.identity}: {detail}")

    def _procedure(self, work: Callable[[], Coroutine[Any, Any, None]], what: str) -> None:
        """Run a procedure to its end; what makes it fail is noted."""
        try:
            self._run(work, what)
        except CallTimedOut as error:
            self._record(EventKind.TIMED_OUT, str(error))
            raise
        except CallFailed as error:
            self._record(EventKind.REJECTED, f"{what}: {error}")
            raise

    def _run(self, work: Callable[[], Coroutine[Any, Any, T]], what: str, more_s: float = 0) -> T:
        identity, timers = self._session.agent.identity, self._session.agent.timers
        deadline = max(self._patience_s, timers.timeout_s) + more_s + GRACE_S
        return self._loop.run(work, deadline, f"{identity}: {what}")


class OutgoingCall(Call):
    """The end that calls."""

    _session: OutgoingSession

    def wait_ringing(self, devices: int = 1) -> None:
        """Wait until the other end rings: 180.

        Args:
            devices: so many devices of it, each in an early dialog of its own.

        Raises:
            CallRefused: it was refused.
            CallTimedOut: nothing came.
        """
        what = "180" if devices == 1 else f"180 of {devices} devices"
        self._until(
            lambda: self._session.ringing >= devices or self._session.state in (SessionState.ESTABLISHED, _ENDED), what
        )
        self._must_go_on()

    def wait_answered(self) -> None:
        """Wait until the other end answers: 200. Raises as `wait_ringing`."""
        self._until(lambda: self._session.state in (SessionState.ESTABLISHED, _ENDED), "the answer to INVITE")
        self._must_go_on()

    def wait_refused(self, status: int) -> None:
        """Wait until the call is refused.

        Args:
            status: final answer that it has to have.

        Raises:
            AssertionError: it was accepted, or refused with another status.
            CallTimedOut: nothing came.
        """
        self._until(lambda: self._session.state in (SessionState.ESTABLISHED, _ENDED), "the refusal of INVITE")
        if self._session.status != status:
            raise AssertionError(f"refusal with {status}; found {self._session.status}: {self._session.reason}")

    def cancel(self) -> None:
        """Give the call up before it is answered. Raises CallRefused where it has been answered."""
        self._procedure(self._session.cancel, "CANCEL")

    def _must_go_on(self) -> None:
        if self._session.ended:
            raise CallRefused(self._session.status or 0, self._session.reason)


class IncomingCall(Call):
    """The end that is called."""

    _session: IncomingSession

    @property
    def caller(self) -> str:
        """Who calls, as the network asserts it; `anonymous` where it says nothing."""
        return caller_of(self._session.invite)

    def ring(self) -> None:
        """Alert the user: 180, after 183 where the caller waits for resources. Raises CallRefused, CallTimedOut."""
        self._procedure(self._session.ring, "180")

    def answer(self) -> None:
        """Accept: 200; return when it is acknowledged. Raises CallRefused, CallTimedOut."""
        self._procedure(self._session.answer, "200")

    def refuse(self, status: int) -> None:
        """Refuse with that final answer."""
        self._procedure(lambda: self._session.refuse(status), f"{status}")
