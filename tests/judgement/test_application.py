"""Applying all criteria at once says what applying each of them says."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.criteria import all_criteria
from conformance.judgement.application import apply_all
from conformance.judgement.registrations import find_registrations
from conformance.judgement.verdicts import apply
from conformance.trace.correlate import correlate
from conformance.vocabulary.points import Point


@pytest.mark.parametrize("points", [(Point.GM,), (Point.GM, Point.MW), (Point.CX, Point.DNS), tuple(Point)])
def test_it_is_the_verdict_of_each_criterion(lab: Any, points: tuple[Point, ...]) -> None:
    lab.points = points
    lab.entries = [entry for entry in lab.entries if entry.point in (*points, Point.GM)]
    trace = lab.trace()
    (registration,) = find_registrations(trace, correlate(trace), None)
    judged = apply_all(registration)
    kinds = [criterion for criterion in all_criteria() if registration.kind in criterion.kinds]
    assert [one.criterion for one in judged] == kinds
    for one in judged:
        alone = apply(one.criterion, registration)
        assert (one.finding.verdict, one.finding.found, one.finding.citations) == (
            alone.verdict,
            alone.found,
            alone.citations,
        )
