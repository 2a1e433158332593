"""From the findings of criteria to verdicts: of each criterion, and of conformance.

Rules, in words:
- A criterion whose points were not captured is INCONCLUSIVE. One of another release, or whose condition is
  not met, is NOT_APPLICABLE and does not count.
- A FAIL that rests on something that was not seen needs a capture that lost nothing and messages that are whole.
- A criterion of registrations alone accuses nobody where no REGISTER says that it is one and no deregistration.
- Conformance counts SHALL criteria only: one FAIL makes it FAIL, missing evidence makes it INCONCLUSIVE, and a
  capture that lost packets, or does not say, never makes it PASS.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from conformance.criteria.call import Call
from conformance.criteria.model import REGISTERS, Criterion, Finding, inconclusive, not_applicable
from conformance.criteria.procedure import Procedure
from conformance.criteria.registration import Registration
from conformance.trace.model import CaptureFile
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Level, Verdict, worst


class Judged(NamedTuple):
    """One criterion and what became of it."""

    criterion: Criterion
    finding: Finding


def apply(criterion: Criterion, procedure: Procedure, unseen: bool | None = None) -> Finding:
    """Apply one criterion to one procedure of a kind that it speaks of.

    Args:
        criterion: The criterion.
        procedure: What was found.
        unseen: Whether none of its points was captured, where that is known already.

    Returns:
        Its finding; a check that itself breaks gives ERROR with the reason, never a verdict on the peer.
    """
    releases = procedure.facts.releases
    release = releases.get(actor(criterion, procedure)) if releases else None
    if release is not None and criterion.since is not None and release < criterion.since:
        return not_applicable("", f"the rule begins with Rel-{criterion.since}, the network is Rel-{release}")
    if release is not None and criterion.until is not None and release > criterion.until:
        return not_applicable("", f"the rule ends with Rel-{criterion.until}, the network is Rel-{release}")
    try:
        finding = criterion.check(procedure)
    except Exception as error:  # noqa: BLE001 - whatever a hostile packet does to a check is our fault
        words = f"the check of {criterion.id} broke: {type(error).__name__}: {error}"
        return Finding(Verdict.ERROR, "", words[:300])
    if unseen is None:
        unseen = not any(procedure.sees(point) for point in points_of(criterion))
    if unseen and finding.verdict is not Verdict.NOT_APPLICABLE:
        names = " and ".join(point.value for point in criterion.points)
        return inconclusive(finding.expected, f"{names} not captured")
    if finding.unreached and isinstance(procedure, Registration | Call) and procedure.ended is not None:
        return not_applicable(finding.expected, procedure.ended)
    if finding.verdict is not Verdict.FAIL:
        return finding
    if finding.by_absence and not procedure.lossless:
        why = "; the capture lost packets, cut some short or does not say, so it may have been there"
        return finding._replace(verdict=Verdict.INCONCLUSIVE, found=finding.found + why)
    if isinstance(procedure, Registration) and criterion.kinds != REGISTERS and not procedure.aim_is_seen:
        why = "; no whole REGISTER was captured, so what it asks for is unknown"
        return finding._replace(verdict=Verdict.INCONCLUSIVE, found=finding.found + why)
    if any(message.truncated for message in (*finding.compared, *(cited.message for cited in finding.citations))):
        why = "; the capture cut this message short"
        return finding._replace(verdict=Verdict.INCONCLUSIVE, found=finding.found + why)
    return finding


_VISITED = {Role.HOME_PCSCF: Role.VISITED_PCSCF}


def actor(criterion: Criterion, procedure: Procedure) -> Role:
    """Return who had to do it: a criterion of the P-CSCF speaks of whichever P-CSCF took part."""
    stand_in = _VISITED.get(criterion.node)
    return (
        stand_in
        if stand_in is not None and stand_in in procedure.roles and criterion.node not in procedure.roles
        else criterion.node
    )


def points_of(criterion: Criterion) -> tuple[Point, ...]:
    """Return the points of a criterion: a hop between CSCFs is Mw in one network and Ic between two."""
    return (*criterion.points, Point.IC) if Point.MW in criterion.points else criterion.points


def conformance(judged: Sequence[Judged], captures: Iterable[CaptureFile]) -> tuple[Verdict, list[str]]:
    """Return the conformance verdict and the reasons for what is not PASS or FAIL.

    Args:
        judged: Every criterion of the procedure.
        captures: The files of the trace.
    """
    counting = [one for one in judged if one.criterion.level is Level.SHALL]
    verdict = worst(*{one.finding.verdict for one in counting})
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
