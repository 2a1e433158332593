"""The line that tells of one criterion."""

from __future__ import annotations

import pytest

from conformance.report.lines import criterion_line
from conformance.vocabulary.results import CriterionResult
from conformance.vocabulary.verdicts import Level, Severity, Verdict


def line(level: Level) -> str:
    return criterion_line(
        CriterionResult(
            id="REG-83",
            verdict=Verdict.FAIL,
            level=level,
            severity=Severity.COSMETIC,
            clause="RFC 3455",
            statement="",
            node="ue",
            expected="none",
            found="one",
            evidence=[],
        )
    )


def test_a_shall_needs_no_word() -> None:
    assert line(Level.SHALL) == "FAIL REG-83 [RFC 3455] ue: expected none; found one (frames: none)"


@pytest.mark.parametrize("level", [Level.SHOULD, Level.INFORMATION])
def test_what_counts_for_no_verdict_says_so(level: Level) -> None:
    assert line(level).startswith(f"FAIL REG-83 ({level}) [RFC 3455] ue: ")
