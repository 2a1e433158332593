"""Did caller and callee get what the flow promises? What their terminals observed, supported by the trace.

Without terminals it is what was seen on the wire.
"""

from __future__ import annotations

from collections.abc import Sequence

from conformance.criteria.call import Call
from conformance.criteria.values import same_identity
from conformance.judgement.call_flows import CANCELLED, REFUSED, REQUEST_TERMINATED
from conformance.judgement.verdicts import losses_of
from conformance.trace.model import CaptureFile
from conformance.vocabulary.events import TerminalEvent
from conformance.vocabulary.points import Point
from conformance.vocabulary.verdicts import Verdict

CLOCK_NS = 2_000_000
"""A terminal says that it sends an INVITE so long before the capture shows it, at most."""
AFTER_NS = 1_000_000_000
"""So long behind the last message of a call a terminal may still speak of it."""
WAS_ANSWERED = ("answered",)
GAVE_UP = ("cancelled",)
WAS_REFUSED = ("refused", "rejected", "cancelled")
ENDS_BADLY = ("refused", "rejected", "timed-out", "cancelled")
OF_CALLS = ("calling", "invited", "progress", "ringing", "answered", "refused", "cancelled", "timed-out", "ended")
"""Kinds of events, by the words that stand in `events.jsonl`."""

Service = tuple[Verdict, str | None]


def service(call: Call, flow: str, events: Sequence[TerminalEvent], captures: Sequence[CaptureFile]) -> Service:
    """Return the interoperability verdict of a call and the reason for what is not PASS.

    Args:
        call: What was found.
        flow: The flow that was expected.
        events: What terminals observed, of any user; empty without a terminal.
        captures: The files of the trace.
    """
    status = call.invite.status
    if status is None:
        where = "" if call.sees(Point.GM) else "; Gm was not captured"
        return Verdict.INCONCLUSIVE, f"as seen on the wire: no final answer to the INVITE{where}"
    if flow == CANCELLED:
        found = _cancelled(call, status)
    elif flow == REFUSED:
        refused = status >= 300
        found = (Verdict.PASS, None) if refused else (Verdict.FAIL, f"a refusal was expected; the INVITE got {status}")
    else:
        found = _answered(call, status)
    told = _told(call, flow, status, events)
    if told is not None and found[0] is not Verdict.FAIL:
        return told
    losses = losses_of(captures)
    if found[0] is Verdict.PASS and losses:
        return Verdict.INCONCLUSIVE, f"as seen on the wire: {status}, but the capture may have lost packets"
    return found


def _told(call: Call, flow: str, status: int, events: Sequence[TerminalEvent]) -> Service | None:
    """Return what the terminals say; None where none of them drove a party of this call."""
    begin = call.invite.time_ns - CLOCK_NS
    end = max(message.time_ns for message in call.messages) + AFTER_NS
    of_call = [event for event in events if event.kind.value in OF_CALLS and begin <= event.time_ns <= end]
    caller = [event for event in of_call if same_identity(event.terminal, call.subject)]
    callee = [event for event in of_call if any(same_identity(event.terminal, uri) for uri in call.called)]
    if not caller and not callee:
        return None
    wanted = {CANCELLED: GAVE_UP, REFUSED: WAS_REFUSED}.get(flow, WAS_ANSWERED)
    for name, ours in (("caller", caller), ("callee", callee)):
        if not ours or any(event.kind.value in wanted for event in ours):
            continue
        if name == "callee" and not any(event.kind.value == "invited" for event in ours):
            continue  # it was not asked
        bad = [event for event in ours if event.kind.value in ENDS_BADLY]
        said = f"reports {bad[-1].kind.value}" if bad else "reports no such end of the call"
        verdict = Verdict.FAIL if bad else Verdict.INCONCLUSIVE
        return verdict, f"the trace shows {status}, the terminal of the {name} {said}"
    return Verdict.PASS, None


def _cancelled(call: Call, status: int) -> Service:
    if status == REQUEST_TERMINATED:
        return Verdict.PASS, None
    if status < 300 and call.cancelled:
        return Verdict.PASS, None  # the answer and the CANCEL crossed (RFC 3261 9.1)
    return Verdict.FAIL, f"as seen on the wire: the INVITE that was to be cancelled was answered {status}"


def _answered(call: Call, status: int) -> Service:
    if status >= 300:
        return Verdict.FAIL, f"as seen on the wire: the caller was answered {status}"
    if not any(one.from_caller for one in call.all("ACK")):
        return Verdict.INCONCLUSIVE, "as seen on the wire: 200, and no ACK of the caller was captured"
    return Verdict.PASS, None
