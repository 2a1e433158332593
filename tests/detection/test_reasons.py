"""Why a mutation was not found is decided from what criteria cited and from a table."""

from __future__ import annotations

import pytest

from conformance.detection.reasons import why_not
from conformance.faults.chance import Drawn, Place
from conformance.vocabulary.results import CriterionResult, Evidence, ProcedureResult
from conformance.vocabulary.verdicts import Level, Severity, Verdict


def reading(frame: int, field: str, offset: int, length: int) -> ProcedureResult:
    criterion = CriterionResult(
        id="REG-05",
        verdict=Verdict.PASS,
        level=Level.SHALL,
        severity=Severity.BLOCKING,
        clause="",
        statement="",
        node="ue",
        expected="",
        found="",
        evidence=[Evidence(capture=0, frame=frame, field=field, offset=offset, length=length)],
    )
    return ProcedureResult(
        flow="f", subject=[], cell=None, roles={}, frames=[], interoperability=Verdict.PASS,
        conformance=Verdict.PASS, criteria=[criterion], reasons=[],
    )  # fmt: skip


BEFORE = [reading(1, "Max-Forwards", 100, 16)]
NUMBERS = {1: 1, 2: 2}


@pytest.mark.parametrize(
    ("drawn", "reason"),
    [
        (Drawn("delay", "", (Place(1),), ()), "timing"),
        (Drawn("set-header", "Max-Forwards", (Place(1, 90, 20),), ()), "accepted"),
        (Drawn("drop", "", (Place(1),), ()), "elsewhere"),
        (Drawn("drop", "", (Place(2),), ()), "message"),
        (Drawn("set-header", "User-Agent", (Place(1, 10, 20),), ()), "free-text"),
        (Drawn("remove-parameter", "From: tag", (Place(1, 10, 20),), ()), "optional"),
        (Drawn("set-avp", "AVP 264", (Place(2, 10, 20),), ()), "base-protocol"),
        (Drawn("set-avp", "AVP 601", (Place(2, 10, 20),), ()), "uncovered"),
        (Drawn("set-header", "Path", (Place(2, 10, 20),), ()), "uncovered"),
    ],
)
def test_a_reason(drawn: Drawn, reason: str) -> None:
    assert why_not(drawn, BEFORE, NUMBERS).id == reason


def test_who_reads_it_is_named() -> None:
    assert why_not(Drawn("set-header", "Max-Forwards", (Place(1, 90, 20),), ()), BEFORE, NUMBERS).words.startswith(
        "REG-05"
    )


def test_who_reads_it_elsewhere_is_named() -> None:
    why = why_not(Drawn("remove-header", "Path", (Place(2, 0, 9),), ()), [reading(1, "Path", 0, 9)], NUMBERS)
    assert (why.id, "REG-05" in why.words) == ("elsewhere", True)


def test_frames_are_those_of_the_capture_that_was_judged() -> None:
    drawn = Drawn("set-header", "Max-Forwards", (Place(7, 90, 20),), ())
    assert why_not(drawn, BEFORE, {7: 1}).id == "accepted"
    assert why_not(drawn, BEFORE, {7: 3}).id == "correlation"
