"""The text table and the JSON form of the coverage."""

from conformance.requirements import Requirement
from conformance.requirements.table import as_json, text_table
from conformance.vocabulary.verdicts import Level

ROWS = [
    Requirement(
        id="D22-1-01",
        source="D2.2 1",
        level=Level.SHALL,
        words="Users register",
        criteria=("REG-01",),
        test_cases=("testcases/a/test_b.py::test_c",),
    ),
    Requirement(id="D22-1-02", source="D2.2 1", level=Level.SHOULD, words="Users call", not_tested_reason="no calls"),
]


def test_columns_line_up() -> None:
    lines = text_table(ROWS, []).splitlines()
    assert lines[0].split() == ["id", "level", "covered", "by", "words"]
    column = lines[0].index("words")
    assert lines[1][column:] == "Users register"
    assert lines[2][column:] == "Users call"
    assert "REG-01 test_c" in lines[1]


def test_reasons_are_counted_once_each() -> None:
    assert "not tested yet:   1 no calls" in text_table(ROWS, [])


def test_problems_and_counts_come_last() -> None:
    lines = text_table(ROWS, ["something disagrees"]).splitlines()
    assert lines[-2] == "problem: something disagrees"
    assert lines[-1] == "2 requirements: 1 covered, 1 not tested yet, 1 problems"


def test_json_form() -> None:
    assert as_json(ROWS)[0] == {
        "id": "D22-1-01",
        "source": "D2.2 1",
        "level": "SHALL",
        "criteria": ["REG-01"],
        "test_cases": ["testcases/a/test_b.py::test_c"],
        "not_tested_reason": None,
    }
    assert as_json(ROWS)[1]["not_tested_reason"] == "no calls"
