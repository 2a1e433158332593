"""Filter criteria as a federation declares them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from conformance.vocabulary.filter_criteria import Case, FilterCriterion, Trigger


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"method": "INVITE", "session_case": "originating"},
        {"method": "INVITE", "content": "x"},
        {"method": "INVITE", "registration": ["initial"]},
        {"method": "invite"},
        {"line": "video"},
    ],
)
def test_a_trigger_looks_at_one_thing(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Trigger.model_validate(fields)


@pytest.mark.parametrize(
    ("when", "concerned"),
    [
        ([], [True, True, True]),
        ([[{"method": "INVITE"}]], [True, True, False]),
        ([[{"method": "INVITE"}], [{"session_case": "originating"}]], [True, False, False]),
        ([[{"method": "PUBLISH"}, {"method": "SUBSCRIBE"}]], [False, False, True]),
        ([[{"method": "PUBLISH", "negated": True}]], [True, True, True]),
    ],
)
def test_what_it_is_about(when: list[Any], concerned: list[bool]) -> None:
    criterion = FilterCriterion.model_validate({"priority": 1, "when": when})
    asked = [("INVITE", Case.ORIGINATING), ("INVITE", Case.TERMINATING), ("PUBLISH", Case.ORIGINATING)]
    assert [criterion.concerns(*one) for one in asked] == concerned
