"""Did the user get what the flow promises? What the terminal observed, supported by the trace.

Without a terminal it is what was seen on the wire. Where a refusal is expected (flow `registration-refused`), PASS
means that the terminal was refused as expected.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from conformance.criteria.procedure import Kind
from conformance.criteria.registration import Registration
from conformance.criteria.values import same_identity
from conformance.judgement.verdicts import losses_of
from conformance.trace.model import CaptureFile
from conformance.vocabulary.events import EventKind, TerminalEvent
from conformance.vocabulary.points import Point
from conformance.vocabulary.verdicts import Verdict

REFUSED = "registration-refused"
INTERVAL_TOO_BRIEF = 423

_GOOD = {
    Kind.REGISTRATION: (EventKind.REGISTERED,),
    # A terminal that begins anew, its P-CSCF having failed, is still known to its home network.
    Kind.REREGISTRATION: (EventKind.REREGISTERED, EventKind.REGISTERED),
    Kind.DEREGISTRATION: (EventKind.DEREGISTERED,),
}
_BAD = (EventKind.REJECTED, EventKind.TIMED_OUT, EventKind.NETWORK_REFUSED)

Service = tuple[Verdict, str | None]


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when events belong to a procedure, nanoseconds since 1970; None: from the first, to the last."""

    begin_ns: int | None = None
    end_ns: int | None = None

    def has(self, event: TerminalEvent) -> bool:
        """Tell whether an event lies in it."""
        early = self.begin_ns is not None and event.time_ns < self.begin_ns
        return not early and (self.end_ns is None or event.time_ns < self.end_ns)


def interoperability(
    registration: Registration,
    flow: str,
    events: Sequence[TerminalEvent],
    captures: Sequence[CaptureFile],
    window: Window | None = None,
) -> Service:
    """Return the interoperability verdict and the reason for what is not PASS.

    Args:
        registration: What was found.
        flow: The flow that was expected.
        events: What terminals observed, of any user; empty without a terminal.
        captures: The files of the trace.
        window: When events belong to this procedure, where there are several of one user.
    """
    window = window or Window()
    # Where a terminal drove this user, its silence in the window says something, too.
    driven = [event for event in events if same_identity(event.terminal, registration.subject)]
    ours = [event for event in driven if window.has(event)]
    if flow == REFUSED:
        return _refusal(registration, ours, bool(driven), captures)
    if driven:
        return _observed(registration, ours)
    return _on_the_wire(registration, captures)


def _on_the_wire(registration: Registration, captures: Sequence[CaptureFile]) -> Service:
    status = _last_status(registration)
    if status is None:
        return Verdict.INCONCLUSIVE, f"as seen on the wire: {_nothing_final(registration)}"
    if 200 <= status < 300:
        if losses_of(captures):
            return Verdict.INCONCLUSIVE, "as seen on the wire: 200, but the capture may have lost packets"
        return Verdict.PASS, None
    if status in (401, 407):
        return Verdict.INCONCLUSIVE, f"as seen on the wire: the {registration.kind} ends with an unanswered challenge"
    return Verdict.FAIL, f"as seen on the wire: the terminal was answered {status}"


def _observed(registration: Registration, events: Sequence[TerminalEvent]) -> Service:
    good, status = _GOOD[registration.kind], _last_status(registration)
    reported = next((event.kind for event in events if event.kind in good), None)
    if reported is not None:
        name = reported.value.upper()
        if status is not None and 200 <= status < 300:
            return Verdict.PASS, None
        if not registration.sees(Point.GM):
            return Verdict.INCONCLUSIVE, f"the terminal reports {name}; Gm was not captured to support it"
        got = "no final answer" if status is None else str(status)
        return Verdict.INCONCLUSIVE, f"the terminal reports {name}, the trace shows {got}"
    bad = [event for event in events if event.kind in _BAD]
    if not bad:
        return Verdict.INCONCLUSIVE, "the terminal reported no end of the procedure"
    return Verdict.FAIL, f"the terminal reports {_words(bad[-1])}"


def _refusal(
    registration: Registration, events: Sequence[TerminalEvent], driven: bool, captures: Sequence[CaptureFile]
) -> Service:
    refusals = [status for status in _statuses(registration) if status >= 300 and status not in (401, 407)]
    last = _last_status(registration)
    bad = [event for event in events if event.kind in (EventKind.REJECTED, EventKind.TIMED_OUT)]
    served = any(event.kind in _GOOD[registration.kind] for event in events)
    if not refusals:
        if last is not None and 200 <= last < 300:
            return Verdict.FAIL, f"a refusal was expected, the terminal was answered {last}"
        if bad and registration.sees(Point.GM) and not losses_of(captures):
            return Verdict.FAIL, f"a refusal was expected, the terminal got none: it reports {_words(bad[-1])}"
        return Verdict.INCONCLUSIVE, f"a refusal was expected; {_nothing_final(registration)}"
    if INTERVAL_TOO_BRIEF in refusals and last is not None and 200 <= last < 300 and (served or not driven):
        return Verdict.PASS, None
    if not driven:
        return Verdict.PASS, None
    reported = [event for event in bad if event.kind is EventKind.REJECTED]
    if not reported:
        said = _words(bad[-1]) if bad else "no end of the procedure"
        verdict = Verdict.FAIL if bad or served else Verdict.INCONCLUSIVE
        return verdict, f"the trace shows {refusals[-1]}, the terminal reports {'success' if served else said}"
    status = reported[-1].status
    if status is not None and status not in refusals:
        return Verdict.INCONCLUSIVE, f"the terminal reports a refusal with {status}, the trace shows {refusals[-1]}"
    return Verdict.PASS, None


def _nothing_final(registration: Registration) -> str:
    if not registration.sees(Point.GM):
        return "the terminal's side (Gm) was not captured"
    return "no final answer reached the terminal"


def _statuses(registration: Registration) -> Iterator[int]:
    for attempt in registration.attempts:
        response = None if attempt.gm is None else attempt.gm.response
        if response is not None and response.sip.status is not None:
            yield response.sip.status


def _last_status(registration: Registration) -> int | None:
    return next(reversed(list(_statuses(registration))), None)


def _words(event: TerminalEvent) -> str:
    return event.kind.value + (f" ({event.status})" if event.status is not None else "")
