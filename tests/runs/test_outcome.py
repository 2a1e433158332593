"""What pytest is told of a verdict pair."""

from __future__ import annotations

import pytest

from conformance.runs.outcome import Outcome, outcome
from conformance.vocabulary.verdicts import Verdict, VerdictPair

P, F, I, N, E = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE, Verdict.ERROR  # noqa: E741


@pytest.mark.parametrize(
    ("pair", "expected", "strict", "shown"),
    [
        ((P, P), (P, P), False, Outcome.PASSED),
        ((P, F), (P, P), False, Outcome.FAILED),
        ((F, P), (P, P), False, Outcome.FAILED),
        ((P, F), (P, F), False, Outcome.PASSED),
        ((P, P), (P, F), False, Outcome.FAILED),
        ((P, I), (P, P), False, Outcome.SKIPPED),
        ((P, I), (P, P), True, Outcome.FAILED),
        ((F, I), (P, P), False, Outcome.FAILED),
        ((N, N), (P, P), False, Outcome.SKIPPED),
        ((N, N), (P, P), True, Outcome.SKIPPED),
        ((E, E), (P, P), False, Outcome.ERROR),
        ((P, E), (P, P), False, Outcome.ERROR),
        ((I, I), (I, I), True, Outcome.PASSED),
    ],
)
def test_outcome(
    pair: tuple[Verdict, Verdict], expected: tuple[Verdict, Verdict], strict: bool, shown: Outcome
) -> None:
    assert outcome(VerdictPair(*pair), VerdictPair(*expected), strict=strict) is shown
