"""Walks the state tables: one object a transaction, fed with stimuli and with the time (RFC 3261 section 17).

It holds neither message nor socket. The shell says what happened and when, and does what the actions ask for.
Times are seconds of one monotonic clock that the shell chooses.
"""

from __future__ import annotations

from conformance.protocols.sip.states import MACHINES, Action, Machine, State, Stimulus, Timer
from conformance.protocols.sip.timers import SipTimers

TRYING_S = 0.2
"""An INVITE that the user has not answered within 200 ms is answered with 100 (RFC 3261 17.2.1)."""

_DOUBLED_UP_TO_T2 = frozenset({Timer.E, Timer.G})


def duration_of(timer: Timer, timers: SipTimers, *, reliable: bool) -> float | None:
    """Return how long a timer runs when it begins (RFC 3261 table 4).

    Args:
        timer: which one.
        timers: T1, T2 and T4.
        reliable: true for TCP, which needs no retransmission and keeps no message for late copies.

    Returns:
        Seconds; None where the timer is not used on that transport.
    """
    match timer:
        case Timer.A | Timer.E | Timer.G:
            return None if reliable else timers.t1_s
        case Timer.B | Timer.F | Timer.H | Timer.L | Timer.M:
            return timers.timeout_s
        case Timer.D | Timer.J:
            return 0.0 if reliable else timers.timeout_s
        case Timer.I | Timer.K:
            return 0.0 if reliable else timers.t4_s
        case Timer.TRYING:
            return TRYING_S


class Transaction:
    """One transaction of one of the four machines.

    Args:
        side: `client` or `server`.
        invite: true for INVITE.
        timers: T1, T2 and T4.
        reliable: true where the transport is TCP.
        now: the present time. A client sends its request at that moment.
    """

    def __init__(self, side: str, *, invite: bool, timers: SipTimers, reliable: bool, now: float) -> None:
        self.machine: Machine = MACHINES[side, invite]
        self.state = self.machine.initial
        self.timers = timers
        self._reliable = reliable
        self._deadlines: dict[Timer, float] = {}
        self._intervals: dict[Timer, float] = {}
        self._start_timers(now)

    @property
    def deadline(self) -> float | None:
        """When `advance` has to be called next; None while no timer runs."""
        return min(self._deadlines.values(), default=None)

    @property
    def terminated(self) -> bool:
        """True when the transaction is over and can be forgotten."""
        return self.state is State.TERMINATED

    def receive(self, stimulus: Stimulus, now: float) -> tuple[Action, ...]:
        """Take what happened.

        Args:
            stimulus: a message of the peer, a response of the user, or an error of the transport.
            now: the present time.

        Returns:
            What is to be done, in that order; empty where the state absorbs the stimulus.
        """
        step = self.machine.table.get((self.state, stimulus))
        if step is None:
            return ()
        self._enter(step.state, now)
        return step.actions

    def advance(self, now: float) -> tuple[Action, ...]:
        """Let the timers that are due fire, in the order of their times.

        Args:
            now: the present time.

        Returns:
            What is to be done, in that order.
        """
        actions: list[Action] = []
        while self._deadlines:
            timer = min(self._deadlines, key=self._deadlines.__getitem__)
            due = self._deadlines[timer]
            if due > now:
                break
            del self._deadlines[timer]
            step = self.machine.table[self.state, timer]
            self._again(timer, due)
            self._enter(step.state, due)
            actions += step.actions
        return tuple(actions)

    def _again(self, timer: Timer, due: float) -> None:
        """Begin a retransmission timer again with the next interval."""
        if timer not in self._intervals:
            return
        interval = 2 * self._intervals[timer]
        if timer in _DOUBLED_UP_TO_T2:
            # In Proceeding a non-INVITE client retransmits at T2 (RFC 3261 17.1.2.2).
            interval = self.timers.t2_s if self.state is State.PROCEEDING else min(interval, self.timers.t2_s)
        self._intervals[timer] = interval
        self._deadlines[timer] = due + interval

    def _enter(self, state: State, now: float) -> None:
        if state is self.state:
            return
        self.state = state
        for timer in [timer for timer in self._deadlines if (state, timer) not in self.machine.table]:
            del self._deadlines[timer]
        self._start_timers(now)

    def _start_timers(self, now: float) -> None:
        for timer in self.machine.starts.get(self.state, ()):
            duration = duration_of(timer, self.timers, reliable=self._reliable)
            if duration is None:
                continue
            self._deadlines[timer] = now + duration
            if timer in (Timer.A, Timer.E, Timer.G):
                self._intervals[timer] = duration
