"""Applies to a procedure every criterion that speaks of its kind.

What is the same for all procedures of a trace is done once: which criteria there are, which points each needs, and
what is said of one whose points were not captured.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from conformance.criteria import all_criteria
from conformance.criteria.model import Criterion, inconclusive
from conformance.criteria.procedure import Kind, Procedure
from conformance.judgement.verdicts import Judged, apply, points_of
from conformance.vocabulary.points import Point


class _Planned(NamedTuple):
    criterion: Criterion
    points: frozenset[Point]
    unseen: Judged | None
    """What is said where none of the points was captured, without asking the check; None where the check may say that
    the condition of the criterion is not met."""


@cache
def _plan(kind: Kind) -> tuple[_Planned, ...]:
    return tuple(_planned(criterion) for criterion in all_criteria() if kind in criterion.kinds)


def _planned(criterion: Criterion) -> _Planned:
    names = " and ".join(point.value for point in criterion.points)
    always = not criterion.condition and criterion.since is None and criterion.until is None
    unseen = Judged(criterion, inconclusive("", f"{names} not captured")) if always else None
    return _Planned(criterion, frozenset(points_of(criterion)), unseen)


def apply_all(procedure: Procedure) -> list[Judged]:
    """Apply all criteria of its kind to a procedure.

    Args:
        procedure: What was found.

    Returns:
        Criteria and findings in the order of the criteria.
    """
    seen = {point for point in Point if procedure.sees(point)}
    judged = []
    for criterion, points, blind in _plan(procedure.kind):
        unseen = points.isdisjoint(seen)
        if unseen and blind is not None:
            judged.append(blind)
        else:
            judged.append(Judged(criterion, apply(criterion, procedure, unseen)))
    return judged
