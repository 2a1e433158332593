"""Did the message get to its receiver? What both terminals observed, supported by the trace.

Without terminals it is what was seen on the wire.
"""

from __future__ import annotations

from collections.abc import Sequence

from conformance.criteria.page import Page
from conformance.criteria.values import same_identity
from conformance.judgement.call_service import AFTER_NS, CLOCK_NS, Service
from conformance.judgement.verdicts import losses_of
from conformance.trace.model import CaptureFile
from conformance.vocabulary.events import EventKind, TerminalEvent
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Verdict

REFUSED = "message-refused"
ACCEPTED = 202
"""Somebody has taken the message, to bring it to its receiver later (RFC 3428)."""
ENDS = (EventKind.MESSAGE_SENT, EventKind.MESSAGE_REFUSED, EventKind.TIMED_OUT)
"""What a sender observes in the end."""


def service(page: Page, flow: str, events: Sequence[TerminalEvent], captures: Sequence[CaptureFile]) -> Service:
    """Return the interoperability verdict of a message and the reason for what is not PASS.

    Args:
        page: What was found.
        flow: The flow that was expected.
        events: What terminals observed, of any user; empty without a terminal.
        captures: The files of the trace.
    """
    status = page.invite.status
    if status is None:
        return Verdict.INCONCLUSIVE, "as seen on the wire: no final answer to the MESSAGE"
    if flow == REFUSED and status < 300:
        return Verdict.FAIL, f"a refusal was expected; the MESSAGE got {status}"
    if flow != REFUSED and status >= 300:
        return Verdict.FAIL, f"as seen on the wire: the MESSAGE was answered {status}"
    if status == ACCEPTED and not _delivered(page):
        return Verdict.INCONCLUSIVE, "as seen on the wire: 202, and nobody brought the message to the receiver"
    told = _told(page, flow, status, events)
    if told is not None:
        return told
    if losses_of(captures):
        return Verdict.INCONCLUSIVE, f"as seen on the wire: {status}, but the capture may have lost packets"
    return Verdict.PASS, None


def _told(page: Page, flow: str, status: int, events: Sequence[TerminalEvent]) -> Service | None:
    """Return what the terminals say; None where none of them sent or could get the message."""
    begin = page.invite.time_ns - CLOCK_NS
    end = max(message.time_ns for message in page.messages) + AFTER_NS
    sent = [
        one.kind
        for one in events
        if one.kind in ENDS and begin <= one.time_ns <= end and same_identity(one.terminal, page.subject)
    ]
    of_receiver = [one for one in events if any(same_identity(one.terminal, uri) for uri in page.called)]
    if not sent and not of_receiver:
        return None
    wanted = EventKind.MESSAGE_REFUSED if flow == REFUSED else EventKind.MESSAGE_SENT
    if sent and wanted not in sent:
        return Verdict.FAIL, f"the trace shows {status}, the terminal of the sender reports {sent[-1].value}"
    got = any(one.kind is EventKind.MESSAGE_RECEIVED and begin <= one.time_ns <= end for one in of_receiver)
    if flow != REFUSED and of_receiver and not got and not _delivered(page):
        return Verdict.INCONCLUSIVE, f"the trace shows {status}, the terminal of the receiver reports no message"
    return Verdict.PASS, None


def _delivered(page: Page) -> bool:
    """Tell whether a terminal of the receiver was seen to take the message."""
    hop = page.into(Role.CALLEE)
    status = None if hop is None or hop.response is None else hop.response.sip.status
    return status is not None and 200 <= status < 300
