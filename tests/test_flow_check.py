"""What a judgement means to somebody who expects one flow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conformance.flow_check import LINES_AT_MOST, Conclusion, conclude
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.results import CellResult, CriterionResult, Judgement, ProcedureResult
from conformance.vocabulary.verdicts import Level, Verdict

FLOW = "registration-home"
AS_EXPECTED, DIFFERS, MISSING, CANNOT = Conclusion
Make = Callable[..., Judgement]


@pytest.fixture
def make(make_cell: Callable[..., CellResult], make_criterion: Callable[..., CriterionResult]) -> Make:
    """Builds a judgement of one procedure with these criteria (id to verdict, all of them SHALL)."""

    def judgement(criteria: dict[str, Verdict] | None = None, drops: int | None = 0, **changes: Any) -> Judgement:
        cell = make_cell(
            criteria=[
                make_criterion(id=id, verdict=verdict, level=Level.SHALL) for id, verdict in (criteria or {}).items()
            ]
        )
        procedure = cell.procedures[0].model_copy(update=changes)
        captures = [capture.model_copy(update={"drops": drops}) for capture in cell.captures]
        return Judgement(captures=captures, procedures=[procedure])

    return judgement


def conclusion(judgement: Judgement, criteria: tuple[str, ...] | None = None) -> Conclusion:
    return conclude(judgement, FLOW, criteria)[0]


def test_without_criteria_both_verdicts_count(make: Make) -> None:
    assert conclusion(make()) is AS_EXPECTED
    assert conclusion(make(interoperability=Verdict.FAIL)) is DIFFERS
    assert conclusion(make(conformance=Verdict.FAIL)) is DIFFERS
    assert conclusion(make(conformance=Verdict.INCONCLUSIVE)) is MISSING
    assert conclusion(make(conformance=Verdict.ERROR, interoperability=Verdict.FAIL)) is CANNOT


def test_a_capture_without_the_flow_does_not_show_it(make: Make) -> None:
    found, words = conclude(make().model_copy(update={"procedures": []}), FLOW, None)
    assert found is DIFFERS
    assert words.startswith("capture.pcapng does not show registration-home as expected\n")
    assert conclusion(make().model_copy(update={"procedures": []}), ("REG-38",)) is DIFFERS


def test_one_bad_procedure_among_good_ones_differs(make: Make) -> None:
    good, bad = make(), make(conformance=Verdict.FAIL)
    assert conclusion(good.model_copy(update={"procedures": [*good.procedures, *bad.procedures]})) is DIFFERS


def test_a_flow_that_was_left_differs_unless_the_capture_may_have_lost_the_rest(make: Make) -> None:
    left = "the flow was left at second-query: UAR was not seen"
    found, words = conclude(make(departure=left), FLOW, ("REG-38",))
    assert (found, left in words) == (DIFFERS, True)
    assert conclusion(make(departure=left)) is DIFFERS
    assert conclusion(make(departure=left, drops=None)) is MISSING
    assert conclusion(make(departure=left, drops=3)) is MISSING


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (Verdict.PASS, AS_EXPECTED),
        (Verdict.FAIL, DIFFERS),
        (Verdict.INCONCLUSIVE, MISSING),
        (Verdict.NOT_APPLICABLE, MISSING),
        (Verdict.ERROR, CANNOT),
    ],
)
def test_named_criteria_decide_and_no_others(make: Make, verdict: Verdict, expected: Conclusion) -> None:
    judgement = make({"REG-38": verdict, "REG-39": Verdict.FAIL}, conformance=Verdict.FAIL)
    found, words = conclude(judgement, FLOW, ("REG-38",))
    assert found is expected
    assert ("REG-38" in words) == (verdict is not Verdict.PASS)
    assert "REG-39" not in words


def test_with_named_criteria_a_service_that_failed_differs_and_one_that_was_not_seen_does_not(make: Make) -> None:
    passing = {"REG-38": Verdict.PASS}
    assert conclusion(make(passing, interoperability=Verdict.FAIL), ("REG-38",)) is DIFFERS
    assert conclusion(make(passing, interoperability=Verdict.INCONCLUSIVE), ("REG-38",)) is AS_EXPECTED


def test_a_criterion_that_applies_once_has_the_worst_verdict_of_where_it_applies(make: Make) -> None:
    first, second = make({"REG-38": Verdict.NOT_APPLICABLE}), make({"REG-38": Verdict.PASS})
    both = first.model_copy(update={"procedures": [*first.procedures, *second.procedures]})
    assert conclusion(both, ("REG-38",)) is AS_EXPECTED


def test_a_criterion_of_other_procedures_is_missing_evidence(make: Make) -> None:
    found, words = conclude(make({"REG-38": Verdict.PASS}), FLOW, ("REG-60",))
    assert found is MISSING
    assert "REG-60 speaks of other procedures" in words


@pytest.mark.parametrize(("criteria", "words"), [(("REG-38", "REG-3x"), "REG-3x"), ((), "none was named")])
def test_criteria_that_nobody_knows_are_a_mistake(make: Make, criteria: tuple[str, ...], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        conclude(make(), FLOW, criteria)


def test_the_text_is_bounded(make: Make) -> None:
    judgement = make({"REG-38": Verdict.FAIL}, conformance=Verdict.FAIL)
    many: list[ProcedureResult] = judgement.procedures * 500
    _, words = conclude(judgement.model_copy(update={"procedures": many}), FLOW, None)
    assert words.count("\n") == LINES_AT_MOST + 1
    assert words.endswith("netlab validate --flow registration-home prints all")
