"""What pytest is told of a verdict pair."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.runs.outcome import Outcome, explain, outcome
from conformance.vocabulary.difference import Difference
from conformance.vocabulary.results import CellResult, CriterionResult, KnownDeviation
from conformance.vocabulary.verdicts import Verdict

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
        ((I, I), (I, I), True, Outcome.SKIPPED),
        ((P, I), (P, I), False, Outcome.SKIPPED),
        ((N, N), (N, N), False, Outcome.SKIPPED),
    ],
)
def test_outcome(
    make_cell: Callable[..., CellResult],
    make_criterion: Callable[..., CriterionResult],
    pair: tuple[Verdict, Verdict],
    expected: tuple[Verdict, Verdict],
    strict: bool,
    shown: Outcome,
) -> None:
    failing = [make_criterion()] if pair[1] is F else []
    cell = make_cell(
        criteria=failing,
        expected_criteria=[criterion.id for criterion in failing],
        interoperability=pair[0],
        conformance=pair[1],
        expected_interoperability=expected[0],
        expected_conformance=expected[1],
    )
    assert outcome(cell, strict=strict) is shown


@pytest.fixture
def deviating(
    make_cell: Callable[..., CellResult], make_criterion: Callable[..., CriterionResult]
) -> Callable[..., CellResult]:
    """A cell in which these criteria fail and REG-37 is expected to."""

    def make(*failing: str, expired: bool = False) -> CellResult:
        known = KnownDeviation(
            reason="answers from memory",
            who="Octopus",
            link="https://tracker.octopus.test/17",
            expires="2027-03-31",
            expired=expired,
        )
        return make_cell(
            criteria=[make_criterion(id=name) for name in failing],
            conformance=F if failing else P,
            expected_conformance=P if expired else F,
            expected_criteria=[] if expired else ["REG-37"],
            known=known,
        )

    return make


def test_a_known_deviation_passes(deviating: Callable[..., CellResult]) -> None:
    assert outcome(deviating("REG-37")) is Outcome.PASSED


def test_another_deviation_beside_the_known_one_fails_and_is_named(deviating: Callable[..., CellResult]) -> None:
    cell = deviating("REG-37", "REG-38")
    assert outcome(cell) is Outcome.FAILED
    assert "expected to fail: REG-37; failed: REG-37, REG-38" in explain(cell)


def test_a_known_deviation_that_does_not_happen_fails_and_says_so(deviating: Callable[..., CellResult]) -> None:
    cell = deviating()
    assert outcome(cell) is Outcome.FAILED
    assert "remove its entry" in explain(cell)


def test_an_expired_deviation_fails_and_says_so(deviating: Callable[..., CellResult]) -> None:
    cell = deviating("REG-37", expired=True)
    assert outcome(cell) is Outcome.FAILED
    assert "expired on 2027-03-31" in explain(cell)


def test_the_explanation_says_where_the_flow_was_left_and_who_is_to_blame(make_cell: Callable[..., CellResult]) -> None:
    cell = make_cell(conformance=F)
    difference = Difference(
        flow="registration-home",
        sentence="Expected next UAR; next came REGISTER (frame 501).",
        node="home-icscf",
        why="it never sent UAR",
    )
    (procedure,) = cell.procedures
    cell = cell.model_copy(update={"procedures": [procedure.model_copy(update={"difference": difference})]})
    lines = explain(cell).splitlines()
    assert "  compared with registration-home: Expected next UAR; next came REGISTER (frame 501)." in lines
    assert "    to blame: home-icscf (it never sent UAR)" in lines


@pytest.mark.parametrize("strict", [False, True])
def test_what_was_not_run_is_skipped_and_names_the_cell_that_tells_why(
    make_cell: Callable[..., CellResult], strict: bool
) -> None:
    cell = make_cell(
        interoperability=I, conformance=I, not_run="test_first[uc3m@uc3m]", reasons=["uc3m/hss went down before"]
    )
    assert outcome(cell, strict=strict) is Outcome.SKIPPED
    assert explain(cell).splitlines() == ["test_registration[uc3m@uc3m]: not run", "  uc3m/hss went down before"]
