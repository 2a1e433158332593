"""Did the user get what presence promises? As seen on the wire: published, told of a presentity, documents kept."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.criteria.presence import Documents, Publication, Watching
from conformance.judgement.verdicts import losses_of
from conformance.trace.model import CaptureFile
from conformance.vocabulary.events import TerminalEvent
from conformance.vocabulary.verdicts import Verdict

REFUSED = "presence-refused"

_Service = tuple[Verdict, str | None]


def publication_service(
    seen: Publication, flow: str, _events: Sequence[TerminalEvent], captures: Sequence[CaptureFile]
) -> _Service:
    """Return the interoperability verdict of a publication and the reason for what is not PASS.

    Args:
        seen: What was found.
        flow: The flow that was expected.
        captures: The files of the trace.
    """
    statuses = [one.status for one in seen.publishes if not one.is_challenged and one.status not in (None, 412, 423)]
    return _of_statuses("PUBLISH", statuses, flow, captures)


def watching_service(
    seen: Watching, flow: str, _events: Sequence[TerminalEvent], captures: Sequence[CaptureFile]
) -> _Service:
    """Return the interoperability verdict of a subscription; arguments as above. Who is accepted has to be told."""
    subscription = seen.subscription
    asked = [one for one in subscription.subscribes if not one.is_challenged]
    statuses = [one.status for one in asked if one.status not in (None, 423)]
    if statuses or not subscription.notifies:
        found = _of_statuses("SUBSCRIBE", statuses, flow, captures)
        if found[0] is not Verdict.PASS or flow == REFUSED:
            return found
    if not any(notify.is_accepted for notify in subscription.notifies):
        return Verdict.INCONCLUSIVE, "as seen on the wire: no NOTIFY reached the subscriber"
    return _unless_lost("notified", captures)


def documents_service(
    seen: Documents, _flow: str, _events: Sequence[TerminalEvent], captures: Sequence[CaptureFile]
) -> _Service:
    """Return the interoperability verdict of requests to an XDMS; arguments as above."""
    statuses = [one.status for one in seen.requests if one.status is not None]
    if not statuses:
        return Verdict.INCONCLUSIVE, "as seen on the wire: the XDMS was not seen to answer"
    broken = next((status for status in statuses if status >= 500), None)
    if broken is not None:
        return Verdict.FAIL, f"as seen on the wire: the XDMS answered {broken}"
    return _unless_lost("answered", captures)


def _of_statuses(method: str, statuses: Sequence[int | None], flow: str, captures: Sequence[CaptureFile]) -> _Service:
    known = [status for status in statuses if status is not None]
    if not known:
        return Verdict.INCONCLUSIVE, f"as seen on the wire: no final answer to {method}"
    refused = [status for status in known if status >= 300]
    if flow == REFUSED:
        if refused:
            return _unless_lost("refused", captures)
        return Verdict.FAIL, f"a refusal was expected; {method} got {known[0]}"
    if refused:
        return Verdict.FAIL, f"as seen on the wire: {method} was answered {refused[0]}"
    return _unless_lost(f"{method} accepted", captures)


def _unless_lost(what: str, captures: Sequence[CaptureFile]) -> _Service:
    if losses_of(captures):
        return Verdict.INCONCLUSIVE, f"as seen on the wire: {what}, but the capture may have lost packets"
    return Verdict.PASS, None
