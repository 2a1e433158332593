"""Did caller and callee get what the flow promises? What was seen on the wire of one call."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.criteria.call import Call
from conformance.judgement.call_flows import CANCELLED, REFUSED, REQUEST_TERMINATED
from conformance.judgement.verdicts import losses_of
from conformance.trace.model import CaptureFile
from conformance.vocabulary.events import TerminalEvent
from conformance.vocabulary.points import Point
from conformance.vocabulary.verdicts import Verdict

Service = tuple[Verdict, str | None]


def service(call: Call, flow: str, events: Sequence[TerminalEvent], captures: Sequence[CaptureFile]) -> Service:
    """Return the interoperability verdict of a call and the reason for what is not PASS.

    Args:
        call: What was found.
        flow: The flow that was expected.
        events: What terminals observed; of calls they say nothing yet.
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
    losses = losses_of(captures)
    if found[0] is Verdict.PASS and losses:
        return Verdict.INCONCLUSIVE, f"as seen on the wire: {status}, but the capture may have lost packets"
    return found


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
