"""The line that tells of one criterion."""

from __future__ import annotations

import pytest

from conformance.report.lines import criterion_line, quirk_line
from conformance.vocabulary.results import CriterionResult, Evidence, QuirkResult
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


def quirk(**changes: object) -> QuirkResult:
    fields: dict[str, object] = {
        "id": "Q6",
        "title": "no Supported: path",
        "words": "No REGISTER says it.",
        "severity": Severity.DEGRADED,
        "deviates": True,
        "evidence": [Evidence(capture=0, frame=3, field="Supported")],
        "places": 1,
        "breaks": ["REG-11"],
        "blocks": [],
        "cure": "none",
        "advice": "",
    }
    return QuirkResult.model_validate(fields | changes)


def test_a_quirk_says_what_is_absent_and_what_it_breaks() -> None:
    assert quirk_line(quirk()) == (
        "terminal Q6 (degraded) no Supported: path: Supported absent (frames: 3); breaks REG-11"
    )


def test_what_the_standards_allow_breaks_nothing() -> None:
    assert quirk_line(quirk(deviates=False)) == ("terminal Q6 (legal) no Supported: path: Supported absent (frames: 3)")
