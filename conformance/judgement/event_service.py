"""Did the terminal learn of its registration state? What it observed, supported by the trace.

Without a terminal it is what was seen on the wire. What a P-CSCF subscribes to is no service of a user: a
procedure in which the terminal takes no part has no interoperability verdict.
"""

from __future__ import annotations

from collections.abc import Sequence

from conformance.criteria.subscription import RegistrationEvents
from conformance.criteria.values import same_identity
from conformance.judgement.verdicts import losses_of
from conformance.trace.model import CaptureFile
from conformance.vocabulary.events import EventKind, TerminalEvent
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Verdict

NETWORK_FLOW = "deregistration-network"
PCSCF_FLOW = "registration-event-pcscf"

_Service = tuple[Verdict, str | None]


def service(
    seen: RegistrationEvents, flow: str, events: Sequence[TerminalEvent], captures: Sequence[CaptureFile]
) -> _Service:
    """Return the interoperability verdict and the reason for what is not PASS.

    Args:
        seen: What was found.
        flow: The flow that was expected.
        events: What terminals observed, of any user; empty without a terminal.
        captures: The files of the trace.
    """
    ours = {event.kind for event in events if same_identity(event.terminal, seen.subject)}
    by_network = flow == NETWORK_FLOW
    if flow == PCSCF_FLOW:
        return Verdict.NOT_APPLICABLE, "the terminal does not subscribe; the network's own subscriptions serve no user"
    if not seen.of(Role.UE) and not ours & {EventKind.SUBSCRIBED, EventKind.NETWORK_DEREGISTERED}:
        return Verdict.INCONCLUSIVE, "the terminal was not seen to subscribe: nobody could tell it"
    shown = _shown(seen, by_network)
    what = "the end of the registration" if by_network else "the registration state"
    if ours:
        wanted = EventKind.NETWORK_DEREGISTERED if by_network else EventKind.NOTIFIED
        if wanted not in ours:
            return Verdict.FAIL, f"the terminal did not learn of {what}: it reports no {wanted.value}"
        if shown:
            return Verdict.PASS, None
        if not seen.sees(Point.GM):
            return Verdict.INCONCLUSIVE, f"the terminal reports {wanted.value}; Gm was not captured to support it"
        return Verdict.INCONCLUSIVE, f"the terminal reports {wanted.value}; the trace shows no NOTIFY that tells it"
    if not seen.sees(Point.GM):
        return Verdict.INCONCLUSIVE, "as seen on the wire: the terminal's side (Gm) was not captured"
    refused = [one.status for sub in seen.of(Role.UE) for one in sub.subscribes if one.status and one.status >= 300]
    if not shown and refused and not any(sub.accepted for sub in seen.of(Role.UE)):
        return Verdict.FAIL, f"as seen on the wire: the terminal's SUBSCRIBE was answered {refused[-1]}"
    if not shown:
        return Verdict.INCONCLUSIVE, f"as seen on the wire: no NOTIFY tells the terminal of {what}"
    if losses_of(captures):
        return Verdict.INCONCLUSIVE, "as seen on the wire: notified, but the capture may have lost packets"
    return Verdict.PASS, None


def _shown(seen: RegistrationEvents, by_network: bool) -> bool:
    """Tell whether a NOTIFY reached the terminal and was accepted; of the network's end one that tells it."""
    since = min((exchange.time_ns for exchange in seen.terminations), default=0) if by_network else 0
    for subscription in seen.of(Role.UE):
        for notify in subscription.notifies:
            hop = notify.hop_to(Role.UE)
            status = None if hop is None or hop.response is None else hop.response.sip.status
            if status is None or not 200 <= status < 300 or notify.time_ns < since:
                continue
            document = notify.document
            if not by_network or (document is not None and document.is_over):
                return True
    return False
