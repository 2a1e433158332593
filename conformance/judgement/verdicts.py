"""From the findings of criteria to verdicts: of each criterion, of conformance, of interoperability.

Rules, in words:
- A criterion whose points were not captured is INCONCLUSIVE. One of another release, or whose condition is
  not met, is NOT_APPLICABLE and does not count.
- A FAIL that rests on something that was not seen needs a capture that lost nothing and messages that are whole.
- Conformance counts SHALL criteria only: one FAIL makes it FAIL, missing evidence makes it INCONCLUSIVE, and a
  capture that lost packets, or does not say, never makes it PASS.
- Interoperability is what the terminal observed, supported by the trace; without a terminal it is what was
  seen on the wire.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from conformance.criteria.model import Criterion, Finding, inconclusive, not_applicable
from conformance.criteria.procedure import Procedure
from conformance.criteria.registration import Registration
from conformance.criteria.values import same_identity
from conformance.trace.model import CaptureFile
from conformance.vocabulary.events import EventKind, TerminalEvent
from conformance.vocabulary.points import Point
from conformance.vocabulary.verdicts import Level, Verdict, worst


@dataclass(frozen=True, slots=True)
class Judged:
    """One criterion and what became of it."""

    criterion: Criterion
    finding: Finding


def apply(criterion: Criterion, procedure: Procedure) -> Finding:
    """Apply one criterion to one procedure of a kind that it speaks of.

    Args:
        criterion: The criterion.
        procedure: What was found.

    Returns:
        Its finding; a check that itself breaks gives ERROR with the reason, never a verdict on the peer.
    """
    release = procedure.facts.releases.get(criterion.node)
    if release is not None and criterion.since is not None and release < criterion.since:
        return not_applicable("", f"the rule begins with Rel-{criterion.since}, the network is Rel-{release}")
    if release is not None and criterion.until is not None and release > criterion.until:
        return not_applicable("", f"the rule ends with Rel-{criterion.until}, the network is Rel-{release}")
    try:
        finding = criterion.check(procedure)
    except Exception as error:  # noqa: BLE001 - whatever a hostile packet does to a check is our fault
        words = f"the check of {criterion.id} broke: {type(error).__name__}: {error}"
        return Finding(Verdict.ERROR, "", words[:300])
    unseen = not any(procedure.sees(point) for point in criterion.points)
    if unseen and finding.verdict is not Verdict.NOT_APPLICABLE:
        names = " and ".join(point.value for point in criterion.points)
        return inconclusive(finding.expected, f"{names} not captured")
    if finding.verdict is not Verdict.FAIL:
        return finding
    if finding.by_absence and not procedure.lossless:
        why = "; the capture lost packets or does not say, so it may have been there"
        return replace(finding, verdict=Verdict.INCONCLUSIVE, found=finding.found + why)
    if any(citation.message.truncated for citation in finding.citations):
        why = "; the capture cut this message short"
        return replace(finding, verdict=Verdict.INCONCLUSIVE, found=finding.found + why)
    return finding


def conformance(judged: Sequence[Judged], captures: Iterable[CaptureFile]) -> tuple[Verdict, list[str]]:
    """Return the conformance verdict and the reasons for what is not PASS or FAIL.

    Args:
        judged: Every criterion of the procedure.
        captures: The files of the trace.
    """
    counting = [one for one in judged if one.criterion.level is Level.SHALL]
    verdict = worst(*(one.finding.verdict for one in counting))
    because: dict[str, list[str]] = {}
    for one in counting:
        if one.finding.verdict in (Verdict.INCONCLUSIVE, Verdict.ERROR):
            because.setdefault(one.finding.found, []).append(one.criterion.id)
    reasons = [f"{', '.join(ids)}: {reason}" for reason, ids in because.items()]
    losses = losses_of(captures)
    if verdict is Verdict.NOT_APPLICABLE:
        verdict = Verdict.INCONCLUSIVE
        reasons.append("no criterion applies to what was captured")
    if verdict is Verdict.PASS and losses:
        verdict = Verdict.INCONCLUSIVE
    return verdict, [*losses, *reasons]


def losses_of(captures: Iterable[CaptureFile]) -> list[str]:
    """Return a sentence for each capture that lost packets or does not say whether it did."""
    found = []
    for capture in captures:
        if capture.drops is None:
            found.append(f"{capture.file} does not say whether packets were lost: nothing can be PASS")
        elif capture.drops:
            found.append(f"{capture.file} lost {capture.drops} packets: nothing can be PASS")
    return found


def interoperability(
    registration: Registration, events: Sequence[TerminalEvent], captures: Iterable[CaptureFile]
) -> tuple[Verdict, str | None]:
    """Return the interoperability verdict and the reason for what is not PASS.

    Args:
        registration: What was found.
        events: What terminals observed, of any user; empty without a terminal.
        captures: The files of the trace.
    """
    ours = [event for event in events if same_identity(event.terminal, registration.subject)]
    status = _status_at_terminal(registration)
    if ours:
        return _observed(ours, status, registration.sees(Point.GM))
    if status is None:
        if not registration.sees(Point.GM):
            return Verdict.INCONCLUSIVE, "as seen on the wire: the terminal's side (Gm) was not captured"
        return Verdict.INCONCLUSIVE, "as seen on the wire: no final answer reached the terminal"
    if 200 <= status < 300:
        if losses_of(captures):
            return Verdict.INCONCLUSIVE, "as seen on the wire: 200, but the capture may have lost packets"
        return Verdict.PASS, None
    if status in (401, 407):
        return Verdict.INCONCLUSIVE, "as seen on the wire: the registration ends with an unanswered challenge"
    return Verdict.FAIL, f"as seen on the wire: the terminal was answered {status}"


def _status_at_terminal(registration: Registration) -> int | None:
    for attempt in reversed(registration.attempts):
        gm = attempt.gm
        if gm is not None and gm.response is not None:
            return gm.response.sip.status
    return None


_GOOD = (EventKind.REGISTERED, EventKind.REREGISTERED, EventKind.DEREGISTERED)
_BAD = (EventKind.REJECTED, EventKind.TIMED_OUT, EventKind.NETWORK_REFUSED)


def _observed(events: Sequence[TerminalEvent], status: int | None, gm_seen: bool) -> tuple[Verdict, str | None]:
    ends = [event for event in events if event.kind in (*_GOOD, *_BAD)]
    if not ends:
        return Verdict.INCONCLUSIVE, "the terminal reported no end of the procedure"
    if any(event.kind is EventKind.REGISTERED for event in ends):
        if status is not None and 200 <= status < 300:
            return Verdict.PASS, None
        if not gm_seen:
            return Verdict.INCONCLUSIVE, "the terminal reports REGISTERED; Gm was not captured to support it"
        got = "no final answer" if status is None else str(status)
        return Verdict.INCONCLUSIVE, f"the terminal reports REGISTERED, the trace shows {got}"
    last = ends[-1]
    answer = f" ({last.status})" if last.status is not None else ""
    return Verdict.FAIL, f"the terminal reports {last.kind.value}{answer}"
